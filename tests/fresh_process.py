"""Graphs made, and evaluated, in processes of their own."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ONEDNN = {"oneDNN off": "0", "oneDNN on": "1"}
"""What tests set TF_ENABLE_ONEDNN_OPTS to, since TensorFlow's default depends on the processor."""


def evaluate_graphs(
    folder: Path, requests: list[dict[str, Any]], **environment: str
) -> dict[str, Any]:
    """Evaluate graph files in a fresh process; see ``conversion/evaluate_graphs.py``."""
    (folder / "requests.json").write_text(json.dumps(requests))
    script = Path(__file__).parent / "conversion" / "evaluate_graphs.py"
    command = [sys.executable, str(script), "requests.json", "answer.json"]
    child = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    return json.loads((folder / "answer.json").read_text())


def exported_zoo(folder: Path, *options: str, **environment: str) -> None:
    """Freeze the models of the zoo into *folder*; see ``zoo/export.py``."""
    script = Path(__file__).parent / "zoo" / "export.py"
    command = [sys.executable, str(script), str(folder), *options]
    child = subprocess.run(
        command,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert child.returncode == 0, child.stderr


def of_all_workers(
    factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]
) -> Path:
    """Return the folder *name*, made once for all processes of a test session."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (base / name).exists():
            make(base / name)
    return base / name
