"""What is in a model file, found out in an interpreter of its own for ``show``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmsml_tasks.arguments import came_as_options
from cmsml_tasks.conversion import frozen_graph
from cmsml_tasks.exporting.card import of_origin

if TYPE_CHECKING:
    from cmsml_tasks.conversion import Frozen

_CONSTANT = "Const"  # told with the operations that read it


@came_as_options()
def inspected(
    source: str,
    input_shapes: Mapping[str, Sequence[int | None]] | None = None,
    output_names: Sequence[str] | None = None,
    allow_operations: Sequence[str] = (),
    signature: str | None = None,
    custom_modules: Sequence[str] = (),
    tensorboard: str | None = None,
) -> dict[str, Any]:
    """Return what *source* would be as a frozen graph, as JSON.

    Args:
        source: ``.keras`` or ``.h5`` file, SavedModel folder, ``.pb`` or ``.pb.txt`` graph.
        input_shapes: shapes of inputs for which the file carries none; None is a free dimension.
        output_names: for a graph, the operations to take for its outputs.
        allow_operations: operations that may be there although nobody has judged them.
        signature: which one of a SavedModel; the usual or only one where None.
        custom_modules: modules to import, of which the file asks for layers or functions.
        tensorboard: folder to which the graph is written for TensorBoard.

    Returns:
        ``signature``: fields of `cmsml_tasks.conversion.Signature`; ``origin``: see
        `cmsml_tasks.exporting.card.of_origin`; ``description``: see
        `cmsml_tasks.conversion.describe`; ``nodes``: name, operation, shapes of the outputs and
        number of parameters that it reads, for each node that is no constant; ``bytes``: of the
        graph with its weights.

    Raises:
        ConversionError: the file holds no usable model or one that does more than compute, or
            shapes are missing.
    """
    from cmsml_tasks.conversion import describe, open_model

    traced = open_model(
        source,
        input_shapes=input_shapes,
        output_names=output_names,
        allow_operations=allow_operations,
        signature=signature,
        custom_modules=custom_modules,
    )
    frozen = frozen_graph(traced)
    if tensorboard is not None:
        _write_summary(frozen, Path(tensorboard))
    return {
        "signature": asdict(traced.signature),
        "origin": of_origin(traced.skeleton),
        "description": describe(frozen),
        "nodes": list(_nodes(frozen)),
        "bytes": frozen.nbytes,
    }


def _nodes(frozen: Frozen) -> Iterator[dict[str, Any]]:
    from cmsml_tasks.conversion.checks.importing import imported_graph
    from cmsml_tasks.conversion.description import parameters
    from cmsml_tasks.conversion.graph_def.nodes import node_of
    from cmsml_tasks.conversion.graph_def.tensor_shapes import static_shape

    nodes = frozen.graph_def.node
    sizes = {node.name: parameters(node.attr["value"].tensor) for node in nodes if _is_value(node)}
    sizes |= {name: parameters(weight.proto()) for name, weight in frozen.weights.items()}
    graph = imported_graph(_without_weights(frozen))
    for node in nodes:
        if not _is_value(node):
            outputs = graph.get_operation_by_name(node.name).outputs
            yield {
                "name": node.name,
                "operation": node.op,
                "shapes": [static_shape(output.shape) for output in outputs],
                "parameters": sum(sizes.get(name, 0) for name in set(map(node_of, node.input))),
            }


def _is_value(node: Any) -> bool:
    return bool(node.op == _CONSTANT)


def _without_weights(frozen: Frozen) -> Any:
    """Return the graph with placeholders for weights: shapes follow from it, at no cost."""
    from cmsml_tasks.conversion.graph_def.nodes import GraphDef

    graph_def = GraphDef()
    graph_def.CopyFrom(frozen.graph_def)
    for node in graph_def.node:
        if node.name in frozen.weights:
            weight = frozen.weights[node.name]
            node.op = "Placeholder"
            node.attr["shape"].shape.CopyFrom(weight.proto().tensor_shape)
            node.attr["dtype"].type = weight.dtype.as_datatype_enum
            del node.attr["value"]
    return graph_def


def _write_summary(frozen: Frozen, folder: Path) -> None:
    import tensorflow as tf

    from cmsml_tasks.conversion.freezing.frozen_graph import filled

    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default():
        tf.summary.graph(filled(frozen))
    writer.close()
