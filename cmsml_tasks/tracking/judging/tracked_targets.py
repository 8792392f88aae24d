"""Targets that know which task makes them.

A task's own ``output()`` may return targets of any class. Each is given a subclass of its class, so
that law's ``--print-status`` and ``--remove-output`` speak of manifests too.
"""

from __future__ import annotations

import os
import types
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache, partial
from pathlib import Path
from typing import Any

import law

from cmsml_tasks.command_line.messages import told
from cmsml_tasks.tracking.contract.state import Verdict, word_of
from cmsml_tasks.tracking.contract.targets import file_of, is_remote_class, url_of
from cmsml_tasks.tracking.contract.tracked import Tracked
from cmsml_tasks.tracking.storage import places, remote_files

COLORS = {
    Verdict.COMPLETE: "green",
    Verdict.STALE: "yellow",
    Verdict.ARCHIVED: "blue",
    Verdict.MISSING: "red",
}


class TrackedTarget:
    """What a target learns: ``exists()`` stays honest, ``complete()`` asks for freshness too."""

    producer: Tracked | None = None

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
        known = (Verdict.ARCHIVED, Verdict.MISSING)
        if state.verdict not in known and not self.exists():  # type: ignore[attr-defined]
            return painted(Verdict.MISSING, color)
        return state.text(partial(painted, color=color))

    def remove(self, *args: Any, **kwargs: Any) -> None:
        """Remove the target and the manifest, which would speak of what is no longer there."""
        if self.producer is not None:
            with _told(self):
                self.producer.forget()
        path = file_of(self) or ""
        if not places.is_remote(path) and os.path.islink(path):
            os.unlink(path)  # law would follow it, or fail
        else:
            super().remove(*args, **kwargs)  # type: ignore[misc]


class RemoteTarget:
    """What a file on a server learns: no answer is an error, and it is written as a whole."""

    def exists(self, **kwargs: Any) -> bool:
        """Return whether the server says that it is there; no answer ends the command."""
        with _told(self):
            return places.exists(url_of(self))

    def remove(self, **kwargs: Any) -> bool:
        """Remove the file."""
        with _told(self):
            remote_files.remove(url_of(self))
        return True

    def copy_from_local(self, src: Any = None, **kwargs: Any) -> str:
        """Let a local file be the content, once all of it has arrived; law writes through this."""
        making = getattr(getattr(self, "producer", None), "making", None)
        make_way = making.make_way if making is not None else lambda: None
        remote_files.put(Path(law.target.file.get_path(src)), url_of(self), make_way)
        return url_of(self)

    @contextmanager
    def open(self, mode: str, **kwargs: Any) -> Iterator[Any]:
        """Give a file object; what is written is sent when the context ends well."""
        with (
            self.localize("r" if mode.startswith("r") else mode[0]) as local,  # type: ignore[attr-defined]
            local.open(mode) as file,
        ):
            yield file


def _told(target: Any) -> AbstractContextManager[None]:
    """Tell users of errors at once, unless a task is running, which will."""
    producer = getattr(target, "producer", None)
    return nullcontext() if producer is not None and producer.making is not None else told()


def painted(verdict: Verdict, color: bool) -> str:
    """Return the word for *verdict*, in its colour for a terminal if *color* is set."""
    word = word_of(verdict)
    return str(law.util.colored(word, COLORS[verdict], style="bright")) if color else word


@cache
def _tracked_class(cls: type) -> type:
    if issubclass(cls, TrackedTarget):
        return cls
    own = (TrackedTarget, RemoteTarget) if is_remote_class(cls) else (TrackedTarget,)
    return types.new_class(cls.__name__, (*own, cls))


def made_by(producer: Tracked, outputs: Any) -> Any:
    """Return *outputs*, whose targets know from now on that *producer* makes them."""
    for target in law.util.flatten(outputs):
        if isinstance(target, law.target.base.Target):
            target.__class__ = _tracked_class(type(target))  # type: ignore[arg-type]
            target.producer = producer
    return outputs
