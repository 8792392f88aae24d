"""Graphs that reach outside are not run by any validation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from cmsml_tasks.runtimes import BatchRun, GraphRun
from cmsml_tasks.validation import Check, Report, Tolerance, make_reference, validate
from cmsml_tasks.validation import checks as names

CARD = {
    role: [{"name": name, "tensor": f"{name}:0", "dtype": "float32", "shape": [None, 3]}]
    for role, name in (("inputs", "x"), ("outputs", "out"))
}


class NoRuntime:
    """A place where no graph may arrive."""

    name = "session"
    only_way = None

    def check(self) -> None:
        pass

    def run(self, *_: Any) -> GraphRun:
        raise AssertionError("the graph was run")


class Loading(NoRuntime):
    """A place that takes graphs and has nothing to say of them."""

    only_way = "there is none"

    def run(self, graph: Any, feeds: Any, *_: Any) -> GraphRun:
        return GraphRun(None, (BatchRun(),) * len(feeds), failure="taken")


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reference") / "reference.npz"
    make_reference(CARD["inputs"], lambda feed: {"out": feed["x"]}).save(path)
    return path


def graph_file(folder: Path, *operations: str, text: bool = False) -> Path:
    graph_def = tf.compat.v1.GraphDef()
    graph_def.versions.producer = 1
    for number, operation in enumerate(operations):
        graph_def.node.add(name=f"n{number}", op=operation)
    name = "graph.pbtxt" if text else "graph.pb"
    tf.io.write_graph(graph_def, str(folder), name, as_text=text)
    return folder / name


def statuses(report: Report) -> dict[str, str]:
    return {check.name: check.status for check in report.checks}


def test_nothing_runs_it_and_nothing_else_is_claimed(tmp_path: Path, reference: Path) -> None:
    for text in (False, True):
        path = graph_file(tmp_path, "Placeholder", "WriteFile", "PyFunc", text=text)
        report = validate(path, CARD, reference, runtime=NoRuntime())
        assert report.verdict == "failed"
        assert report.program is None
        found = statuses(report)
        assert list(found)[:3] == [names.INSIDE, names.LOADS, names.BYTES]
        assert found.pop(names.INSIDE) == "failed"
        assert found.pop(names.BYTES) == "does not apply"
        assert set(found.values()) == {"not run"}
        told = [line.strip() for line in report.summary().splitlines()]
        assert told[0].split("  ")[-1] == "2 operations reach outside"
        assert told[1:5] == [
            "the graph is not run",
            "WriteFile 'n1' writes a file",
            "PyFunc 'n2' runs Python",
            f"-> {report.checks[0].advice}",
        ]
        json.dumps(report.to_json())


def test_what_nobody_has_judged_is_not_run_without_leave(tmp_path: Path, reference: Path) -> None:
    path = graph_file(tmp_path, "Placeholder", "MyOwnOp")
    report = validate(path, CARD, reference, runtime=NoRuntime())
    assert "an operation reaches outside, for all that is known" in report.checks[0].detail
    assert "--allow-operations MyOwnOp" in report.checks[0].advice
    report = validate(
        path, CARD, reference, runtime=Loading(), allow_operations=["MyOwnOp", "ReadFile"]
    )
    assert report.checks[0].status == "passed"
    path = graph_file(tmp_path, "Placeholder", "ReadFile")
    report = validate(path, CARD, reference, runtime=NoRuntime(), allow_operations=["ReadFile"])
    assert report.checks[0].status == "failed"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\x0a\x7f", "ends at"),
        (b"\x0a\x02\xff\xff", "no whole graph"),
        # read as the first field by programs that look at 32 bits only
        (b"\x8a\x80\x80\x80\x10\x00", "no field"),
        (b"", ""),
    ],
)
def test_a_file_that_nobody_can_judge_is_not_run(
    content: bytes, problem: str, tmp_path: Path, reference: Path
) -> None:
    path = tmp_path / "graph.pb"
    path.write_bytes(content)
    report = validate(path, CARD, reference, runtime=NoRuntime() if content else Loading())
    assert statuses(report)[names.LOADS] == "failed"
    assert report.checks[0].status == ("not run" if content else "passed")
    assert problem in str(report.checks[1].evidence)


def test_the_function_is_told() -> None:
    entry = {"node": "w", "operation": "WriteFile", "function": "f", "problem": "writes a file"}
    check = Check("a", "failed", evidence=[entry], advice="no")
    lines = Report((check,), "session", None, Tolerance(), {}).summary().splitlines()
    assert lines[1].strip() == "WriteFile 'w' in the function 'f' writes a file"
