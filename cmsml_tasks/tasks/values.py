"""Values of inputs on the command line: ``name=value,...``, numbers, bools, texts, lists."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cmsml_tasks.recipes.settings.grammar import Bare, parse_by_tensor, serialize_value

_WHOLE = re.compile(r"[+-]?\d+")
_BOOLS = {"true": True, "false": False}


def parse_values(option: str, text: str) -> dict[str, Any]:
    """Return the values in *text* by name; what stands in quotes is text.

    Raises:
        SettingsError: it cannot be read, or a name is there twice.
    """
    return {name: _typed(raw) for name, raw in parse_by_tensor(option, text).items()}


def serialize_values(values: Mapping[str, Any]) -> str:
    """Return the text that is read back as *values*, sorted by name."""
    return ",".join(f"{name}={_text(values[name])}" for name in sorted(values))


def _typed(raw: Any) -> Any:
    if isinstance(raw, list):
        return [_typed(item) for item in raw]
    if not isinstance(raw, Bare):
        return str(raw)
    word = str(raw)
    if word.lower() in _BOOLS:
        return _BOOLS[word.lower()]
    if _WHOLE.fullmatch(word):
        return int(word)
    try:
        return float(word)
    except ValueError:
        return word


def _text(value: Any) -> str:
    if isinstance(value, list):
        return f"[{','.join(map(_text, value))}]"
    text = serialize_value(value)
    if isinstance(value, str) and not isinstance(_typed(Bare(value)), str):
        return f"'{value}'"
    return text
