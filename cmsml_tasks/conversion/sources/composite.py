"""Tensors of several parts, ragged and sparse ones: no node of a graph is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import tensorflow as tf
from tensorflow.python.util import nest

from cmsml_tasks.errors import ConversionError

_PARTS = {
    "ragged": "its flat values and the lengths of its rows, and calls this with "
    "tf.RaggedTensor.from_row_lengths(values, lengths)",
    "sparse": "its indices, values and shape, and calls this with "
    "tf.SparseTensor(indices, values, shape)",
}
_RETURNED = {
    "ragged": "its flat_values and row_lengths(), or its to_tensor()",
    "sparse": "its indices, values and dense_shape, or its tf.sparse.to_dense",
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
            _refuse_output(name, kind)


def refuse_composite_outputs(structure: Any) -> None:
    """Refuse what a function or model returns, nested, if a tensor has several parts.

    Raises:
        ConversionError: the message names the tensor and what can be returned in its place.
    """
    for path, leaf in nest.flatten_with_tuple_paths(structure):
        composite = isinstance(leaf, tf.RaggedTensor | tf.SparseTensor | tf.IndexedSlices)
        kind = kind_of_spec(tf.type_spec_from_value(leaf) if composite else leaf)
        if kind is not None:
            _refuse_output("_".join(map(str, path)) or "output", kind)


def _refuse_output(name: str, kind: str) -> NoReturn:
    parts = _RETURNED.get(kind, "the dense tensors that it is made of")
    raise ConversionError(
        f"the output '{name}' is {kind}, but a frozen graph gives dense tensors; return {parts}"
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
