"""Places where a frozen graph is evaluated; each in a process of its own, never in this one.

Names load on first use: importing this package imports neither numpy nor TensorFlow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmsml_tasks.lazy import lazy_names

if TYPE_CHECKING:
    from cmsml_tasks.runtimes.cpp import CppRuntime
    from cmsml_tasks.runtimes.environments import runtimes_folder
    from cmsml_tasks.runtimes.names import check_runtime_name, runtime_named
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
    from cmsml_tasks.runtimes.versions import runtime_versions

_HOMES = {
    "BatchRun": "runtime",
    "CppRuntime": "cpp",
    "GraphFacts": "runtime",
    "GraphRun": "runtime",
    "Node": "runtime",
    "Placeholder": "runtime",
    "Runtime": "runtime",
    "RuntimeCrashError": "runtime",
    "RuntimeUnavailableError": "runtime",
    "SessionRuntime": "session",
    "TensorFacts": "runtime",
    "check_runtime_name": "names",
    "runtime_named": "names",
    "runtime_versions": "versions",
    "runtimes_folder": "environments",
}

__all__ = [
    "BatchRun",
    "CppRuntime",
    "GraphFacts",
    "GraphRun",
    "Node",
    "Placeholder",
    "Runtime",
    "RuntimeCrashError",
    "RuntimeUnavailableError",
    "SessionRuntime",
    "TensorFacts",
    "check_runtime_name",
    "runtime_named",
    "runtime_versions",
    "runtimes_folder",
]

__getattr__ = lazy_names(__name__, _HOMES)
