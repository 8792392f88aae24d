"""The table of what operations do beside computing, as ``operations.txt`` has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

PATH = Path(__file__).with_name("operations.txt")

_UNLESS = "; unless "


class Verdict(Enum):
    """What an operation may do; the values are the words of the table."""

    HARMLESS = "harmless"
    STATE = "state"
    OUTSIDE = "outside"


@dataclass(frozen=True)
class Effect:
    """What one operation does.

    Attributes:
        verdict: the verdict on it, whatever its attributes say.
        does: the same in words, such as "writes a file".
        attribute: the one by which an operation that reaches outside may still be harmless.
        harmless: patterns of the values of that attribute with which it is.

    """

    verdict: Verdict
    does: str
    attribute: str | None = None
    harmless: tuple[str, ...] = ()

    def of(self, node: Any) -> Verdict:
        """Return the verdict on *node*, a NodeDef, whose attributes may decide."""
        if self.attribute is None or not self._is_harmless(node):
            return self.verdict
        return Verdict.HARMLESS

    def _is_harmless(self, node: Any) -> bool:
        if self.attribute not in node.attr:
            return True  # all defaults are
        value = node.attr[self.attribute]
        kind = value.WhichOneof("value")
        if kind not in ("s", "list"):
            return False  # the argument of a function, which only its caller knows
        words = [value.s] if kind == "s" else list(value.list.s)
        return all(
            any(fnmatchcase(word.decode(errors="replace"), each) for each in self.harmless)
            for word in words
        )


def effect_of(operation: str) -> Effect | None:
    """Return what *operation* does, None where nobody has judged it."""
    return table().get(operation)


def verdict_of(operation: str) -> Verdict | None:
    """Return the verdict on *operation*, None where nobody has judged it.

    One whose attributes decide counts as reaching outside.
    """
    effect = effect_of(operation)
    return None if effect is None else effect.verdict


@cache
def table() -> Mapping[str, Effect]:
    """Return the effects of all known operations by name."""
    lines = PATH.read_text(encoding="utf-8").splitlines()
    return dict(_entry(line) for line in lines if line and not line.startswith("#"))


def _entry(line: str) -> tuple[str, Effect]:
    operation, verdict, words = line.split(maxsplit=2)
    does, _, condition = words.partition(_UNLESS)
    attribute, _, values = condition.partition("=")
    harmless = tuple(values.split(",")) if condition else ()
    return operation, Effect(Verdict(verdict), does, attribute or None, harmless)
