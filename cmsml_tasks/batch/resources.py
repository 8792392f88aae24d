"""What a job may ask its batch system for: task parameters, checked before anything is submitted.

A parameter has the name that the system has for the thing, behind the name of the system. Its
default stands under the same name in the section ``[cmsml_tasks_batch]`` of the configuration.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, TypeVar

import law
import luigi

from cmsml_tasks.batch.site import option
from cmsml_tasks.command_line.messages import told
from cmsml_tasks.errors import SettingsError

T = TypeVar("T")

_SIZES = {"": 1, "K": 1 / 1024, "M": 1, "G": 1024, "T": 1024**2}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)
_TIMES = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_TIME = re.compile(
    r"(\d+(?:\.\d+)?)\s*(s|m|h|d)(?:ec(?:onds?)?|in(?:utes?)?|ours?|ays?)?", re.IGNORECASE
)
_CLOCK = re.compile(r"(?:(\d+)-)?(\d+):(\d\d):(\d\d)")
# no quote, bracket, dollar, semicolon or white space: it becomes a line of a job file
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+=,-]*")


def number(text: str) -> int:
    """Return the whole number from 1 on that *text* spells.

    Raises:
        ValueError: it is none.
    """
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    raise ValueError("not a whole number from 1 on, such as 2")


def megabytes(text: str) -> int:
    """Return the size in MiB that *text* spells, such as ``2GB``; a plain number is in MiB.

    Raises:
        ValueError: it is none.
    """
    found = _SIZE.fullmatch(text.strip())
    size = math.ceil(float(found[1]) * _SIZES[found[2].upper()]) if found else 0
    if size > 0:
        return size
    raise ValueError("not a size such as 2GB or 500MB")


def seconds(text: str) -> int:
    """Return the time in seconds that *text* spells, such as ``3h``, ``2:30:00`` or ``1-12:00:00``.

    A plain number means minutes to one system and seconds to the next, and is refused.

    Raises:
        ValueError: it is none.
    """
    found, clock = _TIME.fullmatch(text.strip()), _CLOCK.fullmatch(text.strip())
    time = math.ceil(float(found[1]) * _TIMES[found[2].lower()]) if found else 0
    if clock:
        days, hours, full_minutes, rest = (int(part or 0) for part in clock.groups())
        time = ((days * 24 + hours) * 60 + full_minutes) * 60 + rest
    if time > 0:
        return time
    raise ValueError("not a time with its unit, such as 90min, 3h or 2:30:00")


def minutes(text: str) -> int:
    """Return the time in full minutes, rounded up, that *text* spells.

    Raises:
        ValueError: it is none.
    """
    return math.ceil(seconds(text) / 60)


def word(text: str) -> str:
    """Return *text* if it can stand in a job file as it is.

    Raises:
        ValueError: it could be taken for more than one word.
    """
    if _WORD.fullmatch(text):
        return text
    raise ValueError("not a name; letters, digits and . _ : / @ + = , - can be used")


def checked(kind: Callable[[str], T], text: str, where: str) -> T:
    """Return what *kind* makes of *text*.

    Raises:
        SettingsError: it cannot be used; the message says *where* it was given, and why.
    """
    try:
        return kind(text)
    except ValueError as error:
        raise SettingsError(f"{where} {text!r}: {error}") from error


class Resource(luigi.Parameter):  # type: ignore[misc]
    """A task parameter that becomes a line of the job file; empty takes the site's default.

    Args:
        kind: reads what the user typed, and raises ValueError with what is wrong.
        key: what the line is called in the job file.
        form: how the value is written there.
        description: what it is, for ``--help``.
    """

    def __init__(
        self, kind: Callable[[str], Any], key: str, form: str = "{}", *, description: str
    ) -> None:
        super().__init__(
            default=law.NO_STR,
            significant=False,
            description=f"{description}; default: empty, as the site's configuration says",
        )
        self._kind, self._key, self._form = kind, key, form
        self.option = f"--{key}"
        """How users know it; told by the class that it is a parameter of."""

    def parse(self, text: str) -> str:
        """Return *text*, checked."""
        if text != law.NO_STR:
            with told():
                checked(self._kind, text, self.option)
        return text

    def line(self, name: str, given: str) -> tuple[str, str] | None:
        """Return key and value for the job file, None where neither task nor site says anything.

        Args:
            name: the parameter's name, which is also that of the site's option.
            given: the parameter's value.

        Raises:
            SettingsError: the value cannot be used.
        """
        text = option(name) if given == law.NO_STR else given
        if not text:
            return None
        where = self.option if given == text else f"{name} of the site"
        value = checked(self._kind, text, where)
        form = option(f"{name}_form") or self._form
        return option(f"{name}_key") or self._key, form.format(value)


def resource_lines(task: Any, system: str) -> list[tuple[str, str]]:
    """Return the lines of the job file with what the jobs of *task* ask *system* for.

    Raises:
        SettingsError: a value cannot be used.
    """
    lines = [
        parameter.line(name, getattr(task, name))
        for name, parameter in task.get_params()
        if isinstance(parameter, Resource) and name.startswith(f"{system}_")
    ]
    return [line for line in lines if line is not None]
