"""Inputs of several parts, ragged and sparse ones: no placeholder can take them."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from cmsml_tasks.errors import ConversionError

_PARTS = {
    "ragged": "its flat values and the lengths of its rows, and calls this with "
    "tf.RaggedTensor.from_row_lengths(values, lengths)",
    "sparse": "its indices, values and shape, and calls this with "
    "tf.SparseTensor(indices, values, shape)",
}
_SPECS = {tf.RaggedTensorSpec: "ragged", tf.SparseTensorSpec: "sparse"}


def kind_of_spec(spec: Any) -> str | None:
    """Return "ragged", "sparse" or the name of another type of several parts; None if dense."""
    if isinstance(spec, tf.TensorSpec) or not isinstance(spec, tf.TypeSpec):
        return None
    found = (kind for type_, kind in _SPECS.items() if isinstance(spec, type_))
    return next(found, type(spec).__name__.removesuffix("Spec"))


def refuse_composite(what: str, kind: str) -> None:
    """Refuse an input of several parts.

    Args:
        what: the input, in words.
        kind: of `kind_of_spec`.

    Raises:
        ConversionError: the message says which dense inputs can take its place.
    """
    advice = (
        f"write a tf.function that takes {_PARTS[kind]}, and export that"
        if kind in _PARTS
        else "take the dense tensors that it is made of, and put them together inside"
    )
    raise ConversionError(f"{what} is {kind}, but a frozen graph is fed dense tensors; {advice}")
