"""Reference rows of an original: what its frozen graph will be held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmsml_tasks.shapes import why_no_rows

if TYPE_CHECKING:
    from cmsml_tasks.conversion import Signature, TensorInfo, Traced
    from cmsml_tasks.validation import Reference


def keep_reference_of(model: str, modules: Sequence[str], rows: str, path: str, seed: int) -> None:
    """Write to *path* what the saved *model* makes of *rows*; for an interpreter of its own.

    One thread computes, as in a validation.

    Args:
        model: path of ``model.keras``.
        modules: modules to import for the model's own layers, the recipe's first.
        rows: arrays by input name, as `cmsml_tasks.runtimes.session_worker` writes them.
        path: ``reference.npz``.
        seed: of what is random about the rows.

    Raises:
        ConversionError: the model cannot be read, or does not take the rows.
    """
    import tensorflow as tf

    from cmsml_tasks.conversion import modules_of_trained, open_model
    from cmsml_tasks.runtimes.session import dtype_of_name
    from cmsml_tasks.runtimes.session_worker import read_arrays

    tf.config.set_visible_devices(tf.config.list_physical_devices("CPU"))
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    # not without need: code that is edited while a training runs is not what it was trained with
    traced = open_model(model, also_import=modules_of_trained(Path(model), modules))
    keep_reference(traced, Path(path), read_arrays(rows, dtype_of_name), seed)


def rows_of(reference: str, traced: Traced) -> dict[str, Any] | None:
    """Return the ordinary rows that a training kept in *reference*, as far as *traced* takes them.

    None where these were random ones.

    Raises:
        ValidationError: the file is damaged.
    """
    from cmsml_tasks.validation import Reference

    kept = Reference.load(reference)
    rows = kept.of_kind("validation")
    if kept.layout != "rows" or not len(rows):
        return None
    return {info.name: kept.inputs[info.name][rows] for info in traced.signature.inputs}


def keep_reference(
    traced: Traced, path: Path, rows: Mapping[str, Any] | None = None, seed: int = 1
) -> Reference:
    """Write rows and what the original *traced* makes of them to *path*, and return them.

    They are kept under the names that the original itself has; its card tells the others.

    Args:
        traced: the original, evaluated here.
        path: ``reference.npz``.
        rows: known good rows by input name, row along the first axis; random ones where None.
        seed: of the random rows.

    Raises:
        ConversionError: the shapes of the inputs are not known well enough to make rows.
    """
    import tensorflow as tf

    from cmsml_tasks.validation import make_reference

    original = traced.with_found_names()
    signature = original.signature
    reference = make_reference(
        [asdict(info) for info in signature.inputs],
        original.run,
        rows,
        seed,
        outputs=[asdict(info) for info in signature.outputs],
        refusals=(tf.errors.OpError,),
    )
    reference.save(path)
    return reference


def rows_without_events(traced: Traced, reference: Reference) -> str:
    """Say why the rows of *reference* are no events to the original *traced*, empty where they are.

    Args:
        traced: the original, evaluated here.
        reference: what `keep_reference` returned for it.
    """
    import tensorflow as tf

    from cmsml_tasks.validation import why_no_events

    signature = traced.signature
    renamed = reference.renamed(_names(signature.inputs), _names(signature.outputs))
    refusals = (tf.errors.OpError,)
    return shapes_without_rows(signature) or why_no_events(renamed, traced.run, refusals)


def _names(infos: Sequence[TensorInfo]) -> dict[str, str]:
    return {info.renamed_from or info.name: info.name for info in infos}


def shapes_without_rows(signature: Signature) -> str:
    """Say why the shapes of *signature* have no axis for rows; empty where they have one."""
    return why_no_rows(
        {info.name: info.shape for info in signature.inputs},
        {info.name: info.shape for info in signature.outputs},
    )
