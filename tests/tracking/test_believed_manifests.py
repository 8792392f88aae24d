"""A store that others may write to: what a manifest can say, and what nobody does because of it."""

import hashlib
import json
import os
import sys

import pytest
from toy_project import Project

from cmsml_tasks.only_loaded import only_loaded
from cmsml_tasks.recipes import load_recipe
from cmsml_tasks.tracking.ingredients.requested_tasks import asked_for
from cmsml_tasks.tracking.manifests.manifest import Manifest, Unbelievable

DIGEST = hashlib.sha256(b"mine").hexdigest()
RECORD = {"task": "Points", "ingredients": {}, "outputs": {}, "format": 2}
POINTS = ("Points", "v1", "points.json")


@pytest.fixture
def done(tmp_path):
    """A project whose points are there, and a file of the user's own beside the project."""
    project = Project.new(tmp_path / "project")
    project.law("Points")
    project.victim = tmp_path / "victim.txt"
    project.victim.write_bytes(b"mine")
    return project


def rewrite(path, **fields):
    """Change *fields* of a manifest, as somebody else could."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def read(path, content, **options):
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return Manifest.read(path, **options)


@pytest.mark.parametrize(
    "name",
    [
        *("../victim.txt", "/etc/passwd", "", ".", "..", "a/../../b", "root://host//file"),
        *("a//b", "a\\b", "a\0b", "./a", "a/"),
    ],
)
def test_name_that_leaves_its_folder(tmp_path, name):
    content = {**RECORD, "outputs": {name: {"sha256": DIGEST}}}
    found = read(tmp_path / "manifest.json", content)
    assert isinstance(found, Unbelievable)
    assert found.reason.endswith(", which is outside of its folder"), found
    # what the task itself declares may lie in other folders, and whoever acts on nothing may tell
    for declared in ([name], None):
        assert list(read(tmp_path / "manifest.json", content, declared=declared).outputs) == [name]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"format": 99}, "it is of format 99, and known are 1 to 2; was it made by a newer"),
        ({"format": "2"}, 'it is of format "2"'),
        ({"format": True}, "it is of format true"),
        ({"unknown": 1}, "unknown is no field of a manifest"),
        ({"task": 1}, "task is 1, which it cannot be"),
        ({"ingredients": []}, "ingredients is []"),
        ({"ingredients": {"input": {"a": {}}}}, "ingredients input a is {}"),
        ({"ingredients": {"input": {"a": {"sha256": 1}}}}, "ingredients input a sha256 is 1"),
        ({"ingredients": {"code": {"jets": "x"}}}, 'ingredients code jets is "x"'),
        ({"outputs": {"a": "abc"}}, 'outputs a is "abc"'),
        ({"outputs": {"a": {}}}, "outputs a lacks sha256"),
        ({"outputs": {"a": {"sha256": DIGEST, "size": -1}}}, "outputs a size is -1"),
        ({"outputs": {"a": {"sha256": DIGEST, "size": True}}}, "outputs a size is true"),
        ({"outputs": {"a": {"sha256": "../x"}}}, 'outputs a sha256 is "../x"'),
        ({"origins": {"a": {"path": None}}}, "origins a path is null"),
        ({"request": {"module": "os"}}, "request lacks parameters, task"),
        ({"required": [["os; x", "A", {}]]}, 'required 0 is "os; x"'),
        ({"required": [["os", "A"]]}, 'required 0 is ["os", "A"]'),
        ({"environment": {"packages": []}}, "environment packages is []"),
        ({"read_with": ["../a"]}, 'read_with 0 is "../a"'),
        ({"read_with": {}}, "read_with is {}"),
        ({"accepted": [{"user": "a"}]}, "accepted 0 lacks in spite of, time"),
    ],
)
def test_every_field_is_checked(tmp_path, changed, reason):
    path = tmp_path / "manifest.json"
    assert isinstance(read(path, RECORD), Manifest)
    found = read(path, {**RECORD, **changed})
    assert isinstance(found, Unbelievable)
    assert found.reason.startswith(reason)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "\0", json.dumps(RECORD)[:30], "{}"])
def test_what_is_no_manifest_is_told(tmp_path, content):
    found = read(tmp_path / "manifest.json", content)
    assert isinstance(found, Unbelievable)
    assert found.reason.startswith("it ")


def test_what_would_break_a_reader(tmp_path):
    path = tmp_path / "manifest.json"
    deep = "[" * 200_000 + "]" * 200_000
    assert "no JSON" in read(path, deep).reason
    nested = json.loads("[" * 200 + "]" * 200)
    assert "nested deeper" in read(path, {**RECORD, "environment": {"a": nested}}).reason
    for number in ("NaN", "1e999", "9" * 10_000):
        text = json.dumps(RECORD).replace('{"task"', f'{{"x": {number}, "task"')
        assert "no JSON" in read(path, text).reason
    with open(path, "wb") as file:
        file.truncate(1 << 40)
    assert "larger than 64 MiB" in Manifest.read(path).reason
    path.unlink()
    path.mkdir()
    assert "no regular file" in Manifest.read(path).reason
    path.rmdir()
    os.mkfifo(path)
    assert "no regular file" in Manifest.read(path).reason
    path.unlink()
    assert Manifest.read(path) is None
    assert Manifest.read(path / "manifest.json") is None


@pytest.mark.parametrize("name", ["../../../../victim.txt", None])
def test_no_run_removes_what_a_manifest_names_elsewhere(done, name):
    manifest = done.manifest(*POINTS)
    name = name or str(done.victim)
    outputs = json.loads(manifest.read_text())["outputs"]
    rewrite(manifest, outputs={**outputs, name: {"sha256": DIGEST, "size": 4, "signature": None}})
    reason = f"manifest not believed: it names {name}, which is outside of its folder"
    assert done.status("Points")["Points"] == f"stale: {reason}"
    assert reason[:60] in done.law("Points", "--explain")
    assert done.run("Points") == {"Points": {"ran": 1}}
    assert done.victim.read_bytes() == b"mine"
    assert done.status("Points")["Points"] == "complete"


def test_no_run_removes_what_lies_behind_a_link(done):
    """The name stays in the folder, and the folder that it names is a link."""
    manifest = done.manifest(*POINTS)
    manifest.with_name("old").symlink_to(done.victim.parent)
    outputs = json.loads(manifest.read_text())["outputs"]
    rewrite(manifest, outputs={**outputs, "old/victim.txt": {"sha256": DIGEST, "size": 4}})
    (done.folder / "data.txt").write_text("7 8 9")
    assert done.run("Points") == {"Points": {"ran": 1}}
    assert done.victim.read_bytes() == b"mine"


def test_outputs_in_other_folders_are_the_tasks_own_business(done):
    done.edit(
        "toy_tasks.py",
        'return {"mean": self.local_target("mean.json"), "log": self.local_target("log.json")}',
        'return {"mean": self.local_target("mean.json"), "log": self.local_target("../log.json")}',
    )
    assert done.run("Mean")["Mean"] == {"ran": 1}
    assert set(json.loads(done.manifest("Mean/v1/mean.json").read_text())["outputs"]) == {
        "../log.json",
        "mean.json",
    }
    assert done.status("Mean")["Mean"] == "complete"
    assert done.run("Mean") == {"Mean": {"up to date": 1}}


@pytest.mark.parametrize("is_link_to_folder", [False, True])
def test_a_link_at_an_output_is_not_followed(done, is_link_to_folder):
    done.edit("toy_tasks.py", "with replacing(target.path) as path:", "if path := target:")
    done.edit("toy_tasks.py", "path.write_text(json.dumps(content))", "path.dump(content)")
    output = done.store.joinpath(*POINTS)
    (done.folder / "data.txt").write_text("7 8 9")
    output.unlink()
    output.symlink_to(done.victim.parent if is_link_to_folder else done.victim)
    status, text = done.attempt("Points", TOY_FAIL="Points")
    assert status != 0, text
    assert output.is_symlink()
    assert done.run("Points") == {"Points": {"ran": 1}}
    assert json.loads(output.read_text()) == [7, 8, 9]
    assert not output.is_symlink()
    assert done.victim.read_bytes() == b"mine"


def test_a_link_at_a_manifest_is_not_followed(done):
    manifest = done.manifest(*POINTS)
    manifest.unlink()
    manifest.symlink_to(done.victim)
    assert done.status("Points")["Points"].startswith("stale: manifest not believed: it is no JSON")
    assert done.run("Points") == {"Points": {"ran": 1}}
    assert not manifest.is_symlink()
    assert done.victim.read_bytes() == b"mine"
    manifest.with_name(f".{manifest.name}.before").symlink_to(done.victim)
    done.law("Points", "--remove-output=0,a")
    assert list(manifest.parent.iterdir()) == []
    assert done.victim.read_bytes() == b"mine"


def test_no_module_is_imported_because_a_manifest_names_it(done):
    (done.folder / "evil.py").write_text(f"open({str(done.folder / 'imported')!r}, 'w')\n")
    rewrite(
        done.manifest(*POINTS),
        required=[["evil", "Small", {}]],
        request={"module": "evil", "task": "Small", "parameters": {}},
        read_with=["evil"],
    )
    status = done.status("Report")
    assert status["Points"].startswith("stale: requires Small, which is gone (module evil is not")
    assert "requires Small" in done.law("Points", "--explain")
    done.law("Points", "--origin")
    done.law("Report")
    assert not (done.folder / "imported").exists()
    assert done.status("Report")["Points"] == "complete"


def test_no_recipe_is_imported_because_a_manifest_names_it(tmp_path, monkeypatch):
    from cmsml_tasks.tasks import GenerateEvents

    (tmp_path / "evil_recipe.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    parameters = {"version": "v1", "recipe": "evil_recipe.Evil"}
    required = [[GenerateEvents.__module__, "GenerateEvents", parameters]]
    tasks, gone = asked_for(Manifest("Own", {}, {}, required=required))
    assert tasks == []
    assert gone == [
        "requires GenerateEvents, which is gone as it was: the module of recipe evil_recipe.Evil "
        "is not loaded"
    ]
    assert "evil_recipe" not in sys.modules
    # a short name of law.cfg is the user's own word
    with only_loaded(), pytest.raises(SystemExit, match="imported"):
        load_recipe("evil_recipe.Evil", {"short": "evil_recipe.Evil"})
    required = [[GenerateEvents.__module__, "GenerateEvents", {**parameters, "recipe": "demo"}]]
    tasks, gone = asked_for(Manifest("Own", {}, {}, required=required))
    assert [task.task_family for task in tasks] == ["GenerateEvents"]
    assert gone == []


ASKING = '''

class Small(Toy):
    """A number."""

    def output(self):
        """Return a file."""
        return self.local_target("small.json")

    def run(self):
        """Write."""
        self.write(self.output(), 1)


class Asking(Toy):
    """Asks for it while it runs."""

    def output(self):
        """Return a file."""
        return self.local_target("asking.json")

    def run(self):
        """Yield, then write."""
        yield Small.req(self)
        self.write(self.output(), 2)
'''


def test_task_whose_class_is_gone_is_no_traceback(done):
    tasks = done.folder / "toy_tasks.py"
    tasks.write_text(tasks.read_text() + ASKING)
    done.law("Asking")
    assert done.status("Asking")["Asking"] == "complete"
    tasks.write_text(tasks.read_text().replace("Small", "Tiny"))
    reasons = done.status("Asking")["Asking"]
    assert reasons.startswith("stale: ")
    assert "requires Small, which is gone" in reasons
    assert done.run("Asking") == {"Tiny": {"ran": 1}, "Asking": {"ran": 1}}
    assert done.status("Asking")["Asking"] == "complete"
    # accepted, the manifest asks for it no longer
    tasks.write_text(tasks.read_text().replace("Tiny", "Small"))
    assert "requires Tiny, which is gone" in done.status("Asking")["Asking"]
    done.law("Asking", "--accept")
    assert done.status("Asking")["Asking"] == "complete"


def test_older_manifests_are_read(done):
    """Those of format 1, which this package wrote before it kept track of reruns."""
    manifest = done.manifest(*POINTS)
    now = json.loads(manifest.read_text())
    digests = {name: output["sha256"] for name, output in now["outputs"].items()}
    environment = {**now["environment"], "job": "12.0"}
    for name in ("command", "git", "seconds"):
        del environment[name]
    old = {
        "task": "Points",
        "ingredients": {"recipe": "jets.Tagger", "settings": {"epochs": 3}},
        "outputs": digests,
        "environment": environment,
        "format": 1,
    }
    manifest.write_text(json.dumps(old))
    reasons = done.status("Points")["Points"]
    assert "ingredient of format 1" in reasons
    assert "not believed" not in reasons
    assert f"points.json  sha256 {digests['points.json']}" in done.law("Points", "--origin")
    assert "1 accepted" in done.law("Points", "--accept")
    assert done.status("Points")["Points"] == "complete"


def test_manifest_of_a_later_version_is_told_and_not_acted_on(done):
    manifest = done.manifest(*POINTS)
    rewrite(manifest, format=99)
    reason = "stale: manifest not believed: it is of format 99, and known are 1 to 2"
    assert done.status("Points")["Points"].startswith(reason)
    done.store.joinpath(*POINTS).unlink()
    reason = reason.replace("stale", "missing")
    assert done.status("Points")["Points"].startswith(reason)


def test_words_of_others_reach_no_terminal_as_commands(done):
    manifest = done.manifest(*POINTS)
    ingredients = json.loads(manifest.read_text())["ingredients"]
    rewrite(manifest, ingredients={**ingredients, "setting": {"\x1b[2J": "\ud800\x1b]0;x\x07"}})
    text = done.law("Points", "--print-status=0") + done.law("Points", "--origin")
    assert r"setting \x1b[2J" in text
    assert "\x1b[2J" not in text
    assert "\x07" not in text
