"""What is known about the outputs of a task, without running anything."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cmsml_tasks.shown import printable

if TYPE_CHECKING:
    from cmsml_tasks.tracking.manifests.manifest import Manifest

_MOST_WORDS = 5


class Verdict(enum.Enum):
    """What a task's outputs are; the value is the word that users see."""

    COMPLETE = "complete"
    STALE = "stale"
    ARCHIVED = "archived"
    MISSING = "missing"


@dataclass(frozen=True)
class State:
    """The verdict on the outputs of one task or branch.

    Attributes:
        verdict: what they are.
        changed: which ingredients differ from those recorded, in words.
        damaged: what differs in the outputs themselves, in words.
        waits_for: families of required tasks that would run first.
        unknown: what could not be compared, in words; taken for unchanged.
        manifest: the record of the outputs, where it is of any use.
        is_set_aside: whether a run that was killed has left the manifest aside.
    """

    verdict: Verdict
    changed: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    manifest: Manifest | None = None
    is_set_aside: bool = False

    @property
    def is_usable(self) -> bool:
        """Whether what lies below may rest on it: complete, or archived."""
        return self.verdict in (Verdict.COMPLETE, Verdict.ARCHIVED)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the outputs are not complete, in words."""
        waits = tuple(f"{family} would run first" for family in self.waits_for)
        return self.changed + self.damaged + waits

    def text(self, paint: Callable[[Verdict], str]) -> str:
        """Return verdict and reasons in one line; *paint* gives the word for the verdict."""
        text = paint(self.verdict)
        if self.reasons:
            text += f": {few(self.reasons)}"
        return text + (f" ({'; '.join(self.unknown)})" if self.unknown else "")

    def __str__(self) -> str:
        return self.text(word_of)


def few(words: Sequence[str]) -> str:
    """Return the first of *words*, and how many more there are."""
    rest = f"; and {len(words) - _MOST_WORDS} more" if len(words) > _MOST_WORDS else ""
    return printable("; ".join(words[:_MOST_WORDS]) + rest)


def word_of(verdict: Verdict) -> str:
    """Return the word that users see."""
    return str(verdict.value)


def summary(states: Iterable[State], paint: Callable[[Verdict], str] = word_of) -> str:
    """Return one line for many branches: ``stale (3/12): 3x setting epochs 20 -> 50``.

    Args:
        states: of all branches.
        paint: gives the word for a verdict, in colour if you like.
    """
    states = list(states)
    parts = []
    for verdict in Verdict:
        group = [state for state in states if state.verdict is verdict]
        if not group:
            continue
        counts = Counter(reason for state in group for reason in state.reasons)
        words = [
            reason if len(states) == 1 else f"{count}x {reason}"
            for reason, count in counts.most_common()
        ]
        why = f": {few(words)}" if words else ""
        parts.append(f"{paint(verdict)} ({len(group)}/{len(states)}){why}")
    notes = dict.fromkeys(note for state in states for note in state.unknown)
    return ", ".join(parts) + (f" ({'; '.join(notes)})" if notes else "")
