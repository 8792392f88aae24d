"""Targets that know which task makes them.

A task's own ``output()`` may return targets of any class. Each is given a subclass of its class, so
that law's ``--print-status`` and ``--remove-output`` speak of manifests too.
"""

from __future__ import annotations

import os
import types
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import law

from cmsml_tasks.tracking.state import Verdict, word_of

if TYPE_CHECKING:
    from cmsml_tasks.tracking.task import TrackedTask

COLORS = {
    Verdict.COMPLETE: "green",
    Verdict.STALE: "yellow",
    Verdict.ARCHIVED: "blue",
    Verdict.MISSING: "red",
}


class TrackedTarget:
    """What a target learns: ``exists()`` stays honest, ``complete()`` asks for freshness too."""

    producer: TrackedTask | None = None

    def complete(self, **kwargs: Any) -> bool:
        """Return whether the target exists and its manifest describes today's ingredients."""
        there: bool = super().complete(**kwargs)  # type: ignore[misc]
        fresh = self.producer is None or self.producer.state().verdict is Verdict.COMPLETE
        return there and fresh

    def status_text(self, *args: Any, color: bool = False, **kwargs: Any) -> str:
        """Return the verdict on the target in words; law prints it."""
        if self.producer is None or getattr(self, "optional", False):
            text: str = super().status_text(*args, color=color, **kwargs)  # type: ignore[misc]
            return text
        state = self.producer.state()
        if state.verdict is not Verdict.ARCHIVED and not self.exists():  # type: ignore[attr-defined]
            return painted(Verdict.MISSING, color)
        return state.text(partial(painted, color=color))

    def remove(self, *args: Any, **kwargs: Any) -> None:
        """Remove the target and the manifest, which would speak of what is no longer there."""
        if self.producer is not None:
            self.producer.forget()
        super().remove(*args, **kwargs)  # type: ignore[misc]


def painted(verdict: Verdict, color: bool) -> str:
    """Return the word for *verdict*, in its colour for a terminal if *color* is set."""
    word = word_of(verdict)
    return str(law.util.colored(word, COLORS[verdict], style="bright")) if color else word


@cache
def _tracked_class(cls: type) -> type:
    if issubclass(cls, TrackedTarget):
        return cls
    return types.new_class(cls.__name__, (TrackedTarget, cls))


def made_by(producer: TrackedTask, outputs: Any) -> Any:
    """Return *outputs*, whose targets know from now on that *producer* makes them."""
    for target in law.util.flatten(outputs):
        if isinstance(target, law.target.base.Target):
            target.__class__ = _tracked_class(type(target))  # type: ignore[arg-type]
            target.producer = producer
    return outputs


def local_paths(outputs: Any) -> list[str]:
    """Return the absolute paths of the files and folders in *outputs*, without optional ones.

    Raises:
        TypeError: a target is not on a local file system, which tracking does not know yet.
    """
    paths = []
    for target in law.target.collection.flatten_collections(law.util.flatten(outputs)):
        if getattr(target, "optional", False):
            continue
        if not isinstance(target, law.LocalTarget):
            raise TypeError(
                f"{target!r} is not on a local file system, and only outputs there can be tracked "
                "so far; derive its task from law.Task instead of TrackedTask"
            )
        paths.append(os.fspath(target.abspath))
    return paths
