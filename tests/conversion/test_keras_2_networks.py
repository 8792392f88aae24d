"""Networks of tf-keras in files: layers that are called many times, and those that never are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest
import tf_keras
from archive_edits import edited
from tf_keras_cases import saved

from cmsml_tasks.conversion import open_model
from cmsml_tasks.conversion.model_files.keras_2_networks import refuse_endless
from cmsml_tasks.errors import ConversionError

layers = tf_keras.layers


def shared() -> Any:
    """Give A(B(A(B(x)))), whose layers take what others make later in the file."""
    x = tf_keras.Input((4,), name="x")
    a, b = layers.Dense(4, name="a"), layers.Dense(4, name="b")
    return tf_keras.Model(x, a(b(a(b(x)))))


def nested() -> Any:
    x = tf_keras.Input((4,), name="x")
    inside = tf_keras.Input((4,))
    functional = tf_keras.Model(inside, layers.Dense(4)(inside), name="functional")
    given = tf_keras.Sequential([tf_keras.Input((4,)), layers.Dense(4)], name="given")
    told = tf_keras.Sequential([layers.Dense(4, input_shape=(4,))], name="told")
    bare = tf_keras.Sequential([layers.Dense(4)], name="bare")
    around = tf_keras.Sequential([functional, layers.Dense(4)], name="around")
    y = x
    for _ in range(2):
        for model in (functional, given, told, bare, around):
            y = model(y)
    return tf_keras.Model(x, y)


def keywords() -> Any:
    x, query = tf_keras.Input((3, 4), name="x"), tf_keras.Input((3, 4), name="query")
    attended = layers.MultiHeadAttention(2, 2, name="attention")(query, x, key=layers.ReLU()(x))
    state = layers.Dense(5)(layers.Flatten()(attended))
    lstm = layers.LSTM(5)(x, initial_state=[state, state])
    return tf_keras.Model({"x": x, "query": query}, [lstm, layers.Add()([state, lstm]) * 2])


@pytest.mark.parametrize("make", [shared, nested, keywords])
def test_whole_network(make: Callable[[], Any], tmp_path: Path) -> None:
    model = make()
    path = saved(model, tmp_path / "model.h5")
    with h5py.File(path) as file:
        refuse_endless(json.loads(file.attrs["model_config"]))
    inputs = [each.name for each in open_model(path).signature.inputs]
    assert sorted(inputs) == sorted(each.name for each in model.inputs)


def layer(config: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in config["config"]["layers"] if each["name"] == name)


def call_that_never_comes(config: dict[str, Any]) -> None:
    layer(config, "b")["inbound_nodes"][1][0][1] = 7


def cycle(config: dict[str, Any]) -> None:
    layer(config, "b")["inbound_nodes"][0][0][0] = "a"


def itself(config: dict[str, Any]) -> None:
    layer(config, "b")["inbound_nodes"][0][0][:2] = ["b", 1]


def in_keywords(config: dict[str, Any]) -> None:
    layer(config, "b")["inbound_nodes"][0][0][3] = {"mask": ["a", 5, 0]}


@pytest.mark.parametrize("damage", [call_that_never_comes, cycle, itself, in_keywords])
def test_layer_that_never_gets_its_inputs(damage: Callable[..., None], tmp_path: Path) -> None:
    path = saved(shared(), tmp_path / "whole.keras")

    def change(text: str) -> str:
        config = json.loads(text)
        damage(config)
        return json.dumps(config)

    edited(path, tmp_path / "model.keras", change)
    with pytest.raises(ConversionError, match=r"the layer '[ab]' takes an output of '[ab]', of.*"):
        open_model(tmp_path / "model.keras")
