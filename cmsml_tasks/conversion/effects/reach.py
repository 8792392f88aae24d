"""The nodes of a graph and of its functions that can be run."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from typing import Any

from cmsml_tasks.conversion.effects.table import effect_of
from cmsml_tasks.errors import ConversionError

# TensorFlow's optimiser puts functions that implement the same in each other's place
_INTERFACE = "api_implements"


def reached(
    graph_def: Any, nodes: Iterable[str] | None, functions: Iterable[str] | None
) -> Iterator[tuple[str | None, Any]]:
    """Yield all nodes that can be run with the function in which they lie, None for the graph.

    Args:
        graph_def: the graph.
        nodes: names of nodes from which to start.
        functions: names of library functions from which to start; where both are None, every node
            and every function is yielded.

    Raises:
        ConversionError: one of *nodes* or *functions* is not there.
    """
    library = _Library(graph_def)
    if nodes is None and functions is None:
        top, waiting = list(graph_def.node), list(library.bodies)
    else:
        top, waiting = _needed(graph_def, list(nodes or ())), list(functions or ())
        _check_there("function", waiting, library.bodies)
    for node in top:
        yield None, node
        waiting += (node.op, *called(node))  # TensorFlow 1 makes an operation of a function
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        waiting.extend(library.in_place_of(name))
        for function in library.bodies.get(name, ()):
            for node in function.node_def:
                yield name, node
                waiting += (node.op, *called(node))


def called(node: Any) -> Iterator[str]:
    """Yield the names of the functions that the attributes of *node* refer to.

    These may be arguments of each other; none of them need be there.
    """
    waiting = list(node.attr.values())
    while waiting:
        value = waiting.pop()
        for function in (*([value.func] if value.HasField("func") else ()), *value.list.func):
            yield function.name
            waiting.extend(function.attr.values())


def replacing(graph_def: Any) -> Callable[[str], Iterator[str]]:
    """Return what tells which functions may run where one is called, itself and its gradients."""
    return _Library(graph_def).in_place_of


def refuse_ambiguous(graph_def: Any) -> None:
    """Refuse a library with a name of several meanings, since not all programs take the same.

    Raises:
        ConversionError: the message names the function.
    """
    for name, bodies in _Library(graph_def).bodies.items():
        if len(bodies) > 1:
            problem = f"{len(bodies)} functions called '{name}'"
        elif effect_of(name) is not None:
            problem = f"a function called '{name}', like an operation of TensorFlow"
        else:
            continue
        raise ConversionError(
            f"the file has {problem}, so that it does not say what runs; write it again with "
            "TensorFlow"
        )


class _Library:
    """The functions of a graph by name; in a damaged file several may have the same."""

    def __init__(self, graph_def: Any) -> None:
        self.bodies: dict[str, list[Any]] = {}
        self._implementing: dict[bytes, list[str]] = {}
        for function in graph_def.library.function:
            self.bodies.setdefault(function.signature.name, []).append(function)
            if _INTERFACE in function.attr:
                interface = function.attr[_INTERFACE].s
                self._implementing.setdefault(interface, []).append(function.signature.name)
        self._gradients: dict[str, list[str]] = {}
        for gradient in graph_def.library.gradient:
            names = self._gradients.setdefault(gradient.function_name, [])
            names.append(gradient.gradient_func)

    def in_place_of(self, name: str) -> Iterator[str]:
        """Yield the functions that may run where *name* is called, and its gradients."""
        yield from self._gradients.get(name, ())
        for function in self.bodies.get(name, ()):
            if _INTERFACE in function.attr:
                yield from self._implementing[function.attr[_INTERFACE].s]


def _needed(graph_def: Any, roots: list[str]) -> list[Any]:
    by_name: dict[str, list[Any]] = {}
    for node in graph_def.node:
        by_name.setdefault(node.name, []).append(node)
    _check_there("node", roots, by_name)
    needed: list[Any] = []
    seen: set[str] = set()
    while roots:
        name = roots.pop()
        if name in seen:
            continue
        seen.add(name)
        for node in by_name.get(name, ()):
            needed.append(node)
            roots.extend(source.lstrip("^").partition(":")[0] for source in node.input)
    return needed


def _check_there(kind: str, names: Iterable[str], there: Container[str]) -> None:
    for name in names:
        if name not in there:
            raise ConversionError(
                f"the file has no {kind} '{name}', which it says is to be run; it is damaged, "
                "write it again"
            )
