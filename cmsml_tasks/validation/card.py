"""The part of a signature card (``graph.json``) that a validation needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cmsml_tasks.errors import ValidationError
from cmsml_tasks.shapes import Shape, why_no_rows


@dataclass(frozen=True)
class TensorCard:
    """One input or output: interface name, tensor name, TensorFlow's dtype name, static shape.

    ``original`` is the name that the original, and so its reference rows, has for it.
    """

    name: str
    tensor: str
    dtype: str
    shape: Shape
    original: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "original", self.original or self.name)


@dataclass(frozen=True)
class Card:
    """Inputs and outputs of a graph, and the SHA-256 digests of its files by name.

    ``oldest_tensorflow`` is the release that the graph needs at least, None where that is not
    known, and ``needs`` what it is needed for. ``no_batch`` says why its rows are no events.
    """

    inputs: tuple[TensorCard, ...]
    outputs: tuple[TensorCard, ...]
    digests: Mapping[str, str] = field(default_factory=dict)
    oldest_tensorflow: str | None = None
    needs: str | None = None
    no_batch: str | None = None

    @classmethod
    def parse(cls, content: Mapping[str, Any]) -> Card:
        """Read the signature from the content of ``graph.json``.

        Raises:
            ValidationError: the card lacks an entry.
        """
        what = "inputs and outputs"
        try:
            inputs, outputs = _tensors(content["inputs"]), _tensors(content["outputs"])
            what = "digests"
            recorded = dict(content.get("digests") or {})
            digests = {name: str(entry["sha256"]) for name, entry in recorded.items()}
        except (KeyError, TypeError, ValueError) as error:
            raise ValidationError(
                f"the signature card has no usable {what} ({error!r}); export the graph again"
            ) from error
        oldest, needs = (
            content.get(key) for key in ("oldest_tensorflow", "oldest_tensorflow_needs")
        )
        return cls(inputs, outputs, digests, oldest, needs, content.get("no_batch"))


def _tensors(entries: Sequence[Mapping[str, Any]]) -> tuple[TensorCard, ...]:
    return tuple(
        TensorCard(
            entry["name"],
            entry["tensor"],
            entry["dtype"],
            as_shape(entry["shape"]),
            entry.get("renamed_from") or "",
        )
        for entry in entries
    )


def rowless(card: Card) -> str:
    """Say why the tensors have no axis for rows in common; empty where they have one."""
    return why_no_rows(*({e.name: e.shape for e in each} for each in (card.inputs, card.outputs)))


def as_shape(entry: Sequence[int | None] | None) -> Shape:
    """Give the tuple for a shape that may come from JSON."""
    return None if entry is None else tuple(entry)


def at_least_as_free(a: Shape, b: Shape) -> bool:
    """Tell whether every array of shape *b* is one of shape *a*."""
    if a is None or b is None:
        return a is None
    return len(a) == len(b) and all(
        left is None or left == right for left, right in zip(a, b, strict=True)
    )
