"""What TensorFlow's optimiser makes of graphs, as C++ programs run them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cmsml_tasks.runtimes import GraphRun, SessionRuntime
from cmsml_tasks.validation import Check, Reference, Report, validate
from cmsml_tasks.validation import checks as names
from cmsml_tasks.validation.optimised import ROUNDING

Verdict = Callable[[str, str], Report]


def optimised(report: Report) -> Check:
    (check,) = [check for check in report.checks if check.name == names.OPTIMISED]
    return check


def test_missing_values_that_become_ordinary_numbers_are_told(
    verdict: Verdict, graphs: Path
) -> None:
    """Whether that happens depends on the processor: what is told must be what happens here."""
    report = verdict("fused", "fused")
    assert report.passed
    here = np.load(graphs / "fused-optimised.npy")
    reference = Reference.load(graphs / "fused.npz")
    original = reference.outputs["score"][reference.of_kind("missing")]
    assert np.isnan(original).any(axis=1).all()
    count = int(np.count_nonzero((np.isnan(original) & np.isfinite(here)).any(axis=1)))
    check = optimised(report)
    assert check.numbers["missing"]["rows"] == check.numbers["missing"]["not finite"] == 5
    assert check.numbers["missing"]["finite here"] == count
    remark = (
        f"{count} of 5 missing rows that should give NaN or inf give ordinary numbers here: "
        "check inputs for NaN before the graph"
    )
    assert (remark in check.detail) == (count > 0)


def test_nothing_is_remarked_where_nothing_differs(verdict: Verdict) -> None:
    check = optimised(verdict("unbaked", "unbaked"))
    assert check.status == "passed"
    assert check.detail == "32 rows, no difference"
    assert check.numbers["missing"] == {
        "rows": 5,
        "evaluated": 5,
        "not finite": 5,
        "finite here": 0,
        "not finite here": 0,
        "otherwise not finite": 0,
        "other values": 0,
    }


def test_every_kind_of_difference_in_special_rows_is_told_and_none_fails(
    graphs: Path, tmp_path: Path
) -> None:
    reference = Reference.load(graphs / "unbaked.npz")
    extreme, missing = (reference.of_kind(kind) for kind in ("extreme", "missing"))
    score = reference.outputs["score"]
    score[missing[:3], 0] = np.inf, 1.0, -np.inf
    score[extreme[:2], 0] = np.nan, 5.0
    count = np.count_nonzero(~np.isfinite(score[extreme]))
    reference.save(tmp_path / "other.npz")
    card = json.loads((graphs / "unbaked.json").read_text())
    report = validate(graphs / "unbaked.pb", card, tmp_path / "other.npz")
    check = optimised(report)
    assert check.status == "passed"
    remarks = check.detail.split("; ")[1:]
    assert remarks == [
        "1 of 5 missing rows give NaN or inf here, but should not",
        "2 of 5 missing rows give another one of NaN, inf and -inf here",
        f"1 of {count} extreme rows that should give NaN or inf give ordinary numbers here: "
        "check inputs for inf and huge values",
        f"1 of {len(extreme)} extreme rows give other numbers here",
    ]


def test_rounding_is_allowed_for_in_the_precision_of_the_graph(verdict: Verdict) -> None:
    wide, narrow = (optimised(verdict(name, name)) for name in ("fused", "narrow"))
    assert wide.numbers["tolerance"] == {"atol": ROUNDING, "rtol": ROUNDING, "ulp": 4}
    assert narrow.numbers["tolerance"] == {"atol": ROUNDING, "rtol": 2**-4, "ulp": 4}
    assert narrow.status == "passed"


def test_a_graph_that_the_optimiser_changes_fails(verdict: Verdict) -> None:
    report = verdict("lossy", "lossy")
    assert [check.name for check in report.checks if check.status != "passed"] == [names.OPTIMISED]
    check = optimised(report)
    assert check.status == "failed"
    (evidence,) = check.evidence
    assert evidence["expected"] % 8 == 0
    assert 0 < evidence["abs"] <= 4
    assert evidence["label"].startswith("random row")
    assert "disable_meta_optimizer" in check.advice


def test_a_small_column_is_held_to_its_own_size(verdict: Verdict) -> None:
    check = optimised(verdict("uneven", "uneven"))
    assert check.status == "failed"
    (evidence,) = check.evidence
    assert evidence["index"] == [1]
    assert 0.01 < evidence["abs"] < 0.04
    assert evidence["elements"] == 64


def test_special_rows_that_end_the_process_are_told(verdict: Verdict) -> None:
    check = optimised(verdict("touchy", "kindly"))
    assert check.status == "passed"
    assert "extreme rows cannot be evaluated here (the process died of SIGABRT" in check.detail
    assert "; 5 missing rows were not tried" in check.detail


@dataclass(frozen=True)
class Rewriting(SessionRuntime):
    """A runtime without a choice, like a C++ program."""

    @property
    def only_way(self) -> str | None:
        return "graphs always run like that here"

    def run(
        self,
        graph: str | PathLike[str],
        feeds: Sequence[Mapping[str, np.ndarray[Any, np.dtype[Any]]]],
        outputs: Sequence[str],
        optimize: Sequence[bool] = (),
    ) -> GraphRun:
        assert not any(optimize)
        return super().run(graph, feeds, outputs, [True] * len(feeds))


@pytest.mark.parametrize(("graph", "status"), [("unbaked", "passed"), ("lossy", "failed")])
def test_a_runtime_without_a_choice_is_judged_by_the_other_checks(
    graphs: Path, graph: str, status: str
) -> None:
    card = json.loads((graphs / f"{graph}.json").read_text())
    report = validate(graphs / f"{graph}.pb", card, graphs / f"{graph}.npz", runtime=Rewriting())
    check = optimised(report)
    assert (check.status, check.detail) == ("does not apply", "graphs always run like that here")
    found = {check.name: check.status for check in report.checks}
    assert found[names.REFERENCE] == status
