"""Functions and functional control flow inlined, so that one flat graph remains."""

from __future__ import annotations

import re

import tensorflow as tf
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2, rewriter_config_pb2
from tensorflow.python.grappler import tf_optimizer

from cmsml_tasks.conversion.checks.call_depth import refuse_endless_calls
from cmsml_tasks.conversion.freezing.plain_calls import make_inlinable
from cmsml_tasks.conversion.graph_def.nodes import GraphDef, all_nodes, by_name, node_of
from cmsml_tasks.conversion.interface.interface_nodes import rename
from cmsml_tasks.conversion.reasons import reason
from cmsml_tasks.conversion.traced.traced_graph import Skeleton
from cmsml_tasks.errors import ConversionError

_LOWERED = frozenset({"Case", "If", "StatelessCase", "StatelessIf", "StatelessWhile", "While"})

_LOWERED_NAME = re.compile(r"_\d+")  # of a node that lowering has made


def flat_graph(skeleton: Skeleton) -> GraphDef:
    """Return the graph of *skeleton* with all that it calls inlined, as far as TensorFlow can.

    Only grappler's ``function`` pass runs: what the graph computes, and how, stays as traced.
    ``tf.cond``, ``tf.switch_case`` and ``tf.while_loop`` become Switch, ``_SwitchN``, Merge and
    loop frames, in which weights can be constants. Readers of every TensorFlow version know them,
    except for ``_SwitchN``, which only ``tf.switch_case`` becomes: that came with TensorFlow 1.15.

    Raises:
        ConversionError: TensorFlow cannot inline a function, or never comes to an end with it.

    """
    meta_graph = meta_graph_pb2.MetaGraphDef()
    meta_graph.graph_def.CopyFrom(skeleton.graph_def)
    graph_def = meta_graph.graph_def
    if not graph_def.library.function:
        return graph_def
    refuse_endless_calls(graph_def)
    make_inlinable(graph_def)
    for node in all_nodes(graph_def):
        if node.op in _LOWERED:
            node.attr["_lower_using_switch_merge"].b = True
    for port in (*skeleton.inputs, *skeleton.outputs):
        meta_graph.collection_def["train_op"].node_list.value.append(port.tensor)
    try:
        flat = tf_optimizer.OptimizeGraph(_only_inlining(), meta_graph)
    except (ValueError, tf.errors.OpError) as error:
        raise ConversionError(
            f"the functions of the graph cannot be put into it: {reason(error)}; one of them is "
            "damaged, or calls what is not there"
        ) from error
    rename(flat, _names_of_switches(flat))
    for node in flat.node:
        node.attr.pop("_class", None)  # which names other nodes
    return flat


def _names_of_switches(graph_def: GraphDef) -> dict[str, str]:
    """Return shorter names for the nodes that hand values into branches and loops.

    TensorFlow puts the whole path of the value into their names, where it would be taken for scopes
    of the branch or loop.
    """
    nodes = by_name(graph_def)
    names = {}
    for node in graph_def.node:
        if node.op not in {"Switch", "_SwitchN"}:
            continue
        value, ending = node_of(node.input[0]), ""
        if nodes[value].op == "Merge":
            entering = nodes[node_of(nodes[value].input[0])]
            if entering.op == "Enter":  # else it is a branch's
                value, ending = node_of(entering.input[0]), "_switch"
        path, _, counter = node.name.rpartition("/")
        scope = path.removesuffix(f"/{value}{ending}")
        name = f"{scope}/switch/{counter}"
        if scope != path and _LOWERED_NAME.fullmatch(counter) and name not in nodes:
            names[node.name] = name
    return names


def _only_inlining() -> config_pb2.ConfigProto:
    config = config_pb2.ConfigProto()
    rewriting = config.graph_options.rewrite_options
    rewriting.optimizers.append("function")
    rewriting.function_optimization = rewriter_config_pb2.RewriterConfig.AGGRESSIVE
    rewriting.meta_optimizer_iterations = rewriter_config_pb2.RewriterConfig.ONE
    rewriting.min_graph_nodes = -1
    return config
