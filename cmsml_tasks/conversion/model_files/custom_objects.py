"""What modules of a user define for their Keras models."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from types import ModuleType
from typing import Any


def custom_objects(
    modules: Iterable[ModuleType], keras: ModuleType, bases: tuple[type, ...]
) -> dict[str, Any]:
    """Return the objects in *modules* that files can need, by name.

    Args:
        modules: the user's modules; the first ones' names count where others have them, too.
        keras: the package that reads the file, ``keras`` or ``tf_keras``.
        bases: its base classes of layers and the like.
    """
    bases = (
        *bases,
        keras.constraints.Constraint,
        keras.initializers.Initializer,
        keras.regularizers.Regularizer,
    )
    return {
        name: value
        for module in reversed(tuple(modules))  # of two with one name, the first module's counts
        for name, value in vars(module).items()
        if (
            inspect.isclass(value)
            and issubclass(value, bases)
            and not value.__module__.startswith(f"{keras.__name__}.")
        )
        or (
            inspect.isfunction(value)
            and value.__module__ == module.__name__
            # a file calls Keras's own functions by their bare names too
            and not hasattr(keras.activations, name)
        )
    }
