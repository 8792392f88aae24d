"""ROOT files, with uproot: the branches of one tree, flat or jagged; local or ``root://``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import awkward as ak
import numpy as np
import uproot

from cmsml_tasks.errors import DataError, did_you_mean
from cmsml_tasks.recipes.reading.common import not_numeric, require


def read(path: str, wanted: Sequence[str], tree: str | None) -> dict[str, Any]:
    """Return the branches *wanted*; see `cmsml_tasks.recipes.reading`."""
    # A dict keeps uproot from taking a colon in the path for the name of a tree.
    with uproot.open({path: None}) as file:
        trees = [
            name
            for name, kind in file.classnames(cycle=False).items()
            if kind == "TTree" or kind.endswith("RNTuple")
        ]
        events = file[_choose(path, tree, trees)]
        require(path, wanted, events.keys(), "branch")
        return {name: _column(path, name, events[name].array(library="ak")) for name in wanted}


def _choose(path: str, tree: str | None, trees: Sequence[str]) -> str:
    if tree is None:
        if len(trees) == 1:
            return trees[0]
        raise DataError(
            f"{path}: {len(trees)} trees"
            + (f" ({', '.join(trees)}); choose one with tree = '...'" if trees else "")
        )
    if tree not in trees:
        near = did_you_mean(tree, trees) or "; the file has no trees"
        raise DataError(f"{path}: no tree '{tree}'{near}")
    return tree


def _column(path: str, name: str, array: Any) -> Any:
    if array.fields or "string" in str(array.type):
        raise not_numeric(path, name, str(array.type.content))
    if array.ndim > 1:
        return ak.from_regular(array, axis=None)
    column = ak.to_numpy(array)
    if column.dtype.kind not in "biuf":
        raise not_numeric(path, name, str(column.dtype))
    return np.ascontiguousarray(column)
