"""Parameters of commands that look and do not run, such as ``--explain``."""

from __future__ import annotations

from typing import Any

import law


class DepthParameter(law.CSVParameter):  # type: ignore[misc]
    """How far up the requirements a command looks; can be given without a value.

    Args:
        alone: the value of the option given alone, as text.
        kwargs: handed on to `law.CSVParameter`.
    """

    def __init__(self, alone: str, **kwargs: Any) -> None:
        super().__init__(default=(), significant=False, **kwargs)
        self._alone = alone

    def _parser_kwargs(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {**super()._parser_kwargs(*args, **kwargs), "nargs": "?", "const": self._alone}
