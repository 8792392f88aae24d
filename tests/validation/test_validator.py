"""Graphs with known faults, judged for real."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cmsml_tasks.errors import ValidationError
from cmsml_tasks.files import sha256
from cmsml_tasks.validation import Check, Reference, Report, validate
from cmsml_tasks.validation import checks as names
from cmsml_tasks.validation.card import Card
from cmsml_tasks.validation.fit import foreign_files

Verdict = Callable[[str, str], Report]


def by_name(report: Report) -> dict[str, Check]:
    return {check.name: check for check in report.checks}


def statuses(report: Report) -> dict[str, str]:
    return {check.name: check.status for check in report.checks}


def failed(report: Report) -> list[str]:
    assert not report.passed
    return [check.name for check in report.checks if check.status == "failed"]


def test_a_good_graph_passes_every_check(verdict: Verdict) -> None:
    report = verdict("good", "good")
    assert report.passed
    assert set(statuses(report).values()) == {"passed"}
    assert list(statuses(report)) == [
        names.INSIDE,
        names.LOADS,
        names.BYTES,
        names.VARIABLES,
        names.OPERATIONS,
        names.SIGNATURE,
        names.TELLING,
        names.REFERENCE,
        names.EXTREME,
        names.MISSING,
        names.OPTIMISED,
        names.BATCH_SIZES,
        names.FREE_BATCH,
    ]
    numbers = by_name(report)[names.REFERENCE].numbers
    assert numbers["rows"] == 32
    assert set(numbers["tensors"]) == {"score", "shout", "signed", "short", "half"}
    assert numbers["tensors"]["score"]["max_ulp"] <= 4
    assert by_name(report)[names.FREE_BATCH].detail == "runs with 1, 2, 32 rows and with none"


def test_a_changed_weight_is_found_with_its_place_and_values(verdict: Verdict) -> None:
    report = verdict("wrong", "good")
    assert failed(report) == [names.REFERENCE, names.EXTREME, names.MISSING, names.OPTIMISED]
    (evidence,) = by_name(report)[names.REFERENCE].evidence
    assert evidence["tensor"] == "score"
    assert evidence["index"] == [1]
    assert evidence["label"] == f"random row {evidence['row']}"
    assert evidence["abs"] == pytest.approx(abs(evidence["expected"] - evidence["got"]))
    assert evidence["abs"] > 1e-4
    assert evidence["disagreeing"] < evidence["elements"]


def test_missing_values_that_are_read_as_zero_are_found(verdict: Verdict) -> None:
    evidence = by_name(verdict("wrong", "good"))[names.MISSING].evidence
    assert {entry["tensor"] for entry in evidence} == {"score", "short", "half"}
    assert all(
        str(entry["expected"]) == "nan" and entry["got"] == entry["got"] for entry in evidence
    )


def test_what_belongs_to_the_training_is_found(verdict: Verdict) -> None:
    report = verdict("impure", "plain")
    assert by_name(report)[names.VARIABLES].evidence == [
        {"node": "kernel", "operation": "VarHandleOp"},
        {"node": "kernel/read", "operation": "ReadVariableOp"},
    ]
    assert [entry["node"] for entry in by_name(report)[names.OPERATIONS].evidence] == [
        "dropout/uniform",
        "batch_norm",
        "descent",
    ]
    (extra,) = by_name(report)[names.SIGNATURE].evidence
    assert extra["problem"] == "placeholder 'learning_phase:0' (bool ()) is not on the card"
    assert by_name(report)[names.REFERENCE].status == "failed"
    assert "uninitialized" in by_name(report)[names.REFERENCE].evidence[0]["problem"]


def test_a_baked_batch_dimension_is_found(verdict: Verdict) -> None:
    report = verdict("baked", "unbaked")
    assert failed(report) == [
        names.REFERENCE,
        names.OPTIMISED,
        names.BATCH_SIZES,
        names.FREE_BATCH,
    ]
    free = by_name(report)[names.FREE_BATCH]
    assert [entry["rows in batch"] for entry in free.evidence] == [1, 2, 32]
    assert "requested shape has 32" in free.evidence[0]["problem"]
    assert by_name(report)[names.EXTREME].status == "not run"


def test_rows_that_depend_on_each_other_are_found(verdict: Verdict) -> None:
    report = verdict("mixing", "mixing")
    assert failed(report) == [names.BATCH_SIZES]
    (evidence,) = by_name(report)[names.BATCH_SIZES].evidence
    assert evidence["got"] == 0.0
    assert evidence["rows in batch"] == 1


@pytest.mark.parametrize(
    ("graph", "reason"),
    [
        ("fixed", "the first axis of input 'x' is fixed to 5"),
        ("scalar", "input 'threshold' has no axes"),
    ],
)
def test_without_a_free_batch_dimension_its_checks_do_not_apply(
    verdict: Verdict, graph: str, reason: str
) -> None:
    report = verdict(graph, graph)
    assert report.passed
    for name in (names.BATCH_SIZES, names.FREE_BATCH):
        assert statuses(report)[name] == "does not apply"
        assert by_name(report)[name].detail == reason
    assert by_name(report)[names.EXTREME].numbers["rows"] >= 14


def test_without_float_inputs_there_are_no_special_rows(verdict: Verdict) -> None:
    report = verdict("wordy", "wordy")
    assert report.passed
    for name in (names.EXTREME, names.MISSING):
        assert statuses(report)[name] == "does not apply"
        assert by_name(report)[name].detail == "no input takes floats"
    assert by_name(report)[names.OPERATIONS].detail == "checks or prints at run time: check"


def test_a_graph_that_kills_tensorflow_fails_the_check_not_the_run(verdict: Verdict) -> None:
    report = verdict("deadly", "kindly")
    assert names.REFERENCE in failed(report)
    (evidence,) = by_name(report)[names.REFERENCE].evidence
    assert evidence["died"]
    assert "died of SIGABRT" in evidence["problem"]
    assert "Check failed" in evidence["problem"]
    assert by_name(report)[names.FREE_BATCH].detail == "the graph ends the process"
    assert statuses(report)[names.MISSING] == "not run"


def test_the_rows_that_kill_tensorflow_are_named(verdict: Verdict) -> None:
    report = verdict("touchy", "kindly")
    assert failed(report) == [names.EXTREME]
    (evidence,) = by_name(report)[names.EXTREME].evidence
    assert evidence["labels"] == ["x: largest number", "x: inf"]
    assert evidence["note"] == "the rows after these were not tried"
    assert "died of SIGABRT" in evidence["problem"]
    assert statuses(report)[names.MISSING] == "passed"


def test_a_wrong_name_on_the_card_is_found_and_the_right_one_offered(graphs: Path) -> None:
    card = json.loads((graphs / "unbaked.json").read_text())
    card["inputs"][0]["tensor"] = "xx:0"
    card["outputs"][0]["shape"] = [None, 1, 1]
    report = validate(graphs / "unbaked.pb", card, graphs / "unbaked.npz")
    assert failed(report) == [names.SIGNATURE]
    problems = [entry["problem"] for entry in by_name(report)[names.SIGNATURE].evidence]
    assert problems == [
        "the graph has no tensor 'xx:0'; did you mean 'x:0'?",
        "placeholder 'x:0' (float32 (?, 4)) is not on the card",
        "shape",
    ]
    assert by_name(report)[names.SIGNATURE].evidence[2]["got"] == "(?, 1)"
    assert statuses(report)[names.REFERENCE] == "not run"


def test_a_truncated_graph_does_not_load_and_nothing_else_is_claimed(
    graphs: Path, tmp_path: Path
) -> None:
    content = (graphs / "good.pb").read_bytes()
    (tmp_path / "cut.pb").write_bytes(content[: len(content) // 2])
    card = json.loads((graphs / "good.json").read_text())
    report = validate(tmp_path / "cut.pb", card, graphs / "good.npz")
    assert failed(report) == [names.LOADS, names.BYTES]
    others = set(statuses(report)) - {names.LOADS, names.BYTES}
    assert {statuses(report)[name] for name in others} == {"not run"}
    assert report.program is None  # nobody would know what it does there


def test_files_that_are_not_those_on_the_card_are_found(graphs: Path, tmp_path: Path) -> None:
    """The graph does what it should: only its bytes tell, and those of its text form."""
    content = (graphs / "good.pb").read_bytes()
    (tmp_path / "good.pb").write_bytes(content + b"\x22\x02\x08\x01")
    card = json.loads((graphs / "good.json").read_text())
    report = validate(tmp_path / "good.pb", card, graphs / "good.npz")
    assert failed(report) == [names.BYTES]
    changed, missing = by_name(report)[names.BYTES].evidence
    assert changed["problem"] == "good.pb has another digest"
    assert changed["expected"] == card["digests"]["good.pb"]["sha256"]
    assert changed["got"] == sha256(tmp_path / "good.pb")
    assert missing == {"problem": "good.pb.txt cannot be read: No such file or directory"}
    assert "-> export again" in report.summary()


def test_a_file_that_is_not_on_the_card_is_none_of_its_graphs(graphs: Path) -> None:
    card = Card.parse(json.loads((graphs / "good.json").read_text()))
    assert foreign_files(card, graphs / "good.pb") == []
    (problem,) = foreign_files(card, graphs / "goods.pb")
    assert problem["problem"] == "goods.pb is not on the card; did you mean 'good.pb'?"


def test_a_card_without_digests_says_nothing_of_bytes(verdict: Verdict) -> None:
    check = by_name(verdict("unbaked", "unbaked"))[names.BYTES]
    assert (check.status, check.detail) == ("does not apply", "the card has no digests")


def test_outputs_of_small_size_are_held_to_their_digits(verdict: Verdict) -> None:
    report = verdict("nothing", "small")
    assert failed(report) == [names.REFERENCE, names.EXTREME, names.MISSING, names.OPTIMISED]
    check = by_name(report)[names.REFERENCE]
    assert 1e-13 < check.numbers["tensors"]["score"]["atol"] < 5e-13
    assert check.evidence[0]["got"] == 0.0


def test_reference_rows_of_another_graph_are_refused(graphs: Path) -> None:
    card = json.loads((graphs / "good.json").read_text())
    report = validate(graphs / "good.pb", card, graphs / "unbaked.npz")
    assert failed(report) == [names.REFERENCE]
    problems = [entry["problem"] for entry in by_name(report)[names.REFERENCE].evidence]
    assert "no reference rows for input 'ids'; there is: x" in problems
    assert "reference rows have shape (?, 1), the card says (?, 3)" in problems
    assert statuses(report)[names.SIGNATURE] == "passed"


def test_a_reference_without_rows_proves_nothing(graphs: Path, tmp_path: Path) -> None:
    full = Reference.load(graphs / "unbaked.npz")
    empty = Reference(
        {name: array[:0] for name, array in full.inputs.items()},
        {name: array[:0] for name, array in full.outputs.items()},
        full.kinds[:0],
    )
    empty.save(tmp_path / "empty.npz")
    card = json.loads((graphs / "unbaked.json").read_text())
    report = validate(graphs / "unbaked.pb", card, tmp_path / "empty.npz")
    assert failed(report) == [names.REFERENCE]
    rest = [check.name for check in report.checks if check.status == "does not apply"]
    assert rest == [
        names.BYTES,
        names.EXTREME,
        names.MISSING,
        names.OPTIMISED,
        names.BATCH_SIZES,
        names.FREE_BATCH,
    ]
    assert by_name(report)[names.MISSING].detail == "the reference has no missing rows"


def test_the_tolerance_decides(graphs: Path, tmp_path: Path) -> None:
    reference = Reference.load(graphs / "unbaked.npz")
    reference.outputs["score"][3] += 1e-3
    reference.save(tmp_path / "shifted.npz")
    card = json.loads((graphs / "unbaked.json").read_text())
    shutil.copy(graphs / "unbaked.pb", tmp_path / "graph.pb")
    report = validate(tmp_path / "graph.pb", card, tmp_path / "shifted.npz", atol=2e-3)
    assert report.passed
    numbers = by_name(report)[names.REFERENCE].numbers["tensors"]["score"]
    assert numbers["max_abs"] == pytest.approx(1e-3, rel=1e-2)
    strict = validate(tmp_path / "graph.pb", card, tmp_path / "shifted.npz", atol=5e-4)
    assert failed(strict) == [names.REFERENCE, names.OPTIMISED]
    for name in (names.REFERENCE, names.OPTIMISED):
        assert by_name(strict)[name].evidence[0]["row"] == 3


def test_a_card_without_signature_is_refused(graphs: Path) -> None:
    with pytest.raises(ValidationError, match="cannot be used: it has no outputs; export"):
        validate(graphs / "good.pb", {"inputs": []}, graphs / "good.npz")
    card = {"inputs": [], "outputs": [], "digests": {"good.pb": "1234"}}
    with pytest.raises(ValidationError, match=r"its digests of good\.pb cannot be '1234'"):
        validate(graphs / "good.pb", card, graphs / "good.npz")
