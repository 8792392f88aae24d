"""What a graph consists of, for the card that lies beside it."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import tensorflow as tf

from cmsml_tasks.conversion.compatibility import oldest_tensorflow
from cmsml_tasks.conversion.freezing.frozen_graph import Frozen
from cmsml_tasks.conversion.graph_def.nodes import VARIABLES, GraphDef, all_nodes, is_stateful


def describe(graph: GraphDef | Frozen) -> dict[str, Any]:
    """Return facts about *graph*, called functions included, that JSON can hold.

    The values of weights are not read for that.

    Returns:
        ``operations``: number of nodes by operation, sorted; ``parameters``: number of elements
        in floating-point constants that are no scalars; ``producer``: version of the GraphDef
        that its TensorFlow wrote; ``stateful``: sorted names of nodes that have or use state;
        ``variables``: those of them that are variables; ``functions``: number of library
        functions; ``oldest_tensorflow``: the oldest release that can load and run it on a CPU
        ("1.15" includes older ones, None: no release can), ``oldest_tensorflow_needs``: what
        decides that.

    """
    frozen = graph if isinstance(graph, Frozen) else Frozen(graph, {})
    graph_def = frozen.graph_def
    nodes = list(all_nodes(graph_def))
    constants = [node.attr["value"].tensor for node in nodes if node.op == "Const"]
    constants += [weight.proto() for weight in frozen.weights.values()]
    operations = Counter(node.op for node in nodes)
    return {
        "operations": dict(sorted(operations.items())),
        "parameters": sum(parameters(tensor) for tensor in constants),
        "producer": graph_def.versions.producer,
        "stateful": sorted(node.name for node in nodes if is_stateful(node.op)),
        "variables": sorted(node.name for node in nodes if node.op in VARIABLES),
        "functions": len(graph_def.library.function),
        **oldest_tensorflow(graph_def).for_card(),
    }


def parameters(tensor: Any) -> int:
    """Return the number of elements of a TensorProto that can be a weight: no scalar, no count."""
    if not tensor.dtype:
        return 0  # the constant of a weight, without a value yet
    dtype = tf.as_dtype(tensor.dtype)
    sizes = [dim.size for dim in tensor.tensor_shape.dim]
    return math.prod(sizes) if sizes and (dtype.is_floating or dtype.is_complex) else 0
