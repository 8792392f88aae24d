"""Keras, which has to run on TensorFlow to make graphs."""

from __future__ import annotations

import sys
from types import ModuleType

from cmsml_tasks.errors import ConversionError

_TENSORFLOW = "tensorflow"


def keras_on_tensorflow() -> ModuleType:
    """Return Keras 3, imported.

    Raises:
        ConversionError: it runs on another framework.
    """
    try:
        import keras
    except ImportError as error:  # of the framework, which need not be installed
        raise ConversionError(
            f"Keras cannot be imported: {error}; if KERAS_BACKEND or ~/.keras/keras.json name "
            "another framework, set KERAS_BACKEND=tensorflow"
        ) from error
    check_backend()
    return keras  # type: ignore[no-any-return]


def check_backend() -> None:
    """Check that Keras, which is imported, runs on TensorFlow.

    Raises:
        ConversionError: it runs on another framework.
    """
    backend = sys.modules["keras"].backend.backend()
    if backend != _TENSORFLOW:
        raise ConversionError(
            f"Keras runs on {backend} here, which makes no TensorFlow graphs; write the model with "
            "model.save('model.keras'), set KERAS_BACKEND=tensorflow before Keras is imported, and "
            "open that file"
        )
