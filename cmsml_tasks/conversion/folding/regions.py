"""Where in branches a tensor lies: which choices must fall how for it to be there at all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

Region: TypeAlias = "frozenset[tuple[str, int]] | None"
"""Choices, each the tensor that chooses and its answer; None if there are too many to keep."""

EVERYWHERE: Region = frozenset()
_MOST = 32  # nested branches of real networks are a handful


def within(regions: Iterable[Region]) -> Region:
    """Return where tensors of all these *regions* are there."""
    choices: set[tuple[str, int]] = set()
    for region in regions:
        if region is None:
            return None
        choices |= region
        if len(choices) > _MOST:
            return None
    return frozenset(choices)


def around(regions: Iterable[Region]) -> Region:
    """Return where at least one of tensors of these *regions* is there, or a place around that."""
    found = list(regions)
    known = [region for region in found if region is not None]
    if len(known) < len(found):
        return None
    return frozenset.intersection(*known) if known else EVERYWHERE


def covers(outer: Region, inner: Region) -> bool:
    """Tell whether what is there in *inner* is there in *outer*, as far as it is known."""
    return outer == EVERYWHERE or (
        outer is not None and inner is not None and outer.issubset(inner)
    )
