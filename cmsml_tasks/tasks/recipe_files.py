"""The files that a recipe reads, as files from outside of a training."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from cmsml_tasks.errors import DataError
from cmsml_tasks.recipes import EventRecipe, Recipe
from cmsml_tasks.recipes.columnar.samples import class_names, files_of
from cmsml_tasks.tracking.contract.tracked_file import AnyTrackedFile, NotHere, TrackedFile
from cmsml_tasks.tracking.ingredients.outside_files import names_below_common_folder


def recipe_files(recipe: Recipe) -> list[AnyTrackedFile]:
    """Return the files of events of *recipe*, each with what it is used as, and its data files."""
    return [*_event_files(recipe), *data_files(type(recipe))]


def data_files(recipe: type[Recipe]) -> list[AnyTrackedFile]:
    """Return what *recipe* declares beside its events; code opens it by its path, which counts."""
    found: list[AnyTrackedFile] = []
    for glob in recipe.data_files:
        for each in _found(os.fspath(glob), {}):
            if isinstance(each, TrackedFile):
                path = _as_seen_from_here(each.path)
                found.append(TrackedFile(each.path, {"path": path}, each.found_by))
            else:
                found.append(each)
    return found


def _event_files(recipe: Recipe) -> Iterator[AnyTrackedFile]:
    if recipe.generate is not None:
        return
    if not isinstance(recipe, EventRecipe) or recipe.has_own_files():
        try:
            yield from recipe.input_files()
        except DataError as error:
            yield NotHere("", str(error))
        return
    found = list(_of_sources(recipe))
    if type(recipe).load is EventRecipe.load:
        yield from found
        return
    # who reads the files by himself may go by their names
    files = [each for each in found if isinstance(each, TrackedFile)]
    below = iter(names_below_common_folder([each.path for each in files]))
    for each in found:
        if isinstance(each, TrackedFile):
            used_as = {**each.used_as, "path": next(below)}
            yield TrackedFile(each.path, used_as, each.found_by)
        else:
            yield each


def _of_sources(recipe: EventRecipe) -> Iterator[TrackedFile | NotHere]:
    """Yield the files of each glob, looked for by itself, with sample, label and scale."""
    names = class_names(recipe.samples)
    for source in recipe.sources():
        used_as: dict[str, Any] = {"scale": source.scale}
        if source.label is not None:
            used_as |= {"sample": names[source.label], "label": source.label}
        for glob in source.globs:
            yield from _found(glob, used_as)


def _found(glob: str, used_as: dict[str, Any]) -> Iterator[TrackedFile | NotHere]:
    try:
        for path in files_of(glob):
            yield TrackedFile(path, used_as, glob)
    except DataError as error:
        yield NotHere(glob, str(error))


def _as_seen_from_here(path: str) -> str:
    here = os.getcwd() + os.sep
    return path.removeprefix(here) if "://" not in path else path
