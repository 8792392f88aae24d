"""Functions and classes of a library that tell of a call before they do their work."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from cmsml_tasks.observing.reads import harmless


def tell(holder: Any, name: str, note: Callable[..., None]) -> None:
    """Let the function *name* of the module or class *holder* call *note* first.

    *note* is called with the same arguments, and names those that it wants like the library does.
    Releases without that function are left alone.
    """
    original = getattr(holder, name, None)
    if original is None:
        return
    noted = harmless(note)

    @wraps(original)
    def telling(*args: Any, **kwargs: Any) -> Any:
        noted(*args, **kwargs)
        return original(*args, **kwargs)

    setattr(holder, name, telling)


def tell_result(holder: Any, name: str, note: Callable[[Any], None]) -> None:
    """Let the function *name* of *holder* call *note* with what it returns."""
    original = getattr(holder, name, None)
    if original is None:
        return
    noted = harmless(note)

    @wraps(original)
    def telling(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        noted(result)
        return result

    setattr(holder, name, telling)
