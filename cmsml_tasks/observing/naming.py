"""Modules that the user's own code imports by a name that it may have computed.

The import itself may have been long before, by a statement, so that nothing else tells of this one.
"""

from __future__ import annotations

import importlib
import sys
from functools import wraps
from types import ModuleType

from cmsml_tasks.observing.reads import Reads, harmless
from cmsml_tasks.observing.whose import Owner, asker


def watch_names(reads: Reads) -> None:
    """Note which modules ``import_module`` and ``pkgutil.resolve_name`` are asked for."""
    original = importlib.import_module

    @harmless
    def named(module: ModuleType) -> None:
        frame = sys._getframe(3)
        while frame.f_globals.get("__name__") == "pkgutil" and frame.f_back:
            frame = frame.f_back
        # libraries import by names all the time
        if asker(frame) is Owner.USER and module.__file__:
            reads.named(module.__file__)

    @wraps(original)
    def import_module(name: str, package: str | None = None) -> ModuleType:
        module = original(name, package)
        named(module)
        return module

    importlib.import_module = import_module
