"""Signatures of a SavedModel whose function takes ragged or sparse tensors, given part by part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from tensorflow.core.protobuf import struct_pb2

from cmsml_tasks.conversion.graph_def.nodes import node_of
from cmsml_tasks.conversion.sources.composite import refuse_composite

_Spec = struct_pb2.TypeSpecProto
_DENSE = ("tensor_spec_value", "bounded_tensor_spec_value")
_PARTS_OF_SPARSE = 3  # indices, values, shape
_RAGGED_RANK = 2  # its place in the state of a RaggedTensorSpec


class _Argument(NamedTuple):
    kind: str | None
    parts: int


def refuse_composite_arguments(meta_graph: Any, wrapper: str) -> None:
    """Refuse a signature in which one tensor of several parts is an input for each of them.

    TensorFlow saves a signature as a function of dense tensors around the one that was given, and
    only the latter says that some belong together.

    Args:
        meta_graph: of the SavedModel.
        wrapper: the function of the signature.

    Raises:
        ConversionError: the message names the first part.
    """
    functions = {each.signature.name: each for each in meta_graph.graph_def.library.function}
    if wrapper not in functions:
        return
    own = {argument.name for argument in functions[wrapper].signature.input_arg}
    known = meta_graph.object_graph_def.concrete_functions
    for node in functions[wrapper].node_def:
        called = node.attr["f"].func.name if "f" in node.attr else ""
        if called not in known:
            continue
        sources = [node_of(source) for source in node.input]
        for argument in _arguments(known[called].canonicalized_input_signature):
            parts, sources = sources[: argument.parts], sources[argument.parts :]
            if argument.kind is not None and parts and own.issuperset(parts):
                refuse_composite(f"the input '{parts[0]}'", argument.kind)


def _arguments(value: Any) -> Iterator[_Argument]:
    """Yield what a structured value has in it, in the order in which a function takes it."""
    kind = value.WhichOneof("kind")
    if kind in _DENSE:
        yield _Argument(None, 1)
    elif kind == "type_spec_value":
        yield _of_spec(value.type_spec_value)
    elif kind == "dict_value":
        for key in sorted(value.dict_value.fields):
            yield from _arguments(value.dict_value.fields[key])
    elif kind in ("list_value", "tuple_value"):
        for each in getattr(value, kind).values:
            yield from _arguments(each)
    elif kind == "named_tuple_value":
        for pair in value.named_tuple_value.values:
            yield from _arguments(pair.value)


def _of_spec(spec: Any) -> _Argument:
    name = _Spec.TypeSpecClass.Name(spec.type_spec_class)
    kind = name.removesuffix("_TENSOR_SPEC").removesuffix("_SPEC").lower()
    # releases before 2.9 do not say how many parts there are
    parts = spec.num_flat_components
    if not parts and kind == "sparse":
        parts = _PARTS_OF_SPARSE
    state = spec.type_state.tuple_value.values
    if not parts and kind == "ragged" and len(state) > _RAGGED_RANK:
        parts = state[_RAGGED_RANK].int64_value + 1
    return _Argument(kind, max(parts, 0))
