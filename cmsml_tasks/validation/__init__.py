"""Does a frozen graph do what its original does? Reference rows in, a verdict out.

Names load on first use: importing this package imports neither numpy nor TensorFlow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cmsml_tasks.validation.comparison import Comparison, Tolerance, compare, ulp_distance
    from cmsml_tasks.validation.reference import Reference, make_reference
    from cmsml_tasks.validation.report import Check, Report
    from cmsml_tasks.validation.rows import Rows, reference_rows
    from cmsml_tasks.validation.validator import validate

_HOMES = {
    "Check": "report",
    "Comparison": "comparison",
    "Reference": "reference",
    "Report": "report",
    "Rows": "rows",
    "Tolerance": "comparison",
    "compare": "comparison",
    "make_reference": "reference",
    "reference_rows": "rows",
    "ulp_distance": "comparison",
    "validate": "validator",
}

__all__ = [
    "Check",
    "Comparison",
    "Reference",
    "Report",
    "Rows",
    "Tolerance",
    "compare",
    "make_reference",
    "reference_rows",
    "ulp_distance",
    "validate",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
