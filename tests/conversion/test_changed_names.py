"""Names of a model that no graph can have: what they become, and who is told."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from cmsml_tasks.arguments import came_as_options
from cmsml_tasks.conversion import (
    ChangedNameWarning,
    frozen_graph_def,
    load_graph,
    open_model,
    save_graph,
    trace,
)
from cmsml_tasks.errors import ConversionError

tf1 = tf.compat.v1
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:When providing `inputs` as a dict"),
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file"),
]
SPEC = tf.TensorSpec((None, 3))


def taking(*keys: str) -> Any:
    """A function of one dictionary, whose inputs weigh 1, 10, 100."""

    def weighted(x: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return {"sum": tf.add_n([x[key] * 10.0**n for n, key in enumerate(keys)])}

    return tf.function(weighted, input_signature=[dict.fromkeys(keys, SPEC)])


def asked_for(traced: Any) -> dict[str, str | None]:
    infos = (*traced.signature.inputs, *traced.signature.outputs)
    return {info.name: info.asked_for for info in infos}


def test_a_name_that_the_graph_cannot_have_is_kept_beside_the_one_it_has() -> None:
    x = keras.Input((4,), name="x")
    y = keras.layers.Dense(2)(x)
    model = keras.Model(x, {"x": y, "b|c": y, "größe": y, "fine/name": y})
    assert asked_for(trace(model)) == {
        "x": None,
        "b_c": "b|c",
        "fine/name": None,
        "gr__e": "größe",
        "x_out": "x",
    }
    shared = keras.layers.Dense(2, name="shared")
    twice = keras.Model([x, z := keras.Input((4,), name="_z")], [shared(x), shared(z)])
    assert asked_for(trace(twice)) == {
        "x": None,
        "x_z": "_z",
        "shared_0": "shared",
        "shared_1": "shared",
    }


def test_names_of_a_signature_that_the_graph_cannot_have(tmp_path: Path) -> None:
    with tf.Graph().as_default():
        x = tf1.placeholder(tf.float32, (None, 3), name="x")
        info = tf1.saved_model.build_tensor_info
        signature = tf1.saved_model.build_signature_def(
            {"a b": info(x)}, {"o:p": info(x * 2)}, "predict"
        )
        builder = tf1.saved_model.Builder(str(tmp_path / "model"))
        with tf1.Session() as session:
            builder.add_meta_graph_and_variables(session, ["serve"], {"mine": signature})
        builder.save()
    traced = open_model(tmp_path / "model")
    assert asked_for(traced) == {"a_b": "a b", "o_p": "o:p"}
    assert {"a_b", "o_p"} <= {node.name for node in frozen_graph_def(traced).node}


@pytest.mark.parametrize("keys", [("a b", "a_b"), ("a:b", "a b", "c"), ("ä", "ö")])
def test_two_names_that_would_become_one_are_refused(keys: tuple[str, ...], tmp_path: Path) -> None:
    function = taking(*keys)
    for frozen in (True, False):
        with pytest.raises(
            ConversionError, match=f"'{keys[0]}'.* would have one name.*input_names"
        ):
            save_graph(tmp_path / "graph.pb", function, frozen)
    assert not list(tmp_path.iterdir())
    # the names of the model tell them apart
    wanted = {key: f"in_{n}" for n, key in enumerate(keys)}
    save_graph(tmp_path / "graph.pb", function, True, input_names=wanted)
    _, session = load_graph(tmp_path / "graph.pb", create_session=True)
    feeds = {f"in_{n}:0": np.full((1, 3), n + 1.0) for n in range(len(keys))}
    expected = sum((n + 1) * 10**n for n in range(len(keys)))
    assert session.run("sum:0", feeds).tolist() == [[expected] * 3]


def stacked(*names: str, name: str) -> Any:
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Dense(2, name=each) for each in names]
    return keras.Sequential([keras.Input((3,), name="x"), *layers], name=name)


def test_layers_are_called_otherwise_where_the_graph_cannot_have_their_names(
    tmp_path: Path,
) -> None:
    model = stacked("größe aus", "_b|c", "out put", name="_mod ell")
    with pytest.warns(ChangedNameWarning, match="'out put' is 'out_put:0'"):
        save_graph(tmp_path / "graph.pb", model, True)
    traced = trace(model)
    assert asked_for(traced) == {"x": None, "out_put": "out put"}
    # nothing but the names differs, and the model has its own still
    allowed = trace(stacked("gr__e_aus", "_b_c", "out_put", name="x_mod_ell"))
    graphs = [frozen_graph_def(each).SerializeToString() for each in (traced, allowed)]
    assert graphs[0] == graphs[1]
    assert [layer.name for layer in model.layers] == ["größe aus", "_b|c", "out put"]
    x = np.ones((2, 3), "f4")
    _, session = load_graph(tmp_path / "graph.pb", create_session=True)
    np.testing.assert_allclose(session.run("out_put:0", {"x:0": x}), model(x), rtol=1e-6)
    # two that become one scope
    twice = stacked("a b", "a_b", name="twice")
    np.testing.assert_allclose(
        trace(frozen_graph_def(trace(twice))).run({"x": x})["a_b"], twice(x), rtol=1e-6
    )


def test_layer_in_a_loop_has_to_be_renamed() -> None:
    cell = keras.layers.LSTMCell(2, name="in der zelle")
    model = keras.Sequential([keras.Input((5, 2)), keras.layers.RNN(cell)])
    with pytest.raises(ConversionError, match="\nRename the layer 'in der zelle'; use letters"):
        trace(model)


CLASH = ("a b", "a_b")


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"a b": "z"}, ["z", "a_b"]),
        ({"a_b": "z"}, ["a_b", "z"]),
        ({"a b": "z", "a_b": "a_b"}, ["z", "a_b"]),
        (["z", "a_b"], ["z", "a_b"]),
    ],
)
def test_a_name_can_be_had_once_no_other_is_like_it(
    wanted: Any, names: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "graph.pb"
    told = pytest.warns(ChangedNameWarning, match="'a b' is 'a_b:0'")
    with told if names[0] == "a_b" else nullcontext():
        save_graph(path, taking(*CLASH), True, input_names=wanted)
    _, session = load_graph(path, create_session=True)
    feeds = {f"{name}:0": np.full((1, 3), n + 1.0) for n, name in enumerate(names)}
    assert session.run("sum:0", feeds).tolist() == [[21.0] * 3]
    outputs = tf.function(lambda x: {"a b": x, "a_b": 2 * x}, input_signature=[SPEC])
    traced = trace(outputs, None, wanted)
    assert [info.name for info in traced.signature.outputs] == names
    assert set(names) <= {node.name for node in frozen_graph_def(traced).node}


def test_of_names_that_are_alike_only_those_are_refused_that_still_are() -> None:
    function = taking("a b", "a_b", "a|b", "c")
    with pytest.raises(ConversionError, match=r"inputs 'a_b', 'a\|b' would .*{'a_b': 'name_1', 'a"):
        frozen_graph_def(trace(function, {"a b": "z"}))
    frozen_graph_def(trace(function, {"a b": "z", "a|b": "w"}))
    frozen_graph_def(trace(function, {"a b": "z"}, None, {"a|b": [[1.0] * 3]}))
    frozen_graph_def(trace(taking(*CLASH), ["a_b_0", "a_b_1"]))
    with pytest.raises(ConversionError, match="'a_b' would name more than one tensor"):
        trace(taking(*CLASH), {"a b": "a_b"})
    with pytest.raises(ConversionError, match="renames 'größe' and 'gr__e', which are one input"):
        trace(taking("größe", "c"), {"größe": "a", "gr__e": "b"})
    with (
        came_as_options(),
        pytest.raises(ConversionError, match="others: --input-names 'a b=name_1,a_b=name_2', or"),
    ):
        frozen_graph_def(trace(taking(*CLASH)))


def test_a_file_with_names_that_are_alike_is_opened_under_others(tmp_path: Path) -> None:
    inputs = [keras.Input((1,), name=name) for name in CLASH]
    keras.Model(inputs, keras.layers.Concatenate(name="c")(inputs)).save(tmp_path / "m.keras")
    with pytest.raises(ConversionError, match="would have one name"):
        frozen_graph_def(open_model(tmp_path / "m.keras"))
    traced = open_model(tmp_path / "m.keras", input_names={"a b": "z"})
    assert [(i.name, i.asked_for) for i in traced.signature.inputs] == [
        ("z", "a b"),
        ("a_b", "a_b"),
    ]
    assert {"z", "a_b"} <= {node.name for node in frozen_graph_def(traced).node}


def test_the_models_own_names_count_wherever_an_input_is_named(tmp_path: Path) -> None:
    inputs = [keras.Input((1,), name="größe"), keras.Input((1,), name="p t")]
    keras.Model(inputs, keras.layers.Add(name="sum")(inputs)).save(tmp_path / "m.keras")
    for own in ("größe", "gr__e"):
        traced = open_model(
            tmp_path / "m.keras",
            input_shapes={own: [None, 1], "p t": [None, 1]},
            constant_inputs={own: [[1.0]]},
        )
        assert traced.run({"p_t": np.ones((1, 1), "f4")})["sum"].tolist() == [[2.0]]
    both = {"größe": [[1.0]], "gr__e": [[1.0]]}
    with pytest.raises(ConversionError, match="sets 'größe' and 'gr__e', which are one input"):
        open_model(tmp_path / "m.keras", constant_inputs=both)


def test_whoever_saves_is_told_of_a_name_that_another_tensor_has(tmp_path: Path) -> None:
    function = tf.function(lambda x: {"x": 2 * x}, input_signature=[SPEC])
    function = function.get_concrete_function()
    with pytest.warns(ChangedNameWarning, match=r"'x' is 'x_out:0' in the graph.*another tensor"):
        save_graph(tmp_path / "graph.pb", function, True)


def test_a_key_that_reads_like_a_place_in_a_list_is_refused() -> None:
    @tf.function(input_signature=[{"a": [SPEC, SPEC], "a_0": SPEC}])
    def function(x: Any) -> Any:
        return x["a"][0] - x["a"][1] + x["a_0"]

    with pytest.raises(ConversionError, match=r"'a\[0\]', 'a_0' would have one name"):
        frozen_graph_def(trace(function))
    names = {"a[0]": "first", "a_0": "other"}
    renamed = trace(function, names).signature.inputs
    assert [info.name for info in renamed] == ["first", "a_1", "other"]


def test_whoever_saves_is_told_unless_they_chose_another_name(tmp_path: Path) -> None:
    function = taking("a b", "c")
    with pytest.warns(ChangedNameWarning, match=r"'a b' is 'a_b:0' in the graph"):
        save_graph(tmp_path / "graph.pb", function, True)
    save_graph(tmp_path / "graph.pb", function, True, input_names={"a b": "x"})
    save_graph(tmp_path / "graph.pb", function, True, input_names={"a_b": "x"})
    renamed = trace(function, {"a b": "x"}).signature.inputs[0]
    assert (renamed.name, renamed.renamed_from, renamed.asked_for) == ("x", "a_b", "a b")


@pytest.mark.parametrize("ending", ["object", "keras", "h5"])
@pytest.mark.parametrize("library", [keras, tf_keras], ids=["keras", "tf-keras"])
def test_keys_are_followed_where_inputs_have_each_others_names(
    library: Any, ending: str, tmp_path: Path
) -> None:
    first, second = library.Input((3,), name="b"), library.Input((3,), name="a")
    layers = library.layers
    scored = layers.Add()([layers.Dense(2)(first), layers.Rescaling(10.0)(layers.Dense(2)(second))])
    model = library.Model({"a": first, "b": second}, {"score": scored})
    rng = np.random.default_rng(1)
    feeds = {key: rng.normal(size=(5, 3)).astype("float32") for key in "ab"}
    expected = np.asarray(model(feeds)["score"])
    path = tmp_path / "graph.pb"
    if ending == "object":
        save_graph(path, model, True)
    else:
        model.save(tmp_path / f"model.{ending}")
        traced = open_model(tmp_path / f"model.{ending}")
        np.testing.assert_allclose(traced.run(feeds)["score"], expected, rtol=1e-5)
        path.write_bytes(frozen_graph_def(traced).SerializeToString())
    _, session = load_graph(path, create_session=True)
    given = session.run("score:0", {f"{key}:0": array for key, array in feeds.items()})
    np.testing.assert_allclose(given, expected, rtol=1e-5)


def test_keys_of_a_function_are_followed_whatever_its_specs_are_called() -> None:
    named = {"a": tf.TensorSpec((None, 3), name="b"), "b": tf.TensorSpec((None, 3), name="a")}
    function = tf.function(lambda x: x["a"] - 10 * x["b"], input_signature=[named])
    feeds = {"a": np.ones((2, 3), "f4"), "b": np.full((2, 3), 2, "f4")}
    assert trace(function).run(feeds)["output"].tolist() == [[-19.0] * 3] * 2
