"""The zoo here, in other TensorFlow releases, and in C++ programs that load as CMSSW does."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import pytest
from fresh_process import ONEDNN
from whole_zoo import Animal, Elsewhere, run_zoo

from cmsml_tasks.runtimes import BatchRun
from cmsml_tasks.validation import Tolerance, compare

RUNTIMES = ["session", "tf-2.12", "tf-2.15", "tf-2.17", "cpp", "cpp-2.12"]
ONCE_EACH = list(itertools.product(RUNTIMES, ONEDNN))


@pytest.fixture(scope="module", params=ONCE_EACH, ids=" ".join)
def animals(
    request: pytest.FixtureRequest,
    elsewhere: Elsewhere,
    zoo_files: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Animal]:
    name, onednn = request.param
    environment = {"TF_ENABLE_ONEDNN_OPTS": ONEDNN[onednn]}
    runtime = dataclasses.replace(elsewhere(name), environment=environment)
    return run_zoo(runtime, zoo_files, tmp_path_factory.mktemp(name) / "zoo")


def release(animals: dict[str, Animal]) -> tuple[int, ...]:
    loaded = next(iter(animals.values())).loaded
    assert loaded is not None
    version = str(loaded.program).removeprefix("TensorFlow ").split(".")
    return int(version[0]), int(version[1])


def test_every_graph_loads_where_its_card_says_so(
    animals: dict[str, Animal], zoo_files: Path
) -> None:
    from cmsml_tasks.conversion import read_graph
    from cmsml_tasks.conversion.compatibility import oldest_tensorflow

    assert len(animals) >= 45
    wrong = {}
    for name, animal in animals.items():
        oldest = oldest_tensorflow(read_graph(zoo_files / name / "graph.pb"))
        assert oldest.release is not None, (name, oldest.needs)
        promised = tuple(map(int, oldest.release.split("."))) <= release(animals)
        failure = "no word" if animal.loaded is None else animal.loaded.failure
        if promised != (failure is None):
            wrong[name] = (oldest, failure)
    assert not wrong


@pytest.mark.parametrize("way", ["plain", "rewritten"])
def test_every_graph_agrees_with_its_original(animals: dict[str, Animal], way: str) -> None:
    wrong = {}
    for name, animal in animals.items():
        run: BatchRun | None = getattr(animal, way)
        if run is None or run.outputs is None:
            wrong[name] = "no word" if run is None else str(run.error)
            continue
        size = animal.about["tolerance"]
        tolerance = Tolerance() if size is None else Tolerance(size, size)
        if animal.about["exact"]:
            tolerance = Tolerance(0, 0, 0)
        for tensor, expected in animal.expected.items():
            # of a column that is small by cancellation the last digits are another release's
            found = compare(run.outputs[tensor], expected, tolerance, size=1.0)
            if not found.agree:
                wrong[name] = f"{tensor}: {found}"
    assert not wrong
