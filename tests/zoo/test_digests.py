"""One graph, one byte string: the zoo frozen twice, under all that should not matter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fresh_process import exported_zoo, of_all_workers

from zoo import ZOO


@pytest.fixture(scope="session")
def frozen_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zoo frozen in another process, in another order, behind other models, on one thread."""
    options = ["--order", "shuffled", "--built-before", "3", "--threads", "1"]
    # the first process has hash seeds at random, and oneDNN
    environment = {"PYTHONHASHSEED": "7", "TF_ENABLE_ONEDNN_OPTS": "0"}

    def export(folder: Path) -> None:
        exported_zoo(folder, *options, **environment)

    return of_all_workers(tmp_path_factory, "zoo_elsewhere", export)


@pytest.mark.parametrize("name", ZOO)
def test_bytes_depend_on_the_model_alone(
    name: str, zoo_files: Path, frozen_elsewhere: Path
) -> None:
    here, elsewhere = (
        json.loads((folder / "digests.json").read_text())
        for folder in (zoo_files, frozen_elsewhere)
    )
    assert here[name] == elsewhere[name]
    assert len(here[name]) == 64, here[name]
