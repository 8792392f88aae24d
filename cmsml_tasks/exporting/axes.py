"""Words for the axes of tensors: ``batch`` where rows are events, else one for each tensor."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cmsml_tasks.shapes import Shape

BATCH = "batch"
FREE = "?"


def axes_of(name: str, shape: Shape, *, events: bool) -> list[str | int] | None:
    """Return a word for each free axis of a tensor, and the size of each other one.

    The first axis is ``batch`` where its rows are *events*, otherwise it has a word of its own:
    ``n_jets`` for a tensor ``jets``. Further ones are ``?``. None where the shape is unknown.
    """
    if shape is None:
        return None
    words: list[str | int] = [FREE if size is None else size for size in shape]
    if words[:1] == [FREE]:
        words[0] = BATCH if events else _own_word(name)
    return words


def axes_on(card: Mapping[str, Any], tensor: Mapping[str, Any]) -> list[str | int] | None:
    """Return the axes of *tensor* as the *card* has them; an early card has none."""
    if "axes" in tensor:
        axes: list[str | int] | None = tensor["axes"]
        return axes
    return axes_of(tensor["name"], _shape(tensor), events=not card.get("no_batch"))


def _own_word(name: str) -> str:
    word = re.sub(r"\W", "_", name.rpartition("/")[2], flags=re.ASCII)
    return f"n_{word}"


def _shape(tensor: Mapping[str, Any]) -> Shape:
    return None if tensor["shape"] is None else tuple(tensor["shape"])
