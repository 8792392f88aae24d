"""Interface names: chosen by the user, distinct; `found_names` has those of the model itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cmsml_tasks.errors import ConversionError, did_you_mean, listed
from cmsml_tasks.tensor_names import RULE, Names, can_name

if TYPE_CHECKING:
    from cmsml_tasks.conversion.interface.port import Port


def unused(name: str, taken: set[str], start: int = 1) -> str:
    """Return the first of ``name_1``, ``name_2``, ... that is not *taken*."""
    number = start
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def chosen(names: Names | None, ports: Sequence[Port], kind: str) -> list[str]:
    """Return the user's *names* for *ports*, whose own ones stay where there is none.

    Args:
        names: one for each in order, or for some of them by the name that was found, in the graph
            or in the model itself.
        ports: the tensors.
        kind: ``input`` or ``output``.

    Raises:
        ConversionError: another number of names than there are tensors, a tensor that is not
            there, or an impossible name.

    """
    found = [port.name for port in ports]
    if names is None:
        return found
    if isinstance(names, str):
        raise ConversionError(f"{kind}_names is the string '{names}'; give a list: ['{names}']")
    for name in names.values() if isinstance(names, Mapping) else names:
        if not can_name(name):
            raise ConversionError(
                f"{kind}_names contains {name!r}, which cannot name a node; {RULE}"
            )
    if isinstance(names, Mapping):
        own = [port.asked_for for port in ports]
        # the model's own name says the same, where only one tensor has it
        other = {
            port.name: port.asked_for
            for port in ports
            if port.asked_for not in found and own.count(port.asked_for) == 1
        }
        for name in names:
            if name not in found and name not in other.values():
                raise ConversionError(
                    f"{kind}_names renames '{name}', but there is no such {kind}"
                    f"{did_you_mean(str(name), found, only_near=True)} ({kind}s: {listed(found)})"
                )
        return [names.get(name, names.get(other.get(name) or name, name)) for name in found]
    if len(names) != len(found):
        raise ConversionError(
            f"{kind}_names has {len(names)} names ({listed(names)}) for {len(found)} {kind}s; "
            f"give one for each of {listed(found)}, in this order, or rename some of them: "
            f"{{'{found[0] if found else kind}': 'name'}}"
        )
    return list(names)


def refuse_unclear(ports: Sequence[Port], kind: str) -> None:
    """Refuse tensors that the model tells apart and the graph, by its names, would not.

    Raises:
        ConversionError: two of *ports* would have one name, and the user gave them no other.

    """
    unclear = [port for port in ports if port.ambiguous and port.name == (port.found or port.name)]
    if unclear:
        pairs = ", ".join(f"{port.asked_for!r}: 'name'" for port in unclear)
        raise ConversionError(
            f"the {kind}s {listed(str(port.asked_for) for port in unclear)} would have one name in "
            f"the graph, where TensorFlow does not allow all that the model does; give them "
            f"others: {kind}_names={{{pairs}}}, or a list with a name for each of "
            f"{listed(port.asked_for or port.name for port in ports)}, in this order"
        )


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
