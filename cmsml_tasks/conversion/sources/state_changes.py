"""Ops that change state: refused, except for a seed that nothing in inference draws from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from cmsml_tasks.conversion.graph_def.nodes import GraphDef, NodeDef, all_nodes, by_name, reachable
from cmsml_tasks.conversion.traced.weight import Weight
from cmsml_tasks.errors import ConversionError

# ops that change a variable, a table or the state of a random generator
_WRITERS = re.compile(
    r"(Assign\w*|Resource(Apply|Conditional|Scatter|SparseApply|StridedSlice)\w*|Rng\w*Skip"
    r"|Stateful(RandomBinomial|StandardNormal|TruncatedNormal|Uniform)\w*"
    r"|LookupTable(Import|Insert|Remove)\w*)"
)
# what Keras calls the state of a random generator
_SEED = re.compile(r"(.*/)?seed_generator_state(_\d+)?")


def without_writers(
    graph_def: GraphDef, outputs: Iterable[str], weights: Mapping[str, Weight]
) -> GraphDef:
    """Return *graph_def* without ops that move a seed on, if *outputs* do not depend on that seed.

    Recurrent layers of Keras draw their dropout masks in inference too, and do not use them.

    Args:
        graph_def: the graph of a function.
        outputs: the nodes that give its outputs.
        weights: the variables by the node that stands for their handle.

    Raises:
        ConversionError: another op changes a variable or other state.
    """
    moving = {
        node.name
        for node in graph_def.node
        if node.op == "AssignVariableOp" and _SEED.fullmatch(_variable(node, weights))
    }
    result = graph_def
    if moving:
        without = _without(graph_def, moving)
        # a seed that is still needed is one that something is drawn from
        needed = reachable(by_name(without), outputs)
        if not any(_SEED.fullmatch(weights[n].variable or "") for n in needed & set(weights)):
            result = without
    writer = next((node for node in all_nodes(result) if _WRITERS.fullmatch(node.op)), None)
    if writer is not None:
        raise ConversionError(
            f"the function changes a variable or other state ({writer.op} '{writer.name}'); a "
            "frozen graph has none: export a function that only computes outputs from inputs"
        )
    return result


def _variable(writer: NodeDef, weights: Mapping[str, Weight]) -> str:
    weight = weights.get(writer.input[0])
    return (weight.variable if weight is not None else None) or ""


def _without(graph_def: GraphDef, names: set[str]) -> GraphDef:
    """Return *graph_def* without *names*, where nothing waits for a variable to be read."""
    reads = {node.name for node in graph_def.node if node.op == "ReadVariableOp"}
    waited_for = {f"^{name}" for name in names | reads}
    result = GraphDef(versions=graph_def.versions, library=graph_def.library)
    for node in graph_def.node:
        if node.name in names:
            continue
        kept = result.node.add()
        kept.CopyFrom(node)
        del kept.input[:]
        kept.input.extend(source for source in node.input if source not in waited_for)
    return result
