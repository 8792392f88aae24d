"""Interface names: chosen by the user, distinct; `found_names` has those of the model itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cmsml_tasks.arguments import argument, renaming
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


def _by_name(ports: Sequence[Port]) -> dict[str, Port]:
    """Return *ports* by their names in the graph, and by the model's own where these are clear."""
    found = {port.name: port for port in ports}
    own = Counter(port.asked_for for port in ports)
    return {
        **{
            port.asked_for: port
            for port in ports
            if port.asked_for is not None and own[port.asked_for] == 1
        },
        **found,
    }


def chosen(names: Names | None, ports: Sequence[Port], kind: str) -> list[Port]:
    """Return *ports* under the user's *names*, and under their own ones where there is none.

    Args:
        names: one for each in order, or for some of them by the name that was found, in the graph
            or in the model itself.
        ports: the tensors.
        kind: ``input`` or ``output``.

    Raises:
        ConversionError: another number of names than there are tensors, a tensor that is not
            there, or an impossible name.

    """
    option = argument(f"{kind}_names")
    if isinstance(names, str):
        raise ConversionError(f"{option} is the string '{names}'; give a list: ['{names}']")
    names = {} if names is None else names
    for name in names.values() if isinstance(names, Mapping) else names:
        if not can_name(name):
            raise ConversionError(f"{option} contains {name!r}, which cannot name a node; {RULE}")
    if isinstance(names, Mapping):
        return _some_renamed(names, ports, kind)
    if len(names) != len(ports):
        found = [port.known_as for port in ports]
        raise ConversionError(
            f"{option} has {len(names)} names ({listed(names)}) for {len(found)} {kind}s; "
            f"give one for each of {listed(found)}, in this order, or rename some of them: "
            f"{renaming(f'{kind}_names', found[:1] or [kind])}"
        )
    return [port.renamed(name) for port, name in zip(ports, names, strict=True)]


def _some_renamed(names: Mapping[str, str], ports: Sequence[Port], kind: str) -> list[Port]:
    renamed = meant(names, ports, kind, f"{argument(f'{kind}_names')} renames")
    wanted = dict(zip(renamed, names.values(), strict=True))
    # of names that were alike, the last one needs no other any more
    alike = Counter(port.alike for port in ports if port not in wanted)
    for port in ports:
        if port.alike and alike[port.alike] == 1:
            wanted.setdefault(port, port.alike)
    return [port.renamed(wanted[port]) if port in wanted else port for port in ports]


def meant(names: Iterable[Any], ports: Sequence[Port], kind: str, what: str) -> list[Port]:
    """Return what each of *names* means of *ports*.

    Args:
        names: what the user wrote.
        ports: the tensors.
        kind: ``input`` or ``output``.
        what: what the user does to them, for messages.

    Raises:
        ConversionError: a name means nothing, or two of them the same.

    """
    known = _by_name(ports)
    found: dict[Port, Any] = {}
    for name in names:
        if name not in known:
            near = did_you_mean(str(name), known, only_near=True)
            raise ConversionError(
                f"{what} {name!r}, but there is no such {kind}{near} "
                f"({kind}s: {listed(port.known_as for port in ports)})"
            )
        if known[name] in found:
            raise ConversionError(
                f"{what} {found[known[name]]!r} and {name!r}, which are one {kind}; leave one of "
                "the two out"
            )
        found[known[name]] = name
    return list(found)


def refuse_unclear(ports: Sequence[Port], kind: str) -> None:
    """Refuse tensors that the model tells apart and the graph, by its names, would not.

    Raises:
        ConversionError: two of *ports* would have one name, and the user gave them no other.

    """
    own = [port.known_as for port in ports]
    unclear = [port.known_as for port in ports if port.alike]
    if unclear:
        raise ConversionError(
            f"the {kind}s {listed(unclear)} would have one name in the graph, where TensorFlow "
            "does not allow all that the model does; give them others: "
            f"{renaming(f'{kind}_names', unclear)}, or a name for each of {listed(own)}, in this "
            "order"
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
            f"the outputs {listed(outputs)}; give distinct {argument('input_names')} and "
            f"{argument('output_names')}"
        )
