"""Keras models in files, ``.keras`` and ``.h5``."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cmsml_tasks.conversion.effects.keras_calls import refuse_calls
from cmsml_tasks.conversion.graph_files.reading import naming
from cmsml_tasks.conversion.keras_backend import keras_on_tensorflow
from cmsml_tasks.conversion.model_files.custom_modules import (
    asked_for,
    check_needed,
    imported,
    objects_of,
    where_missing,
)
from cmsml_tasks.conversion.model_files.keras_2_reading import is_of_keras_2, load_keras_2
from cmsml_tasks.conversion.model_files.keras_contents import checked_config
from cmsml_tasks.conversion.reasons import reason
from cmsml_tasks.errors import ConversionError

_NOT_FOUND = ("Could not locate", "Unknown layer", "Unknown object")


def load_keras(
    path: Path, custom_modules: Sequence[str] = (), also_import: Sequence[str] = ()
) -> Any:
    """Return the model in the file *path*, without its optimizer.

    It is one of Keras 3, or one of tf-keras where a file of Keras 1 or 2 has what Keras 3 cannot
    read any more.

    Args:
        path: ``.keras`` or ``.h5`` file.
        custom_modules: modules to import; their Keras objects and functions occur in the file,
            registered with Keras or not.
        also_import: the same, but they need not occur.

    Raises:
        ConversionError: the file is no whole Keras model, takes something from another file,
            calls what does more than compute, needs code that is not at hand, or tf-keras, which
            is not installed; a module is not there, or the file asks for nothing of it.
    """
    config = checked_config(path)
    keras = keras_on_tensorflow()
    with naming(path):
        refuse_calls(config)
    named, asked = imported(custom_modules), asked_for(config, keras)
    modules = [*named, *imported(also_import)]
    objects = objects_of(modules, asked, keras, (keras.Layer, keras.Quantizer))
    check_needed(path, config, named, asked, objects, keras)
    try:
        with _as_if_not_loaded():
            return keras.models.load_model(path, custom_objects=objects, compile=False)
    except Exception as error:  # Keras raises whatever the file makes it stumble over
        problem = f"Keras {keras.__version__} cannot read {path}: {reason(error)}"
        if is_of_keras_2(path):
            return load_keras_2(path, config, modules, problem, _advice(error))
        not_found = any(words in str(error) for words in _NOT_FOUND)
        advice = (not_found and where_missing(asked, objects, keras)) or _advice(error)
        raise ConversionError(f"{problem}\n{advice}") from error


@contextmanager
def _as_if_not_loaded() -> Iterator[None]:
    """Put back what Keras uses up with every layer: names with numbers, and random seeds."""
    from keras.src.backend.common import global_state

    counters = global_state.get_global_attribute("object_name_uids")
    counted = None if counters is None else dict(counters)
    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)
        counters = global_state.get_global_attribute("object_name_uids")
        if counters is not None:
            counters.clear()
            counters.update(counted or {})


def _advice(error: Exception) -> str:
    text = str(error)
    if "Lambda" in text or "lambda" in text:
        return (
            "a Lambda layer holds Python code, which is not run from a file: write a class "
            "derived from keras.Layer instead, or use functions of keras.ops"
        )
    operation = re.search(r"Unknown layer: '(\w+)'", text)
    if operation and _is_keras_operation(operation[1]):
        return f"HDF5 cannot hold operations of keras.ops such as {operation[1]}; save it as .keras"
    if any(words in text for words in _NOT_FOUND):
        return (
            "name the module that defines it: --custom-modules my_layers (custom_modules= in "
            "Python), or decorate the class or function with "
            "@keras.saving.register_keras_serializable() and import it before the file is opened"
        )
    if "get_config" in text or "from_config" in text or "__init__" in text:
        return "get_config() has to return what the constructor of the class takes"
    return "save it again with this version of Keras, or export it as a SavedModel"


def _is_keras_operation(name: str) -> bool:
    from keras.src import ops

    return any(hasattr(module, name) for module in (ops.core, ops.math, ops.nn, ops.numpy))
