"""Thousands of wrong graph files: each gives a graph or a clear error, quickly, and no crash.

``tests/fuzz/coverage_guided.py`` looks for more of them for as long as one likes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[1] / "fuzz" / "load_mutated.py"
SEEDS = 3_000
WORKERS = 2


@pytest.fixture(scope="module")
def answers(
    evaluated: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> list[dict[str, Any]]:
    """What came of all seeds; one process each for the first and second half of them."""
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "corpus").mkdir()
    for outcome in evaluated.values():
        if "case" in outcome:
            shutil.copy(outcome["case"].path, folder / "corpus")
    children = []
    for number in range(WORKERS):
        work = folder / str(number)
        work.mkdir()
        seeds = (number * SEEDS // WORKERS, (number + 1) * SEEDS // WORKERS)
        command = [sys.executable, SCRIPT, folder / "corpus", work, *seeds]
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        with (work / "log").open("w") as log:
            child = subprocess.Popen([*map(str, command)], stderr=log, env=environment)
        children.append((work, child))
    try:
        return [answer(work, child) for work, child in children]
    finally:
        for _, child in children:
            child.kill()
            child.wait()


def answer(work: Path, child: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Return the answer of a child; fail with what it was doing when there is none."""
    status = child.wait(timeout=300)
    at = (work / "current.json").read_text() if (work / "current.json").exists() else "start"
    assert status == 0, f"ended by {status} at {at}\n{(work / 'log').read_text()[-2000:]}"
    return json.loads((work / "answer.json").read_text())


def test_every_file_gives_a_graph_or_a_clear_error(answers: list[dict[str, Any]]) -> None:
    outcomes = [outcome for answer in answers for outcome in answer["outcomes"]]
    assert len(outcomes) == SEEDS
    others = [(s, what) for s, what, _ in outcomes if what not in ("graph", "refused")]
    assert not others, others[0]
    # seeds that leave everything right, or nothing at all, would show little
    graphs = sum(what == "graph" for _, what, _ in outcomes)
    assert SEEDS / 50 < graphs < SEEDS / 2


def test_time_and_memory_are_bounded(answers: list[dict[str, Any]]) -> None:
    for result in answers:
        slowest = max(result["outcomes"], key=lambda outcome: outcome[2])
        assert slowest[2] < 10, f"seed {slowest[0]} took {slowest[2]:.1f} s"
        assert result["megabytes"] < 300
