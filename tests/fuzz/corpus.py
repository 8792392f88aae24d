"""Good files of every kind that others are made of, wrong in one way or another.

    python tests/fuzz/corpus.py FOLDER

writes ``FOLDER/graph/*.pb`` and ``*.pb.txt``, ``keras/*.keras``, ``h5/*.h5``, ``saved_model/*/``,
``card/`` (a graph with its card and reference rows) and ``manifest/`` (a project of the toy tasks
with what they have made).
"""

from __future__ import annotations

import contextlib
import shutil
import sys
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / room) for room in (".", "conversion", "tracking")]

KINDS = ("graph", "keras", "h5", "saved_model", "manifest", "card")


def make(folder: Path) -> None:
    """Write all good files below *folder*."""
    import keras
    from archived_models import MODELS

    for kind in KINDS:
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for name, build in MODELS.items():
        keras.utils.clear_session()
        keras.utils.set_random_seed(1)
        _write_keras(folder, name, build())
    _write_functions(folder)
    _write_session(folder)
    _write_tf_keras(folder)
    _write_graphs(folder)
    _write_card(folder)
    _run_toy(folder / "manifest" / "project")


def _write_keras(folder: Path, name: str, model: Any) -> None:
    from cmsml_tasks import save_model

    save_model(model, folder / "keras" / f"{name}.keras")
    if name not in ("text", "tables"):  # HDF5 has no room for their words
        model.save(folder / "h5" / f"{name}.h5")
    if name in ("trained", "tables", "recurrent"):
        model.export(folder / "saved_model" / name, verbose=False)


def _write_functions(folder: Path) -> None:
    import tensorflow as tf
    from function_cases import Module

    module = Module()
    path = str(folder / "saved_model" / "branching")
    tf.saved_model.save(module, path, signatures=module.branching)


def _write_session(folder: Path) -> None:
    import tensorflow as tf
    from session_cases import session_with

    session = session_with(use_resource=False)
    with session.graph.as_default():
        x, shift, y = map(session.graph.get_tensor_by_name, ("x:0", "shift:0", "output:0"))
        tf.compat.v1.saved_model.simple_save(
            session, str(folder / "saved_model" / "session"), {"x": x, "shift": shift}, {"y": y}
        )


def _write_tf_keras(folder: Path) -> None:
    from tf_keras_cases import tagger

    model = tagger()
    model.save(folder / "h5" / "tf_keras.h5")
    model.save(folder / "keras" / "tf_keras.keras")


def _write_graphs(folder: Path) -> None:
    from conversion_cases import CASES

    for write in CASES.values():
        with contextlib.suppress(Exception):  # what cannot be written here has a test of its own
            write(folder / "graph")


def _write_card(folder: Path) -> None:
    from cmsml_tasks.exporting.export import export_source

    export_source(str(folder / "keras" / "trained.keras"), str(folder / "card"), ["pb"])


def _run_toy(folder: Path) -> None:
    from toy_project import Project

    project = Project.new(folder)
    project.law("Report")
    shutil.copyfile(project.store / "Report" / "v1" / "report.json", folder / "expected.json")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
