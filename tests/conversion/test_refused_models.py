"""Keras models that no graph can be made from, and what the user is told."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from conversion_cases import Subclassed, rows, session_with

from cmsml_tasks.conversion import frozen_graph_def, get_session, trace
from cmsml_tasks.errors import ConversionError, ConversionTypeError


@pytest.mark.parametrize("convert", [trace, get_session])
def test_weights_that_lie_in_a_graph_of_tensorflow_1(convert: Any) -> None:
    """As after tf.compat.v1.disable_eager_execution()."""
    message = r"belongs to a graph of TensorFlow 1.*or pass the session"
    with tf.Graph().as_default():
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        with pytest.raises(ConversionError, match=message):
            convert(model)
    with pytest.raises(ConversionError, match=message):
        convert(model)


@pytest.mark.parametrize("model", [keras.Sequential([keras.layers.Dense(2)]), Subclassed()])
@pytest.mark.parametrize("convert", [trace, get_session])
def test_model_that_was_never_built(model: Any, convert: Any) -> None:
    with pytest.raises(
        ValueError, match=r"never built.*call it on data, fit it, .*build\("
    ) as info:
        convert(model)
    assert isinstance(info.value, ConversionError)
    assert model.name in str(info.value)


def test_model_that_is_built_in_name_only() -> None:
    class Empty(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def build(self, input_shape: Any) -> None:
            pass

        def call(self, inputs: Any) -> Any:
            return self.dense(inputs)

    model = Empty()
    model.build((None, 3))
    with pytest.raises(ConversionError, match="its layers had no weights yet; call it on data"):
        trace(model)


def test_model_of_whose_arguments_keras_remembers_one() -> None:
    class Two(keras.Model):
        def call(self, jets: Any, leptons: Any) -> Any:
            return jets + leptons

    model = Two()
    model(rows(2, 3), rows(2, 3))
    with pytest.raises(ConversionError, match=r"'jets', 'leptons'.*only 'jets'.*dictionary"):
        trace(model)


class WithOption(keras.Model):
    """Its argument ``shift`` may be a tensor, its argument ``scale`` is none."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(2)

    def call(self, x: Any, shift: Any = None, scale: bool = True, training: Any = None) -> Any:
        return self.dense(x) if shift is None else self.dense(x) + shift


class Adding(keras.Model):
    def call(self, x: Any, *more: Any) -> Any:
        return sum(more, x)


@pytest.mark.parametrize("make", [WithOption, Adding])
def test_optional_argument_that_keras_forgets(make: Any) -> None:
    model = make()
    model(rows(2, 2), rows(2, 2))
    with pytest.raises(ConversionError, match=r"only 'x'; .*tf.function\(model, input_signature="):
        trace(model)


class Embedded(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.inner = keras.Sequential([keras.layers.Embedding(7, 2)])

    def call(self, x: Any) -> Any:
        return self.inner(x)


class Shown(keras.Model):
    def call(self, x: Any) -> Any:
        return keras.ops.one_hot(x, 4)


class Bits(keras.Model):
    def call(self, x: Any) -> Any:
        return tf.bitwise.bitwise_and(x, 1)


@pytest.mark.parametrize(
    ("model", "found"),
    [
        (Embedded(), "Embedding 'embedding"),
        (Shown(), "makes int64 of an input"),
        (Bits(), r"cannot be traced: (.|\n)*If it takes no floats"),
    ],
)
def test_subclassed_model_that_takes_integers(model: Any, found: str) -> None:
    """Keras does not remember so, and floats would not be what the model was trained on."""
    model(np.ones((2, 3), "int32"))
    with pytest.raises(ConversionError, match=rf"{found}.*tf.function\(model, input_signature="):
        trace(model)


def test_session_of_something_else() -> None:
    with pytest.raises(ConversionTypeError, match="needs a Keras model, not the Session"):
        get_session(session_with(True))


def test_keras_model_that_draws_random_numbers_or_keeps_a_state() -> None:
    x = keras.Input((3, 2), batch_size=4)
    stateful = keras.Model(x, keras.layers.LSTM(2, stateful=True)(x))
    with pytest.raises(ConversionError, match="changes a variable or other state"):
        trace(stateful)


def test_time_distributed_layer_on_any_number_of_steps() -> None:
    """Keras 3.15 takes the batch for the steps in a graph: the right numbers, or the error."""
    x = keras.Input((None, 4), name="x")
    model = keras.Model(x, keras.layers.TimeDistributed(keras.layers.Dense(2), name="encoder")(x))
    feed = np.ones((2, 3, 4), "float32")
    function = tf.function(model, input_signature=[tf.TensorSpec((None, None, 4))])
    if function(feed).shape == (2, 3, 2):
        (value,) = trace(frozen_graph_def(trace(model))).run({"x": feed}).values()
        np.testing.assert_allclose(value, model(feed), rtol=1e-5)
    else:
        with pytest.raises(
            ConversionError, match=r"'encoder' .* any number of steps.*fixed number"
        ):
            trace(model)
