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
    """Return the argument *name* with each of *found* called otherwise, as one writes it."""
    wanted = ["name"] if len(found) == 1 else [f"name_{i + 1}" for i in range(len(found))]
    both = list(zip(found, wanted, strict=True))
    if _as_options.get():
        return f"{flag(name)} {shlex.quote(','.join(f'{own}={new}' for own, new in both))}"
    pairs = ", ".join(f"{own!r}: {new!r}" for own, new in both)
    return f"{name}={{{pairs}}}"
