"""SavedModel folders: those of TensorFlow 2, and those that a session of TensorFlow 1 wrote."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.python.saved_model import loader_impl

from cmsml_tasks.conversion.effects import refuse
from cmsml_tasks.conversion.effects.folders import refuse_other_files
from cmsml_tasks.conversion.effects.loading import acting_when_loaded
from cmsml_tasks.conversion.effects.object_graphs import functions_of_signatures, refuse_objects
from cmsml_tasks.conversion.effects.reach import refuse_ambiguous
from cmsml_tasks.conversion.effects.saved_models import refuse_assets_elsewhere, refuse_graph
from cmsml_tasks.conversion.graph_def.nodes import node_of
from cmsml_tasks.conversion.graph_files.reading import naming
from cmsml_tasks.conversion.interface.found_names import completed
from cmsml_tasks.conversion.interface.picked_tensors import Selected
from cmsml_tasks.conversion.interface.served import taken_signature
from cmsml_tasks.conversion.model_files.composite_arguments import refuse_composite_arguments
from cmsml_tasks.conversion.reasons import reason
from cmsml_tasks.conversion.sources.composite import refuse_composite_parts
from cmsml_tasks.conversion.sources.functions import trace_function
from cmsml_tasks.conversion.sources.sessions import trace_tensors
from cmsml_tasks.conversion.sources.unoptimised import session_as_written
from cmsml_tasks.conversion.traced.traced_object import Traced
from cmsml_tasks.errors import ConversionError


def open_saved_model(
    path: Path, signature: str | None = None, allow_operations: Container[str] = ()
) -> Traced:
    """Trace a signature of the SavedModel in the folder *path*, named by its keys.

    Args:
        path: the folder.
        signature: which one; ``serving_default``, or the only one, where None.
        allow_operations: names of operations that are let through whatever they do.

    Raises:
        ConversionError: the folder holds no SavedModel, it has no such signature, or several of
            which none is the usual one.
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
            return _open_objects(path, meta_graphs[0], signature, allow_operations)
        return _open_session(path, meta_graphs, signature, allow_operations)
    except ConversionError:
        raise
    except Exception as error:  # the loaders raise whatever they stumble over
        raise ConversionError(
            f"TensorFlow {tf.__version__} cannot read the SavedModel {path}: {reason(error)}"
        ) from error


def trace_served(loaded: Any, signature: str | None, model: str) -> Traced:
    """Trace a signature of what ``tf.saved_model.load`` returned, called *model* in messages."""
    name = taken_signature(loaded.signatures, signature, model)
    traced = trace_function(loaded.signatures[name], owner=loaded)
    return traced.as_served(name, loaded.signatures)


def _open_objects(
    path: Path, meta_graph: Any, signature: str | None, allow_operations: Container[str]
) -> Traced:
    functions = functions_of_signatures(meta_graph)
    name = taken_signature(functions, signature, f"the SavedModel {path}")
    with naming(path):
        _refuse_at_loading(path, meta_graph)
        refuse_objects(meta_graph, functions[name], allow_operations)
        for function in functions[name]:
            refuse_composite_arguments(meta_graph, function)
    return trace_served(tf.saved_model.load(str(path)), name, f"the SavedModel {path}")


def _open_session(
    path: Path, meta_graphs: Sequence[Any], wanted: str | None, allow_operations: Container[str]
) -> Traced:
    meta_graph = meta_graphs[0]
    # the signature with which a SavedModel is initialised is none to be served
    signatures = {k: v for k, v in meta_graph.signature_def.items() if not k.startswith("__")}
    name = taken_signature(signatures, wanted, f"the SavedModel {path}")
    signature = signatures[name]
    with naming(path):
        refuse_composite_parts(signature.inputs, signature.outputs)
        _refuse_at_loading(path, meta_graph)
        refuse_graph(
            meta_graph, [info.name for info in signature.outputs.values()], allow_operations
        )
    # it is closed with the last object that uses it, as all sessions are
    session = session_as_written(tf.Graph())
    with session.graph.as_default():
        loader_impl.SavedModelLoader(str(path)).load(session, list(meta_graph.meta_info_def.tags))
    traced = trace_tensors(session, _picked(signature.inputs), _picked(signature.outputs))
    return traced.as_served(name, signatures)


def _refuse_at_loading(path: Path, meta_graph: Any) -> None:
    """Refuse what no signature changes: files elsewhere, names of several meanings, what runs."""
    graph_def = meta_graph.graph_def
    refuse_assets_elsewhere(path, meta_graph)
    refuse_ambiguous(graph_def)
    refuse(acting_when_loaded(graph_def))


def _picked(tensors: Mapping[str, Any]) -> list[Selected]:
    keys = sorted(tensors)
    return [
        Selected(found, node_of(tensors[key].name), int(tensors[key].name.partition(":")[2] or 0))
        for found, key in zip(completed([(key,) for key in keys], "tensor"), keys, strict=True)
    ]
