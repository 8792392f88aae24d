"""Rows for which a constant would pass as well, and those that tell graphs apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cmsml_tasks.runtimes import GraphRun
from cmsml_tasks.validation import Check, Reference, Report, Tolerance
from cmsml_tasks.validation.card import Card
from cmsml_tasks.validation.subject import Subject
from cmsml_tasks.validation.telling import rows_can_tell

RNG = np.random.default_rng(3)
X = RNG.normal(size=(6, 2)).astype(np.float32)
KINDS = np.array(["validation"] * 4 + ["extreme", "missing"])
DEFAULT = Tolerance()
SCORE = np.arange(6, dtype=np.float32)[:, None]


def judged(
    outputs: dict[str, Any],
    x: Any = X,
    kinds: Any = KINDS,
    inputs: Any = ("x",),
    tolerance: Tolerance = DEFAULT,
) -> Check:
    def entries(names: Any) -> list[dict[str, Any]]:
        return [
            {"name": name, "tensor": f"{name}:0", "dtype": "float32", "shape": None}
            for name in names
        ]

    card = Card.parse({"inputs": entries(inputs), "outputs": entries(outputs)})
    reference = Reference({"x": x}, outputs, kinds)
    subject = Subject(card, reference, GraphRun(None), (), (), tolerance)
    return rows_can_tell("rows that can tell", subject)


def test_outputs_that_differ_from_row_to_row_tell() -> None:
    check = judged({"score": SCORE})
    assert (check.status, check.detail) == ("passed", "4 rows")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (np.full((6, 1), 0.5, np.float32), "0.5 in all 4 rows"),
        (np.full((6, 1), np.nan, np.float32), "NaN in all 4 rows"),
        (np.full((6, 2), np.inf, np.float32), "the same in all 4 rows"),
        (np.where(np.arange(6) < 4, 3, np.arange(6)), "3 in all 4 rows"),
        (np.array([b"a"] * 4 + [b"b"] * 2), "b'a' in all 4 rows"),
        (0.5 + 1e-8 * SCORE.astype(np.float64), "0.5 in all 4 rows, within the tolerance"),
    ],
)
def test_a_constant_proves_nothing(value: Any, problem: str) -> None:
    check = judged({"score": value})
    assert check.status == "proves nothing"
    assert check.evidence == [{"tensor": "score", "problem": problem}]
    assert check.detail == "a graph that gives this constant passes as well"
    text = Report((check,), "session", None, Tolerance(), {}).summary()
    first, evidence, advice = text.splitlines()
    assert first.startswith("PROVES NOTHING  rows that can tell")
    assert evidence.strip() == f"score: {problem}"
    assert "--allow-constant" in advice


def test_one_output_that_tells_is_enough_and_the_others_are_told() -> None:
    check = judged({"score": SCORE, "version": np.full(6, 7), "bad": np.full((6, 1), np.nan)})
    assert check.status == "passed"
    assert check.detail == "4 rows; 'version' is 7 in all 4 rows; 'bad' is NaN in all 4 rows"


def test_columns_that_tell_nothing_beside_others_are_told() -> None:
    many = np.zeros((6, 9), np.float32)
    many[:, 0], many[:, 1] = SCORE[:, 0], np.nan
    jets = np.repeat(SCORE[:, :, None], 3, axis=1) * np.array([1, 0], np.float32)
    check = judged({"score": many, "jets": jets, "one": SCORE, "last": np.eye(6)[:, :3]})
    assert check.status == "passed"
    assert check.detail.split("; ") == [
        "4 rows",
        "column 1 of 'score' is NaN in all 4 rows",
        "columns 2, 3, 4, 5, 6 and 2 more of 'score' are 0.0 in all 4 rows",
        "column 1 of 'jets' is the same in all 4 rows",
    ]
    assert check.numbers["columns that do not tell"] == 9


def test_missing_values_in_some_rows_tell() -> None:
    score = SCORE * 0 + 0.5
    score[2] = np.nan
    assert judged({"score": score}).status == "passed"


def test_a_tolerance_that_takes_anything_proves_nothing() -> None:
    assert judged({"score": SCORE}, tolerance=Tolerance(rtol=1e3)).status == "proves nothing"


def test_reference_rows_that_are_alike_are_told_as_such() -> None:
    alike = np.repeat(X[:1], 6, axis=0)
    assert judged({"score": SCORE * 0}, x=alike).detail == "all 4 reference rows are alike"
    only = judged({"score": SCORE[:1]}, x=X[:1], kinds=["validation"])
    assert (only.status, only.detail) == ("proves nothing", "there is one reference row only")


def test_without_rows_or_inputs_there_is_nothing_to_tell() -> None:
    none = judged({"score": SCORE[4:]}, x=X[4:], kinds=KINDS[4:])
    assert none.status == "not run"
    assert judged({"score": SCORE * 0}, inputs=()).status == "does not apply"
