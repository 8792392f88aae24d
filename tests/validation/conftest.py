"""Graphs made once by a TensorFlow of their own, and verdicts made once per graph."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from cmsml_tasks.runtimes import SessionRuntime
from cmsml_tasks.validation import Report, validate

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.load_profile("repeatable")

Verdict = Callable[[str, str], Report]


@pytest.fixture(scope="session")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graphs")
    script = Path(__file__).with_name("make_graphs.py")
    done = subprocess.run(
        [sys.executable, str(script), str(folder)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def verdict(graphs: Path) -> Verdict:
    """Validate a graph against the reference rows of another (or the same) graph, once."""
    known: dict[tuple[str, str], Report] = {}

    def judge(graph: str, reference: str) -> Report:
        if (graph, reference) not in known:
            # oneDNN, which is off on some processors, is what makes these graphs abort
            aborting = {"TF_ENABLE_ONEDNN_OPTS": "1"} if graph in ("touchy", "deadly") else {}
            card = json.loads((graphs / f"{graph}.json").read_text())
            known[graph, reference] = validate(
                graphs / f"{graph}.pb",
                card,
                graphs / f"{reference}.npz",
                runtime=SessionRuntime(restarts=1, environment=aborting),
            )
        return known[graph, reference]

    return judge
