"""From raw settings to a recipe: types come from the fields, refusals speak to the user."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cmsml_tasks.errors import SettingsError, did_you_mean
from cmsml_tasks.recipes.recipe import Recipe
from cmsml_tasks.recipes.settings.grammar import Bare, Raw, serialize_value
from cmsml_tasks.recipes.settings.type_words import type_in_words


def make_recipe(recipe: type[Recipe], settings: Mapping[str, Raw] | None = None) -> Recipe:
    """Return the *recipe* with *settings* in place of its defaults.

    Args:
        recipe: the class.
        settings: raw values as parsed, or values of the right type such as `Recipe.settings`.

    Raises:
        SettingsError: an unknown setting, a value that its field does not take, a setting
            without default that is not given, or a recipe whose plain attributes are unusable.
    """
    recipe.check()
    return _made(recipe, settings or {})


def _made(recipe: type[Recipe], raw: Mapping[str, Raw]) -> Recipe:
    values = {name: _typed_none(recipe, name, value) for name, value in raw.items()}
    try:
        return recipe.model_validate(values)
    except ValidationError as error:
        messages = [_message(recipe, raw, detail) for detail in error.errors()]
        raise SettingsError("; ".join(dict.fromkeys(messages))) from error


def scan_points(
    recipe: type[Recipe], settings: Mapping[str, Raw], scan: Mapping[str, Sequence[Raw]]
) -> list[dict[str, Raw]]:
    """Return the points of *scan*: each combination of its values, by name, as raw values.

    They are in the order of `scan_recipes`, which says what is refused.
    """
    return [point for point, _ in _scanned(recipe, settings, scan)]


def scan_recipes(
    recipe: type[Recipe], settings: Mapping[str, Raw], scan: Mapping[str, Sequence[Raw]]
) -> list[Recipe]:
    """Return the *recipe* at each point of *scan*: ``make_recipe(recipe, settings | point)``.

    The last of the names (sorted) varies fastest. Without a scan there is one empty point.

    Raises:
        SettingsError: as `make_recipe`, or a name stands in *settings* and *scan*, or two points
            are the same once their values are read (0.1 and 1e-1).
    """
    return [made for _, made in _scanned(recipe, settings, scan)]


def _scanned(
    recipe: type[Recipe], settings: Mapping[str, Raw], scan: Mapping[str, Sequence[Raw]]
) -> list[tuple[dict[str, Raw], Recipe]]:
    both = sorted(set(settings) & set(scan))
    if both:
        raise SettingsError(f"'{both[0]}' is in --settings and in --scan; keep one of them")
    recipe.check()
    names = sorted(scan)
    points: dict[str, tuple[dict[str, Raw], Recipe]] = {}
    for values in itertools.product(*(scan[name] for name in names)):
        point = dict(zip(names, values, strict=True))
        made = _made(recipe, {**settings, **point})
        resolved = made.settings()
        identity = repr([resolved[name] for name in names])
        first, _ = points.setdefault(identity, (point, made))
        if first is not point:
            raise SettingsError(
                f"--scan has the same point twice: {_text(first)} and {_text(point)}; drop one"
            )
    return list(points.values())


def _text(point: Mapping[str, Raw]) -> str:
    return ",".join(f"{name}={serialize_value(value)}" for name, value in point.items())


def _typed_none(recipe: type[Recipe], name: str, raw: Any) -> Any:
    """Read the bare word ``none`` as None where the field accepts that."""
    plain, with_none = _plain(raw), _plain(raw, none=True)
    if with_none == plain:
        return plain
    try:
        recipe.model_validate({name: with_none})
    except ValidationError as error:
        if any(detail["loc"][:1] == (name,) for detail in error.errors()):
            return plain
    return with_none


def _plain(raw: Any, none: bool = False) -> Any:
    if isinstance(raw, list):
        return [_plain(item, none) for item in raw]
    if none and isinstance(raw, Bare) and raw.lower() == "none":
        return None
    return str(raw) if isinstance(raw, str) else raw


def _message(recipe: type[Recipe], raw: Mapping[str, Any], detail: ErrorDetails) -> str:
    where = recipe.__qualname__
    reason = detail["msg"].removeprefix("Value error, ")
    if not detail["loc"]:
        return f"settings of {where}: {reason}"
    name = str(detail["loc"][0])
    if detail["type"] == "extra_forbidden":
        if name in recipe.__class_vars__:
            return f"'{name}' describes the data of {where} and cannot be set; change the class"
        return f"{where} has no setting '{name}'" + did_you_mean(name, recipe.model_fields)
    if detail["type"] == "missing" and len(detail["loc"]) == 1:
        return f"setting '{name}' of {where} has no default; give it with --settings {name}=..."
    field = recipe.model_fields[name]
    value = raw.get(name, field.default)
    items = [str(step + 1) for step in detail["loc"][1:] if isinstance(step, int)]
    at_item = f" (item {'.'.join(items)})" if items else ""
    head = f"setting '{name}' of {where} cannot be {serialize_value(value)}"
    if detail["type"] in ("value_error", "assertion_error"):
        return f"{head}: {reason}"
    text = f"{head}{at_item}: expected {type_in_words(field.annotation, field.metadata)}"
    if name in raw and not field.is_required():
        default = field.get_default(call_default_factory=True, validated_data={})
        text += f"; the default is {serialize_value(default)}"
    return text
