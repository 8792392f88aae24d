"""Train one branch: the whole of what ``TrainModel`` does, in an interpreter of its own."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmsml_tasks.files import write_json
from cmsml_tasks.output_files import HISTORY, MODEL, REFERENCE
from cmsml_tasks.processes.xrootd_client import load_client_first
from cmsml_tasks.recipes import Data, Recipe, load_recipe, split

if TYPE_CHECKING:
    import numpy as np

    from cmsml_tasks.conversion import Traced


def train(
    recipe: str,
    settings: Mapping[str, Any],
    folder: str,
    files: list[str] | None = None,
    fold: int | None = None,
    folds: int | None = None,
    label: str = "",
) -> dict[str, Any]:
    """Train *recipe* with *settings* and leave model, history and reference rows in *folder*.

    Args:
        recipe: ``"package.module.Class"``.
        settings: every setting of the recipe, by name.
        folder: where ``model.keras``, ``history.json`` and ``reference.npz`` are written.
        files: event files; the recipe's own where None.
        fold: the fold whose events the model never sees, of *folds*; both None without folds.
        folds: number of folds.
        label: name of the branch, put before each line of progress.

    Returns:
        Results of the finished training, as in ``history.json`` under ``"validation"``, and under
        ``"needs_code"`` whether the model can only be read with the recipe's code.

    Raises:
        DataError: the events cannot be used.
        ConversionError: the model could not be exported, found before the first epoch; or the
            saved file gives other numbers than the trained model.
    """
    # the imports below load TensorFlow, and so may the recipe
    load_client_first()

    from cmsml_tasks.conversion import has_own_objects, save_model
    from cmsml_tasks.exporting.own_modules import MODULES, loaded_modules
    from cmsml_tasks.recipes.default_training import history_of
    from cmsml_tasks.training.determinism import fix_kernels, seed_everything
    from cmsml_tasks.training.devices import describe_devices
    from cmsml_tasks.training.progress import progress_callback
    from cmsml_tasks.training.rehearsal import rehearse_export

    settled = load_recipe(recipe)(**settings)
    search = list(sys.path)  # as the export has it, which does not call build()
    fix_kernels(settled)
    seed_everything(settled)
    data = _read(settled, files, fold, folds)
    model = settled.build(data)
    target = Path(folder)
    modules = loaded_modules(recipe.rpartition(".")[0], search)
    rehearse_export(model, recipe, modules, target, data.validation.inputs)
    # the rehearsal has drawn random numbers, and how many must not decide about weights
    seed_everything(settled)
    history = history_of(settled.train(model, data, [progress_callback(settled.epochs, label)]))
    # first what took hours to make
    save_model(model, target / MODEL)
    results = _finish(model, modules, data, target, settled.seed)
    needs_code = has_own_objects(target / MODEL)
    summary: dict[str, Any] = {"history": history, "validation": results, "data": _about(data)}
    summary |= {MODULES: modules} if needs_code else {}
    write_json(target / HISTORY, {**summary, "computed_on": describe_devices()})
    return {**results, "needs_code": needs_code}


def _read(recipe: Recipe, files: list[str] | None, fold: int | None, folds: int | None) -> Data:
    events = recipe.load(recipe.input_files() if files is None else files)
    for note in getattr(events, "notes", ()):  # what is no Events at all is refused below
        print(note)
    data = split(
        events,
        fold=fold,
        folds=folds,
        validation_part=recipe.validation_part,
        by_checksum=recipe.folds_by_checksum,
    )
    print(f"{len(data.train)} events to train on, {len(data.validation)} to validate with")
    return data


def _finish(
    model: Any, modules: Sequence[str], data: Data, folder: Path, seed: int
) -> dict[str, Any]:
    """Write what the saved file makes of reference rows; return what the model achieves."""
    from cmsml_tasks.conversion import trace
    from cmsml_tasks.training.inputs import inputs_by_name
    from cmsml_tasks.training.saved import check_saved, keep_reference_of_file
    from cmsml_tasks.validation import Reference

    traced = trace(model)
    inputs = inputs_by_name(data.validation.inputs, [info.name for info in traced.signature.inputs])
    keep_reference_of_file(folder / MODEL, modules, inputs, folder / REFERENCE, seed)
    check_saved(traced, Reference.load(folder / REFERENCE), MODEL)
    return {"events": len(data.validation), **_separation(traced, inputs, data)}


def _separation(
    traced: Traced, inputs: Mapping[str, np.ndarray[Any, Any]], data: Data
) -> dict[str, Any]:
    """Return the ROC area on the validation events, or why there is none; nothing if not asked."""
    from cmsml_tasks.training.inputs import run_in_batches
    from cmsml_tasks.training.metrics import NoArea, roc_area

    scores = run_in_batches(traced, inputs)
    if len(scores) != 1:
        return {}
    (score,) = scores.values()
    area = roc_area(data.validation.target, score, data.validation.weight)
    if isinstance(area, NoArea):
        return {"no_roc_area": area.reason}
    return {} if area is None else {"roc_area": area}


def _about(data: Data) -> dict[str, Any]:
    return {
        "features": data.features,
        "classes": data.classes,
        "split": data.split,
        "events": {"train": len(data.train), "validation": len(data.validation)},
    }
