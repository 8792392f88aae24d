"""Reference rows of an original: what its frozen graph will be held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cmsml_tasks.conversion import Traced


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

    from cmsml_tasks.conversion import has_own_objects, open_model
    from cmsml_tasks.runtimes.session import dtype_of_name
    from cmsml_tasks.runtimes.session_worker import read_arrays

    tf.config.set_visible_devices(tf.config.list_physical_devices("CPU"))
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    # not without need: code that is edited while a training runs is not what it was trained with
    traced = open_model(model, custom_modules=modules if has_own_objects(Path(model)) else [])
    keep_reference(traced, Path(path), read_arrays(rows, dtype_of_name), seed)


def keep_reference(
    traced: Traced, path: Path, rows: Mapping[str, Any] | None = None, seed: int = 1
) -> None:
    """Write rows and what the original *traced* makes of them to *path*.

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

    signature = traced.signature
    make_reference(
        [asdict(info) for info in signature.inputs],
        traced.run,
        rows,
        seed,
        outputs=[asdict(info) for info in signature.outputs],
        refusals=(tf.errors.OpError,),
    ).save(path)
