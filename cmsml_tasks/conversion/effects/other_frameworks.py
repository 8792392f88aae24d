"""Programs of other frameworks in files of TensorFlow and Keras, known by their names."""

from __future__ import annotations

from typing import Any

from cmsml_tasks.conversion.effects.keras_configs import described_objects
from cmsml_tasks.errors import ConversionError

_AS_KERAS = (
    "a Keras model that was trained with JAX is the same in TensorFlow: write it with "
    "model.save('model.keras') and give that file"
)
_OPERATIONS = {
    "XlaCallModule": "is a program of JAX that is compiled where it runs, and no graph; "
    f"{_AS_KERAS}; for other functions, jax2tf.convert(..., native_serialization=False) of JAX 0.4 "
    "writes TensorFlow's own operations",
    "SimpleML": "is of a decision forest (ydf, TensorFlow Decision Forests), which no release of "
    "TensorFlow can run by itself; write it as C++ with ydf, model.to_cpp(), and call that in "
    "place of a graph",
}
"""What an operation is, and what to do about it, by how its name begins."""

_LAYERS = {
    "JaxLayer": "JAX",
    "FlaxLayer": "Flax",
    "TorchModuleWrapper": "PyTorch",
}
"""Layers of Keras that call another framework."""

_FORESTS = ("tensorflow_decision_forests", "ydf")

_OBJECTS = {"torch": "PyTorch", "jax": "JAX", "jaxlib": "JAX", "flax": "Flax"}


def program_of(operation: str) -> str | None:
    """Return what *operation* is and what to do about it, None for one of TensorFlow's own."""
    found = (text for start, text in _OPERATIONS.items() if operation.startswith(start))
    return next(found, None)


def advice_for(obj: Any) -> str:
    """Return what to do with an object of another framework, "" if it is none."""
    packages = [kind.__module__.partition(".")[0] for kind in type(obj).__mro__]
    for framework in (_OBJECTS[package] for package in packages if package in _OBJECTS):
        return f"; it is one of {framework}: write the network in Keras, and copy its weights"
    return ""


def refuse_layers(config: Any) -> None:
    """Refuse the description of a Keras model with a layer that calls another framework.

    Args:
        config: what the file's JSON says.

    Raises:
        ConversionError: the message names the layer and the framework.
    """
    for described, settings in described_objects(config):
        kind = str(described["class_name"])
        module = str(described.get("module", "keras"))
        registered = str(described.get("registered_name"))
        if module.partition(".")[0] in _FORESTS or registered.startswith(_FORESTS):
            raise ConversionError(
                f"the layer '{settings.get('name', '?')}' ({kind}) {_OPERATIONS['SimpleML']}"
            )
        if kind in _LAYERS and module.partition(".")[0] == "keras":
            raise ConversionError(
                f"the layer '{settings.get('name', '?')}' ({kind}) calls {_LAYERS[kind]}, which "
                "is no part of a graph; build it of Keras' own layers, and copy its weights"
            )
