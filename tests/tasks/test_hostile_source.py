"""A model file that does more than compute is refused before it can."""

import pytest
from command_line import TINY, Shell

from cmsml_tasks.errors import SettingsError
from cmsml_tasks.tasks.operations import parse_operations


@pytest.fixture(scope="module")
def writing(tmp_path_factory):
    """A graph that writes a file beside itself, in a branch, and gives an ordinary output."""
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("hostile")

    def write():
        done = tf.raw_ops.WriteFile(filename=str(folder / "WRITTEN"), contents="hello")
        with tf.control_dependencies([done]):
            return tf.identity(1.0)

    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, [None, 3], name="x")
        factor = tf.cond(tf.reduce_all(x < 1e30), write, lambda: 2.0)
        tf.multiply(x, factor, name="out")
    (folder / "writes.pb").write_bytes(graph.as_graph_def().SerializeToString())
    return folder / "writes.pb"


def test_it_is_refused_and_has_written_nothing(writing, tmp_path):
    shell = Shell(tmp_path / "store")
    done = shell.try_law("ValidateGraph", "--version", "v1", "--source", str(writing))
    done.refused(f"{writing}: 'WriteFile' (WriteFile) in the function 'cond_true_", "writes a file")
    assert [path.name for path in writing.parent.iterdir()] == ["writes.pb"]
    assert shell.files() == []


def test_what_reaches_outside_cannot_be_allowed(writing, tmp_path):
    shell = Shell(tmp_path / "store")
    arguments = ("ValidateGraph", "--version", "v1", "--source", str(writing), "--explain")
    done = shell.try_law(*arguments, "--allow-operations", "MyOwnOp,WriteFile")
    done.refused("--allow-operations WriteFile: it writes a file, which cannot be allowed")


def test_leave_is_an_ingredient_of_the_validation_only(tiny):
    """It changes no graph, but what a report says."""
    shell, text = tiny
    assert "passed          reaches nothing outside" in text
    arguments = ("ValidateGraph", "--version", "v1", "--recipe", TINY)
    told = shell.explained(*arguments, "--allow-operations", "B, A", "--allow-operations", "B")
    assert told == {"TrainModel": "up to date", "ExportGraph": "up to date", "ValidateGraph": "run"}
    assert 'parameter allow_operations "" -> A,B' in shell.law(
        *arguments, "--allow-operations", "B, A", "--explain"
    )


def test_operations_in_one_option_or_several():
    assert parse_operations("") == ()
    assert parse_operations("B, A,B") == ("A", "B")
    for text in ("A,,B", "My Op", ","):
        with pytest.raises(SettingsError, match="is no name of an operation"):
            parse_operations(text)
