"""All nodes of a graph judged, in the functions that they call as well."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cmsml_tasks.conversion.effects.reach import called, reached
from cmsml_tasks.conversion.effects.table import Verdict, effect_of
from cmsml_tasks.shown import printable

_UNJUDGED = "does what nobody has judged yet"


@dataclass(frozen=True)
class Finding:
    """A node that reaches outside of its graph, or may do so.

    Attributes:
        node: its name, in the graph or function.
        operation: its operation, or that which it calls like a function.
        function: the library function in which it lies, None for the graph itself.
        does: what the operation does, such as "writes a file".
        known: whether the operation was judged; one that was not is not known to be harmless.

    """

    node: str
    operation: str
    function: str | None
    does: str
    known: bool = True

    @property
    def place(self) -> tuple[str | None, str, str]:
        """Where it lies, and what does it."""
        return self.function, self.node, self.operation

    def __str__(self) -> str:
        where = f" in the function '{self.function}'" if self.function is not None else ""
        words = f"'{self.node}' ({self.operation}){where} {self.does}"
        # a file may hold any name, also one that looks like further lines of ours
        return printable(words).replace("\n", r"\n")


def judge(
    graph_def: Any,
    *,
    nodes: Iterable[str] | None = None,
    functions: Iterable[str] | None = None,
    allow_operations: Container[str] = (),
) -> list[Finding]:
    """Return the nodes of *graph_def* that are not known to stay inside, none where all do.

    Branches, bodies of loops and of ``map_fn`` are functions of the library. Without *nodes* and
    *functions*, the whole graph and all of its functions are judged, called or not.

    Args:
        graph_def: the GraphDef, which is neither run nor imported.
        nodes: judge what these nodes need, and no other nodes of the graph.
        functions: judge these functions of the library; what they and the nodes call is, too.
        allow_operations: operations that are taken for harmless if nobody has judged them.

    Raises:
        ConversionError: one of *nodes* or *functions* is not there.
    """
    known = {function.signature.name for function in graph_def.library.function}
    return [
        finding
        for function, node in reached(graph_def, nodes, functions)
        for finding in _findings(node, function, known, allow_operations)
    ]


def _findings(
    node: Any, function: str | None, functions: Container[str], allowed: Container[str]
) -> Iterator[Finding]:
    effect = effect_of(node.op)
    if effect is not None:
        if effect.of(node) is Verdict.OUTSIDE:
            yield Finding(node.name, node.op, function, effect.does)
    elif node.op not in functions and node.op not in allowed:
        yield Finding(node.name, node.op, function, _UNJUDGED, known=False)
    for name in called(node):
        # what is no function of the library could be called as an operation
        effect = None if name in functions else effect_of(name)
        if effect is not None and effect.verdict is Verdict.OUTSIDE:
            yield Finding(node.name, name, function, effect.does)
