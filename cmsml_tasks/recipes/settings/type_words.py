"""Types of settings in a user's words."""

from __future__ import annotations

import types
from collections.abc import Sequence
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

_SIMPLE = {
    int: ("a whole number", "whole numbers", "64"),
    float: ("a number", "numbers", "0.1"),
    str: ("text", "texts", "abc"),
    bool: ("true or false", "true or false", "true"),
    type(None): ("none", "none", "none"),
}
_LIMITS = (
    ("gt", "above {}"),
    ("ge", "at least {}"),
    ("lt", "below {}"),
    ("le", "at most {}"),
    ("multiple_of", "a multiple of {}"),
    ("min_length", "at least {} long"),
    ("max_length", "at most {} long"),
    ("pattern", "matching {}"),
)


def type_in_words(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    """Return what values the *annotation* of a setting takes, such as ``a whole number``.

    Limits from pydantic's ``Field(ge=1)`` come as *metadata* and are appended.
    """
    limits = [
        phrase.format(getattr(item, limit))
        for item in metadata
        for limit, phrase in _LIMITS
        if getattr(item, limit, None) is not None
    ]
    return ", ".join([_words(annotation), *limits])


def _words(annotation: Any) -> str:
    if annotation in _SIMPLE:
        return _SIMPLE[annotation][0]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_in_words(arguments[0], arguments[1:])
    if origin is Literal:
        return "one of " + ", ".join(str(value) for value in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(_words(argument) for argument in arguments)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return "one of " + ", ".join(str(member.value) for member in annotation)
    if origin is tuple and Ellipsis not in arguments and arguments:
        parts = ", ".join(_words(argument) for argument in arguments)
        example = ",".join(_example(argument) for argument in arguments)
        return f"a list of {len(arguments)} ({parts}), such as [{example}]"
    if origin in (list, tuple, set, frozenset):
        return f"a list of {_plural(arguments[0])}, such as [{_example(arguments[0])}]"
    if annotation is dict or origin is dict:
        return "a dict, which only the class can give"
    if annotation in (list, tuple):
        return "a list, such as [1,2]"
    return getattr(annotation, "__name__", str(annotation))


def _plural(annotation: Any) -> str:
    simple = _SIMPLE.get(annotation)
    return simple[1] if simple else f"({_words(annotation)})"


def _example(annotation: Any) -> str:
    if annotation in _SIMPLE:
        return _SIMPLE[annotation][2]
    arguments = get_args(annotation)
    if get_origin(annotation) in (list, tuple) and arguments:
        return f"[{_example(arguments[0])}]"
    return "..."
