"""Operations that are computed once and for all, with TensorFlow's own kernels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.eager import context, execute

from cmsml_tasks.conversion.graph_def.nodes import NodeDef, op_definition, output_count
from cmsml_tasks.conversion.graph_def.tensor_values import as_array

# elements of a result, and of the inputs' product, up to which an operation is computed
LARGEST = 2**12
_LARGEST_PRODUCT = 2**20

_MOVING = {"ConcatV2", "ExpandDims", "Pack", "Reshape", "Slice", "Squeeze", "StridedSlice"}
_MOVING |= {"Identity", "PreventGradient", "StopGradient", "Transpose", "Unpack"}
_ASKING = {"Equal", "Greater", "GreaterEqual", "Less", "LessEqual", "NotEqual"}
_ASKING |= {"All", "Any", "LogicalAnd", "LogicalNot", "LogicalOr", "Rank", "Shape", "Size"}
_CHOOSING = {"Maximum", "Minimum", "Select", "SelectV2"}
_ARITHMETIC = {"Abs", "Add", "AddV2", "FloorDiv", "FloorMod", "Mul", "Neg", "RealDiv", "Square"}
_ARITHMETIC |= {"Cast", "OnesLike", "Sub", "ZerosLike"}
_BY_NUMPY: dict[str, Callable[..., Any]] = {
    **{"Add": np.add, "AddV2": np.add, "Sub": np.subtract},
    **{"Mul": np.multiply, "RealDiv": np.divide, "Square": np.square},
}
FOLDABLE = frozenset(_MOVING | _ASKING | _CHOOSING | _ARITHMETIC)
"""Operations that give the same bits on every processor, act on nothing and read nothing.

Of floating-point arithmetic these are the ones that the standard rounds exactly. What processors
and releases round in ways of their own (exp, tanh, sums, products of matrices) is left to the
runtime of the graph, as are results that are subnormal, which TensorFlow flushes to zero here and
there, infinite, or no numbers.
"""


def evaluated(node: NodeDef, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]] | None:
    """Return the outputs of *node* for its data *inputs*; None where it is not to be computed."""
    if node.op not in FOLDABLE or math.prod(max(a.size, 1) for a in inputs) > _LARGEST_PRODUCT:
        return None
    if not all(map(_is_plain, inputs)):
        return None
    try:
        outputs = _executed(node, inputs)
    except (tf.errors.OpError, TypeError, ValueError):
        return None  # an error is the runtime's, too
    if any(output.size > LARGEST or not _is_plain(output) for output in outputs):
        return None
    if not all(np.array_equal(out, _as_it_should_be(node, inputs, out)) for out in outputs):
        return None
    return outputs


def _as_it_should_be(
    node: NodeDef, inputs: Sequence[NDArray[Any]], output: NDArray[Any]
) -> NDArray[Any]:
    """Return what the standard says, where that is less than certain; else the *output* itself.

    TensorFlow flushes subnormal results to zero in some of its threads; beyond the range of the
    integers, a cast gives what the processor likes.
    """
    with np.errstate(all="ignore"):
        if node.op == "Cast" and np.issubdtype(inputs[0].dtype, np.floating):
            whole = np.issubdtype(output.dtype, np.integer)
            return np.trunc(inputs[0]) if whole else inputs[0].astype(output.dtype)
        if node.op in _BY_NUMPY and np.issubdtype(output.dtype, np.floating):
            return np.asarray(_BY_NUMPY[node.op](*inputs))
    return output


def _executed(node: NodeDef, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    attributes: list[Any] = []
    for attribute in cast("Any", op_definition(node.op)).attr:
        value = node.attr.get(attribute.name, attribute.default_value)
        attributes += [attribute.name, _python(value)]
    context.ensure_initialized()
    with tf.init_scope(), tf.device("CPU:0"):
        tensors = [tf.constant(array) for array in inputs]
        results = execute.execute(
            node.op, output_count(node), tensors, tuple(attributes), context.context()
        )
        return [as_array(result.numpy(), result.dtype) for result in results]


def _python(value: Any) -> Any:
    kind = value.WhichOneof("value")
    content = getattr(value, kind)
    if kind != "list":
        return content
    return list(next((items for _, items in content.ListFields()), ()))


def _is_plain(array: NDArray[Any]) -> bool:
    """Tell whether *array* holds nothing that processors treat differently."""
    if array.dtype == object or np.issubdtype(array.dtype, np.integer) or array.dtype == bool:
        return True
    if not np.issubdtype(array.dtype, np.floating):
        return False  # complex numbers, and narrow ones that numpy itself does not have
    tiny = np.finfo(array.dtype).tiny
    return bool(np.all(np.isfinite(array) & ((array == 0) | (np.abs(array) >= tiny))))
