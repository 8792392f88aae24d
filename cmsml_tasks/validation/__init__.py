"""Does a frozen graph do what its original does? Reference rows in, a verdict out.

Names load on first use: importing this package imports neither numpy nor TensorFlow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmsml_tasks.lazy import lazy_names

if TYPE_CHECKING:
    from cmsml_tasks.validation.comparison import Comparison, Tolerance, compare, ulp_distance
    from cmsml_tasks.validation.events import why_no_events
    from cmsml_tasks.validation.reference import Reference, make_reference
    from cmsml_tasks.validation.report import Check, Report, Reports
    from cmsml_tasks.validation.rows import Rows, reference_rows
    from cmsml_tasks.validation.validator import validate

__all__ = [
    "Check",
    "Comparison",
    "Reference",
    "Report",
    "Reports",
    "Rows",
    "Tolerance",
    "compare",
    "make_reference",
    "reference_rows",
    "ulp_distance",
    "validate",
    "why_no_events",
]

__getattr__ = lazy_names(
    __name__,
    {
        "Check": "report",
        "Comparison": "comparison",
        "Reference": "reference",
        "Report": "report",
        "Reports": "report",
        "Rows": "rows",
        "Tolerance": "comparison",
        "compare": "comparison",
        "make_reference": "reference",
        "reference_rows": "rows",
        "ulp_distance": "comparison",
        "validate": "validator",
        "why_no_events": "events",
    },
)
