"""What a graph consists of, for the card that lies beside it."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import tensorflow as tf

from cmsml_tasks.conversion.compatibility import oldest_tensorflow
from cmsml_tasks.conversion.nodes import VARIABLES, GraphDef, all_nodes, is_stateful


def describe(graph_def: GraphDef) -> dict[str, Any]:
    """Return facts about *graph_def*, called functions included, that JSON can hold.

    Returns:
        ``operations``: number of nodes by operation, sorted; ``parameters``: number of elements
        in floating-point constants that are no scalars; ``producer``: version of the GraphDef
        that its TensorFlow wrote; ``stateful``: sorted names of nodes that have or use state;
        ``variables``: those of them that are variables; ``functions``: number of library
        functions; ``oldest_tensorflow``: the oldest release that can load and run it on a CPU
        ("1.15" includes older ones, None: no release can), ``oldest_tensorflow_needs``: what
        decides that.

    """
    nodes = list(all_nodes(graph_def))
    operations = Counter(node.op for node in nodes)
    return {
        "operations": dict(sorted(operations.items())),
        "parameters": sum(_parameters(node.attr["value"].tensor) for node in nodes if _const(node)),
        "producer": graph_def.versions.producer,
        "stateful": sorted(node.name for node in nodes if is_stateful(node.op)),
        "variables": sorted(node.name for node in nodes if node.op in VARIABLES),
        "functions": len(graph_def.library.function),
        **oldest_tensorflow(graph_def).for_card(),
    }


def _const(node: Any) -> bool:
    return bool(node.op == "Const")


def _parameters(tensor: Any) -> int:
    dtype = tf.as_dtype(tensor.dtype)
    sizes = [dim.size for dim in tensor.tensor_shape.dim]
    return math.prod(sizes) if sizes and (dtype.is_floating or dtype.is_complex) else 0
