r"""The text of ``--settings`` and ``--scan``: how values are written, read back and made canonical.

    settings = [ name "=" value { "," name "=" value } ]
    scan     = [ name "=" value { ":" value } { "," name "=" value { ":" value } } ]
    value    = bare | quoted | list
    list     = "[" [ value { "," value } [ "," ] ] "]"      round brackets mean the same
    quoted   = "'" text "'" | '"' text '"'                  with \' \" \\ inside
    bare     = text without , [ ] ( ) ' " (in a scan also without :)

Examples: ``epochs=50,layers=[64,32],tag='a,b'`` and ``units=32:64:128`` or ``layers=[64]:[64,32]``.

Blanks around names and values do not count. Values have no type here: all are text or (nested)
lists of text, and the fields of a recipe say what they mean: ``50`` is a number for an ``int`` and
text for a ``str``; ``true`` / ``false`` (yes / no, on / off, 1 / 0) for a ``bool``; the bare word
``none`` is ``None`` wherever the field accepts that, ``'none'`` in quotes is always text. A shell
takes quotes, brackets and blanks for itself, so put the whole argument in quotes there:
``--settings "layers=[64,32],tag='a,b'"``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from cmsml_tasks.errors import SettingsError

Raw: TypeAlias = "str | list[Raw]"

EXAMPLES = {
    "--settings": "epochs=50,layers=[64,32],tag='a,b'",
    "--scan": "units=32:64:128",
    "--constant-inputs": "training=false,scales=[0.5,2],era='2018'",
    "--input-shapes": "jets=[?,10],met=[?,2] (? is a free dimension)",
}
_CLOSING = {"[": "]", "(": ")"}
_QUOTES = "'\""
_NAME = re.compile(r"[^\W\d]\w*")
_TENSOR = re.compile(r"[^\s,=](?:[^,=]*[^\s,=])?")  # models may have blanks in their names


class Bare(str):
    """Text that stood without quotes: the word ``none`` can mean None."""

    __slots__ = ()


def parse_settings(text: str) -> dict[str, Raw]:
    """Return the values of ``name=value,...`` by name, as text or nested lists of text.

    Raises:
        SettingsError: the text does not follow the grammar, or a name comes twice.
    """
    return {name: values[0] for name, values in _Parser("--settings", text, ",").parse().items()}


def parse_by_tensor(option: str, text: str) -> dict[str, Raw]:
    """Return the values of ``name=value,...`` by the name of a tensor, ``scope/x``, of *option*.

    Raises:
        SettingsError: the text does not follow the grammar, or a name comes twice.
    """
    parsed = _Parser(option, text, ",", _TENSOR).parse()
    return {name: values[0] for name, values in parsed.items()}


def parse_scan(texts: str | Iterable[str]) -> dict[str, list[Raw]]:
    """Return the values of ``name=a:b:c`` by name; several texts, or items between commas, add up.

    Raises:
        SettingsError: a text does not follow the grammar, or a name comes twice.
    """
    scan: dict[str, list[Raw]] = {}
    for text in [texts] if isinstance(texts, str) else texts:
        for name, values in _Parser("--scan", text, ",:").parse().items():
            if name in scan:
                raise SettingsError(f"--scan: '{name}' is given twice; join them: {name}=a:b:c")
            scan[name] = values
    return scan


def serialize_settings(settings: Mapping[str, Any]) -> str:
    """Return the canonical text of *settings*: sorted by name, quotes only where needed.

    Values may be raw (as parsed) or resolved: numbers, bools, None, text and lists of those.
    """
    return ",".join(f"{name}={serialize_value(settings[name])}" for name in sorted(settings))


def serialize_scan(scan: Mapping[str, Sequence[Any]]) -> str:
    """Return the canonical text of *scan*: sorted by name, values in their given order."""
    return ",".join(f"{name}={':'.join(map(serialize_value, scan[name]))}" for name in sorted(scan))


def serialize_value(value: Any) -> str:
    """Return the text that is read back as *value*."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{','.join(map(serialize_value, value))}]"
    text = str(value)
    if isinstance(value, str) and not isinstance(value, Bare) and text.lower() == "none":
        return _quote(text)
    plain = text and text == text.strip() and not re.search(r"[,:\[\]()'\"]", text)
    return text if plain else _quote(text)


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


class _Parser:
    """Reads one text from left to right; *stops* are the characters that end a value."""

    def __init__(self, option: str, text: str, stops: str, name: re.Pattern[str] = _NAME) -> None:
        self.option, self.text, self.stops, self.name = option, text, stops, name
        self.position = 0

    def parse(self) -> dict[str, list[Raw]]:
        found: dict[str, list[Raw]] = {}
        self._skip_blanks()
        if self._at_end():
            return found
        while True:
            start = self.position
            name = self._name()
            if name in found:
                raise self._error(f"'{name}' is given twice", start)
            found[name] = [self._value(self.stops)]
            while self._take(":"):
                found[name].append(self._value(self.stops))
            if not self._take(","):
                return found

    def _name(self) -> str:
        self._skip_blanks()
        start = self.position
        match = self.name.match(self.text, start)
        self.position = match.end() if match else start
        self._skip_blanks()
        if match and self._take("="):
            return match.group()
        rest = self.text[start:].split(",")[0].strip()
        what = f"'{rest}' is not name=value" if rest else "name=value expected, found nothing"
        raise self._error(what, start)

    def _value(self, stops: str) -> Raw:
        self._skip_blanks()
        start = self.position
        character = self._peek()
        if character in _CLOSING:
            value: Raw = self._list()
        elif character and character in _QUOTES:
            value = self._quoted()
        else:
            return self._bare(stops)
        self._skip_blanks()
        if not self._at_end() and self._peek() not in stops:
            junk = self.text[self.position :]
            raise self._error(
                f"{self.text[start : self.position].strip()!r} is followed by {junk!r}; "
                "text with brackets or quotes in it needs quotes around the whole",
                self.position,
            )
        return value

    def _list(self) -> list[Raw]:
        start = self.position
        closing = _CLOSING[self.text[start]]
        self.position += 1
        values: list[Raw] = []
        while not self._take(closing):
            if self._at_end():
                raise self._error(f"the bracket '{self.text[start]}' is never closed", start)
            values.append(self._value("," + closing))
            if not self._take(",") and self._peek() != closing and not self._at_end():
                raise self._error(f"',' or '{closing}' expected", self.position)
        return values

    def _quoted(self) -> str:
        start = self.position
        quote = self.text[start]
        self.position += 1
        characters: list[str] = []
        while not self._at_end():
            character = self.text[self.position]
            following = self.text[self.position + 1 : self.position + 2]
            if character == "\\" and following and following in (quote, "\\"):
                characters.append(following)
                self.position += 2
                continue
            self.position += 1
            if character == quote:
                return "".join(characters)
            characters.append(character)
        raise self._error(f"the quote {quote} is never closed", start)

    def _bare(self, stops: str) -> str:
        start = self.position
        while not self._at_end() and self._peek() not in stops:
            if self._peek() in "[]()'\"":
                what = f"a value with {self._peek()} in it needs quotes around the whole"
                raise self._error(what, self.position)
            self.position += 1
        value = self.text[start : self.position].strip()
        if not value:
            raise self._error("a value is missing (write '' for empty text)", start)
        return Bare(value)

    def _at_end(self) -> bool:
        return self.position >= len(self.text)

    def _peek(self) -> str:
        return self.text[self.position : self.position + 1]

    def _skip_blanks(self) -> None:
        while self._peek().isspace():
            self.position += 1

    def _take(self, character: str) -> bool:
        self._skip_blanks()
        if self._peek() != character:
            return False
        self.position += 1
        return True

    def _error(self, what: str, position: int) -> SettingsError:
        return SettingsError(
            f"{self.option} {self.text!r}: {what}, at position {position + 1}; "
            f"write for example {EXAMPLES[self.option]}"
        )
