"""Patterns of operations, found in a graph as TensorFlow's remapper finds them: by nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cmsml_tasks.conversion.graph_def.nodes import NodeDef
from cmsml_tasks.conversion.rewriting.reads import Chain, Reads

_COMMUTATIVE = frozenset({"Add", "AddV2", "Maximum", "Mul", "SquaredDifference"})

Match = Mapping[str, tuple[Chain, ...]]
"""The ways of what was found in the places of a pattern, by their names."""


@dataclass(frozen=True)
class Place:
    """What a pattern says of one input: anything, or only what does not depend on what is fed."""

    name: str
    constant: bool = False


@dataclass(frozen=True)
class Op:
    """One operation of a pattern.

    Attributes:
        names: of the operations that will do, with bars between them.
        inputs: what is read, in order; both orders are tried where it plays no part. Further
            inputs may be anything.
        name: a place of that name has this node, and it has to be the same one each time.
    """

    names: str
    inputs: tuple[Op | Place, ...]
    name: str = ""

    def takes(self, node: NodeDef) -> bool:
        """Tell whether *node* is one of the operations."""
        return node.op in self.names.split("|")


def matches(pattern: Op, node: NodeDef, reads: Reads) -> Iterator[Match]:
    """Yield each way in which *node* is the end of *pattern*."""
    if pattern.takes(node):
        yield from _of_inputs(pattern, node, reads, {})


def _of_inputs(pattern: Op, node: NodeDef, reads: Reads, found: Match) -> Iterator[Match]:
    indices = reads.data(node)[: len(pattern.inputs)]
    if len(indices) < len(pattern.inputs):
        return
    orders = [indices]
    if node.op in _COMMUTATIVE and len(indices) == 2:
        orders.append(indices[::-1])
    for order in orders:
        partial = [found]
        for index, wanted in zip(order, pattern.inputs, strict=True):
            chain = reads.chain(node, index)
            partial = [more for one in partial for more in _of_chain(wanted, chain, reads, one)]
        yield from partial


def _of_chain(wanted: Op | Place, chain: Chain, reads: Reads, found: Match) -> Iterator[Match]:
    if isinstance(wanted, Place):
        if not wanted.constant or reads.is_constant(chain[-1].node):
            yield {**found, wanted.name: (*found.get(wanted.name, ()), chain)}
        return
    node = reads.source(chain)
    if not wanted.takes(node):
        return
    if wanted.name:
        before = found.get(wanted.name, ())
        if not all(reads.alike(reads.source(other).name, node.name) for other in before):
            return
        found = {**found, wanted.name: (*before, chain)}
        if before:  # its inputs have been looked at
            yield found
            return
    yield from _of_inputs(wanted, node, reads, found)
