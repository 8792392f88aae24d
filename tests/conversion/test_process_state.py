"""Nothing in the process tells afterwards that something was exported, loaded or opened."""

from __future__ import annotations

import logging
import os
import random
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from conversion_cases import X
from keras.src.backend.common import global_state
from tensorflow.python.eager import context as eager_context

from cmsml_tasks.conversion import (
    frozen_graph_def,
    get_session,
    load_graph,
    open_model,
    save_graph,
    trace,
)

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
LOGGERS = ("", "absl", "h5py", "keras", "tensorflow")


def trained() -> Any:
    x = keras.Input((4,), name="x")
    y = keras.layers.Dense(8, activation="relu", activity_regularizer="l2")(x)
    y = keras.layers.GaussianNoise(0.1)(keras.layers.Dropout(0.5)(y))
    y = keras.layers.Dense(1, kernel_regularizer="l2", name="y")(y)
    model = keras.Model(x, keras.layers.BatchNormalization()(y))
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(X, X[:, :1], verbose=0)
    model.predict(X, verbose=0)
    model.layers[1].trainable = False
    model(X, training=True)  # gives the losses of a call
    return model


def attributes(obj: Any) -> dict[str, Any]:
    plain = (bool, dict, int, list, set, str, tuple, type(None))
    return {
        name: (id(value), repr(value) if isinstance(value, plain) else None)
        for name, value in vars(obj).items()
    }


def state_of(model: Any) -> dict[str, Any]:
    context = eager_context.context()
    graph = tf.compat.v1.get_default_graph()
    tracker = vars(global_state.GLOBAL_STATE_TRACKER)
    return {
        "layers": [attributes(layer) for layer in model._flatten_layers()],
        "losses": [float(loss) for loss in model.losses],
        "metrics": model.get_metrics_result(),
        "weights": [(v.path, v.numpy().tobytes(), v.trainable) for v in model.variables],
        "optimizer": [(v.path, v.numpy().tobytes()) for v in model.optimizer.variables],
        "keras": {k: dict(v) if isinstance(v, dict) else repr(v) for k, v in tracker.items()},
        "random": (random.getstate(), np.random.get_state()[1].tobytes()),
        "seeds": (context._seed, context._rng.getstate()),
        "graph": (id(graph), len(graph.get_operations()), dict(graph._names_in_use)),
        "eager": (tf.executing_eagerly(), tf.config.functions_run_eagerly()),
        "precision": (keras.config.floatx(), keras.config.dtype_policy().name),
        "options": tf.config.optimizer.get_experimental_options(),
        "calls": context.function_call_options.config_proto_serialized,
        "cores": (
            tf.config.threading.get_inter_op_parallelism_threads(),
            tf.config.threading.get_intra_op_parallelism_threads(),
        ),
        "logging": {name: logging.getLogger(name).level for name in LOGGERS},
        "warnings": list(warnings.filters),
        "process": (os.getcwd(), dict(os.environ), threading.active_count()),
    }


WORK: dict[str, Callable[[Any, Path], Any]] = {
    "save": lambda model, folder: save_graph(folder / "new.pb", model, True),
    "save as text": lambda model, folder: save_graph(folder / "new.pb.txt", model, True),
    "run": lambda model, folder: trace(model).run({"x": X}),
    "session": lambda model, folder: get_session(model),
    "load": lambda model, folder: load_graph(folder / "graph.pb", True),
    "open graph": lambda model, folder: frozen_graph_def(open_model(folder / "graph.pb")),
    "open model": lambda model, folder: frozen_graph_def(open_model(folder / "model.keras")),
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    folder = tmp_path_factory.mktemp("state")
    model = trained()
    save_graph(folder / "graph.pb", model, True)
    with warnings.catch_warnings():
        # Keras gives numpy what numpy does not want any more
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        model.save(folder / "model.keras")
    # counters that begin with the first use
    tf.random.set_seed(1)
    tf.random.normal([1])
    keras.random.normal((1,))
    return model, folder


@pytest.mark.parametrize("work", WORK)
def test_nothing_is_changed(work: str, prepared: tuple[Any, Path]) -> None:
    model, folder = prepared
    before = state_of(model)
    WORK[work](model, folder)
    after = state_of(model)
    changed = {key: (before[key], after[key]) for key in before if before[key] != after[key]}
    assert not changed


@pytest.mark.parametrize("work", WORK)
def test_what_comes_next_is_what_would_have_come(work: str, prepared: tuple[Any, Path]) -> None:
    """Random numbers of TensorFlow and Keras without a seed of their own; names of layers."""
    model, folder = prepared

    def next_ones(between: Callable[[], Any]) -> list[Any]:
        keras.utils.set_random_seed(7)
        tf.random.normal([2])
        keras.random.normal((2,))
        number = int(keras.layers.Dense(1).name.rpartition("_")[2])
        between()
        return [
            tf.random.normal([2]).numpy().tolist(),
            np.asarray(keras.random.normal((2,))).tolist(),
            keras.initializers.GlorotUniform()((2, 2)).numpy().tolist(),
            random.random(),
            np.random.random(),
            int(keras.layers.Dense(1).name.rpartition("_")[2]) - number,
        ]

    expected = next_ones(lambda: None)
    assert next_ones(lambda: WORK[work](model, folder)) == expected


def test_losses_can_be_used_after_an_export(tmp_path: Path) -> None:
    """A training loop adds them up; they must not be those of the traced call."""
    model = trained()
    expected = float(sum(model.losses))
    save_graph(tmp_path / "graph.pb", model, True)
    assert float(sum(model.losses)) == expected
    trace(model).run({"x": X})
    assert float(sum(model.losses)) == expected


def test_functions_of_keras_are_not_traced_again(tmp_path: Path) -> None:
    model = trained()
    model.predict(X, verbose=0)
    function = model.predict_function
    traces = function.experimental_get_tracing_count()
    save_graph(tmp_path / "graph.pb", model, True)
    model.predict(X, verbose=0)
    assert model.predict_function is function
    assert function.experimental_get_tracing_count() == traces
