"""Arguments as the user knows them: by their names in Python, or as options of the command line."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

_as_options: ContextVar[bool] = ContextVar("arguments came as options", default=False)


def flag(name: str) -> str:
    """Return how users type the parameter *name*."""
    return f"--{name.replace('_', '-')}"


@contextmanager
def came_as_options() -> Iterator[None]:
    """Let messages in this block, or function, call arguments as on the command line."""
    token = _as_options.set(True)
    try:
        yield
    finally:
        _as_options.reset(token)


def argument(name: str) -> str:
    """Return what the user knows the argument *name* by: ``input_names``, ``--input-names``."""
    return flag(name) if _as_options.get() else name


def renaming(name: str, found: Sequence[str]) -> str:
    """Return the argument *name* with each of *found* called ``name``, as one writes it."""
    if _as_options.get():
        return f"{flag(name)} {shlex.quote(','.join(f'{own}=name' for own in found))}"
    pairs = ", ".join(f"{own!r}: 'name'" for own in found)
    return f"{name}={{{pairs}}}"
