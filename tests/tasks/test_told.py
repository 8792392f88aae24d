"""What is in a model's file is told: its names, its signatures, on a terminal of any encoding."""

import json

import pytest
from command_line import Shell

SAVING = """
import tensorflow as tf

class Two(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec((None, 3), name="jets")])
    def serve(self, x):
        return {"Güte": 2 * x}

    @tf.function(input_signature=[tf.TensorSpec((None, 3), name="x")])
    def total(self, x):
        return {"total": tf.reduce_sum(x, axis=0)}

two = Two()
tf.saved_model.save(two, FOLDER, signatures={"serving_default": two.serve, "total": two.total})
"""
ASCII = {"PYTHONIOENCODING": "ascii"}
C = {"LC_ALL": "C", "PYTHONUTF8": "0"}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A SavedModel of two signatures, in a folder whose name is no ASCII."""
    shell = Shell(tmp_path_factory.mktemp("told") / "störe")
    folder = shell.store.with_name("modèle (1)")
    shell.python(SAVING.replace("FOLDER", ascii(str(folder))))
    return shell, folder


def test_signatures_names_and_axes_are_told_in_ascii(saved):
    shell, folder = saved
    arguments = ("ValidateGraph", "--version", "v1", "--source", str(folder))
    text = shell.law(*arguments, **ASCII)
    assert text.isascii()
    assert "of       signature serving_default; --signature takes another: total" in text
    assert (
        "output   G_te:0  float32 [batch, 3], called 'G\\xfcte' in the model, which TensorFlow "
        "does not allow"
    ) in text
    (path,) = shell.store.glob("ExportGraph/*/v1/graph.json")
    card = json.loads(path.read_text())
    assert [tensor.get("asked_for") for tensor in card["inputs"] + card["outputs"]] == [
        None,
        "Güte",
    ]
    assert card["saved_model_signature"] == {"name": "serving_default", "others": ["total"]}
    for option in ("--print-status", "--print-deps", "--explain", "--origin"):
        for variables in (ASCII, C):
            done = shell.try_law(*arguments, option, "-1", **variables)
            assert done.status == 0, done.text
            assert "Traceback" not in done.text


def test_another_signature_is_another_graph(saved):
    shell, folder = saved
    arguments = ("--version", "v2", "--source", str(folder))
    shell.law("ExportGraph", *arguments)
    text = shell.law("ValidateGraph", *arguments, "--signature", "total")
    assert "of       signature total; --signature takes another: serving_default" in text
    assert "input    x:0  float32 [n_x, 3]" in text
    told = "the first axis of output 'total' is fixed to 3"
    assert f"does not apply  batch sizes 1, 2 and N                   {told}" in text
    assert shell.status("ExportGraph", *arguments) == {
        "ExportGraph": 'stale (1/1): parameter signature total -> ""'
    }
    done = shell.try_law("ExportGraph", *arguments, "--signature", "totals\x1b[31m")
    done.refused(
        "no signature 'totals\\x1b[31m'", "did you mean 'total'?", "'serving_default', 'total'"
    )


def test_a_signature_without_a_saved_model_is_refused(shell, tmp_path):
    (tmp_path / "graph.pb").write_bytes(b"")
    for source in ((), ("--source", str(tmp_path / "graph.pb"))):
        arguments = ("ExportGraph", "--version", "v1", *source, "--signature", "total")
        shell.try_law(*arguments).refused("--signature", "SavedModel")
    assert shell.files() == []
