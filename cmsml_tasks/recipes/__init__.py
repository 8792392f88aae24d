"""What a user writes: which data, which network, how it is trained.

`Recipe` is the general form, `EventRecipe` the one for events in columns (ROOT, Parquet, NPZ, CSV).
This room knows no workflow; importing it imports neither TensorFlow nor numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmsml_tasks.lazy import lazy_names
from cmsml_tasks.recipes.event_recipe import EventRecipe
from cmsml_tasks.recipes.events import Arrays, Data, Events, Feature
from cmsml_tasks.recipes.named_recipes import load_recipe
from cmsml_tasks.recipes.recipe import Recipe, recipe_name
from cmsml_tasks.recipes.settings.grammar import (
    Raw,
    parse_scan,
    parse_settings,
    serialize_scan,
    serialize_settings,
    serialize_value,
)
from cmsml_tasks.recipes.settings.recipe_settings import make_recipe, scan_points

if TYPE_CHECKING:
    from cmsml_tasks.recipes.events.splitting import split

__all__ = [
    "Arrays",
    "Data",
    "EventRecipe",
    "Events",
    "Feature",
    "Raw",
    "Recipe",
    "load_recipe",
    "make_recipe",
    "parse_scan",
    "parse_settings",
    "recipe_name",
    "scan_points",
    "serialize_scan",
    "serialize_settings",
    "serialize_value",
    "split",
]

# needs numpy
__getattr__ = lazy_names(__name__, {"split": "events.splitting"})
