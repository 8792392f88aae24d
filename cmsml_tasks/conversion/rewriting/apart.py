"""Graphs in which no rewriting of TensorFlow's changes a number."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cmsml_tasks.conversion.graph_def.nodes import GraphDef, NodeDef
from cmsml_tasks.conversion.interface.interface_names import unused
from cmsml_tasks.conversion.rewriting.reads import Read, Reads, ShapeOf
from cmsml_tasks.conversion.rewriting.rewritings import wrong_reads
from cmsml_tasks.conversion.rewriting.slices import ROLES, stand_in
from cmsml_tasks.conversion.traced.weight import Weight, value_of
from cmsml_tasks.errors import ConversionError

_MOST_READ = 2**16  # elements of a constant that is looked at
_NAME = "apart"
_ROUNDS = 100  # one would do but for patterns inside of patterns


def read_apart(graph_def: GraphDef, weights: Mapping[str, Weight], shape_of: ShapeOf) -> None:
    """Change, in place, from where some nodes read, so that every TensorFlow gives the same.

    Where TensorFlow would rewrite what it finds to something else (see ``rewritings``), a later
    output of a node is read by a StridedSlice of what this node reads; where there is none, and
    where it is no matter of outputs, through a Snapshot, which hands on what it gets, and which
    TensorFlow leaves where it is. No number changes.

    Args:
        graph_def: a graph, flat or a function's.
        weights: values of constants that have none in the graph.
        shape_of: asked only where it decides.

    Raises:
        ConversionError: a weight cannot be read, or it never comes to an end.
    """
    value = _values_in(weights)
    stand_ins = _StandIns(graph_def)
    for _ in range(_ROUNDS):
        reads = Reads(graph_def, value, shape_of)
        wrong = dict.fromkeys(r for node in graph_def.node for r in wrong_reads(node, reads))
        if not wrong:
            return
        sources = {read: _other_source(read, reads, stand_ins) for read in wrong}
        for read, source in sources.items():
            reads.nodes[read.reader].input[read.index] = source
    raise ConversionError(
        f"TensorFlow would take something else for what '{next(iter(wrong)).reader}' reads, "
        "however often that is read from another node; please report the model"
    )


def _other_source(read: Read, reads: Reads, stand_ins: _StandIns) -> str:
    passed = reads.passed_through(read)
    if passed is not None:
        return str(reads.nodes[passed.reader].input[passed.index])
    if reads.nodes[read.node].op == "Snapshot":  # TensorFlow makes one of several
        return reads.before_snapshots(read)
    return stand_ins.of(read, reads)


class _StandIns:
    """The nodes that were added to a graph, one for each output that is read apart."""

    def __init__(self, graph_def: GraphDef) -> None:
        self._graph_def = graph_def
        self._taken = {node.name for node in graph_def.node}
        self._made: dict[tuple[str, int], str] = {}

    def of(self, read: Read, reads: Reads) -> str:
        """Return the name of the node that gives what is read; it is added if it is not there."""
        output = read.node, read.port
        if output not in self._made:
            name = self._free_name(f"{read.node}/{_NAME}" + (f"_{read.port}" if read.port else ""))
            added = stand_in(name, read, reads)
            self._graph_def.node.extend(added)
            self._taken.update(node.name for node in added)
            self._made[output] = name
        return self._made[output]

    def _free_name(self, wanted: str) -> str:
        name, refused = wanted, set[str]()
        while not self._taken.isdisjoint((name, *(f"{name}/{role}" for role in ROLES))):
            refused.add(name)
            name = unused(wanted, self._taken | refused)
        return name


def _values_in(weights: Mapping[str, Weight]) -> Callable[[NodeDef], NDArray[np.generic] | None]:
    def value(constant: NodeDef) -> NDArray[np.generic] | None:
        weight = weights.get(constant.name)
        if weight is not None:
            return (
                value_of(constant.name, weight) if math.prod(weight.shape) <= _MOST_READ else None
            )
        tensor = constant.attr["value"].tensor
        if math.prod(dim.size for dim in tensor.tensor_shape.dim) > _MOST_READ:
            return None
        found: NDArray[np.generic] = tf.make_ndarray(tensor)
        return found

    return value
