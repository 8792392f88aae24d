"""Checks of numbers: against the original's outputs, and between batch sizes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cmsml_tasks.validation import plan
from cmsml_tasks.validation.comparison import Comparison, compare, magnitudes
from cmsml_tasks.validation.dtypes import Array, dtype_of, is_float
from cmsml_tasks.validation.report import Check
from cmsml_tasks.validation.rows import MAIN, SPECIAL
from cmsml_tasks.validation.subject import Subject

BATCH_SLACK = 10.0
"""Other batch sizes take other kernels, which add in another order: so much more is allowed."""

_WRONG = (
    "the graph does not do what its original does: export it again; where the difference is "
    "mere rounding (mixed precision, another processor), raise the tolerance"
)

_Found = tuple[plan.Done, Comparison]


def outputs_agree(
    name: str,
    kinds: Sequence[str],
    subject: Subject,
    *,
    to_scale: bool = False,
    advice: str = _WRONG,
) -> Check:
    """Compare the outputs of the rows of *kinds* with those of the original.

    With *to_scale*, the relative tolerance refers to the largest value of each column.
    """
    done = [entry for entry in subject.done if entry.batch.purpose in kinds]
    if not done:
        return _without_rows(name, kinds, subject)
    if not any(entry.run.tried for entry in done):
        return Check(name, "not run", done[0].run.error or "")
    broken = [entry for entry in done if entry.run.outputs is None and entry.run.tried]
    if broken and set(kinds) & set(SPECIAL) and _ordinary_fail(subject):
        return Check(name, "not run", "ordinary rows fail already")
    if broken:
        return _broken(name, broken, subject)
    found: dict[str, list[_Found]] = {}
    for entry in subject.card.outputs:
        outputs = subject.reference.outputs[entry.name]
        expected = [outputs[list(d.batch.rows)] for d in done]
        size = np.maximum.reduce([magnitudes(array) for array in expected])
        scale = size if to_scale else 0.0
        found[entry.name] = [
            (
                d,
                compare(
                    got(d, entry.tensor, subject),
                    right,
                    subject.tolerance,
                    size=size,
                    scale=scale,
                ),
            )
            for d, right in zip(done, expected, strict=True)
        ]
    rows = sum(len(entry.batch.rows) for entry in done)
    return _verdict(name, rows, found, subject, advice)


def batch_sizes_agree(name: str, subject: Subject) -> Check:
    """Compare single rows and pairs with the same rows in the full batch."""
    small = [d for d in subject.done if d.batch.purpose in (plan.ONE, plan.TWO)]
    full = [d for d in subject.done if d.batch.purpose in MAIN]
    if not any(entry.run.tried for entry in small):
        return Check(name, "not run", small[0].run.error or "")
    broken = [entry for entry in (*full, *small) if entry.run.outputs is None and entry.run.tried]
    if broken:
        first = {entry.batch.purpose: entry for entry in reversed(broken)}
        return _broken(name, list(reversed(first.values())), subject)
    tolerance = replace(subject.tolerance, rtol=BATCH_SLACK * subject.tolerance.rtol)
    found: dict[str, list[_Found]] = {}
    for entry in subject.card.outputs:
        outputs = [got(d, entry.tensor, subject) for d in full]
        counts = [len(d.batch.rows) for d in full]
        if [output.shape[:1] for output in outputs] != [(count,) for count in counts]:
            problem = f"gives shape {outputs[0].shape} for {counts[0]} rows"
            comparison = Comparison(False, outputs[0].size, outputs[0].size, problem=problem)
            found[entry.name] = [(full[0], comparison)]
            continue
        by_row = {
            row: array
            for d, output in zip(full, outputs, strict=True)
            for row, array in zip(d.batch.rows, output, strict=True)
        }
        size = np.maximum.reduce([magnitudes(output) for output in outputs])
        found[entry.name] = [
            (
                d,
                compare(
                    got(d, entry.tensor, subject),
                    np.stack([by_row[row] for row in d.batch.rows]),
                    tolerance,
                    size=size,
                    scale=size,
                ),
            )
            for d in small
        ]
    advice = (
        "something in the graph mixes rows, or fixes their number; work along the last axes only"
    )
    return _verdict(name, sum(len(d.batch.rows) for d in small), found, subject, advice)


def _ordinary_fail(subject: Subject) -> bool:
    return any(d.run.outputs is None for d in subject.done if d.batch.purpose in MAIN)


def got(done: plan.Done, tensor: str, subject: Subject) -> Array:
    """Give the values of *tensor* for the rows of a batch, one row along the first axis each."""
    array = np.asarray((done.run.outputs or {})[tensor])
    return array[np.newaxis] if subject.reference.layout == "feeds" else array


def _without_rows(name: str, kinds: Sequence[str], subject: Subject) -> Check:
    if set(kinds) & set(MAIN):
        return Check(
            name,
            "failed",
            "the reference holds no validation or random rows",
            evidence=[{"problem": "no rows to compare"}],
            advice="make the reference rows again",
        )
    dtypes = [dtype_of(entry.dtype) for entry in subject.card.inputs]
    if not any(dtype is not None and is_float(dtype) for dtype in dtypes):
        return Check(name, "does not apply", "no input takes floats")
    refused = [note for note in subject.reference.notes if note.startswith("refused")]
    if refused:
        return Check(name, "does not apply", "the original refuses such rows")
    return Check(name, "does not apply", f"the reference has no {' or '.join(kinds)} rows")


def _broken(name: str, broken: Sequence[plan.Done], subject: Subject) -> Check:
    evidence: list[dict[str, Any]] = []
    for entry in broken:
        alone = [s for s in subject.singles if s.batch.purpose == entry.batch.purpose]
        culprits = [s for s in alone if s.run.outputs is None and s.run.tried]
        for culprit in culprits or [entry]:
            _gather(evidence, culprit, subject)
        if alone and not culprits:
            evidence[-1]["note"] = "each of these rows alone is taken"
        elif any(not s.run.tried for s in alone):
            evidence[-1]["note"] = "the rows after these were not tried"
    what = "ends the process" if any(entry.run.died for entry in broken) else "fails"
    special = broken[0].batch.purpose in SPECIAL
    return Check(
        name,
        "failed",
        f"the graph {what} with {evidence[0]['labels'][0]}",
        {"rows": sum(len(entry.batch.rows) for entry in broken)},
        evidence,
        "guard these values in the model, as its original does"
        if special
        else "the message tells what the graph cannot do; mend it and export again",
    )


def _gather(evidence: list[dict[str, Any]], done: plan.Done, subject: Subject) -> None:
    """Add a failed batch, to those that failed for the same reason if there are any."""
    rows = done.batch.rows
    first = subject.reference.label(rows[0])
    label = first if len(rows) == 1 else f"{len(rows)} rows at once, from {first} on"
    for entry in evidence:
        if entry["problem"] == done.run.error:
            entry["labels"].append(label)
            entry["rows"].extend(rows)
            return
    new = {"problem": done.run.error, "died": done.run.died}
    evidence.append({**new, "labels": [label], "rows": list(rows)})


def _verdict(
    name: str, rows: int, found: Mapping[str, list[_Found]], subject: Subject, advice: str
) -> Check:
    numbers: dict[str, Any] = {"rows": rows, "tensors": {}}
    evidence = []
    for tensor, pairs in found.items():
        numbers["tensors"][tensor] = _numbers(comparison for _, comparison in pairs)
        wrong = [pair for pair in pairs if not pair[1].agree]
        if wrong:
            worst = max(wrong, key=lambda pair: _size(pair[1]))
            evidence.append(_evidence(tensor, worst, numbers["tensors"][tensor], subject))
    if evidence:
        names = ", ".join(f"'{entry['tensor']}'" for entry in evidence)
        detail = f"{names} {'disagrees' if len(evidence) == 1 else 'disagree'}"
        return Check(name, "failed", detail, numbers, evidence, advice)
    return Check(name, "passed", f"{rows} rows, {_largest(numbers['tensors'].values())}", numbers)


def _size(comparison: Comparison) -> float:
    return float("inf") if comparison.worst is None else comparison.worst.absolute


def _numbers(comparisons: Iterable[Comparison]) -> dict[str, Any]:
    found = list(comparisons)
    steps = [entry.max_ulp for entry in found if entry.max_ulp is not None]
    return {
        "elements": sum(entry.elements for entry in found),
        "disagreeing": sum(entry.disagreeing for entry in found),
        "max_abs": max(entry.max_abs for entry in found),
        "max_rel": max(entry.max_rel for entry in found),
        "max_ulp": max(steps, default=None),
        "atol": max(entry.atol for entry in found),
    }


def _evidence(
    tensor: str, found: _Found, numbers: Mapping[str, Any], subject: Subject
) -> dict[str, Any]:
    done, comparison = found
    counts = {key: numbers[key] for key in ("disagreeing", "elements")}
    size = len(done.batch.rows)
    if comparison.worst is None:
        return {"tensor": tensor, "problem": comparison.problem, "rows in batch": size, **counts}
    worst = comparison.worst
    row = done.batch.rows[worst.row]
    zero = worst.ulp is not None and subject.tolerance.atol and worst.atol == 0
    note = {"note": "zero in all rows of the original, so that no tolerance applies"}
    return {
        "tensor": tensor,
        "row": row,
        "label": subject.reference.label(row),
        "index": list(worst.index),
        "expected": worst.expected,
        "got": worst.got,
        "abs": worst.absolute,
        "rel": worst.relative,
        "ulp": worst.ulp,
        "rows in batch": size,
        **counts,
        **(note if zero else {}),
    }


def _largest(tensors: Iterable[Mapping[str, Any]]) -> str:
    tensors = list(tensors)
    if not any(entry["max_abs"] for entry in tensors):
        return "no difference"
    steps = max((entry["max_ulp"] for entry in tensors if entry["max_ulp"] is not None), default=0)
    size = max(entry["max_abs"] for entry in tensors)
    relative = max(entry["max_rel"] for entry in tensors)
    return f"largest difference abs {size:.2g}, rel {relative:.2g}, {steps} ULP"
