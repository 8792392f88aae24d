"""Values of expressions as lists of Python."""

from __future__ import annotations

from typing import Any

import numpy as np

from cmsml_tasks.recipes.expressions.values import MISSING, Value


def as_list(value: Value) -> Any:
    """Return *value* as nested lists, with None for what is missing; a constant as it is."""
    if value.constant:
        return value.data
    items = value.data.tolist()
    if value.doubt is not None:
        items = [None if doubt else item for item, doubt in zip(items, value.doubt, strict=True)]
    for level in reversed(value.lists):
        rest = iter(items)
        items = [[next(rest) for _ in range(count)] for count in level.counts]
        assert not list(rest)
        missing = np.zeros(len(items)) if level.doubt is None else level.doubt == MISSING
        items = [None if gap else item for item, gap in zip(items, missing, strict=True)]
    return items
