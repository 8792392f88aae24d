"""Reference rows of an original: what its frozen graph will be held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cmsml_tasks.conversion import Traced


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
