"""SavedModels as they are passed to functions: the path of a folder, or what was loaded from it."""

from __future__ import annotations

import os
from typing import Any

from tensorflow.python.saved_model import loader_impl
from tensorflow.python.saved_model.signature_serialization import _SignatureMap

from cmsml_tasks.conversion.graph_files.paths import expanded
from cmsml_tasks.conversion.model_files.saved_model import open_saved_model, trace_served
from cmsml_tasks.conversion.sources.keras import tf_keras_model
from cmsml_tasks.conversion.traced.traced_object import Traced
from cmsml_tasks.errors import ConversionError


def is_saved_model(obj: Any) -> bool:
    """Tell whether *obj* is the folder of a SavedModel, or came from ``tf.saved_model.load``."""
    if isinstance(obj, str | os.PathLike):
        path = expanded(obj)
        return path.is_dir() and bool(loader_impl.contains_saved_model(str(path)))
    # a model of tf-keras that was loaded from a SavedModel may have them too, but is itself a model
    is_model = tf_keras_model.is_model(obj)
    return not is_model and isinstance(getattr(obj, "signatures", None), _SignatureMap)


def trace_saved_model(obj: Any, signature: str | None) -> Traced:
    """Trace a signature of the SavedModel *obj*; the usual or only one where None.

    Raises:
        ConversionError: *obj* is no SavedModel or not there, or has no such signature.
    """
    if not is_saved_model(obj):
        if isinstance(obj, str | os.PathLike) and not expanded(obj).exists():
            raise ConversionError(f"there is no folder {expanded(obj)}; check the path")
        raise ConversionError(
            f"signature='{signature}' goes with a SavedModel, its folder or what "
            "tf.saved_model.load returned; leave it out"
        )
    if isinstance(obj, str | os.PathLike):
        return open_saved_model(expanded(obj), signature)
    return trace_served(obj, signature, "the SavedModel")
