"""Where outputs came from, in what environment, and making them again."""

import json
import shutil

from command_line import TINY, Shell

ARGUMENTS = ("--version", "v1", "--recipe", TINY)
CHAIN = ("ValidateGraph", *ARGUMENTS)
COMPLETE = {
    "ValidateGraph": "complete (1/1)",
    "ExportGraph": "complete (1/1)",
    "TrainModel": "complete (1/1)",
}


def manifest_of(shell, task):
    return shell.store / task / TINY / "v1" / "manifest.json"


def content(shell, task):
    return json.loads(manifest_of(shell, task).read_text())


def test_environment_is_compared_on_request(tiny, tmp_path):
    shell = tiny[0].copied_to(tmp_path)
    manifest = content(shell, "TrainModel")
    here = manifest["environment"]["packages"]["tensorflow"]
    manifest["environment"]["packages"]["tensorflow"] = "1.2.3"
    manifest_of(shell, "TrainModel").write_text(json.dumps(manifest))
    assert shell.status(*CHAIN) == COMPLETE
    strict = (*CHAIN, "--compare-environment", "tensorflow")
    assert shell.status(*strict) == {
        "ValidateGraph": "stale (1/1): ExportGraph would run first; TrainModel would run first",
        "ExportGraph": "stale (1/1): TrainModel would run first",
        "TrainModel": f"stale (1/1): environment tensorflow 1.2.3 -> {here}",
    }
    assert shell.status(*CHAIN, "--compare-environment", "python,keras,host") == COMPLETE
    done = shell.try_law(*CHAIN, "--compare-environment", "tensorflo", "--print-status=0")
    done.refused("--compare-environment tensorflo: it is not recorded", "did you mean 'tensorflow'")
    # the weights come out as they were, and what lies below was made with this TensorFlow
    assert shell.run(*strict) == {
        "TrainModel": {"ran": 1},
        "ExportGraph": {"cut off": 1},
        "ValidateGraph": {"cut off": 1},
    }
    assert shell.status(*strict) == COMPLETE


def test_origin_of_a_validation_goes_up_to_the_events(demo):
    shell, _ = demo
    before = shell.times()
    arguments = ("ValidateGraph", "--version", "v1", "--formats", "pb,pbtxt")
    text = shell.law(*arguments, "--origin")
    lines = [line.strip() for line in text.splitlines()]
    assert "ValidateGraph: complete" in lines
    for task in ("ExportGraph", "TrainModel", "GenerateEvents"):
        assert f"{task}:" in lines
    assert "setting  hidden_units = 64" in lines
    assert "version of the canonical form = 2" in lines
    assert any(line.startswith("code     cmsml_tasks.recipes.demo ") for line in lines)
    assert any(line.startswith("with     python 3.") and "tensorflow 2." in line for line in lines)
    commits = {line.split()[1].removesuffix("-dirty") for line in lines if "commit  " in line}
    assert all(len(commit) == 40 for commit in commits)
    events = json.loads(next(shell.store.glob("GenerateEvents/*/v1/manifest.json")).read_text())
    digest = events["outputs"]["events.npz"]["sha256"]
    assert f"input    GenerateEvents/events.npz  sha256 {digest}" in lines
    assert len(shell.law(*arguments, "--origin=0").splitlines()) < len(lines) / 2
    assert shell.times() == before


def test_origin_of_any_copy_of_a_file(tiny, tmp_path):
    shell, _ = tiny
    copy = tmp_path / "net.pb"
    shutil.copy(manifest_of(shell, "ExportGraph").with_name("graph.pb"), copy)
    store = ("--store", str(shell.store))
    done = shell.tracking("origin", str(copy), *store, CMSML_STORE="/nowhere")
    assert done.status == 0, done.text
    assert f"made as graph.pb, says {manifest_of(shell, 'ExportGraph')}" in done.text
    read = f"read by ValidateGraph, says {manifest_of(shell, 'ValidateGraph')}"
    assert read in done.text
    assert "setting  hidden_units = 4" in done.text
    digest = content(shell, "ExportGraph")["outputs"]["graph.pb"]["sha256"]
    assert shell.tracking("origin", digest[:10], *store).text == done.text
    # the manifest itself says the same without a look into the store
    of_manifest = shell.tracking("origin", str(manifest_of(shell, "ExportGraph"))).text
    assert of_manifest in done.text
    # what is not known
    copy.write_bytes(copy.read_bytes()[:-1])
    shell.tracking("origin", str(copy), *store).refused("error: no manifest in ", "speaks of")
    done = shell.tracking("origin", "no-such-file.pb", *store)
    done.refused("error: no-such-file.pb is neither a file nor a digest (8 to 64")
    done = shell.tracking("origin", str(copy), "--store", str(tmp_path / "no"))
    done.refused("error: there is no store ", "name it with --store")


def test_rebuild_gives_the_same_bytes(tiny, tmp_path):
    shell, _ = tiny
    again = Shell(tmp_path / "store")
    manifest = manifest_of(shell, "ValidateGraph")
    done = again.tracking("rebuild", str(manifest))
    assert done.status == 0, done.text
    assert "validation.json  same bytes" in done.text
    for name in shell.files():
        if not name.endswith("manifest.json"):
            assert (shell.store / name).read_bytes() == (again.store / name).read_bytes(), name
    # bytes that differ are told
    other = json.loads(manifest.read_text())
    other["outputs"]["validation.json"]["sha256"] = "0" * 64
    (tmp_path / "manifest.json").write_text(json.dumps(other))
    done = again.tracking("rebuild", str(tmp_path / "manifest.json"))
    assert done.status == 1
    assert "validation.json  other bytes" in done.text
    (tmp_path / "manifest.json").write_text("{}")
    done = again.tracking("rebuild", str(tmp_path / "manifest.json"))
    done.refused("error: ", "is no manifest")
