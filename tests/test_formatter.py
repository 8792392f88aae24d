"""Frozen graphs by law's own ``target.dump`` and ``target.load``."""

from __future__ import annotations

import stat
from pathlib import Path

import keras
import law
import numpy as np
import pytest

from cmsml_tasks.errors import ConversionError
from cmsml_tasks.formatter import FrozenGraphFormatter


@pytest.fixture(scope="module")
def model() -> keras.Model:
    features = keras.Input((3,), name="features")
    return keras.Model(features, keras.layers.Dense(1, name="score")(features))


@pytest.mark.parametrize("name", ["graph.pb", "graph.pbtxt"])
def test_dump_and_load(name: str, model: keras.Model, tmp_path: Path) -> None:
    target = law.LocalFileTarget(str(tmp_path / "new" / name))
    target.dump(model, formatter="frozen_graph")
    _, session = target.load(formatter="frozen_graph", create_session=True)
    rows = np.ones((4, 3), np.float32)
    found = session.run("score:0", {"features:0": rows})
    np.testing.assert_allclose(found, model(rows), rtol=1e-6)
    assert law.target.formatter.find_formatter(target, "load", "frozen_graph")
    assert FrozenGraphFormatter.accepts(target, "load")
    assert not FrozenGraphFormatter.accepts(str(tmp_path / "graph.json"), "load")


def test_arguments(model: keras.Model, tmp_path: Path) -> None:
    target = law.LocalFileTarget(str(tmp_path / "graph.pb"))
    target.dump(model, formatter="frozen_graph", output_names=["z"], perm=0o600)
    assert target.load(formatter="frozen_graph").get_operations()[-1].name == "z"
    assert stat.S_IMODE(Path(target.path).stat().st_mode) == 0o600


def test_bad_input_costs_nothing(model: keras.Model, tmp_path: Path) -> None:
    target = law.LocalFileTarget(str(tmp_path / "graph.pb"))
    target.dump(model, formatter="frozen_graph")
    before = Path(target.path).read_bytes()
    with pytest.raises(ConversionError):
        target.dump(model, formatter="frozen_graph", output_names=["a", "b"])
    assert Path(target.path).read_bytes() == before
