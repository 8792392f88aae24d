"""Could the validation have failed? Rows for which a constant would do as well prove nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cmsml_tasks.validation.comparison import Tolerance, compare
from cmsml_tasks.validation.dtypes import Array, is_float
from cmsml_tasks.validation.reference import Reference
from cmsml_tasks.validation.report import Check
from cmsml_tasks.validation.rows import MAIN
from cmsml_tasks.validation.subject import Subject

_SHOWN = 5
_ADVICE = (
    "wrong weights would not show in these rows: look for units that are dead, outputs that are "
    "saturated and inputs out of range; where the outputs are meant to be constant, say so with "
    "--allow-constant"
)


def rows_can_tell(name: str, subject: Subject) -> Check:
    """Tell whether a graph that gives one row's outputs for all rows would be found out.

    The ordinary rows count: what NaN and extreme values give may well be alike.
    """
    reference = subject.reference
    rows = reference.of_kind(*MAIN)
    if not len(rows):
        return Check(name, "not run", "the reference has no validation or random rows")
    if not subject.card.inputs:
        return Check(name, "does not apply", "the graph has no inputs")
    blind, columns = {}, {}
    for entry in subject.card.outputs:
        outputs = reference.outputs[entry.name][rows]
        if problem := _alike(outputs, subject.tolerance):
            blind[entry.name] = problem
        else:
            columns[entry.name] = _columns_alike(outputs, subject.tolerance)
    numbers = {
        "rows": len(rows),
        "outputs that do not tell": len(blind),
        "columns that do not tell": sum(map(len, columns.values())),
    }
    problems = [f"'{tensor}' is {problem}" for tensor, problem in blind.items()]
    problems += [text for tensor, found in columns.items() for text in _in_words(tensor, found)]
    if len(blind) == len(subject.card.outputs):
        evidence = [{"tensor": tensor, "problem": text} for tensor, text in blind.items()]
        detail = _inputs_alike(reference, rows) or "a graph that gives this constant passes as well"
        return Check(name, "proves nothing", detail, numbers, evidence, _ADVICE)
    return Check(name, "passed", "; ".join([f"{len(rows)} rows", *problems]), numbers)


def _alike(outputs: Array, tolerance: Tolerance) -> str:
    """Say what the outputs of all rows are where they agree with those of the first row."""
    first = np.broadcast_to(outputs[:1], outputs.shape)
    found = compare(first, outputs, tolerance)
    if not found.agree:
        return ""
    if is_float(outputs.dtype) and np.isnan(outputs.astype(np.float64)).all():
        return f"NaN in all {len(outputs)} rows"
    value = f"{outputs.ravel()[0]}" if outputs[0].size == 1 else "the same"
    within = "" if found.worst is None else ", within the tolerance"
    return f"{value} in all {len(outputs)} rows{within}"


def _columns_alike(outputs: Array, tolerance: Tolerance) -> dict[int, str]:
    """Say the same of columns of the last axis, by their number: weights of one may be dead."""
    if outputs.ndim < 2 or outputs.shape[-1] < 2:
        return {}
    problems = {
        column: _alike(outputs[..., column], tolerance) for column in range(outputs.shape[-1])
    }
    return {column: problem for column, problem in problems.items() if problem}


def _in_words(tensor: str, columns: Mapping[int, str]) -> list[str]:
    """Return a line for each of the *columns*' problems, which many may share."""
    lines = []
    for problem in dict.fromkeys(columns.values()):
        numbers = [str(column) for column, other in columns.items() if other == problem]
        shown = ", ".join(numbers[:_SHOWN])
        more = f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
        word, verb = ("columns", "are") if len(numbers) > 1 else ("column", "is")
        lines.append(f"{word} {shown}{more} of '{tensor}' {verb} {problem}")
    return lines


def _inputs_alike(reference: Reference, rows: Array) -> str:
    if len(rows) == 1:
        return "there is one reference row only"
    exact = Tolerance(0, 0, 0)
    same = all(
        compare(np.broadcast_to(array[rows][:1], array[rows].shape), array[rows], exact).agree
        for array in reference.inputs.values()
    )
    return f"all {len(rows)} reference rows are alike" if same else ""
