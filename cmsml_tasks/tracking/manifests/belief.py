"""What a manifest must be to be believed: others may write into a store, and versions differ.

Every field is checked before anything is made of it. What is named is files below the manifest's
own folder, modules and numbers: never a place to write to elsewhere, never code to run.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection
from typing import Any

from cmsml_tasks.tracking.manifests.input_changes import USED_AS

FORMAT = 2

_DEEPEST = 50
_LONGEST = 100

Check = Callable[[Any], None]


class NotBelievedError(Exception):
    """A manifest that is not believed; its text says why, as in "it is no JSON"."""


class _MalformedError(Exception):
    """A part of the manifest that is none; ``path`` leads to it, the outermost part last."""

    def __init__(self, value: Any, what: str = "") -> None:
        self.what = what or f"is {_shown(value)}, which it cannot be"
        self.path: list[str] = []


def believed(text: bytes, declared: Collection[str] | None) -> dict[str, Any]:
    """Return the fields of a manifest in today's format, by name.

    Args:
        text: what the file holds.
        declared: names of outputs that the task itself declares, which may lie in other folders;
            None for readers who tell what a manifest says and act on none of it.

    Raises:
        NotBelievedError: it is no manifest, of a format that is not known, or it names an output
            that is outside of its folder.
    """
    content = _parsed(text)
    if "format" not in content:
        raise NotBelievedError("it names no format, as manifests do")
    found = content["format"]
    if type(found) is not int or not 1 <= found <= FORMAT:
        raise NotBelievedError(
            f"it is of format {_shown(found)}, and known are 1 to {FORMAT}; was it made by a newer "
            "version of cmsml_tasks?"
        )
    if found == 1:
        content = _from_format_1(content)
    try:
        _MANIFEST(content)
    except _MalformedError as error:
        where = " ".join(_shown_name(part) for part in reversed(error.path))
        raise NotBelievedError(f"{where or 'it'} {error.what}") from None
    for name in content["outputs"]:
        if declared is not None and name not in declared and _leaves_the_folder(name):
            raise NotBelievedError(f"it names {_shown_name(name)}, which is outside of its folder")
    return content


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        content = json.loads(text.decode(), parse_constant=_refused, parse_float=_finite)
    except (ValueError, RecursionError, MemoryError) as error:
        raise NotBelievedError("it is no JSON that can be read") from error
    if not isinstance(content, dict):
        raise NotBelievedError("it is no JSON object")
    level: list[Any] = [content]
    for _ in range(_DEEPEST):
        parts = (each.values() if isinstance(each, dict) else each for each in level)
        level = [value for part in parts for value in part if isinstance(value, dict | list)]
        if not level:
            break
    else:
        raise NotBelievedError(f"it is nested deeper than {_DEEPEST} levels")
    return content


def _refused(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    return float(text) if math.isfinite(float(text)) else _refused(text)


def _from_format_1(content: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest of before reruns as it is today: its ingredients had no sections."""
    ingredients, outputs = content.get("ingredients"), content.get("outputs")
    if isinstance(ingredients, dict):
        ingredients = {"ingredient of format 1": ingredients}
    if isinstance(outputs, dict):
        outputs = {name: {"sha256": digest} for name, digest in outputs.items()}
    environment = content.get("environment")
    if isinstance(environment, dict):
        environment = {**environment, "job": None}
    today = {"ingredients": ingredients, "outputs": outputs, "environment": environment}
    today = {name: value for name, value in today.items() if name in content}
    return {**content, **today, "format": FORMAT}


def _leaves_the_folder(name: str) -> bool:
    parts = name.split("/")
    odd = ("\\", "\0", "://")
    return any(each in name for each in odd) or not {"", ".", ".."}.isdisjoint(parts)


# what fields are made of


def _kind(*kinds: type) -> Check:
    def check(value: Any) -> None:
        if type(value) not in kinds:
            raise _MalformedError(value)

    return check


def _matching(pattern: str) -> Check:
    compiled = re.compile(pattern)

    def check(value: Any) -> None:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise _MalformedError(value)

    return check


def _dict_of(check_value: Check) -> Check:
    def check(value: Any) -> None:
        if not isinstance(value, dict):
            raise _MalformedError(value)
        for name, each in value.items():
            _check_part(name, check_value, each)

    return check


def _list_of(check_value: Check) -> Check:
    def check(value: Any) -> None:
        if not isinstance(value, list):
            raise _MalformedError(value)
        for number, each in enumerate(value):
            _check_part(str(number), check_value, each)

    return check


def _record(needed: dict[str, Check], others: dict[str, Check], open_ended: bool = False) -> Check:
    checks = {**needed, **others}

    def check(value: Any) -> None:
        if not isinstance(value, dict):
            raise _MalformedError(value)
        if not value.keys() >= needed.keys():
            raise _MalformedError(value, f"lacks {', '.join(sorted(needed.keys() - value.keys()))}")
        for name, each in value.items():
            if name in checks:
                _check_part(name, checks[name], each)
            elif not open_ended:
                _check_part(name, _nothing, each)

    return check


def _row_of(*checks: Check) -> Check:
    def check(value: Any) -> None:
        if not isinstance(value, list) or len(value) != len(checks):
            raise _MalformedError(value)
        for check_value, each in zip(checks, value, strict=True):
            check_value(each)

    return check


def _maybe(check_value: Check) -> Check:
    def check(value: Any) -> None:
        if value is not None:
            check_value(value)

    return check


def _nothing(value: Any) -> None:
    raise _MalformedError(value, "is no field of a manifest")


def _check_part(name: str, check: Check, value: Any) -> None:
    """Check *value*, a part of that *name*; an error says where it is."""
    try:
        check(value)
    except _MalformedError as error:
        error.path.append(name)
        raise


def _size(value: Any) -> None:
    if type(value) is not int or value < 0:
        raise _MalformedError(value)


def _digest(value: Any) -> None:
    if not isinstance(value, dict):
        raise _MalformedError(value)
    digest = {name: each for name, each in value.items() if name != USED_AS}
    _texts(digest)
    _any_dict(value.get(USED_AS, {}))
    if not digest:
        raise _MalformedError(value)


def _code(value: Any) -> None:
    # a digest alone, in manifests of before whole modules ceased to count
    _text(value) if isinstance(value, str) else _CODE(value)


def _request(value: Any) -> None:
    if value != {}:
        _REQUEST(value)


_text, _any_dict = _kind(str), _kind(dict)
_texts = _dict_of(_text)
_maybe_text, _maybe_texts = _maybe(_text), _maybe(_dict_of(_maybe(_text)))
_module = _matching(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_root = _matching(r"[^\W\d]\w*(\.[^\W\d]\w*)*(:[^\W\d][\w.]*)?")
_CODE = _record({"digest": _text}, {"by": _text})
_REQUEST = _record({"module": _module, "task": _text, "parameters": _texts}, {})
_OUTPUTS = _dict_of(
    _record(
        {"sha256": _matching("[0-9a-f]{64}")},
        {
            "size": _size,
            "signature": _maybe(_list_of(_kind(int))),
            "adler32": _matching("[0-9a-f]{8}"),
        },
    )
)
_INGREDIENTS = _record(
    {},
    {
        "code": _dict_of(_dict_of(_code)),
        "input": _dict_of(_digest),
        "read": _dict_of(_texts),
        "variable": _dict_of(_texts),
        "parameter": _any_dict,
        "version of": _any_dict,
    },
    open_ended=True,
)
_ENVIRONMENT = _record(
    {},
    {
        **dict.fromkeys(("packages", "job", "variables"), _maybe_texts),
        **dict.fromkeys(
            ("time", "host", "user", "platform", "processor", "python", "command", "git"),
            _maybe_text,
        ),
        "sandbox": _maybe_text,
        "seconds": _kind(int, float),
    },
    open_ended=True,
)
_MANIFEST = _record(
    {"task": _text, "ingredients": _INGREDIENTS, "outputs": _OUTPUTS, "format": _size},
    {
        "origins": _dict_of(_texts),
        "request": _request,
        "required": _list_of(_row_of(_module, _text, _texts)),
        "environment": _ENVIRONMENT,
        "read_with": _list_of(_root),
        "accepted": _list_of(
            _record({"time": _text, "user": _text, "in spite of": _list_of(_text)}, {"host": _text})
        ),
    },
)


def _shown_name(name: str) -> str:
    return _shortened(name if name.strip() and name.isprintable() else ascii(name))


def _shown(value: Any) -> str:
    return _shortened(json.dumps(value))


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
