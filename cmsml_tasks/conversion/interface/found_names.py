"""Names that a model has for its tensors, and what they become where TensorFlow forbids them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import tensorflow as tf
from tensorflow.python.util import nest

from cmsml_tasks.conversion.graph_def.tensor_shapes import static_shape
from cmsml_tasks.conversion.interface.interface_names import unused
from cmsml_tasks.conversion.interface.port import Port
from cmsml_tasks.tensor_names import can_name

Path = tuple[str | int, ...]
"""Where a tensor lies: a name, or a key and the steps below it."""


@dataclass(frozen=True)
class Found:
    """The name of a tensor in the graph, and the one that the model asked for.

    Attributes:
        name: can name a node.
        asked_for: the model's own name, where the graph has another one.
        alike: the name that it would have, if tensors that the model calls otherwise had not got
            the same.
    """

    name: str
    asked_for: str | None = None
    alike: str | None = None


def key_paths(structure: Any) -> list[Path | None]:
    """Return where each leaf of a nested structure lies, in TensorFlow's order of leaves.

    A path begins with the first dictionary key (or field of a named tuple): ``{"jets": x}`` gives
    ``("jets",)``, ``{"jets": [x, y]}`` gives ``("jets", 0)`` and ``("jets", 1)``. A leaf without a
    key gives None.
    """
    return [key_path(path) for path, _ in nest.flatten_with_tuple_paths(structure)]


def key_path(path: Sequence[Any]) -> Path | None:
    """Return *path* from its first key on; None when there are only positions on it."""
    first = next((i for i, step in enumerate(path) if isinstance(step, str)), None)
    return None if first is None else tuple(path[first:])


def named(name: str | None) -> Path | None:
    """Return the path of a tensor that has *name* as a whole."""
    return None if not name else (name,)


def completed(paths: Sequence[Path | None], default: str) -> list[Found]:
    """Return valid and distinct names; *default*, with a number where several, fills the gaps.

    A path becomes a name with its steps joined: ``jets_0``.
    """
    several = len(paths) > 1
    filled = [path or (f"{default}_{i}" if several else default,) for i, path in enumerate(paths)]
    names = [valid(_joined(path)) for path in filled]
    return [
        Found(name, _spelled(path) if name != _joined(path) or alike else None, alike)
        for name, path, alike in zip(_distinct(names), filled, _alike(names, filled), strict=True)
    ]


def apart_from_inputs(outputs: Sequence[Found], inputs: Sequence[str]) -> list[Found]:
    """Return *outputs* with ``_out`` appended to each that is also the name of an input."""
    taken = {*inputs, *(output.name for output in outputs)}
    result: list[Found] = []
    for output in outputs:
        name = output.name
        if name in inputs:
            name = f"{name}_out" if f"{name}_out" not in taken else unused(f"{name}_out", taken)
            taken.add(name)
            asked_for = output.asked_for or output.name
            output = replace(output, name=name, asked_for=asked_for)
        result.append(output)
    return result


def _joined(path: Path) -> str:
    return "_".join(map(str, path))


def _spelled(path: Path) -> str:
    """Return *path* as one writes it in Python: ``jets[0]``."""
    return f"{path[0]}{''.join(f'[{step!r}]' for step in path[1:])}"


def valid(name: str) -> str:
    """Return *name* with what TensorFlow does not allow in the name of a node replaced."""
    name = valid_inside(name)
    return name if can_name(name) else f"x{name}"


def valid_inside(name: str) -> str:
    """Return *name* for a node or scope within another scope, where it may begin otherwise."""
    return re.sub(r"[^A-Za-z0-9_>./\\-]", "_", name)


def _alike(names: Sequence[str], paths: Sequence[Path]) -> list[str | None]:
    """Return each of *names* that another path gets, too, and None for all others."""
    same: dict[str, set[Path]] = {}
    for name, path in zip(names, paths, strict=True):
        same.setdefault(name, set()).add(path)
    return [name if len(same[name]) > 1 else None for name in names]


def _distinct(names: Sequence[str]) -> list[str]:
    """Return *names* with a number appended to each of those that occur more than once."""
    taken = set(names)
    result: list[str] = []
    for name in names:
        if names.count(name) > 1:
            name = unused(name, taken, start=0)
            taken.add(name)
        result.append(name)
    return result


def port(found: Found, tensor: tf.Tensor) -> Port:
    """Return the port called as *found* at the graph tensor *tensor*."""
    return Port(
        found.name,
        tensor.op.name,
        tensor.value_index,
        tensor.dtype,
        static_shape(tensor.shape),
        asked_for=found.asked_for,
        alike=found.alike,
    )
