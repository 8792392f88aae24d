"""ROOT files, with uproot: the branches of one tree, flat or jagged; local or ``root://``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import uproot
from uproot.interpretation.grouped import AsGrouped
from uproot.interpretation.identify import UnknownInterpretation
from uproot.interpretation.objects import AsObjects

from cmsml_tasks.errors import DataError, did_you_mean
from cmsml_tasks.recipes.reading.common import named, of_awkward

_TREES = ("TTree", "TNtuple", "TNtupleD")


def read(path: str, wanted: Sequence[str], tree: str | None) -> dict[str, Any]:
    """Return the branches *wanted*; see `cmsml_tasks.recipes.reading`."""
    # A dict keeps uproot from taking a colon in the path for the name of a tree.
    with uproot.open({path: None}) as file:
        events = file[chosen_tree(path, tree, file.classnames(cycle=False))]
        branches = events.keys()
        places = named(path, wanted, branches, "branch")
        return {
            name: of_awkward(path, name, _array(path, name, events[branches[place]]))
            for name, place in places.items()
        }


def chosen_tree(path: str, tree: str | None, held: Mapping[str, str]) -> str:
    """Return the name of the tree among what the file holds, classes by names."""
    trees = [name for name, kind in held.items() if kind in _TREES or kind.endswith("RNTuple")]
    if tree in trees:
        return str(tree)
    if not trees:
        sought = f"tree '{tree}'" if tree else "tree"
        shown = ", ".join(f"{name} ({kind})" for name, kind in list(held.items())[:5])
        more = ", ..." if len(held) > 5 else ""
        raise DataError(f"{path}: no {sought}; the file holds {shown or 'nothing'}{more}")
    if tree is None and len(trees) > 1:
        raise DataError(
            f"{path}: {len(trees)} trees ({', '.join(trees)}); choose one with tree = '...'"
        )
    if tree is not None:
        raise DataError(f"{path}: no tree '{tree}'{did_you_mean(tree, trees)}")
    return trees[0]


def _array(path: str, name: str, branch: Any) -> Any:
    how = getattr(branch, "interpretation", None)  # fields of an RNTuple have none
    if isinstance(how, AsGrouped):
        parts = [part.name for part in branch.branches]
        shown = ", ".join(parts[:10]) + (", ..." if len(parts) > 10 else "")
        raise DataError(f"{path}: branch '{name}' is a group of branches; take one of: {shown}")
    try:
        return branch.array(library="ak")
    except (OSError, MemoryError):
        raise
    except Exception as error:  # of objects, uproot meets all that C++ can write
        if not isinstance(how, AsObjects | UnknownInterpretation):
            raise
        kind = branch.typename
        if isinstance(how, UnknownInterpretation):
            kind = (
                branch.member("fClassName", none_if_missing=True) or "a class without description"
            )
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DataError(
            f"{path}: branch '{name}' holds objects of {kind}, which cannot be read ({reason})"
        ) from error
