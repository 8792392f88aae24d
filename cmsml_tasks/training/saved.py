"""What the saved file gives, in place of what the model in memory does.

The file is what gets exported, often on another device: so the reference rows are evaluated by the
file, read back on the CPU by a process of its own, and then held against the model in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cmsml_tasks.errors import ConversionError
from cmsml_tasks.processes.isolated import call_isolated
from cmsml_tasks.temporary import temporary_folder
from cmsml_tasks.training.devices import devices_in_use

if TYPE_CHECKING:
    from cmsml_tasks.conversion import Traced
    from cmsml_tasks.validation import Reference

_CPU_ONLY = {"CUDA_VISIBLE_DEVICES": "-1", "HIP_VISIBLE_DEVICES": "-1"}
_MOST_ROWS = 10_000

_ROUNDING = 1e-4
"""How far the file may be from the model in memory, relative to the largest value of a column:
other numbers of threads sum in another order."""
_GPU_ROUNDING = 1e-2
"""The same where the model in memory computes on a GPU, with TF32 perhaps."""
_NARROW_ROUNDING = 5e-2
"""The same where a graph computes in half precision anywhere."""
_NARROW = {19: "float16", 14: "bfloat16"}
_SMALLEST = 1e-3
"""Columns that are smaller than this part of the largest one may be nothing but rounding."""
_ON_EDGE = 0.01
"""Such a part of whole numbers may differ, which rounding can bring about: the larger of two."""


def keep_reference_of_file(
    model: Path,
    modules: Sequence[str],
    inputs: Mapping[str, np.ndarray[Any, Any]],
    path: Path,
    seed: int,
) -> None:
    """Write to *path* what the saved file makes of reference rows, on the CPU.

    Args:
        model: ``model.keras``.
        modules: modules to import for the model's own layers, the recipe's first.
        inputs: validation rows by interface name; of many rows some, evenly spread, are taken.
        path: ``reference.npz``.
        seed: of what is random about the rows.

    Raises:
        ConversionError: the file cannot be read back, or does not take the rows.
    """
    from cmsml_tasks.runtimes.session_worker import write_arrays
    from cmsml_tasks.validation.rows import spread

    with temporary_folder("rows") as folder:
        rows = folder / "rows.npz"
        write_arrays(str(rows), spread(inputs, _MOST_ROWS))
        call_isolated(
            "cmsml_tasks.exporting.reference:keep_reference_of",
            environment=_CPU_ONLY,
            model=str(model),
            modules=list(modules),
            rows=str(rows),
            path=str(path),
            seed=seed,
        )


def check_saved(traced: Traced, reference: Reference, file: str) -> None:
    """Check that the saved file gives what the model in memory does, for the ordinary rows.

    Args:
        traced: the model in memory.
        reference: rows, and what the file made of them.
        file: what the file is called in messages.

    Raises:
        ConversionError: it gives other numbers; the message says where.
    """
    from cmsml_tasks.validation import Tolerance, compare
    from cmsml_tasks.validation.comparison import magnitudes
    from cmsml_tasks.validation.rows import MAIN

    rows = reference.of_kind(*MAIN)
    tolerance = Tolerance(0.0, _rounding(traced))
    for name, expected in _in_memory(traced, reference, rows).items():
        size = magnitudes(expected)
        scale = np.maximum(size, _SMALLEST * size.max(initial=0.0))
        found = compare(reference.outputs[name][rows], expected, tolerance, scale=scale)
        edges = 0 if found.max_ulp is not None else _ON_EDGE * found.elements
        if found.agree or (found.problem is None and found.disagreeing <= edges):
            continue
        problem = found.problem
        if found.worst is not None:
            label = reference.label(int(rows[found.worst.row]))
            problem = f"{found.worst.got} in place of {found.worst.expected} for {label}"
        raise ConversionError(
            f"{file} gives other numbers than the model in memory that was saved there: output "
            f"'{name}' is {problem}; what decides about them is not in the file: give it to the "
            "layer as an argument that its get_config() returns, or keep it in a weight"
        )


def _in_memory(
    traced: Traced, reference: Reference, rows: np.ndarray[Any, Any]
) -> dict[str, np.ndarray[Any, Any]]:
    """Evaluate the rows, with the outputs' names of the reference."""
    from cmsml_tasks.validation.dtypes import without_objects

    inputs = {name: array[rows] for name, array in reference.inputs.items()}
    if reference.layout == "rows":
        outputs = traced.run(inputs)
    else:
        one_by_one = [
            traced.run({name: array[row] for name, array in inputs.items()})
            for row in range(len(rows))
        ]
        outputs = {name: np.stack([run[name] for run in one_by_one]) for name in one_by_one[0]}
    return {name: without_objects(array) for name, array in outputs.items()}


def _rounding(traced: Traced) -> float:
    """Give the difference that is mere rounding between the device in use and the CPU."""
    graph = traced.skeleton.graph_def
    nodes = [*graph.node, *(node for body in graph.library.function for node in body.node_def)]
    if any(value.type in _NARROW for node in nodes for value in node.attr.values()):
        return _NARROW_ROUNDING
    return _ROUNDING if devices_in_use() == ["CPU"] else _GPU_ROUNDING
