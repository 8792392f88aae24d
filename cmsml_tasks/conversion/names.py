"""Interface names: found in nested structures, made valid, distinct, or chosen by the user."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tensorflow.python.util import nest

from cmsml_tasks.conversion.signature import listed
from cmsml_tasks.errors import ConversionError, did_you_mean
from cmsml_tasks.tensor_names import RULE, Names, can_name


def key_names(structure: Any) -> list[str | None]:
    """Return a name for each leaf of a nested structure, in TensorFlow's order of leaves.

    The name consists of the path from the first dictionary key (or field of a named tuple) on:
    ``{"jets": x}`` gives ``jets``, ``{"jets": [x, y]}`` gives ``jets_0`` and ``jets_1``. A leaf
    without a key on its path gives None.
    """
    return [key_name(path) for path, _ in nest.flatten_with_tuple_paths(structure)]


def key_name(path: Sequence[Any]) -> str | None:
    """Return *path* from its first key on, joined; None when there are only positions on it."""
    first = next((i for i, step in enumerate(path) if isinstance(step, str)), None)
    return None if first is None else "_".join(str(step) for step in path[first:])


def completed(names: Sequence[str | None], default: str) -> list[str]:
    """Return valid and distinct names; *default*, with a number where several, fills the gaps."""
    if len(names) == 1:
        return [valid(names[0] or default)]
    return distinct([valid(name or f"{default}_{i}") for i, name in enumerate(names)])


def valid(name: str) -> str:
    """Return *name* with what TensorFlow does not allow in the name of a node replaced."""
    name = re.sub(r"[^A-Za-z0-9_>./\\-]", "_", name)
    return name if can_name(name) else f"x{name}"


def distinct(names: Sequence[str]) -> list[str]:
    """Return *names* with a number appended to each of those that occur more than once."""
    taken = set(names)
    result: list[str] = []
    for name in names:
        if names.count(name) > 1:
            name = unused(name, taken, start=0)
            taken.add(name)
        result.append(name)
    return result


def unused(name: str, taken: set[str], start: int = 1) -> str:
    """Return the first of ``name_1``, ``name_2``, ... that is not *taken*."""
    number = start
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def chosen(names: Names | None, found: Sequence[str], kind: str) -> list[str]:
    """Return the user's *names* for the *found* ones, which stay where there is none.

    Args:
        names: one for each in order, or for some of them by the name that was found.
        found: the names that were found.
        kind: ``input`` or ``output``.

    Raises:
        ConversionError: another number of names than there are tensors, a tensor that is not
            there, or an impossible name.

    """
    if names is None:
        return list(found)
    if isinstance(names, str):
        raise ConversionError(f"{kind}_names is the string '{names}'; give a list: ['{names}']")
    for name in names.values() if isinstance(names, Mapping) else names:
        if not can_name(name):
            raise ConversionError(
                f"{kind}_names contains {name!r}, which cannot name a node; {RULE}"
            )
    if isinstance(names, Mapping):
        for name in names:
            if name not in found:
                raise ConversionError(
                    f"{kind}_names renames '{name}', but there is no such {kind}"
                    f"{did_you_mean(str(name), found, only_near=True)} ({kind}s: {listed(found)})"
                )
        return [names.get(name, name) for name in found]
    if len(names) != len(found):
        raise ConversionError(
            f"{kind}_names has {len(names)} names ({listed(names)}) for {len(found)} {kind}s; "
            f"give one for each of {listed(found)}, in this order, or rename some of them: "
            f"{{'{found[0] if found else kind}': 'name'}}"
        )
    return list(names)


def check_distinct(inputs: Sequence[str], outputs: Sequence[str]) -> None:
    """Refuse an interface in which two tensors have one name.

    Raises:
        ConversionError: a name occurs twice.

    """
    names = [*inputs, *outputs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConversionError(
            f"{listed(twice)} would name more than one tensor: the inputs are {listed(inputs)}, "
            f"the outputs {listed(outputs)}; give distinct input_names and output_names"
        )


def apart_from_inputs(outputs: Sequence[str], inputs: Sequence[str]) -> list[str]:
    """Return *outputs* with ``_out`` appended to each that is also the name of an input."""
    taken = {*inputs, *outputs}
    result: list[str] = []
    for name in outputs:
        if name in inputs:
            name = f"{name}_out" if f"{name}_out" not in taken else unused(f"{name}_out", taken)
            taken.add(name)
        result.append(name)
    return result
