"""Dense networks: activations, normalisation, dropout and noise."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import keras

from zoo.registry import Model, layers_on, register, rows, with_feed, zoo

ACTIVATIONS = [
    "celu",
    "elu",
    "exponential",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "tanh",
    "tanh_shrink",
]

ACTIVATION_LAYERS: Mapping[str, Callable[[], Any]] = {
    "activation_layer": lambda: keras.layers.Activation("tanh"),
    "elu_layer": lambda: keras.layers.ELU(0.7),
    "leaky_relu_layer": lambda: keras.layers.LeakyReLU(0.2),
    "prelu_layer": lambda: keras.layers.PReLU(),
    "relu_layer": lambda: keras.layers.ReLU(2.0, 0.1, 0.3),
    "softmax_layer": lambda: keras.layers.Softmax(),
    "threshold_layer": lambda: threshold(),
}

NORMALISATIONS: Mapping[str, Callable[[], Any]] = {
    "batch_normalization": lambda: keras.layers.BatchNormalization(),
    "layer_normalization": lambda: keras.layers.LayerNormalization(),
    "rms_normalization": lambda: keras.layers.RMSNormalization(),
    "group_normalization": lambda: keras.layers.GroupNormalization(2),
    "spectral_normalization": lambda: keras.layers.SpectralNormalization(keras.layers.Dense(4)),
    "unit_normalization": lambda: keras.layers.UnitNormalization(),
}

X = rows(6, 4)


def one_activation(name: str) -> Model:
    score = f"{name}_score"
    layers = [
        keras.layers.Dense(6, "tanh", name="jet_1"),
        keras.layers.Dense(4, name, name=score),
    ]
    return with_feed(*layers, feed=X, outputs=(score,))


def one_layer(make: Callable[[], Any]) -> Model:
    return with_feed(keras.layers.Dense(6), make(), keras.layers.Dense(2), feed=X)


def threshold() -> Any:
    return keras.layers.Activation(lambda x: keras.activations.threshold(x, 0.1, -1.0))


for activation in ACTIVATIONS:
    register(f"dense_{activation}", functools.partial(one_activation, activation))
for label, make_layer in {**ACTIVATION_LAYERS, **NORMALISATIONS}.items():
    register(label, functools.partial(one_layer, make_layer))


@zoo
def dropout_and_noise() -> Model:
    layers = keras.layers
    return with_feed(
        layers.GaussianNoise(0.3), layers.Dense(5, "relu"), layers.Dropout(0.5, seed=1),
        layers.GaussianDropout(0.2), layers.AlphaDropout(0.2), layers.Dense(3),
        layers.ActivityRegularization(0.1, name="scores"), feed=X, outputs=("scores",),
    )  # fmt: skip


@zoo
def deep_tagger() -> Model:
    """What most networks of the field look like."""
    layers = [keras.layers.Normalization(mean=[0.1, 1, -1, 2], variance=[1, 2, 0.5, 3])]
    for number in (1, 2, 3):
        layers += [
            keras.layers.Dense(12, use_bias=False, name=f"lepton_encoder_{number}"),
            keras.layers.BatchNormalization(),
            keras.layers.Activation("relu"),
            keras.layers.Dropout(0.1),
        ]
    layers.append(keras.layers.Dense(4, "softmax", name="classes"))
    return Model(layers_on(*layers), {"features": X}, outputs=("classes",))
