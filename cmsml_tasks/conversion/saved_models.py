"""SavedModel folders: those of TensorFlow 2, and those that a session of TensorFlow 1 wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.python.saved_model import loader_impl

from cmsml_tasks.conversion.as_written import session_as_written
from cmsml_tasks.conversion.found_names import completed
from cmsml_tasks.conversion.nodes import node_of
from cmsml_tasks.conversion.reasons import reason
from cmsml_tasks.conversion.selection import Selected
from cmsml_tasks.conversion.signature import listed
from cmsml_tasks.conversion.sources.functions import trace_function
from cmsml_tasks.conversion.sources.sessions import trace_tensors
from cmsml_tasks.conversion.traced import Traced
from cmsml_tasks.errors import ConversionError

_SERVING = "serving_default"


def open_saved_model(path: Path) -> Traced:
    """Trace the serving signature of the SavedModel in the folder *path*, named by its keys.

    Raises:
        ConversionError: the folder holds no SavedModel, or none with one signature to serve.
    """
    if not loader_impl.contains_saved_model(str(path)):
        raise ConversionError(
            f"the folder {path} holds no SavedModel; give the one with the saved_model.pb"
        )
    try:
        meta_graphs = loader_impl.parse_saved_model(str(path)).meta_graphs
        # TensorFlow 1 knows no objects, only a graph and the values of its variables
        has_objects = any(meta_graph.object_graph_def.nodes for meta_graph in meta_graphs)
        return _open_objects(path) if has_objects else _open_session(path, meta_graphs)
    except ConversionError:
        raise
    except Exception as error:  # the loaders raise whatever they stumble over
        raise ConversionError(
            f"TensorFlow {tf.__version__} cannot read the SavedModel {path}: {reason(error)}"
        ) from error


def _open_objects(path: Path) -> Traced:
    loaded = tf.saved_model.load(str(path))
    return trace_function(loaded.signatures[_serving(path, loaded.signatures)], owner=loaded)


def _open_session(path: Path, meta_graphs: Iterable[Any]) -> Traced:
    tags = next(iter(meta_graphs)).meta_info_def.tags
    # it is closed with the last object that uses it, as all sessions are
    session = session_as_written(tf.Graph())
    with session.graph.as_default():
        meta_graph = loader_impl.SavedModelLoader(str(path)).load(session, list(tags))
    # the signature with which a SavedModel is initialised is none to be served
    signatures = {k: v for k, v in meta_graph.signature_def.items() if not k.startswith("__")}
    signature = signatures[_serving(path, signatures)]
    return trace_tensors(session, _picked(signature.inputs), _picked(signature.outputs))


def _picked(tensors: Mapping[str, Any]) -> list[Selected]:
    keys = sorted(tensors)
    return [
        Selected(found, node_of(tensors[key].name), int(tensors[key].name.partition(":")[2] or 0))
        for found, key in zip(completed([(key,) for key in keys], "tensor"), keys, strict=True)
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
