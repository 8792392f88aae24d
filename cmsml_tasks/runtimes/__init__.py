"""Places where a frozen graph is evaluated; each in a process of its own, never in this one.

Names load on first use: importing this package imports neither numpy nor TensorFlow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cmsml_tasks.runtimes.runtime import (
        BatchRun,
        GraphFacts,
        GraphRun,
        Node,
        Placeholder,
        Runtime,
        RuntimeCrashError,
        RuntimeUnavailableError,
        TensorFacts,
    )
    from cmsml_tasks.runtimes.session import SessionRuntime

__all__ = [
    "BatchRun",
    "GraphFacts",
    "GraphRun",
    "Node",
    "Placeholder",
    "Runtime",
    "RuntimeCrashError",
    "RuntimeUnavailableError",
    "SessionRuntime",
    "TensorFacts",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "session" if name == "SessionRuntime" else "runtime"
    return getattr(import_module(f"{__name__}.{module}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
