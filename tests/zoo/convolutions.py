"""Convolutions, pooling, resampling."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import keras

from zoo.registry import Model, register, rows, with_feed

L = keras.layers

LINES = rows(2, 8, 3)
IMAGES = rows(2, 7, 6, 3)
VOLUMES = rows(2, 4, 5, 4, 2)

ON_LINES: Mapping[str, Callable[[], list[Any]]] = {
    "conv1d_causal_dilated": lambda: [
        L.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="relu", name="jet_1"),
        L.Conv1D(5, 1, name="jet_2"),
        L.GlobalAveragePooling1D(),
    ],
    "conv1d_separable_and_depthwise": lambda: [
        L.SeparableConv1D(4, 3, depth_multiplier=2),
        L.DepthwiseConv1D(3, strides=2, padding="same"),
    ],
    "conv1d_transposed": lambda: [L.Conv1DTranspose(4, 3, strides=2, padding="same")],
    "pooling_1d": lambda: [L.MaxPooling1D(2), L.AveragePooling1D(2), L.GlobalMaxPooling1D()],
    "resampling_1d": lambda: [L.ZeroPadding1D((1, 2)), L.UpSampling1D(2), L.Cropping1D((2, 1)),
                              L.SpatialDropout1D(0.1), L.Conv1D(2, 2)],
}  # fmt: skip

ON_IMAGES: Mapping[str, Callable[[], list[Any]]] = {
    "conv2d_batch_normalized": lambda: [
        L.Conv2D(4, 3, padding="same", use_bias=False, name="jet_image"),
        L.BatchNormalization(),
        L.ReLU(),
        L.MaxPooling2D(2),
        L.Conv2D(4, 2, strides=2, activation="tanh"),
        L.Flatten(),
        L.Dense(3, "softmax", name="flavour"),
    ],
    # the optimiser of TensorFlow without oneDNN cannot fuse a grouped convolution with a bias
    "conv2d_grouped": lambda: [L.Conv2D(6, 2, groups=3, use_bias=False), L.Flatten()],
    "conv2d_separable": lambda: [L.SeparableConv2D(4, 3, depth_multiplier=2)],
    "conv2d_depthwise": lambda: [L.DepthwiseConv2D(2, depth_multiplier=2, activation="relu")],
    "conv2d_transposed": lambda: [L.Conv2DTranspose(4, 3, strides=2, padding="same")],
    "pooling_2d": lambda: [
        L.AveragePooling2D(2, strides=1, padding="same"),
        L.MaxPooling2D(3, strides=1),
        L.GlobalAveragePooling2D(keepdims=True),
        L.Flatten(),
    ],
    "resampling_2d": lambda: [
        L.ZeroPadding2D(((1, 0), (0, 2))),
        L.UpSampling2D((2, 3)),
        L.UpSampling2D(2, interpolation="bilinear"),
        L.Cropping2D(2),
        L.Resizing(5, 5),
        L.Rescaling(0.5, 0.1),
        L.Permute((3, 1, 2)),
    ],
    "prelu_shared_axes": lambda: [L.Conv2D(3, 2), L.PReLU(shared_axes=[1, 2])],
    "group_normalization_on_images": lambda: [L.Conv2D(4, 2), L.GroupNormalization(2)],
    "spectral_normalization_on_images": lambda: [L.SpectralNormalization(L.Conv2D(4, 2))],
}

ON_VOLUMES: Mapping[str, Callable[[], list[Any]]] = {
    "conv3d": lambda: [L.Conv3D(3, 2, activation="relu"), L.GlobalAveragePooling3D()],
    "conv3d_transposed": lambda: [L.Conv3DTranspose(3, 2, strides=2)],
    "pooling_and_resampling_3d": lambda: [
        L.ZeroPadding3D(1),
        L.AveragePooling3D(2),
        L.UpSampling3D(2),
        L.Cropping3D(1),
        L.MaxPooling3D(2),
        L.GlobalMaxPooling3D(),
    ],
}


def stacked(make: Callable[[], list[Any]], feed: Any) -> Model:
    layers = make()
    outputs = ("flavour",) if layers[-1].name == "flavour" else ("output",)
    return with_feed(*layers, feed=feed, outputs=outputs)


for table, values in ((ON_LINES, LINES), (ON_IMAGES, IMAGES), (ON_VOLUMES, VOLUMES)):
    for label, make_layers in table.items():
        register(label, functools.partial(stacked, make_layers, values))
