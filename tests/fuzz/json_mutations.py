"""JSON made wrong: its text, its values, its kinds, its names."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

from byte_mutations import mutated_bytes

Rng = random.Random
Place = tuple[Any, Any]  # a list or dict, and the index or key in it

_DEEP = 3000
_TEXTS = ("", "a", "../x", "/", "a\0b", "é", "\ud800", "x" * 9000, "nan", "None", "1", "float32")
_NUMBERS = (0, 1, -1, 2, 255, 2**31, 2**63, -(2**63), 10**30, 1.5, -0.0, 1e308, 1e-320)
_CONSTANTS = (None, True, False, [], {}, [[]], {"": None}, float("nan"), float("inf"))


def mutated_json(rng: Rng, content: bytes) -> bytes:
    """Return the JSON *content* with a few of its values, or some of its text, changed."""
    if rng.random() < 0.2:
        return _mutated_text(rng, content)
    value = json.loads(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        places = list(_places(value))
        if not places:
            break
        _change(rng, *rng.choice(places), places)
    text = json.dumps(value)
    if rng.random() < 0.05:
        deep = rng.choice(("[", '{"a":'))
        text = text.replace("1", deep * _DEEP, 1)
    return text.encode(errors="surrogatepass")


def _places(value: Any) -> Iterator[Place]:
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in parts:
        yield value, key
        if isinstance(part, dict | list):
            yield from _places(part)


def _change(rng: Rng, parent: Any, key: Any, places: list[Place]) -> None:
    match rng.randrange(8):
        case 0:
            parent[key] = _anything(rng)
        case 1:
            del parent[key]
        case 2 if isinstance(parent, dict):
            name = rng.choice((*_TEXTS, *(str(k) for _, k in places[:40])))
            parent[name] = parent.pop(key)
        case 3:
            other, at = rng.choice(places)
            copy = json.loads(json.dumps(_at(other, at)))
            parent[key] = copy
        case 4 if isinstance(parent, list):
            parent.insert(key, json.loads(json.dumps(parent[key])))
        case 5:
            for _ in range(rng.choice((1, 3, 60))):
                parent[key] = rng.choice(([parent[key]], {"a": parent[key]}))
        case 6 if isinstance(parent[key], str | int | float):
            parent[key] = _similar(rng, parent[key])
        case _:
            parent[key] = _similar(rng, parent[key])


def _at(parent: Any, key: Any) -> Any:
    try:
        return parent[key]
    except (KeyError, IndexError):  # an earlier change took it
        return None


def _similar(rng: Rng, value: Any) -> Any:
    """Return another value of the same kind, where it has others."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return rng.choice((value[:-1], value + "x", value.upper(), value * 2, *_TEXTS))
    if isinstance(value, int | float):
        return rng.choice((*_NUMBERS, value + 1, -value, value * 100))
    if isinstance(value, list) and value:
        return rng.choice((value[:-1], value * 2, value * 500, value[::-1]))
    return _anything(rng)


def _anything(rng: Rng) -> Any:
    return rng.choice((rng.choice(_TEXTS), rng.choice(_NUMBERS), rng.choice(_CONSTANTS)))


def _mutated_text(rng: Rng, content: bytes) -> bytes:
    match rng.randrange(5):
        case 0:
            return content[: rng.randrange(len(content))]
        case 1:  # a name that stands there twice
            at = content.find(b'"', rng.randrange(len(content)))
            end = content.find(b",", at)
            return content[:end] + b"," + content[at:end] + content[end:]
        case 2:
            return rng.choice((b"", b"null", b"[]", b"{}", b'"a"', b"\xff\xfe", b"\xef\xbb\xbf{}"))
        case _:
            return mutated_bytes(rng, content, content)
