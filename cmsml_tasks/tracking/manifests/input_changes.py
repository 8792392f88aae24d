"""What differs between the inputs that a manifest records and those of today, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

INPUT = "input"
USED_AS = "used as"

Entries = Mapping[str, Mapping[str, Any]]


def input_changes(recorded: Entries, current: Entries) -> list[str]:
    """Return in words what differs: ``input c.csv: bkg -> sig``, ``input events.root changed``."""
    moved = dict(_moved(recorded, current))
    came_from = set(moved.values())
    words: list[str] = []
    for name in dict.fromkeys([*current, *recorded]):
        was, now = recorded.get(name), current.get(name)
        if name in moved:
            words += _use_changes(name, recorded[moved[name]], current[name], moved[name])
        elif name in came_from:
            continue
        elif was is None or now is None:
            words.append(f"input {name} is {'new' if was is None else 'gone'}")
        else:
            words += _changes(name, was, now)
    return words or list(_order_changes(recorded, current))


def _moved(recorded: Entries, current: Entries) -> Iterator[tuple[str, str]]:
    """Yield the new and the old name of each file from outside that only its name has changed."""
    gone = {
        json.dumps(_digest(entry)): name
        for name, entry in recorded.items()
        if name not in current and USED_AS in entry
    }
    for name, entry in current.items():
        if name not in recorded and USED_AS in entry:
            before = gone.pop(json.dumps(_digest(entry)), None)
            if before is not None:
                yield name, before


def _changes(name: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    before, after = _digest(was), _digest(now)
    if before != after:
        if set(before) == set(after):
            yield f"input {name} changed"
        else:
            known, found = " and ".join(sorted(before)), " and ".join(sorted(after))
            yield f"input {name} cannot be compared: known by {known}, now by {found}"
    yield from _use_changes(name, was, now, name)


def _use_changes(
    name: str, was: Mapping[str, Any], now: Mapping[str, Any], before: str
) -> Iterator[str]:
    """Yield how the use of a file differs; its name before was *before*."""
    old, new = was.get(USED_AS) or {}, now.get(USED_AS) or {}
    # the label follows from the sample
    names = ["sample"] if old.get("sample") != new.get("sample") else list({**old, **new})
    changed = [each for each in names if old.get(each) != new.get(each)]
    for each in changed:
        what = "" if each == "sample" else f"{each} "
        yield f"input {before}: {what}{old.get(each, '-')} -> {new.get(each, '-')}"
    if name != before and not changed:
        yield f"input {before} is now {name}"


def _order_changes(recorded: Entries, current: Entries) -> Iterator[str]:
    """Yield whether files from outside are in another order, which decides on that of events."""
    before = [name for name, entry in recorded.items() if USED_AS in entry]
    after = [name for name, entry in current.items() if USED_AS in entry]
    first = next((new for old, new in zip(before, after, strict=False) if old != new), None)
    if first is not None:
        yield f"inputs in another order, {first} first"


def _digest(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != USED_AS}
