"""The inputs of a model as a recipe loads them, by the names of the model's interface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cmsml_tasks.errors import DataError

if TYPE_CHECKING:
    import numpy as np

    from cmsml_tasks.conversion import Traced

_ROWS_AT_ONCE = 4096


def inputs_by_name(inputs: Any, names: list[str]) -> dict[str, np.ndarray]:
    """Return the arrays of *inputs* (one array, a list or a dict of them) by interface name.

    Raises:
        DataError: there are more or fewer arrays than inputs, or other keys than names.
    """
    if isinstance(inputs, Mapping):
        if set(inputs) != set(names):
            raise DataError(
                f"load() gives the inputs {sorted(inputs)}, the model takes {sorted(names)}; name "
                "the keras.Input layers like the keys"
            )
        return dict(inputs)
    arrays = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
    if len(arrays) != len(names):
        raise DataError(
            f"load() gives {len(arrays)} input arrays, the model takes {len(names)}: {names}"
        )
    return dict(zip(names, arrays, strict=True))


def run_in_batches(
    traced: Traced, inputs: Mapping[str, np.ndarray[Any, Any]]
) -> dict[str, np.ndarray[Any, Any]]:
    """Return the outputs for all rows, a few thousand at a time, so that memory stays bounded."""
    import numpy as np

    rows = len(next(iter(inputs.values())))
    parts = [
        traced.run({name: array[start : start + _ROWS_AT_ONCE] for name, array in inputs.items()})
        for start in range(0, rows, _ROWS_AT_ONCE)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
