"""Folds and scan points as the branches of a workflow.

A branch is known by what it is: its fold and its scanned settings give its name, and so its path.
Its number is only law's way to count; adding a scan point renames no other branch.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import law

from cmsml_tasks.errors import SettingsError
from cmsml_tasks.recipes import (
    Recipe,
    load_recipe,
    parse_scan,
    parse_settings,
    recipe_name,
    serialize_scan,
    serialize_settings,
)
from cmsml_tasks.recipes.settings.recipe_settings import scan_recipes
from cmsml_tasks.shown import without_secrets

ALIAS_SECTION = "cmsml_tasks_recipes"
DEMO = "demo"
_LONGEST_NAME = 120


@dataclass(frozen=True)
class Branch:
    """One training: a fold (None without folds) of a recipe with settings.

    ``name`` is the branch's folder, empty where there is only one branch.
    """

    recipe: Recipe
    fold: int | None
    name: str


@dataclass(frozen=True)
class Plan:
    """Task parameters in canonical form, and the branches that they make."""

    recipe: str
    settings: str
    scan: str
    branches: tuple[Branch, ...]


def aliases() -> dict[str, str]:
    """Return the short recipe names in the section ``[cmsml_tasks_recipes]`` of ``law.cfg``."""
    config = law.config
    if not config.has_section(ALIAS_SECTION):
        return {}
    return dict(config.items(ALIAS_SECTION))


@lru_cache(maxsize=64)
def plan(recipe: str, settings: str, scan: str, folds: int) -> Plan:
    """Resolve task parameters as typed by a user.

    Raises:
        SettingsError: unknown recipe or setting, value of a wrong type, a name both in settings
            and scan, a number of folds that makes none, or two branches with one folder.
    """
    if folds < 0 or folds == 1:
        raise SettingsError(f"--folds {folds}: use 2 or more, or leave it out to train once")
    recipe_class = load_recipe(recipe, aliases())
    if folds:
        recipe_class.check_folds()
    fixed, scanned = parse_settings(settings), parse_scan([scan] if scan else [])
    names = sorted(scanned)
    branches = tuple(
        Branch(point, fold, _name(point, names, fold, folds))
        for point in scan_recipes(recipe_class, fixed, scanned)
        for fold in (range(folds) if folds else [None])
    )
    _refuse_shared_folders(branches)
    return Plan(
        recipe_name(recipe_class), serialize_settings(fixed), serialize_scan(scanned), branches
    )


@lru_cache(maxsize=64)
def scanned_names(scan: str) -> frozenset[str]:
    """Return the names of the settings that the text *scan* has values for."""
    return frozenset(parse_scan([scan] if scan else []))


def _refuse_shared_folders(branches: Iterable[Branch]) -> None:
    by_name: dict[str, Branch] = {}
    for branch in branches:
        other = by_name.setdefault(branch.name, branch)
        if other is not branch:
            first, second = other.recipe.settings(), branch.recipe.settings()
            names = [name for name in first if repr(first[name]) != repr(second[name])]
            told = [
                ", ".join(f"{name}={values[name]!r}" for name in names)
                for values in (first, second)
            ]
            raise SettingsError(
                f"two branches, {told[0]} and {told[1]}, would share the folder {branch.name}; "
                "train one of them under a --version of its own"
            )


def _name(recipe: Recipe, scanned: list[str], fold: int | None, folds: int) -> str:
    parts = [] if fold is None else [f"fold={fold}of{folds}"]
    values: Mapping[str, Any] = recipe.settings()
    parts += [f"{name}={_folder_word(values[name])}" for name in scanned]
    name = "__".join(parts)
    if len(name) > _LONGEST_NAME:
        # file systems allow 255 bytes; law's job files repeat the name
        name = f"{name[:_LONGEST_NAME]}-{_digest(name)}"
    return name


def _folder_word(value: Any) -> str:
    text = "x".join(map(str, value)) if isinstance(value, list) else str(value)
    text = without_secrets(text)
    word = re.sub(r"[^A-Za-z0-9.+-]+", "_", text)
    # two values that differ only in replaced characters must not share a folder
    plain = word == text and word.strip(".") and not isinstance(value, list)
    return word if plain else f"{word}-{_digest(without_secrets(repr(value)))}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:6]
