import json
import math

from cmsml_tasks.validation import Check, Report, Reports, Tolerance


def report(*checks: Check, runtime: str = "session") -> Report:
    return Report(checks, runtime, "TensorFlow 0", Tolerance(), {"validation": 3})


MISMATCH = Check(
    "reference outputs",
    "failed",
    "'score' disagrees",
    {"rows": 3},
    [
        {
            "tensor": "score",
            "row": 2,
            "label": "validation row 2",
            "index": [1],
            "expected": math.nan,
            "got": -math.inf,
            "abs": math.inf,
            "rel": None,
            "ulp": None,
            "disagreeing": 1,
            "elements": 9,
        }
    ],
    "export it again",
)


def test_passing_needs_every_check_that_applies() -> None:
    assert report(Check("a", "passed"), Check("b", "does not apply")).passed
    assert not report(Check("a", "passed"), Check("b", "not run")).passed
    assert not report(Check("a", "passed"), MISMATCH).passed
    assert report(Check("a", "passed"), MISMATCH).verdict == "failed"
    assert report(Check("a", "not run"), Check("b", "proves nothing")).verdict == "failed"


def test_what_proves_nothing_is_not_passed() -> None:
    blind = report(Check("a", "passed"), Check("b", "proves nothing", "so", advice="do"))
    assert (blind.passed, blind.verdict) == (False, "proves nothing")
    both = Reports((report(Check("a", "passed")), blind))
    assert (both.passed, both.verdict) == (False, "proves nothing")
    content = both.to_json()
    assert (content["passed"], content["verdict"]) == (False, "proves nothing")
    assert blind.summary().splitlines() == [
        "passed          a",
        "PROVES NOTHING  b  so",
        " " * 19 + "-> do",
    ]
    assert Reports((blind, report(MISMATCH))).verdict == "failed"


def test_json_holds_what_json_can_hold() -> None:
    content = json.loads(json.dumps(Reports((report(MISMATCH),)).to_json(), allow_nan=False))
    assert content["format"] == 2
    assert content["passed"] is False
    assert content["tolerance"] == {"atol": 1e-06, "rtol": 1e-06, "ulp": 4}
    assert list(content["runtimes"]) == ["session"]
    assert content["runtimes"]["session"]["program"] == "TensorFlow 0"
    evidence = content["runtimes"]["session"]["checks"][0]["evidence"][0]
    assert (evidence["expected"], evidence["got"]) == ("nan", "-inf")


def test_each_runtime_has_a_section_and_one_that_fails_fails_all() -> None:
    good, bad = report(Check("a", "passed")), report(MISMATCH, runtime="tf-2.12")
    assert Reports((good,)).passed
    both = Reports((good, bad))
    assert not both.passed
    content = both.to_json()["runtimes"]
    assert {name: section["passed"] for name, section in content.items()} == {
        "session": True,
        "tf-2.12": False,
    }
    lines = both.summary().splitlines()
    words = "(TensorFlow 0), within atol 1e-06 and rtol 1e-06, or 4 ULP:"
    assert [line for line in lines if line.startswith("in ")] == [
        f"in session {words}",
        f"in tf-2.12 {words}",
    ]
    assert Reports((good,)).summary() == good.summary(), "the usual place needs no heading"
    assert Reports((bad,)).summary() == f"in tf-2.12 {words}\n{bad.summary()}"


def test_strings_that_are_no_text_are_told_too() -> None:
    check = Check("words", "failed", evidence=[{"expected": b"\xff", "got": b"x"}])
    assert report(check).to_json()["checks"][0]["evidence"] == [{"expected": "\\xff", "got": "x"}]


def test_summary_is_one_aligned_line_per_check_with_evidence_below() -> None:
    text = report(Check("loads", "passed", "12 nodes"), MISMATCH, Check("c", "not run")).summary()
    assert text.splitlines() == [
        "passed          loads              12 nodes",
        "FAILED          reference outputs  'score' disagrees",
        " " * 35 + "score [1] at validation row 2: expected nan, got -inf - 1 of 9 disagree",
        " " * 35 + "-> export it again",
        "not run         c",
    ]


def test_summary_cuts_long_evidence() -> None:
    nodes = [{"node": f"n{number}", "operation": "Assign"} for number in range(9)]
    lines = report(Check("a", "failed", "x" * 999, {}, nodes, "mend")).summary().splitlines()
    assert len(lines) == 8
    assert lines[0].endswith("x ...")
    assert lines[6].strip() == "... and 4 more"
