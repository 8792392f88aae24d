"""The memory of one look at a tree of tasks: what it has found out need not be found out again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")

_look: ContextVar[dict[Hashable, Any] | None] = ContextVar("look", default=None)


@contextmanager
def one_look() -> Iterator[None]:
    """Let everything that is found out within be found out once; looks nest."""
    if _look.get() is not None:
        yield
        return
    token = _look.set({})
    try:
        yield
    finally:
        _look.reset(token)


def is_looking() -> bool:
    """Tell whether what is found out now will be remembered for a while."""
    return _look.get() is not None


def seen(what: str, subject: Any, find_out: Callable[[], T]) -> T:
    """Return ``find_out()``, from this look where it has found *what* out about *subject*."""
    # the subject is kept, because another one could get its id
    return seen_as((what, id(subject)), lambda: (subject, find_out()))[1]


def seen_as(key: Hashable, find_out: Callable[[], T]) -> T:
    """Return ``find_out()``, from this look where it was found out under the same *key*."""
    memory = _look.get()
    if memory is None:
        return find_out()
    if key not in memory:
        memory[key] = find_out()
    found: T = memory[key]
    return found
