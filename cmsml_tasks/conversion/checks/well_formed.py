"""GraphDefs held against the definitions of their operations before TensorFlow imports them.

TensorFlow checks most of this itself, but some of it only after it has relied on it: an input of a
wrong type, or the tenth output of two, ends the process; a count of two thousand million, or a
constant made of one, takes all memory.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

from cmsml_tasks.conversion.checks.constant_sizes import check_made_size, check_tensors, malformed
from cmsml_tasks.conversion.checks.unknown_operations import unknown_operations
from cmsml_tasks.conversion.graph_def.data_types import type_name
from cmsml_tasks.conversion.graph_def.nodes import GraphDef, NodeDef, node_of, op_definition
from cmsml_tasks.errors import ConversionError

_REFERENCE = 100  # the data type of a reference is that of its value and this
_MOST_OUTPUTS = 2**16

Definitions = Mapping[str, Any]


class _OpenError(Exception):
    """An attribute that a function gets from its caller, so that nothing can be said yet."""


def check_wellformed(graph_def: GraphDef) -> None:
    """Refuse a graph whose nodes, or those of its functions, are not what their operations say.

    Raises:
        ConversionError: the message names the first such node.
    """
    functions = {f.signature.name: f.signature for f in graph_def.library.function}
    problem = unknown_operations(graph_def, functions)
    if problem is not None:
        raise ConversionError(problem)
    for nodes in (graph_def.node, *(f.node_def for f in graph_def.library.function)):
        for node in nodes:
            check_tensors(node)
            if "_class" in node.attr and not node.attr["_class"].HasField("list"):
                raise malformed(node, "says in '_class' what is no list of neighbours")
    outputs = {node.name: _outputs(node, functions) for node in graph_def.node}
    for node in graph_def.node:
        _check_references(node, outputs)
        _check_inputs(node, functions, outputs)
    check_made_size(graph_def)
    for function in graph_def.library.function:
        _check_function(function, functions)


def _check_function(function: Any, functions: Definitions) -> None:
    name = function.signature.name
    names = set(_distinct_names(function))
    for node in function.node_def:
        _check_references(node, names)
        _outputs(node, functions)
        _input_types(node, functions)
    for result in (*function.ret.values(), *function.control_ret.values()):
        if node_of(result) not in names:
            raise _damaged(name, f"returns '{result}', which is not there")
    for output in function.signature.output_arg:
        if output.name not in function.ret:
            raise _damaged(name, f"does not say what its output '{output.name}' is")
    for control in function.signature.control_output:
        if control not in function.control_ret:
            raise _damaged(name, f"does not say what its control output '{control}' is")


def _distinct_names(function: Any) -> Iterator[str]:
    seen: set[str] = set()
    for each in (*function.signature.input_arg, *function.node_def):
        if not each.name:
            raise _damaged(function.signature.name, "has a node without a name")
        if each.name in seen:
            raise _damaged(function.signature.name, f"has two nodes called '{each.name}'")
        seen.add(each.name)
        yield each.name


def _damaged(function: str, problem: str) -> ConversionError:
    return ConversionError(
        f"the function '{function}' {problem}; the file is damaged, or was made by a program that "
        "makes invalid graphs"
    )


def _definition(node: NodeDef, functions: Definitions) -> Any:
    return functions.get(node.op) or op_definition(node.op)


def _check_references(node: NodeDef, names: Container[str]) -> None:
    for source in node.input:
        if node_of(source) not in names:
            raise malformed(node, f"reads '{source}', which is not there")


def _check_inputs(
    node: NodeDef, functions: Definitions, outputs: Mapping[str, list[int] | None]
) -> None:
    wanted = _input_types(node, functions)
    for index, source in enumerate(source for source in node.input if source[:1] != "^"):
        name, _, slot = source.partition(":")
        given = outputs[name]
        if given is None:
            continue
        if slot and not (slot.isascii() and slot.isdigit() and len(slot) < 10):
            raise malformed(node, f"reads '{source}', which is no output")
        if int(slot or 0) >= len(given):
            raise malformed(node, f"reads '{source}', but '{name}' has {len(given)} outputs")
        if wanted is None:
            continue
        has, wants = given[int(slot or 0)], wanted[index]
        if wants not in (has, has - _REFERENCE):
            raise malformed(
                node,
                f"takes {type_name(wants)} as input {index}, but '{source}' is {type_name(has)}",
            )


def _input_types(node: NodeDef, functions: Definitions) -> list[int] | None:
    """Return the data types of the inputs, None when they cannot be known."""
    definition = _definition(node, functions)
    given = sum(source[:1] != "^" for source in node.input)
    if any(source[:1] != "^" for source in node.input[given:]):
        raise malformed(node, "has data inputs behind control inputs")
    try:
        types = _types(node, definition, definition.input_arg, given)
    except _OpenError:
        return None
    if len(types) != given:
        raise malformed(node, f"takes {len(types)} inputs, but has {given}")
    return types


def _outputs(node: NodeDef, functions: Definitions) -> list[int] | None:
    """Return the data types of the outputs, None when they cannot be known."""
    definition = _definition(node, functions)
    try:
        return _types(node, definition, definition.output_arg, _MOST_OUTPUTS)
    except _OpenError:
        return None


def _types(node: NodeDef, definition: Any, arguments: Iterable[Any], most: int) -> list[int]:
    types: list[int] = []
    for argument in arguments:
        if argument.type_list_attr:
            found = list(_attribute(node, definition, argument.type_list_attr).list.type)
        else:
            number = argument.number_attr
            count = int(_attribute(node, definition, number).i) if number else 1
            if number and not 0 <= count <= most - len(types):
                raise malformed(node, f"says that '{argument.name}' are {count:,} tensors")
            dtype = argument.type or _attribute(node, definition, argument.type_attr).type
            found = [dtype] * count
        types.extend(dtype + _REFERENCE if argument.is_ref else dtype for dtype in found)
    return types


def _attribute(node: NodeDef, definition: Any, name: str) -> Any:
    if name in node.attr:
        value = node.attr[name]
        if value.WhichOneof("value") == "placeholder":
            raise _OpenError
        return value
    for attribute in definition.attr:
        if attribute.name == name and attribute.HasField("default_value"):
            return attribute.default_value
    raise malformed(node, f"lacks the attribute '{name}'")
