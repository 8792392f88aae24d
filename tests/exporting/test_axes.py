"""Words for axes on the card and on the console."""

import json

import pytest
import tensorflow as tf

from cmsml_tasks.conversion import save_graph
from cmsml_tasks.exporting.axes import axes_of
from cmsml_tasks.exporting.export import export_source
from cmsml_tasks.exporting.usage import interface_text
from cmsml_tasks.validation import validate

BATCH_CHECKS = ("batch sizes 1, 2 and N", "free batch dimension")


@pytest.mark.parametrize(
    ("name", "shape", "events", "axes"),
    [
        ("x", (None, 4), True, ["batch", 4]),
        ("x", (None, None, 4), True, ["batch", "?", 4]),
        ("muon/jets", (None, 4), False, ["n_jets", 4]),
        ("a-b", (None, None), False, ["n_a_b", "?"]),
        ("x", (1, 4), True, [1, 4]),
        ("x", (), True, []),
        ("x", None, True, None),
    ],
)
def test_words(name, shape, events, axes):
    assert axes_of(name, shape, events=events) == axes


def spec(name, *shape, dtype="float32"):
    return tf.TensorSpec(shape, dtype, name)


def exported(function, *specs, folder):
    """Export and validate *function* as a frozen graph from a file."""
    source = folder / "source.pb"
    save_graph(source, tf.function(function, input_signature=specs), True)
    card = export_source(str(source), str(folder), ["pb"])
    assert json.loads((folder / "graph.json").read_text()) == card
    report = validate(folder / "graph.pb", card, folder / "reference.npz")
    assert report.passed, report.summary()
    checks = {check.name: (check.status, check.detail) for check in report.checks}
    found = [checks[name] for name in BATCH_CHECKS]
    return card, interface_text(card, "graph.pb"), found


def test_rows_that_are_events_make_a_batch(tmp_path):
    def score(x, ids):
        return {"score": tf.reduce_sum(x, 1) + tf.cast(ids, "float32")}

    card, text, found = exported(
        score, spec("x", None, 3), spec("ids", None, dtype="int32"), folder=tmp_path
    )
    assert card["no_batch"] is None
    assert [tensor["axes"] for tensor in card["inputs"]] == [["batch", 3], ["batch"]]
    assert [status for status, _ in found] == ["passed", "passed"]
    assert "x:0  float32 [batch, 3]" in text
    assert "ids:0  int32 [batch]" in text


MIXING = "the original gives another 'score' for a row alone than among others"


@pytest.mark.parametrize(
    ("function", "specs", "lines", "reason"),
    [
        (
            lambda x: {"score": x - tf.reduce_mean(x, 0)},
            [spec("x", None, 3)],
            ["x:0  float32 [n_x, 3]", "score:0  float32 [n_score, 3]"],
            MIXING,
        ),
        (
            lambda tokens: {"score": tf.cumsum(tf.gather([1.0, 2.0, 4.0] * 4, tokens))},
            [spec("tokens", None, dtype="int32")],
            ["tokens:0  int32 [n_tokens]"],
            MIXING,
        ),
        (
            lambda nodes, edges: {"score": nodes + tf.reduce_mean(edges, 0)},
            [spec("nodes", None, 3), spec("edges", None, 3)],
            ["nodes:0  float32 [n_nodes, 3]", "edges:0  float32 [n_edges, 3]"],
            MIXING,
        ),
        (
            lambda x, scale: {"score": x * scale},
            [spec("x", None, 3), spec("scale")],
            ["x:0  float32 [n_x, 3]", "scale:0  float32 []"],
            "input 'scale' has no axes",
        ),
        (
            lambda x: {"score": tf.reduce_sum(x)},
            [spec("x", None, 3)],
            ["x:0  float32 [n_x, 3]", "score:0  float32 []"],
            "output 'score' has no axes",
        ),
        (
            lambda x: {"score": x * 2},
            [spec("x", 1, 3)],
            ["x:0  float32 [1, 3]", "score:0  float32 [1, 3]"],
            "the first axis of input 'x' is fixed to 1",
        ),
    ],
    ids=["mixing", "tokens", "nodes", "scale", "sum", "fixed"],
)
def test_rows_that_are_no_events_make_none(function, specs, lines, reason, tmp_path):
    card, text, found = exported(function, *specs, folder=tmp_path)
    assert card["no_batch"] == reason
    assert "batch" not in text.replace("no batch: ", "")
    assert all(line in text for line in lines), text
    assert found == [("does not apply", reason)] * 2
