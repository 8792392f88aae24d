"""Models of tf-keras, which is Keras 2."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras
from case_table import Case, X, case, rows

from cmsml_tasks.conversion import (
    frozen_graph_def,
    get_session,
    open_model,
    save_graph,
    write_graph,
)

layers = tf_keras.layers


def tagger() -> Any:
    """A small model like those that CMS tags b jets with: Keras 3 cannot read its file."""
    charged = tf_keras.Input((6, 4), name="cpf")
    vertices = tf_keras.Input((3, 5), name="sv")
    jet = tf_keras.Input((4,), name="jet")

    def branch(x: Any, units: int) -> Any:
        x = layers.SpatialDropout1D(0.1, noise_shape=(None, 1, 4))(x) if units == 3 else x
        x = layers.Conv1D(4, 1, activation="relu")(layers.BatchNormalization()(x))
        return layers.LSTM(units, go_backwards=True)(layers.SpatialDropout1D(0.1)(x))

    joined = layers.concatenate([jet, branch(charged, 3), branch(vertices, 2)])
    hidden = layers.PReLU()(layers.Dense(6)(joined))
    flavour = layers.Dense(3, activation="softmax", name="ID_pred")(layers.Dropout(0.1)(hidden))
    energy = layers.Dense(1, name="regression_pred")(hidden)
    model = tf_keras.Model([jet, charged, vertices], [flavour, energy])
    for weight in model.weights:
        weight.assign(np.abs(rows(*weight.shape, seed=sum(weight.shape))))
    return model


TAGGER_FEEDS = {"jet": X, "cpf": rows(6, 6, 4), "sv": rows(6, 3, 5, seed=4)}


def tagger_case(path: Path, obj: Any) -> Case:
    if isinstance(obj, tf_keras.Model):
        save_graph(path, obj, variables_to_constants=True)
    else:
        traced = open_model(obj)
        write_graph(path, frozen_graph_def(traced))
    flavour, energy = tagger()(list(TAGGER_FEEDS.values()), training=False)
    return Case(
        path,
        {f"{name}:0": value for name, value in TAGGER_FEEDS.items()},
        {"ID_pred:0": flavour.numpy(), "regression_pred:0": energy.numpy()},
    )


def saved(model: Any, path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "You are saving your model as an HDF5 file")
        model.save(path)
    return path


@case
def tf_keras_functional(folder: Path) -> Case:
    return tagger_case(folder / "tf_keras.pb", tagger())


@case
def tf_keras_h5_that_keras_3_cannot_read(folder: Path) -> Case:
    return tagger_case(folder / "tf_keras_h5.pb", saved(tagger(), folder / "tagger.h5"))


@case
def tf_keras_file_that_keras_3_cannot_read(folder: Path) -> Case:
    return tagger_case(folder / "tf_keras_file.pb", saved(tagger(), folder / "tagger.keras"))


@case
def tf_keras_saved_model(folder: Path) -> Case:
    return tagger_case(folder / "tf_keras_folder.pb", saved(tagger(), folder / "tagger"))


@case
def tf_keras_session(folder: Path) -> Case:
    case = tagger_case(folder / "tf_keras_session.pb", tagger())
    names = ["ID_pred", "regression_pred"]
    save_graph(case.path, get_session(tagger()), True, names)
    return case


@case
def tf_keras_sequential_without_input(folder: Path) -> Case:
    model = tf_keras.Sequential([layers.Dense(3, activation="selu"), layers.Dense(2)])
    expected = model(X).numpy()
    save_graph(folder / "tf_keras_sequential.pb", model, True)
    return Case(folder / "tf_keras_sequential.pb", {"input:0": X}, {"output:0": expected})


class Subclassed(tf_keras.Model):
    """Takes integers too, and says nothing of training."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = layers.Embedding(7, 2)
        self.dense = layers.Dense(2)

    def call(self, x: Any, kinds: Any) -> Any:
        return {"score": self.dense(x["jets"]), "sum": self.embedding(kinds) + x["met"]}


@case
def tf_keras_subclassed(folder: Path) -> Case:
    model = Subclassed()
    met, kinds = rows(6, 2), np.arange(6, dtype="int32")
    expected = model({"jets": X, "met": met}, kinds)
    save_graph(folder / "tf_keras_subclassed.pb", model, True)
    return Case(
        folder / "tf_keras_subclassed.pb",
        {"jets:0": X, "met:0": met, "kinds:0": kinds},
        {f"{name}:0": value.numpy() for name, value in expected.items()},
    )


@case
def tf_keras_looks_up_words(folder: Path) -> Case:
    words = tf_keras.Input((2,), dtype=tf.string, name="words")
    index = layers.StringLookup(vocabulary=["muon", "electron"])(words)
    model = tf_keras.Model(words, layers.Embedding(4, 3, name="vectors")(index))
    feed = np.array([[b"muon", b"tau"], [b"electron", b"muon"]])
    expected = model(feed).numpy()
    save_graph(folder / "tf_keras_words.pb", model, True)
    return Case(folder / "tf_keras_words.pb", {"words:0": feed}, {"vectors:0": expected})
