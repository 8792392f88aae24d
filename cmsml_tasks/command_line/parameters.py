"""Parameters of commands that look and do not run, such as ``--explain``."""

from __future__ import annotations

from typing import Any

import law

from cmsml_tasks.command_line.messages import refuse
from cmsml_tasks.errors import SettingsError


class DepthParameter(law.CSVParameter):  # type: ignore[misc]
    """How far up the requirements a command looks; can be given without a value.

    Args:
        alone: the value of the option given alone, as text.
        kwargs: handed on to `law.CSVParameter`.
    """

    def __init__(self, alone: str, **kwargs: Any) -> None:
        super().__init__(default=(), significant=False, **kwargs)
        self._alone = alone

    def parse(self, text: str) -> Any:
        """Return the depth that *text* spells, as law's own parameters do."""
        depth = text.strip()
        if depth and not depth.lstrip("-").isdigit():
            refuse(SettingsError(f"{text!r} is no depth: 0 is this task only, -1 is all"))
        return super().parse(depth)

    def _parser_kwargs(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {**super()._parser_kwargs(*args, **kwargs), "nargs": "?", "const": self._alone}
