"""Graphs in which no rewriting of TensorFlow's changes a number."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cmsml_tasks.conversion.names import unused
from cmsml_tasks.conversion.nodes import GraphDef, NodeDef
from cmsml_tasks.conversion.rewriting.reads import Read, Reads, ShapeOf
from cmsml_tasks.conversion.rewriting.rewritings import wrong_reads
from cmsml_tasks.conversion.rewriting.slices import stand_in
from cmsml_tasks.conversion.skeleton import Weight
from cmsml_tasks.conversion.weights import value_of

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
    """
    value = _values_in(weights)
    made: dict[tuple[str, int], str] = {}
    for _ in range(_ROUNDS):
        reads = Reads(graph_def, value, shape_of)
        wrong = [read for node in graph_def.node for read in wrong_reads(node, reads)]
        if not wrong:
            return
        for read in dict.fromkeys(wrong):
            passed = reads.passed_through(read)
            if passed is not None:
                source = reads.nodes[passed.reader].input[passed.index]
            elif reads.nodes[read.node].op == "Snapshot":  # TensorFlow makes one of several
                source = reads.before_snapshots(read)
            elif (read.node, read.port) in made:
                source = made[read.node, read.port]
            else:
                source = _free_name(read, reads)
                graph_def.node.extend(stand_in(source, read, reads))
                made[read.node, read.port] = source
            reads.nodes[read.reader].input[read.index] = source
    raise AssertionError(f"'{wrong[0].reader}' is read apart again and again")


def _free_name(read: Read, reads: Reads) -> str:
    name = f"{read.node}/{_NAME}" + (f"_{read.port}" if read.port else "")
    return unused(name, set(reads.nodes)) if name in reads.nodes else name


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
