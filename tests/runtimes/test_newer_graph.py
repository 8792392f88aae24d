"""A graph that is too new for a runtime fails there, and the report says what the card knew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from whole_zoo import Elsewhere

from cmsml_tasks.runtimes import SessionRuntime
from cmsml_tasks.validation import Check, make_reference, validate
from cmsml_tasks.validation.checks import LOADS


def tensor(name: str) -> dict[str, Any]:
    return {"name": name, "tensor": f"{name}:0", "dtype": "float32", "shape": None}


@pytest.fixture(scope="module")
def newer(graphs: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, Path]:
    """A graph with an operation of TensorFlow 2.13, its card and its reference."""
    from cmsml_tasks.conversion import read_graph
    from cmsml_tasks.conversion.compatibility import oldest_tensorflow

    path = graphs / "newer.pb"
    card = {"inputs": [{**tensor("x"), "shape": [2]}], "outputs": [tensor("y")]}
    card |= oldest_tensorflow(read_graph(path)).for_card()
    assert card["oldest_tensorflow"] == "2.13"
    reference = tmp_path_factory.mktemp("reference") / "reference.npz"
    make_reference(card["inputs"], lambda feed: {"y": feed["x"]}).save(reference)
    return path, card, reference


def loads(newer: tuple[Path, Any, Path], runtime: SessionRuntime, **card: str) -> Check:
    path, content, reference = newer
    report = validate(path, {**content, **card}, reference, runtime=runtime)
    return next(check for check in report.checks if check.name == LOADS)


@pytest.mark.parametrize("name", ["tf-2.12", "cpp-2.12"])
def test_it_fails_where_the_card_says_so(
    newer: tuple[Path, Any, Path], elsewhere: Elsewhere, name: str
) -> None:
    check = loads(newer, elsewhere(name))
    assert check.status == "failed"
    wanted = "the card asks for TensorFlow 2.13 or newer (operation RaggedFillEmptyRows)"
    assert check.detail == f"the file cannot be loaded; {wanted}"
    assert "RaggedFillEmptyRows" in check.evidence[0]["problem"]
    assert check.advice == "use a newer TensorFlow there"


def test_it_loads_where_the_card_says_so(
    newer: tuple[Path, Any, Path], elsewhere: Elsewhere
) -> None:
    assert loads(newer, elsewhere("tf-2.17")).status == "passed"
    assert loads(newer, elsewhere("cpp")).status == "passed"
    remark = "; the card asks for TensorFlow 9.0 or newer (operation RaggedFillEmptyRows)"
    check = loads(newer, SessionRuntime(), oldest_tensorflow="9.0")
    assert check.status == "passed"
    assert check.detail.endswith(remark)


def test_an_attribute_that_is_passed_over_has_no_effect(graphs: Path, elsewhere: Elsewhere) -> None:
    """So a graph that loads is not enough for the card to name a release."""
    from cmsml_tasks.conversion import read_graph
    from cmsml_tasks.conversion.compatibility import Oldest, oldest_tensorflow

    path = graphs / "passed_over.pb"
    assert oldest_tensorflow(read_graph(path)) == Oldest("2.13", "attribute index_type of TopKV2")
    feed = {"x:0": np.eye(2, dtype=np.float32)}
    dtypes = {}
    for name in ("tf-2.12", "tf-2.17"):
        outputs = elsewhere(name).run(path, [feed], ["y:1"]).batches[0].outputs
        assert outputs is not None
        dtypes[name] = outputs["y:1"].dtype.name
    assert dtypes == {"tf-2.12": "int32", "tf-2.17": "int64"}
