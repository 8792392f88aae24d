"""Places where a frozen graph is evaluated; each in a process of its own, never in this one.

Names load on first use: importing this package imports neither numpy nor TensorFlow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmsml_tasks.lazy import lazy_names

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

__getattr__ = lazy_names(
    __name__, {name: "session" if name == "SessionRuntime" else "runtime" for name in __all__}
)
