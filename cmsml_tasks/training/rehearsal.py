"""A dress rehearsal of the export, before the first epoch."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cmsml_tasks.conversion import (
    frozen_graph,
    has_own_objects,
    modules_of_trained,
    open_model,
    save_model,
    trace,
)
from cmsml_tasks.errors import ConversionError, UserError
from cmsml_tasks.files import writing_to
from cmsml_tasks.output_files import REFERENCE
from cmsml_tasks.temporary import temporary_folder
from cmsml_tasks.training.inputs import inputs_by_name
from cmsml_tasks.training.saved import check_saved, keep_reference_of_file
from cmsml_tasks.validation import Reference

_ADVICE = (
    "the untrained model was saved, read back and frozen before the first epoch, so no training "
    "time is lost"
)


def rehearse_export(
    model: Any, recipe: str, modules: Sequence[str], target: Path, inputs: Any
) -> None:
    """Save the untrained *model*, read it back, run and freeze it.

    What was read back has to give the numbers of the model itself. A model with layers or functions
    of the user's own is read by another process, too: there nothing is imported yet.

    Args:
        model: Keras model that ``build`` returned.
        recipe: ``"package.module.Class"``, for messages.
        modules: modules to import for the model's own layers, the recipe's first.
        target: folder that the trained model will be written to.
        inputs: validation inputs as the recipe loads them; the first two rows are run.

    Raises:
        ConversionError: the model cannot be exported; says what to change in the recipe.
        DataError: the inputs do not fit the model.
        UserError: there is no room for the trained model in *target*.
    """
    import keras

    if not isinstance(model, keras.Model):
        raise ConversionError(
            f"build() of {recipe} returned {type(model).__name__}, not a keras.Model; end it with "
            "'return model'"
        )
    if not getattr(model, "inputs", None):
        # also where it says that it is built: its layers need not be
        _build(model, inputs)
    with temporary_folder("rehearsal") as folder:
        path = folder / "model.keras"
        try:
            save_model(model, path)
        except UserError:
            raise
        except Exception as error:
            raise ConversionError(_cannot_save(model, error)) from error
        try:
            traced = open_model(path, also_import=modules_of_trained(path, modules))
            rows = inputs_by_name(inputs, [info.name for info in traced.signature.inputs])
            first = {name: array[:2] for name, array in rows.items()}
            check_saved(trace(model), _of_file(first, traced.run(first)), "the saved file")
            frozen_graph(traced)
            if has_own_objects(path):
                elsewhere = _of_another_process(path, modules, first)
                check_saved(trace(model), elsewhere, "the saved file")
        except UserError as error:
            raise type(error)(f"{error}\n({_ADVICE})") from error
        _check_room(target, path.stat().st_size)


def _of_another_process(path: Path, modules: Sequence[str], inputs: Mapping[str, Any]) -> Reference:
    """Let a process that has imported nothing but *modules* evaluate the rows."""
    outputs = path.with_name(REFERENCE)
    try:
        keep_reference_of_file(path, modules, inputs, outputs, seed=1)
    except UserError as error:
        imported = ", ".join(modules)
        raise type(error)(f"{error}\nanother process read it, which imports {imported}") from error
    return Reference.load(outputs)


def _of_file(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> Reference:
    """Take the rows as one feed: how the outputs are shaped is not to be judged here."""
    return Reference(
        inputs={name: array[None] for name, array in inputs.items()},
        outputs={name: array[None] for name, array in outputs.items()},
        kinds=np.array(["validation"]),
        labels=np.array(["the first two validation rows"]),
        layout="feeds",
    )


def _build(model: Any, inputs: Any) -> None:
    """Call a model without input layers on two rows, so that it knows its shapes."""
    import keras

    try:
        rows = keras.tree.map_structure(lambda array: array[:2], inputs)
        model(keras.tree.map_structure(keras.ops.convert_to_tensor, rows))
    except Exception as error:
        raise ConversionError(
            f"the model {model.name!r} cannot be called on the inputs of the recipe: {error}\n"
            f"({_ADVICE})"
        ) from error


def _check_room(target: Path, size: int) -> None:
    # a trained optimiser has two more values for each weight, the model is there twice while it is
    # saved, and the reference rows come on top
    needed = 7 * size
    with writing_to(target):
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=target) as probe:
            probe.write(b"0")
    free = shutil.disk_usage(target).free
    if free < needed:
        raise UserError(
            f"{target} has {free / 1e6:.1f} MB left, and the trained model may take "
            f"{needed / 1e6:.1f} MB; free space, or set CMSML_STORE to another place\n({_ADVICE})"
        )


def _cannot_save(model: Any, error: Exception) -> str:
    text = str(error).strip()
    advice = (
        f"give {type(model).__name__} a get_config() that returns its constructor's arguments "
        "(and only JSON values), or build it with keras.Sequential or the functional API"
        if "get_config" in text or isinstance(error, NotImplementedError)
        else "only layers and values that Keras can write to a .keras file can be exported"
    )
    return f"the model {model.name!r} cannot be saved: {text}\n{advice}\n({_ADVICE})"
