"""Wrong files of every kind: each is opened or refused in words, quickly, and never a crash.

A sample; ``tests/fuzz/malformed.py`` opens as many as one likes, and ``coverage_guided.py`` there
looks for graphs that reach what others do not.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from law_commands import PATIENCE

SCRIPTS = Path(__file__).parents[1] / "fuzz"
sys.path.append(str(SCRIPTS))
from malformed import GOOD, opened  # noqa: E402

SAMPLES = (
    {"graph": 300, "card": 30, "h5": 30, "keras": 20, "saved_model": 20},
    {"manifest": 8},
)
FIRST = int(os.environ["SAMPLE_SEED"])


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz") / "corpus"
    command = [sys.executable, str(SCRIPTS / "corpus.py"), str(folder)]
    made = subprocess.run(command, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return folder


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: "-".join(sample))
def test_sample_is_opened_or_refused(sample: dict[str, int], corpus: Path, tmp_path: Path) -> None:
    requests = [(k, seed) for k, n in sample.items() for seed in range(FIRST, FIRST + n)]
    results = list(opened(requests, corpus, tmp_path, PATIENCE))
    wrong = [result for result in results if result.outcome not in GOOD]
    assert not wrong, f"{len(wrong)} like {wrong[0]}"
    # seeds that leave everything right, or nothing at all, would show little
    if "graph" in sample:
        outcomes = Counter(result.outcome for result in results if result.kind == "graph")
        assert min(outcomes["opened"], outcomes["refused"]) > sample["graph"] / 50
