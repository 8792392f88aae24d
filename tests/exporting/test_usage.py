import numpy as np
import pytest
import tensorflow as tf

from cmsml_tasks.conversion.interface.port import Port
from cmsml_tasks.conversion.traced.traced_graph import ConstantInput, Skeleton
from cmsml_tasks.exporting.card import of_origin
from cmsml_tasks.exporting.usage import cpp_lines, interface_text


def tensor(name, dtype="float32", shape=(None, 3)):
    size = None if shape is None else list(shape)
    return {"name": name, "tensor": f"{name}:0", "dtype": dtype, "shape": size}


def card(*inputs, outputs=("score",)):
    return {"inputs": list(inputs), "outputs": [tensor(name) for name in outputs]}


def test_lines_feed_and_fetch_every_tensor():
    inputs = tensor("jets"), tensor("n", "int64", (None, 1))
    lines = cpp_lines(card(*inputs, outputs=("a", "b")), "g")
    assert "tensorflow::Tensor jets(tensorflow::DT_FLOAT, {1, 3});" in lines
    assert "tensorflow::Tensor n(tensorflow::DT_INT64, {1, 1});" in lines
    assert '{{"jets", jets}, {"n", n}}, {"a", "b"}, &outputs);' in lines


def test_scalar_and_unknown_shapes():
    lines = cpp_lines(card(tensor("x", shape=()), tensor("y", shape=None)), "g")
    assert "tensorflow::Tensor x(tensorflow::DT_FLOAT, {});" in lines
    assert "tensorflow::Tensor y(tensorflow::DT_FLOAT, {1});" in lines


def test_variables_are_valid_and_distinct():
    names = ["a.b", "a_b", "session", "float", "4jets", "tä/g"]
    lines = cpp_lines(card(*(tensor(name) for name in names)), "g").splitlines()
    declared = [line.split()[1].partition("(")[0] for line in lines if "::Tensor " in line]
    assert declared == ["a_b", "input_a_b", "input_session", "input_float", "input_4jets", "t__g"]


def test_interface_in_words():
    features = [{"name": "pt", "padding": None}, {"name": "eta", "padding": None}]
    text = interface_text(card({**tensor("x"), "features": features}, tensor("y", shape=None)), "g")
    assert "input    x:0  float32 [batch, 3]\n         pt, eta\n" in text
    assert "input    y:0  float32 [shape unknown]" in text


@pytest.mark.parametrize(
    ("value", "dtype", "line"),
    [
        (True, tf.bool, "constant flag  bool true"),
        ([0.5, float("inf")], tf.float64, 'constant flag  float64 [0.5, "inf"]'),
        ("é".encode(), tf.string, 'constant flag  string "é"'),
        (list(range(100)), tf.int32, "constant flag  int32 [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10"),
    ],
)
def test_constants_in_words(value, dtype, line):
    array = np.array(value, object if dtype == tf.string else None)
    port = Port("flag", "flag", 0, dtype, array.shape)
    skeleton = Skeleton(tf.compat.v1.GraphDef(), (), (), constants=(ConstantInput(port, array),))
    told = interface_text({**card(tensor("x")), **of_origin(skeleton)}, "g").splitlines()[-1]
    assert told.startswith(line)
    assert len(told) < 100
    assert ("..." in told) == (array.size > 9)


def test_nothing_is_said_where_there_is_nothing_to_say():
    assert of_origin(Skeleton(tf.compat.v1.GraphDef(), (), ())) == {}
    cut = Skeleton(tf.compat.v1.GraphDef(), (), (), has_versions=False)
    text = interface_text({**card(tensor("x")), **of_origin(cut)}, "g")
    assert text.splitlines()[-1].startswith("end      not vouched for")


def test_constants_are_told_by_the_models_own_names():
    port = Port("gr__e", "x", 0, tf.string, (), asked_for="größe")
    constant = ConstantInput(port, np.array("\x9b31m".encode(), object))
    origin = of_origin(Skeleton(tf.compat.v1.GraphDef(), (), (), constants=(constant,)))
    assert origin["constant_inputs"][0]["asked_for"] == "größe"
    told = interface_text({**card(tensor("x")), **origin}, "g").splitlines()[-1]
    assert told == "constant gr__e  string \"\\x9b31m\", called 'größe' in the model"
