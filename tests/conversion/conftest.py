from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fresh_process import evaluate_graphs
from needs import skip_without

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
    facts = evaluate_graphs(folder, requests)
    for outcome in outcomes.values():
        if "case" in outcome:
            path = outcome["case"].path
            outcome["facts"] = facts[str(path)]
            if "error" not in outcome["facts"]:
                with np.load(f"{path}.npz") as file:
                    outcome["values"] = dict(file)
    return outcomes


@pytest.fixture
def shared_data() -> Path:
    """Folder of real input beside the checkout."""
    skip_without("" if SHARED_DATA.is_dir() else f"no real data at {SHARED_DATA}")
    return SHARED_DATA
