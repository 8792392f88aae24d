"""Passwords and tokens in URLs: they open files, and are written nowhere."""

import logging

import pytest
from remote_project import RemoteProject
from xrootd_server import serving_outputs

from cmsml_tasks.command_line.messages import speak_plainly
from cmsml_tasks.errors import DataError, UserError
from cmsml_tasks.shown import holds_secret, printable, without_secrets
from cmsml_tasks.tasks.store import store
from cmsml_tasks.tracking.storage.gfal import StorageError

SECRETS = ("hunter2", "TOPSECRET")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:hunter2@host:1094/a.root", "https://host:1094/a.root"),
        ("https://TOPSECRET@host/a", "https://host/a"),
        ("https://me:hunt?er2@host/a", "https://host/a"),
        ("root://host//a.root?authz=Bearer%20TOPSECRET", "root://host//a.root"),
        (
            "root://host//a.root?xrd.wantprot=unix&authz=TOPSECRET",
            "root://host//a.root?xrd.wantprot=unix",
        ),
        ("root://host//a.root?authz=TOPSECRET&svcClass=x", "root://host//a.root?svcClass=x"),
        ("https://b.s3/k?X-Amz-Date=1&X-Amz-Signature=TOPSECRET&v=2", "https://b.s3/k?v=2"),
        ("https://b/k?AWSAccessKeyId=TOPSECRET&Expires=5", "https://b/k"),
        ("https://b/k?sv=2&sig=TOPSECRET", "https://b/k?sv=2"),
        ("https://b/k?%61uthz=TOPSECRET", "https://b/k"),
        ("https://b/k?a=1#access_token=TOPSECRET", "https://b/k?a=1"),
        ("root://cache//root://me:hunter2@host//a?token=TOPSECRET", "root://cache//root://host//a"),
        ("cannot read 'https://a/b?token=TOPSECRET': gone", "cannot read 'https://a/b': gone"),
        ('{"a": "dav://me:hunter2@h/x", "b": 1}', '{"a": "dav://h/x", "b": 1}'),
        ("https://host/a?key", "https://host/a?key"),
        ("https://host/a?run=3&lumi=4", "https://host/a?run=3&lumi=4"),
        ("/eos/user/n/name/a:b@c.root?token=1", "/eos/user/n/name/a:b@c.root?token=1"),
        ("root://host//a//b:c/d.root", "root://host//a//b:c/d.root"),
        ("", ""),
    ],
)
def test_what_is_left_of_a_url(text, shown):
    assert without_secrets(text) == shown
    assert without_secrets(shown) == shown


def test_a_user_alone_is_no_secret():
    assert not holds_secret("root://name@host//a.root")
    assert holds_secret("root://name:word@host//a.root")
    assert holds_secret("see https://host/a?token=1")


def test_no_message_to_the_user_has_one():
    for kind in (UserError, DataError, StorageError):
        assert str(kind("https://me:hunter2@host/a: gone")) == "https://host/a: gone"
    assert StorageError("a", 5).code == 5


def test_no_message_to_the_user_moves_the_cursor():
    assert str(UserError("a\x1b[2Jb\rc\n\td", 5)) == str(UserError(r"a\x1b[2Jb\rc" "\n" r"\td", 5))


def test_what_a_terminal_would_act_on_is_escaped():
    assert printable("a\x1b[2J\x07é\ud800\n") == "a\\x1b[2J\\x07é\\ud800\n"


@pytest.mark.parametrize("url", ["dav://me:hunter2@host/s", "root://host//s?authz=TOPSECRET"])
def test_store_with_a_secret_is_refused(monkeypatch, url):
    monkeypatch.setenv("CMSML_STORE", url)
    with pytest.raises(UserError, match="has a password or token") as raised:
        store()
    assert not any(secret in str(raised.value) for secret in SECRETS)


@pytest.fixture(scope="module")
def server():
    with serving_outputs() as server:
        yield server


READING = '''

class Reading(Toy):
    """Knows a file from outside by its URL."""

    data = luigi.Parameter()

    def tracked_files(self, data):
        """Return the URL."""
        return [self.data]

    def output(self):
        """Return a file."""
        return law.LocalFileTarget(os.path.join(os.environ["READING_STORE"], "reading.json"))

    def run(self):
        """Write, or fail."""
        self.publish_message(f"{self} is running")
        if os.environ.get("TOY_FAIL"):
            raise RuntimeError(f"cannot read {self.data}")
        self.output().dump(1, formatter="json")
'''


@pytest.mark.parametrize("protocol", ["root", "dav"])
def test_secrets_are_written_nowhere(server, tmp_path, protocol):
    """A token that opens a file on a real server, in a parameter of a task."""
    (url,) = (each for each in server.urls if each.startswith(f"{protocol}://"))
    (server.store / "data.txt").write_text("1 2 3")
    (server.store / "data.txt").chmod(0o644)
    project = RemoteProject.on(server, url, tmp_path / "project")
    tasks = project.folder / "toy_tasks.py"
    tasks.write_text(tasks.read_text() + READING)
    plain = f"{url}/data.txt"
    secret = plain.replace("://", "://me:hunter2@") if protocol == "root" else plain
    secret += "?authz=Bearer%20TOPSECRET"
    made = {"READING_STORE": str(tmp_path / "made")}
    given = ("Reading", "--data", secret)

    status, failed = project.attempt(*given, TOY_FAIL="1", **made)
    assert status != 0, failed
    assert "cannot read" in failed
    texts = [failed, project.law(*given, **made)]
    for option in ("--print-status=-1", "--explain", "--origin", "--accept", "--print-output=0"):
        texts.append(project.law(*given, option, **made))
    assert "complete" in texts[2]
    assert "nothing would run" in texts[3]
    assert "data.txt" in texts[4]
    # another token is no other file
    renewed = secret.replace("TOPSECRET", "TOPSECRET2")
    texts.append(project.law("Reading", "--data", renewed, **made))
    assert "up to date" in texts[-1].split("this run")[1]
    away = plain.replace("data.txt", "gone.txt") + "?authz=TOPSECRET"
    texts.append(project.law("Reading", "--data", away, "--print-status=0", **made))
    assert "not compared" in texts[-1]

    manifest = (tmp_path / "made" / "reading.json.manifest.json").read_text()
    assert f'"path": "{plain}"' in manifest
    texts.append(manifest)
    texts += [path.read_text(errors="replace") for path in project.folder.rglob("cache/**/*.json")]
    for text in texts:
        assert not any(each in text for each in SECRETS), text


def test_logs_of_luigi_have_none(caplog):
    speak_plainly()
    with caplog.at_level(logging.INFO, logger="luigi-interface"):
        logging.getLogger("luigi-interface").info("task %s", "https://me:hunter2@host/a")
    assert "hunter2" not in caplog.text
    assert "https://host/a" in caplog.text
