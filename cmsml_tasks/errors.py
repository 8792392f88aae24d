"""Errors that speak to the user: what was wrong, why, and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from cmsml_tasks.shown import printable, without_secrets


class UserError(Exception):
    """A mistake that the user can mend; shown as its message alone, without a traceback.

    Passwords and tokens of URLs never reach the message, nor does what a terminal would act on: the
    names in it may come from anybody's file.
    """

    def __init__(self, *words: object) -> None:
        shown = (
            printable(without_secrets(each)) if isinstance(each, str) else each for each in words
        )
        super().__init__(*shown)


class SettingsError(UserError, ValueError):
    """A recipe, setting, scan or other task parameter that cannot be used."""


class DataError(UserError):
    """Events that are missing, unreadable or unusable for a training."""


class ConversionError(UserError, ValueError):
    """An object that cannot be turned into a graph, or a file that holds no usable one."""


class ConversionTypeError(ConversionError, TypeError):
    """An object of a type that no graph can be made from."""


class ValidationError(UserError):
    """A frozen graph that does not do what its original does."""


def did_you_mean(name: str, options: Iterable[str], *, only_near: bool = False) -> str:
    """Return ``"; did you mean 'x'?"`` for the option nearest to *name*, else all of the options.

    The result is made to be appended to an error message; it is empty when there are no options,
    and with *only_near* also when none of them is near.
    """
    known = sorted(options)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; there is: {', '.join(known)}" if known and not only_near else ""


def listed(names: Iterable[str]) -> str:
    """Return *names* as a user reads them, ``'a', 'b'``, or ``nothing``."""
    return ", ".join(f"'{name}'" for name in names) or "nothing"
