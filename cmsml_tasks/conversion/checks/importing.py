"""Graphs imported, so that what TensorFlow would refuse comes to light before it is written."""

from __future__ import annotations

import tensorflow as tf

from cmsml_tasks.conversion.checks.call_depth import refuse_endless_calls
from cmsml_tasks.conversion.checks.well_formed import check_wellformed
from cmsml_tasks.conversion.graph_def.nodes import GraphDef
from cmsml_tasks.errors import ConversionError


def imported_graph(graph_def: GraphDef) -> tf.Graph:
    """Return *graph_def*, to which TensorFlow adds default attributes, as a graph of its own.

    What was made elsewhere goes through `check_foreign` first: it might end the process here.

    Raises:
        ConversionError: TensorFlow does not accept it.

    """
    refuse_endless_calls(graph_def)  # TensorFlow infers shapes through every call
    graph = tf.Graph()
    try:
        with graph.as_default():
            tf.import_graph_def(graph_def, name="")
    except Exception as error:  # TensorFlow's python raises whatever it stumbles over
        raise _not_accepted(error) from error
    return graph


def check_foreign(graph_def: GraphDef) -> None:
    """Refuse a graph of unknown origin in which TensorFlow would stumble or end the process.

    Raises:
        ConversionError: the graph is not well formed, or nothing that this TensorFlow knows.

    """
    try:
        check_wellformed(graph_def)
    except ConversionError as error:
        raise _not_accepted(error) from error


def _not_accepted(error: Exception) -> ConversionError:
    return ConversionError(f"TensorFlow {tf.__version__} does not accept this graph: {error}")
