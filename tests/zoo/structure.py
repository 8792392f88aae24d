"""Models in models, shared layers, several inputs and outputs."""

from __future__ import annotations

from typing import Any

import keras

from zoo.registry import Model, rows, shaken, zoo

L = keras.layers

JETS = rows(5, 4)
LEPTONS = rows(5, 3, seed=7)


def encoder(name: str | None, size: int = 4) -> Any:
    x = keras.Input((size,))
    hidden = L.Dense(5, "relu", name="jet_1")(x)
    return keras.Model(x, L.Dense(3, name="jet_2")(hidden), name=name)


@zoo
def nested_sequential() -> Model:
    inner = keras.Sequential([L.Dense(4, "relu"), L.BatchNormalization()], name="lepton_encoder")
    outer = keras.Sequential([keras.Input((4,)), inner, keras.Sequential([L.Dense(2)])])
    return Model(shaken(outer), {"input": JETS})


@zoo
def nested_functional() -> Model:
    x = keras.Input((4,), name="jets")
    inner = encoder("lepton_encoder")
    middle = keras.Input((4,))
    outer = keras.Model(middle, inner(middle) + 1, name="middle")
    model = keras.Model(x, L.Dense(2, name="score")(outer(x)))
    return Model(shaken(model), {"jets": JETS}, outputs=("score",))


@zoo
def nested_twice_under_automatic_names() -> Model:
    x = keras.Input((4,), name="jets")
    merged = L.Concatenate()([encoder(None)(x), encoder(None)(x), encoder("encoder_2")(x)])
    return Model(shaken(keras.Model(x, L.Dense(2)(merged))), {"jets": JETS})


@zoo
def shared_layers() -> Model:
    """A siamese network; a layer called twice is ``jet`` and ``jet_1``, as another is called."""
    first, second = keras.Input((4,), name="jet_a"), keras.Input((4,), name="jet_b")
    shared, other = L.Dense(3, "relu", name="jet"), L.Dense(3, name="jet_1")
    encoded = encoder("lepton_encoder")
    merged = L.Concatenate()([shared(first), shared(second), other(first), encoded(first),
                              encoded(second)])  # fmt: skip
    model = keras.Model([first, second], L.Dense(1, "sigmoid", name="same")(merged))
    return Model(shaken(model), {"jet_a": JETS, "jet_b": -JETS}, outputs=("same",))


@zoo
def inputs_and_outputs_in_dictionaries() -> Model:
    jets, leptons = keras.Input((4,), name="jets"), keras.Input((3,), name="leptons")
    merged = L.Concatenate()([L.Dense(3)(jets), L.Dense(2)(leptons)])
    outputs = {"regression": L.Dense(1)(merged), "classes": L.Dense(3, "softmax")(merged)}
    model = shaken(keras.Model({"leptons": leptons, "jets": jets}, outputs))
    return Model(model, {"jets": JETS, "leptons": LEPTONS}, outputs=("classes", "regression"))


@zoo
def inputs_and_outputs_in_lists() -> Model:
    inputs = [keras.Input((4,)), keras.Input((3,), name="leptons")]
    merged = L.Concatenate()([L.Dense(3)(inputs[0]), L.Dense(2)(inputs[1])])
    outputs = [L.Dense(1)(merged), L.Dense(3, name="classes")(merged)]
    return Model(shaken(keras.Model(inputs, outputs)), {"input_0": JETS, "leptons": LEPTONS},
                 outputs=("output_0", "classes"))  # fmt: skip


@zoo
def inputs_nested_in_dictionaries_of_lists() -> Model:
    inputs = {"jets": [keras.Input((4,)), keras.Input((4,))], "met": keras.Input((3,), name="met")}
    merged = L.Concatenate()([*inputs["jets"], inputs["met"]])
    outputs = {"heads": [L.Dense(1)(merged), L.Dense(2)(merged)]}
    feeds = {"jets_0": JETS, "jets_1": -JETS, "met": LEPTONS}
    return Model(shaken(keras.Model(inputs, outputs)), feeds, outputs=("heads_0", "heads_1"))


@zoo
def renamed_interface() -> Model:
    x = keras.Input((4,), name="features")
    model = keras.Model(x, L.Dense(2, name="score")(L.Dense(3)(x)))
    return Model(shaken(model), {"events/jets": JETS}, outputs=("tagger/score",),
                 input_names=["events/jets"], output_names=["tagger/score"])  # fmt: skip


@zoo
def outputs_inside_of_the_network() -> Model:
    """One is needed by the other, one is the input, two are one tensor."""
    x = keras.Input((4,), name="x")
    hidden = L.Dense(4, "relu", name="hidden")(x)
    score = L.Dense(2, name="score")(hidden)
    outputs = {"hidden": hidden, "score": score, "again": score, "same": x}
    return Model(shaken(keras.Model(x, outputs)), {"x": JETS}, outputs=sorted(outputs))


@zoo
def residual_and_highway() -> Model:
    jets = x = keras.Input((4,), name="jets")
    for _ in range(3):
        gate = L.Dense(4, "sigmoid")(x)
        x = gate * L.Dense(4, "tanh")(x) + (1 - gate) * x
    return Model(shaken(keras.Model(jets, x)), {"jets": JETS})


@zoo
def fixed_batch() -> Model:
    x = keras.Input(batch_shape=(5, 4), name="jets")
    return Model(shaken(keras.Model(x, L.Dense(2)(x))), {"jets": JETS})


@zoo
def scalars_of_events() -> Model:
    x = keras.Input((), name="pt")
    model = keras.Model(x, L.Dense(1, name="score")(keras.ops.log1p(x)[:, None])[:, 0])
    return Model(shaken(model), {"pt": abs(JETS[:, 0])})


@zoo
def named_like_automatic_names() -> Model:
    """Other layers and functions are called so; the model knows that the user said it."""
    jets = x = keras.Input((4,), name="jets")
    for name in ("embedding_2", "norm_1", "norm_2", "add_1"):
        x = L.Dense(4, "relu", name=name)(x)
    return Model(shaken(keras.Model(jets, x)), {"jets": JETS}, ("add_1",), told_by_model=True)
