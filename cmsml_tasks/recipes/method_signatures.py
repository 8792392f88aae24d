"""Methods of a recipe that could not be called are refused before anything runs."""

from __future__ import annotations

import inspect
from typing import Any

from cmsml_tasks.errors import SettingsError

# how training and tasks call them: number of arguments, and how to write them
_CALLS = {
    "input_files": (0, "def input_files(self)"),
    "load": (1, "def load(self, files)"),
    "build": (1, "def build(self, data)"),
    "train": (3, "def train(self, model, data, callbacks=())"),
}


def check_signatures(recipe: type) -> None:
    """Check that the methods of *recipe* take the arguments that they are called with.

    Raises:
        SettingsError: one does not; says how it is to be written.
    """
    for name, (count, wanted) in _CALLS.items():
        is_method = inspect.isfunction(inspect.getattr_static(recipe, name))
        # a function of the class takes self as well, static and class methods do not
        _check(recipe, name, count + is_method, wanted)
    if getattr(recipe, "generate", None) is not None:
        _check(recipe, "generate", 1, "@classmethod def generate(cls, path)")


def _check(recipe: type, name: str, count: int, wanted: str) -> None:
    method: Any = getattr(recipe, name)
    where = f"{recipe.__qualname__}.{name}"
    if not callable(method):
        raise SettingsError(f"{where} is a {type(method).__name__}, not a method; write {wanted}")
    signature = inspect.signature(method)
    try:
        signature.bind(*[None] * count)
    except TypeError:
        raise SettingsError(
            f"{where}{signature} cannot be called as recipes are; write {wanted}"
        ) from None
