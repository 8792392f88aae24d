"""What changed is run again, and only that: settings, versions, what became of the outputs."""

import json
import shutil

import pytest
from command_line import TINY, Shell, modules_imported
from law_commands import summary

ARGUMENTS = ("--version", "v1", "--recipe", TINY)
CHAIN = ("ValidateGraph", *ARGUMENTS)
COMPLETE = {
    "ValidateGraph": "complete (1/1)",
    "ExportGraph": "complete (1/1)",
    "TrainModel": "complete (1/1)",
}


@pytest.fixture
def done(tiny, tmp_path):
    """A copy of the tiny recipe's chain, at another place and with other inodes."""
    shell, _ = tiny
    return shell.copied_to(tmp_path)


def folder(shell, task):
    return shell.store / task / TINY / "v1"


def content(shell, task):
    """Return the bytes of a task's outputs by name."""
    paths = [path for path in folder(shell, task).iterdir() if path.name != "manifest.json"]
    return {path.name: path.read_bytes() for path in paths}


def recorded(shell, task):
    return json.loads((folder(shell, task) / "manifest.json").read_text())


def test_copied_store_is_complete_and_nothing_is_written(done):
    before = done.times()
    assert done.status(*CHAIN) == COMPLETE
    text = done.law(*CHAIN, PYTHONPROFILEIMPORTTIME="1")
    assert summary(text) == {"ValidateGraph": {"up to date": 1}}
    assert not {"tensorflow", "keras"} & modules_imported(text)
    assert done.times() == before


def test_changed_setting(done):
    before, models = done.times(), content(done, "TrainModel")
    wider = (*CHAIN, "--settings", "hidden_units=5")
    assert done.status(*wider) == {
        "ValidateGraph": "stale (1/1): ExportGraph would run first; TrainModel would run first",
        "ExportGraph": "stale (1/1): TrainModel would run first",
        "TrainModel": "stale (1/1): setting hidden_units 4 -> 5",
    }
    text = done.law(*wider, "--explain", PYTHONPROFILEIMPORTTIME="1")
    assert "run             TrainModel     1 of 1  setting hidden_units 4 -> 5\n" in text
    assert "run if changed  ExportGraph    1 of 1  TrainModel would run first\n" in text
    assert "nothing would run" not in text
    assert not {"tensorflow", "keras"} & modules_imported(text)
    assert done.times() == before

    text = done.law(*wider)
    assert summary(text) == {
        "TrainModel": {"ran": 1},
        "ExportGraph": {"ran": 1},
        "ValidateGraph": {"ran": 1},
    }
    assert done.status(*wider) == COMPLETE
    assert recorded(done, "TrainModel")["ingredients"]["setting"]["hidden_units"] == 5
    # what was made before is gone, so the way back is a run too
    assert done.status(*CHAIN)["TrainModel"] == "stale (1/1): setting hidden_units 5 -> 4"
    assert done.run("TrainModel", *ARGUMENTS) == {"TrainModel": {"ran": 1}}
    assert content(done, "TrainModel") == models
    assert done.status(*CHAIN) == {
        "ValidateGraph": "stale (1/1): input TrainModel/reference.npz changed; "
        "ExportGraph would run first",
        "ExportGraph": "stale (1/1): input TrainModel/model.keras changed; "
        "input TrainModel/history.json changed",
        "TrainModel": "complete (1/1)",
    }


def test_setting_that_changes_no_byte_is_cut_off(done):
    before = done.times()
    tagged = (*CHAIN, "--settings", "tag=tight")
    assert done.status(*tagged)["TrainModel"] == 'stale (1/1): setting tag "" -> tight'
    assert done.run(*tagged) == {
        "TrainModel": {"ran": 1},
        "ExportGraph": {"cut off": 1},
        "ValidateGraph": {"cut off": 1},
    }
    assert done.written_since(before) == {"TrainModel"}
    assert done.status(*tagged) == COMPLETE


def test_version_of_the_canonical_form(done, tmp_path):
    (tmp_path / "next").mkdir()
    (tmp_path / "next" / "sitecustomize.py").write_text(
        "import cmsml_tasks.output_files\ncmsml_tasks.output_files.CANONICAL_FORM = 3\n"
    )
    path = f"{tmp_path / 'next'}:{done.environment()['PYTHONPATH']}"
    status = done.status(*CHAIN, PYTHONPATH=path)
    assert status == {
        "ValidateGraph": "stale (1/1): ExportGraph would run first",
        "ExportGraph": "stale (1/1): version of the canonical form 2 -> 3",
        "TrainModel": "complete (1/1)",
    }
    assert done.explained(*CHAIN, PYTHONPATH=path) == {
        "TrainModel": "up to date",
        "ExportGraph": "run",
        "ValidateGraph": "run if changed",
    }
    before = done.times()
    table = done.run("ExportGraph", *ARGUMENTS, PYTHONPATH=path)
    assert table == {"TrainModel": {"up to date": 1}, "ExportGraph": {"ran": 1}}
    assert done.written_since(before) == {"ExportGraph"}
    assert done.status(*CHAIN)["ExportGraph"] == (
        "stale (1/1): version of the canonical form 3 -> 2"
    )


def test_archived_model_is_rebuilt_when_it_must_be_read(done):
    model = content(done, "TrainModel")
    for name in model:
        (folder(done, "TrainModel") / name).unlink()
    assert done.status(*CHAIN) == {**COMPLETE, "TrainModel": "archived (1/1)"}
    assert done.run(*CHAIN) == {"ValidateGraph": {"up to date": 1}}
    loose = (*CHAIN, "--atol", "1e-5")
    assert done.explained(*loose) == {
        "TrainModel": "rebuild",
        "ExportGraph": "up to date",
        "ValidateGraph": "run",
    }
    before = done.times()
    assert done.run(*loose) == {
        "TrainModel": {"ran": 1},
        "ExportGraph": {"up to date": 1},
        "ValidateGraph": {"ran": 1},
    }
    assert done.written_since(before) == {"TrainModel", "ValidateGraph"}
    assert content(done, "TrainModel") == model
    assert done.status(*loose) == COMPLETE


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda good: good[:-1] + bytes([good[-1] ^ 1]), "was edited or replaced"),
        (lambda good: good[:1000], "was truncated from 1,793 to 1,000 bytes"),
    ],
)
def test_edited_graph_is_noticed(done, damage, reason):
    graph = folder(done, "ExportGraph") / "graph.pb"
    good = graph.read_bytes()
    graph.write_bytes(damage(good))
    assert done.status(*CHAIN) == {
        **COMPLETE,
        "ValidateGraph": "stale (1/1): ExportGraph would run first",
        "ExportGraph": f"stale (1/1): output graph.pb {reason}",
    }
    report = content(done, "ValidateGraph")
    assert done.run(*CHAIN) == {
        "TrainModel": {"up to date": 1},
        "ExportGraph": {"ran": 1},
        "ValidateGraph": {"cut off": 1},
    }
    assert graph.read_bytes() == good
    assert content(done, "ValidateGraph") == report


def test_more_formats(done):
    before = done.times()
    both = (*CHAIN, "--formats", "pb,pbtxt")
    assert done.status(*both)["ExportGraph"] == "stale (1/1): output graph.pb.txt was not made"
    table = done.run(*both)
    assert table["ExportGraph"] == {"ran": 1}
    # the card lists the digests of all files, and the validation reads the card
    assert table["ValidateGraph"] == {"ran": 1}
    assert done.written_since(before) == {"ExportGraph", "ValidateGraph"}
    assert (folder(done, "ExportGraph") / "graph.pb.txt").exists()
    # with fewer nothing has to run, until something else makes it run: then no file is left over
    # that no manifest describes
    assert done.status(*CHAIN) == COMPLETE
    done.law("ExportGraph", *ARGUMENTS, "--input-names", "x")
    outputs = recorded(done, "ExportGraph")["outputs"]
    assert set(outputs) == {"graph.pb", "graph.json"}
    assert set(content(done, "ExportGraph")) == set(outputs)


def test_moved_store_is_complete(done, tmp_path):
    shutil.move(done.store, tmp_path / "moved")
    moved = Shell(tmp_path / "moved")
    before = moved.times()
    assert moved.status(*CHAIN) == COMPLETE
    assert moved.run(*CHAIN) == {"ValidateGraph": {"up to date": 1}}
    assert moved.times() == before


def test_read_only_store(done, read_only):
    with read_only(done.store):
        assert done.status(*CHAIN) == COMPLETE
        assert done.run(*CHAIN) == {"ValidateGraph": {"up to date": 1}}
        explained = done.explained(*CHAIN, "--settings", "hidden_units=5")
        assert explained["TrainModel"] == "run"
        refused = done.try_law(*CHAIN, "--settings", "hidden_units=5")
        refused.refused("cannot write", "Read-only file system")
    assert done.status(*CHAIN) == COMPLETE
