"""Canonical names: what the user named keeps its name, counters follow the canonical order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from cmsml_tasks.conversion.canonical.automatic_names import is_automatic
from cmsml_tasks.conversion.traced.name_origin import Origin

_COUNTER = re.compile(r"(.+?)((?:_\d+)+)")
_LOWERED = re.compile(r"_\d+")
_SWITCH = "_switch"
# scopes that inlining puts before the path of a function, or behind that of a loop or branch
_INLINED = "Func"


def canonical_names(
    order: Sequence[str], fixed: Mapping[str, str], origin: Origin
) -> dict[str, str]:
    """Return a new name for each node.

    A name is a path. Each part of it keeps its base; a counter behind a base is given anew, in
    canonical order, where one is needed to tell parts of one scope apart.

    Args:
        order: names of the nodes in canonical order.
        fixed: new names of the nodes of the interface.
        origin: what is known of the names.
    """
    paths = {name: list(_parts(name, origin)) for name in order if name not in fixed}
    bases: dict[str, set[str]] = {}
    for parts in paths.values():
        for parent, _, base in parts:
            bases.setdefault(parent, set()).add(base)
    interface: dict[str, set[str]] = {}
    for name in fixed.values():
        scope, _, part = name.rpartition("/")
        interface.setdefault(scope, set()).add(part)
    scopes: dict[str, str] = {"": ""}
    used: dict[str, set[str]] = {}
    for parts in paths.values():
        for parent, path, base in parts:
            if path not in scopes:
                taken = used.setdefault(parent, set())
                # a scope may be called like a tensor of the interface, a node may not
                kept = interface.get(scopes[parent], set()) if path in paths else set()
                part = _counted(base, taken | kept, bases[parent])
                taken.add(part)
                scopes[path] = f"{scopes[parent]}/{part}" if parent else part
    return {**{name: scopes[name] for name in paths}, **fixed}


def base_of(part: str, asked: str | None, origin: Origin) -> str:
    """Return one part of a path without what Keras and TensorFlow appended to it.

    Args:
        part: as it stands in the path.
        asked: what TensorFlow was asked to call it, where this is known.
        origin: what is known of other names.
    """
    if _LOWERED.fullmatch(part):
        return "_"
    if part.endswith(_SWITCH):
        return base_of(part.removesuffix(_SWITCH), None, origin) + _SWITCH
    name = part if asked is None else asked
    shorter = [name] if asked is not None else list(_without_counters(name))
    for candidate in shorter:
        if candidate in origin.automatic:
            return origin.automatic[candidate]
        if candidate in origin.given:
            return candidate
    counted = _COUNTER.fullmatch(name)
    return counted[1] if counted and is_automatic(counted[1]) else name


def _without_counters(name: str) -> Iterator[str]:
    yield name
    while counted := re.fullmatch(r"(.+)_\d+", name):
        name = counted[1]
        yield name


def _parts(name: str, origin: Origin) -> Iterator[tuple[str, str, str]]:
    """Yield the path of the scope, the path, and the base of each part of a name."""
    parent, local = "", ""
    for part in name.split("/"):
        path = f"{parent}/{part}" if parent else part
        local = f"{local}/{part}" if local else part
        yield parent, path, base_of(part, origin.asked.get(local), origin)
        if part == _INLINED or _LOWERED.fullmatch(part):
            local = ""  # the path inside of a function, branch or loop begins anew
        parent = path


def _counted(base: str, taken: set[str], bases: set[str]) -> str:
    """Return *base*, with a counter when it is *taken*, but no other's base."""
    if base == "_":
        return _first_free("_", taken)
    return base if base not in taken else _first_free(f"{base}_", taken | bases)


def _first_free(stem: str, taken: set[str]) -> str:
    number = 0 if stem == "_" else 1
    while f"{stem}{number}" in taken:
        number += 1
    return f"{stem}{number}"
