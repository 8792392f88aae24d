"""A block in which names that come from elsewhere lead to nothing that is not loaded anyway."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_only_loaded: ContextVar[bool] = ContextVar("only loaded", default=False)


@contextmanager
def only_loaded() -> Iterator[None]:
    """Let no module be imported in this block because a parameter names it."""
    token = _only_loaded.set(True)
    try:
        yield
    finally:
        _only_loaded.reset(token)


def may_import() -> bool:
    """Tell whether a module may be imported because a parameter names it."""
    return not _only_loaded.get()
