"""Inputs of several parts, ragged and sparse ones: no placeholder can take them."""

from __future__ import annotations

from collections.abc import Mapping
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


def refuse_composite_parts(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
    """Refuse a signature of TensorFlow 1 in which a tensor has several parts.

    Args:
        inputs: TensorInfo of each input by name.
        outputs: the same for the outputs.

    Raises:
        ConversionError: the message names the tensor.
    """
    for name, info in inputs.items():
        kind = _kind_of_info(info)
        if kind is not None:
            refuse_composite(f"the input '{name}'", kind)
    for name, info in outputs.items():
        kind = _kind_of_info(info)
        if kind is not None:
            raise ConversionError(
                f"the output '{name}' is {kind}, but a frozen graph gives dense tensors; save a "
                "signature that returns the dense tensors that it is made of"
            )


def _kind_of_info(info: Any) -> str | None:
    encoding = info.WhichOneof("encoding")
    if encoding == "composite_tensor":
        spec = info.composite_tensor.type_spec
        name = type(spec).TypeSpecClass.Name(spec.type_spec_class)
        return str(name).removesuffix("_TENSOR_SPEC").removesuffix("_SPEC").lower()
    return "sparse" if encoding == "coo_sparse" else None


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
