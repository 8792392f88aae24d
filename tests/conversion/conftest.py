from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

SHARED_DATA = Path(__file__).parents[2] / "../shared/data"


@pytest.fixture(scope="session")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Write the files of all cases, evaluate them in one fresh process; outcome by case.

    Each outcome has ``case``, ``problem`` (of making the case), ``facts`` and ``values``.
    """
    from conversion_cases import CASES

    folder = tmp_path_factory.mktemp("graphs")
    outcomes: dict[str, dict[str, Any]] = {}
    requests = []
    for name, make in CASES.items():
        try:
            case = make(folder)
        except Exception as error:  # one bad case must not hide the others
            outcomes[name] = {"problem": error}
            continue
        arrays = {f"feed|{key}": value for key, value in case.feeds.items()}
        arrays |= {f"variable|{key}": value for key, value in case.variables.items()}
        np.savez(folder / f"{name}.inputs.npz", **arrays)
        outcomes[name] = {"case": case}
        requests.append(
            {
                "path": str(case.path),
                "arrays": str(folder / f"{name}.inputs.npz"),
                "fetches": list(case.expected),
            }
        )
    facts = run_child(folder, requests)
    for outcome in outcomes.values():
        if "case" in outcome:
            path = outcome["case"].path
            outcome["facts"] = facts[str(path)]
            if "error" not in outcome["facts"]:
                with np.load(f"{path}.npz") as file:
                    outcome["values"] = dict(file)
    return outcomes


def run_child(folder: Path, requests: list[dict[str, Any]]) -> dict[str, Any]:
    """Evaluate graph files in a fresh process; see ``evaluate_graphs.py``."""
    (folder / "requests.json").write_text(json.dumps(requests))
    script = Path(__file__).with_name("evaluate_graphs.py")
    command = [sys.executable, str(script), "requests.json", "answer.json"]
    child = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert child.returncode == 0, child.stderr
    return json.loads((folder / "answer.json").read_text())


@pytest.fixture
def shared_data() -> Path:
    """Folder of real input beside the checkout."""
    if not SHARED_DATA.is_dir():
        message = f"no real data at {SHARED_DATA}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return SHARED_DATA
