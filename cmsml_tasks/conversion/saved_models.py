"""SavedModel folders: those of TensorFlow 2, and those that a session of TensorFlow 1 wrote."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.python.saved_model import loader_impl

from cmsml_tasks.conversion.as_written import session_as_written
from cmsml_tasks.conversion.effects.folders import refuse_other_files
from cmsml_tasks.conversion.effects.saved_models import (
    functions_of_signatures,
    refuse_assets_elsewhere,
    refuse_graph,
    refuse_objects,
)
from cmsml_tasks.conversion.nodes import node_of
from cmsml_tasks.conversion.reading import naming
from cmsml_tasks.conversion.reasons import reason
from cmsml_tasks.conversion.selection import Selected
from cmsml_tasks.conversion.signature import listed
from cmsml_tasks.conversion.sources.composite import refuse_composite_parts
from cmsml_tasks.conversion.sources.functions import trace_function
from cmsml_tasks.conversion.sources.sessions import trace_tensors
from cmsml_tasks.conversion.traced import Traced
from cmsml_tasks.errors import ConversionError

_SERVING = "serving_default"


def open_saved_model(path: Path, allow_operations: Container[str] = ()) -> Traced:
    """Trace the serving signature of the SavedModel in the folder *path*, named by its keys.

    Raises:
        ConversionError: the folder holds no SavedModel, or none with one signature to serve.
    """
    if not loader_impl.contains_saved_model(str(path)):
        raise ConversionError(
            f"the folder {path} holds no SavedModel; give the one with the saved_model.pb"
        )
    refuse_other_files(path)
    try:
        meta_graphs = loader_impl.parse_saved_model(str(path)).meta_graphs
        # as TensorFlow decides it; its version 1 knows no objects, only a graph and variables
        if len(meta_graphs) == 1 and meta_graphs[0].HasField("object_graph_def"):
            return _open_objects(path, meta_graphs[0], allow_operations)
        return _open_session(path, meta_graphs, allow_operations)
    except ConversionError:
        raise
    except Exception as error:  # the loaders raise whatever they stumble over
        raise ConversionError(
            f"TensorFlow {tf.__version__} cannot read the SavedModel {path}: {reason(error)}"
        ) from error


def _open_objects(path: Path, meta_graph: Any, allow_operations: Container[str]) -> Traced:
    functions = functions_of_signatures(meta_graph)
    name = _serving(path, functions)
    with naming(path):
        refuse_assets_elsewhere(path, meta_graph)
        refuse_objects(meta_graph, functions[name], allow_operations)
    loaded = tf.saved_model.load(str(path))
    return trace_function(loaded.signatures[name], owner=loaded)


def _open_session(
    path: Path, meta_graphs: Sequence[Any], allow_operations: Container[str]
) -> Traced:
    meta_graph = meta_graphs[0]
    # the signature with which a SavedModel is initialised is none to be served
    signatures = {k: v for k, v in meta_graph.signature_def.items() if not k.startswith("__")}
    signature = signatures[_serving(path, signatures)]
    with naming(path):
        refuse_composite_parts(signature.inputs, signature.outputs)
        refuse_assets_elsewhere(path, meta_graph)
        refuse_graph(
            meta_graph, [info.name for info in signature.outputs.values()], allow_operations
        )
    # it is closed with the last object that uses it, as all sessions are
    session = session_as_written(tf.Graph())
    with session.graph.as_default():
        loader_impl.SavedModelLoader(str(path)).load(session, list(meta_graph.meta_info_def.tags))
    return trace_tensors(session, _picked(signature.inputs), _picked(signature.outputs))


def _picked(tensors: Mapping[str, Any]) -> list[Selected]:
    return [
        Selected(name, node_of(tensors[name].name), int(tensors[name].name.partition(":")[2] or 0))
        for name in sorted(tensors)
    ]


def _serving(path: Path, signatures: Mapping[str, Any]) -> str:
    """Return the key of the signature to serve, the only one or the one of the usual name."""
    if _SERVING in signatures:
        return _SERVING
    if len(signatures) == 1:
        return next(iter(signatures))
    raise ConversionError(
        f"the SavedModel {path} has no signature '{_SERVING}' (signatures: {listed(signatures)}); "
        f"save it with signatures={{'{_SERVING}': function}}, or model.export(path) in Keras"
    )
