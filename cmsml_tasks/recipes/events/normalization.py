"""Scaling of raw features inside the model, with plain Keras layers that every graph can hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def statistics(
    column_input: NDArray[Any], padding: Sequence[float | None] = ()
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and variance of each column (last axis) over all other axes, as float64.

    Entries that equal the column's padding, or are NaN, are left out. Weights are not used: the
    optimiser meets the features unweighted, and negative weights could make a variance negative. A
    column that never varies (or has no entries) gets variance 1: it is shifted, not blown up.
    """
    columns = column_input.reshape(-1, column_input.shape[-1])
    mean = np.zeros(columns.shape[1])
    variance = np.ones(columns.shape[1])
    paddings = padding or [None] * columns.shape[1]
    for index, pad in enumerate(paddings):
        values = columns[:, index].astype(np.float64)
        if pad is not None:
            values = values[columns[:, index] != columns.dtype.type(pad)]
        values = values[~np.isnan(values)]
        if not len(values):
            continue
        mean[index] = values.mean()
        if values.min() < values.max():
            variance[index] = values.var()
    return mean, variance


def normalize(
    tensor: Any,
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
    padding: Sequence[float | None] = (),
) -> Any:
    """Return ``(tensor - mean) / sqrt(variance)``, and 0 where a column equals its padding.

    NaN stays NaN: bad input shows in the output.

    Args:
        tensor: symbolic Keras tensor, (batch, ..., columns).
        mean: (columns,).
        variance: (columns,), above 0.
        padding: of each column, or None; empty where no column is padded.
    """
    import keras

    scaled = keras.layers.Normalization(mean=mean.tolist(), variance=variance.tolist())(tensor)
    if all(pad is None for pad in padding):
        return scaled
    values = np.array([pad or 0.0 for pad in padding], dtype=np.float32)
    padded = np.array([pad is not None for pad in padding])
    absent = keras.ops.logical_and(keras.ops.equal(tensor, values), padded)
    return keras.ops.where(absent, 0.0, scaled)
