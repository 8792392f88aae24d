"""What C++ programs get out of a graph: there TensorFlow rewrites it before it runs (grappler)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import ml_dtypes
import numpy as np

from cmsml_tasks.validation import plan
from cmsml_tasks.validation.agreement import got, outputs_agree
from cmsml_tasks.validation.comparison import Tolerance, compare, magnitudes, parts
from cmsml_tasks.validation.dtypes import Array, is_float, name_of
from cmsml_tasks.validation.report import Check
from cmsml_tasks.validation.rows import MAIN
from cmsml_tasks.validation.subject import Subject

ROUNDING = 1e-5
"""What counts as rounding, absolute (which shrinks as `Tolerance` says) and relative to the largest
value of a column: operations that are fused add in another order, which was seen to change deep
networks by up to 3e-6."""
NARROW_STEPS = 8
"""The same where a graph multiplies in half precision, in steps of that type around 1: operations
that are fused round once in place of thrice, which was seen to change 12 layers by 3 steps."""

_MULTIPLIES = re.compile(r"MatMul|Conv|Einsum")
_NARROW = ("float16", "bfloat16")
_ADVICE = (
    "where the reference outputs fail too, mend them first; otherwise TensorFlow's optimiser "
    "changes what the graph gives: switch it off in the C++ program (disable_meta_optimizer), "
    "or raise the tolerance if the difference is mere rounding"
)
_CHECK_FOR = {
    "missing": "check inputs for NaN before the graph",
    "extreme": "check inputs for inf and huge values",
}
"""What to do by kind of row, the one that happens more often in real data first."""


def optimised_agrees(name: str, subject: Subject) -> Check:
    """Hold the graph as TensorFlow rewrites it against the original.

    Ordinary rows must agree but for rounding. Extreme and missing rows cannot fail: what becomes
    of NaN and infinity in there depends on the processor, so that it is only told.
    """
    if subject.only_way is not None:
        return Check(name, "does not apply", subject.only_way)
    if not len(subject.reference.of_kind(*MAIN)):
        return Check(name, "does not apply", "the reference has no validation or random rows")
    tolerance = _tolerance(subject)
    rewritten = replace(subject, done=subject.optimised, singles=(), tolerance=tolerance)
    check = outputs_agree(name, MAIN, rewritten, to_scale=True, advice=_ADVICE)
    if check.status == "not run":
        return check
    numbers = {**check.numbers, "tolerance": asdict(tolerance)}
    remarks = []
    for kind in _CHECK_FOR:
        done = [entry for entry in rewritten.done if entry.batch.purpose == kind]
        if done:
            counts = _counts(done, rewritten)
            numbers[kind] = counts
            remarks += _failures(kind, done) + _differences(kind, counts)
    detail = check.detail if check.status == "failed" else "; ".join([check.detail, *remarks])
    return replace(check, detail=detail, numbers=numbers)


def _tolerance(subject: Subject) -> Tolerance:
    rounding = max(ROUNDING, NARROW_STEPS * _narrow_step(subject))
    given = subject.tolerance
    return replace(given, atol=max(ROUNDING, given.atol), rtol=max(rounding, given.rtol))


def _narrow_step(subject: Subject) -> float:
    """Give the step around 1 of the half precision that the graph multiplies in, 0 without any.

    Functions that the graph calls are not looked into: the types in there are not known.
    """
    dtypes = set(subject.run.multiplied)
    facts = subject.run.facts
    if facts is not None:
        results = [f"{node.name}:0" for node in facts.nodes if _MULTIPLIES.search(node.op)]
        dtypes = {facts.tensors[tensor].dtype for tensor in results if tensor in facts.tensors}
    finfo: Any = ml_dtypes.finfo  # knows bfloat16 too, but has no type hints
    steps = [float(finfo(getattr(ml_dtypes, n, n)).eps) for n in _NARROW if n in dtypes]
    return max(steps, default=0.0)


def _counts(done: Sequence[plan.Done], subject: Subject) -> dict[str, int]:
    """Count the rows in which original and rewritten graph differ, by how they do."""
    counts = {"rows": sum(len(entry.batch.rows) for entry in done), "evaluated": 0}
    counts |= dict.fromkeys(("not finite", *_WAYS), 0)
    rows = [row for entry in done for row in entry.batch.rows]
    expected = {
        output.name: subject.reference.outputs[output.name] for output in subject.card.outputs
    }
    sizes = {name: magnitudes(array[rows]) for name, array in expected.items()}
    for entry in done:
        if entry.run.outputs is None:
            continue
        counts["evaluated"] += len(entry.batch.rows)
        found = [
            _by_row(
                got(entry, output.tensor, subject),
                expected[output.name][list(entry.batch.rows)],
                subject.tolerance,
                sizes[output.name],
            )
            for output in subject.card.outputs
        ]
        for row in zip(*found, strict=True):
            for way in set().union(*row):
                counts[way] += 1
    return counts


_WAYS = {
    "finite here": "",
    "not finite here": "give NaN or inf here, but should not",
    "otherwise not finite": "give another one of NaN, inf and -inf here",
    "other values": "give other numbers here",
}
"""How a special row may differ, and how that is told; the first is told with more words."""


def _by_row(here: Array, original: Array, tolerance: Tolerance, size: Array) -> list[set[str]]:
    """Tell for each row in which ways it differs, and whether the original is not finite there."""
    if here.shape != original.shape or name_of(here) != name_of(original):
        return [{"other values"} for _ in original]
    scales = [magnitudes(original[row : row + 1]) for row in range(len(original))]
    if original.dtype.kind == "c":
        here, original, size = parts(here), parts(original), size[..., None]
        scales = [scale[..., None] for scale in scales]
    left, right = _classes(here), _classes(original)
    finite = (left == 0) & (right == 0)
    comparable = np.where(finite, here, original) if is_float(here.dtype) else here
    rows = []
    for row, scale in enumerate(scales):
        one, other = left[row], right[row]
        there = original[row : row + 1]
        close = compare(comparable[row : row + 1], there, tolerance, size=size, scale=scale).agree
        seen = {
            "not finite": np.any(other != 0),
            "finite here": np.any((one == 0) & (other != 0)),
            "not finite here": np.any((one != 0) & (other == 0)),
            "otherwise not finite": np.any((one != 0) & (other != 0) & (one != other)),
            "other values": not close,
        }
        rows.append({way for way, found in seen.items() if found})
    return rows


def _classes(a: Array) -> np.ndarray[Any, np.dtype[np.int8]]:
    """Give 0 for ordinary values, and a number each for NaN, inf and -inf."""
    classes = np.zeros(a.shape, np.int8)
    if is_float(a.dtype):
        classes[np.isnan(a)] = 1
        classes[a == np.inf] = 2
        classes[a == -np.inf] = 3
    return classes


def _differences(kind: str, counts: dict[str, int]) -> list[str]:
    told = []
    if counts["finite here"]:
        told.append(
            f"{counts['finite here']} of {counts['not finite']} {kind} rows that should give NaN "
            f"or inf give ordinary numbers here: {_CHECK_FOR[kind]}"
        )
    rest = {way: text for way, text in _WAYS.items() if text and counts[way]}
    told += [
        f"{counts[way]} of {counts['evaluated']} {kind} rows {text}" for way, text in rest.items()
    ]
    return told


def _failures(kind: str, done: Sequence[plan.Done]) -> list[str]:
    told = []
    broken = [entry for entry in done if entry.run.outputs is None and entry.run.tried]
    if broken:
        count = sum(len(entry.batch.rows) for entry in broken)
        first = (broken[0].run.error or "").partition("\n")[0]
        told.append(f"{count} {kind} rows cannot be evaluated here ({first})")
    untried = sum(len(entry.batch.rows) for entry in done if not entry.run.tried)
    return told + ([f"{untried} {kind} rows were not tried"] if untried else [])
