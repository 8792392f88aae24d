"""Parameters whose mistakes are told in a line, and those that can be given several times."""

from __future__ import annotations

from typing import Any

import luigi

from cmsml_tasks.command_line.messages import refuse
from cmsml_tasks.errors import SettingsError


class RepeatedParameter(luigi.Parameter):  # type: ignore[misc]
    """Text with items between commas; given several times, the items add up."""

    @classmethod
    def _parser_kwargs(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {**super()._parser_kwargs(*args, **kwargs), "action": "append"}

    def parse(self, text: str | list[str]) -> str:
        """Join repeated options to one text."""
        return text if isinstance(text, str) else ",".join(filter(None, text))


class _NamedParameter(luigi.Parameter):  # type: ignore[misc]
    """A parameter that can tell a mistake; *option* is how the user knows it."""

    def __init__(self, option: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._option = option


class WholeNumberParameter(_NamedParameter, luigi.IntParameter):  # type: ignore[misc]
    """A whole number."""

    def parse(self, text: str) -> int:
        """Return the number that *text* spells."""
        try:
            return int(text)
        except ValueError:
            refuse(SettingsError(f"{self._option} {text!r} is not a whole number"))


class ToleranceParameter(_NamedParameter, luigi.FloatParameter):  # type: ignore[misc]
    """A number that is not negative."""

    def parse(self, text: str) -> float:
        """Return the number that *text* spells."""
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if 0 <= number < float("inf"):
            return number
        refuse(SettingsError(f"{self._option} {text!r} is not a number from 0 on, such as 1e-6"))
