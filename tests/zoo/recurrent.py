"""Recurrent networks and other work on sequences."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from zoo.registry import Model, register, rows, shaken, with_feed, zoo

L = keras.layers

SEQUENCES = rows(3, 5, 4)
# padded behind the second, fourth and fifth object
PADDED = SEQUENCES * (np.arange(5) < [[2], [4], [5]])[..., None].astype("float32")

ON_SEQUENCES: Mapping[str, Callable[[], list[Any]]] = {
    "lstm": lambda: [L.LSTM(4, name="jet_1"), L.Dense(2, name="jet_2_score")],
    "lstm_stacked": lambda: [L.LSTM(4, return_sequences=True), L.LSTM(3), L.Dense(2)],
    "lstm_unrolled": lambda: [L.LSTM(4, unroll=True)],
    "lstm_backwards_without_bias": lambda: [
        L.LSTM(3, go_backwards=True, use_bias=False, recurrent_activation="hard_sigmoid")
    ],
    "gru_reset_after": lambda: [L.GRU(4, reset_after=True, return_sequences=True)],
    "gru_reset_before": lambda: [L.GRU(4, reset_after=False)],
    "gru_bidirectional": lambda: [L.Bidirectional(L.GRU(3, return_sequences=True)), L.Dense(2)],
    "lstm_bidirectional_summed": lambda: [L.Bidirectional(L.LSTM(3), merge_mode="sum")],
    "simple_rnn": lambda: [L.SimpleRNN(4, dropout=0.2, recurrent_dropout=0.2)],
    "rnn_of_cells": lambda: [L.RNN([L.LSTMCell(3), L.GRUCell(4), L.SimpleRNNCell(2)])],
    "time_distributed": lambda: [
        L.TimeDistributed(L.Dense(3, "relu"), name="lepton_encoder"),
        L.TimeDistributed(L.BatchNormalization()),
        L.Flatten(),
        L.Dense(2),
    ],
}
MASKED: Mapping[str, Callable[[], list[Any]]] = {
    "masked_lstm": lambda: [L.Masking(), L.LSTM(4), L.Dense(2)],
    "masked_gru_bidirectional": lambda: [L.Masking(), L.Bidirectional(L.GRU(3)), L.Dense(2)],
    "masked_gru_unrolled": lambda: [L.Masking(), L.GRU(3, unroll=True)],
}


def in_sequence(make: Callable[[], list[Any]], feed: np.ndarray) -> Model:
    layers = make()
    named = layers[-1].name.startswith("jet")
    return with_feed(*layers, feed=feed, outputs=(layers[-1].name if named else "output",))


for table, values in ((ON_SEQUENCES, SEQUENCES), (MASKED, PADDED)):
    for label, make_layers in table.items():
        register(label, functools.partial(in_sequence, make_layers, values))


@zoo
def lstm_with_states() -> Model:
    x = keras.Input((None, 4), name="tracks")
    sequence, hidden, cell = L.LSTM(3, return_sequences=True, return_state=True)(x)
    decoded = L.LSTM(3)(sequence, initial_state=[hidden, cell])
    model = shaken(keras.Model(x, {"decoded": decoded, "cell": cell}))
    return Model(model, {"tracks": SEQUENCES}, outputs=("cell", "decoded"))


@zoo
def conv_lstm_1d() -> Model:
    return with_feed(L.ConvLSTM1D(2, 2), L.Flatten(), feed=rows(2, 3, 4, 2))


@zoo
def embedding_with_mask() -> Model:
    ids = keras.Input((None,), dtype="int32", name="pdg_ids")
    embedded = L.Embedding(9, 3, mask_zero=True, name="particle_1")(ids)
    model = shaken(keras.Model(ids, L.Dense(2, name="score")(L.LSTM(4)(embedded))))
    feed = np.array([[1, 2, 3, 0], [8, 0, 0, 0], [4, 5, 6, 7]], "int32")
    return Model(model, {"pdg_ids": feed}, outputs=("score",))


@zoo
def deep_sets() -> Model:
    """Any number of particles, of which those that are all zero do not count."""
    particles = keras.Input((None, 4), name="particles")
    present = keras.ops.any(keras.ops.not_equal(particles, 0), -1, keepdims=True)
    encoded = particles
    for number in (1, 2):
        encoded = L.Dense(5, "relu", name=f"phi_{number}")(encoded)
    pooled = keras.ops.sum(encoded * keras.ops.cast(present, "float32"), axis=1)
    model = shaken(keras.Model(particles, L.Dense(2, "softmax", name="rho")(pooled)))
    return Model(model, {"particles": PADDED}, outputs=("rho",))


@zoo
def deep_sets_with_masking_layer() -> Model:
    particles = keras.Input((None, 4), name="particles")
    encoded = L.Dense(5, "relu")(L.Masking()(particles))
    model = shaken(keras.Model(particles, L.GlobalAveragePooling1D(name="mean")(encoded)))
    return Model(model, {"particles": PADDED}, outputs=("mean",))
