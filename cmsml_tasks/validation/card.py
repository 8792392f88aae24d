"""The part of a signature card (``graph.json``) that a validation needs."""

from __future__ import annotations

import reprlib
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
            ValidationError: the card lacks an entry, or has one that cannot be such.
        """
        try:
            inputs, outputs = (_tensors(content, role) for role in ("inputs", "outputs"))
            recorded = _kind(content.get("digests") or {}, "digests", dict)
            digests = {
                name: _text(_kind(entry, f"digests of {name}", dict), "sha256")
                for name, entry in recorded.items()
            }
            oldest, needs, no_batch = (
                _text(content, key) if content.get(key) is not None else None
                for key in ("oldest_tensorflow", "oldest_tensorflow_needs", "no_batch")
            )
            _check_told(content)
        except ValueError as error:
            raise ValidationError(
                f"the signature card cannot be used: {error}; export the graph again"
            ) from error
        return cls(inputs, outputs, digests, oldest, needs, no_batch)


def _tensors(content: Mapping[str, Any], role: str) -> tuple[TensorCard, ...]:
    if role not in content:
        raise ValueError(f"it has no {role}")
    entries = _kind(content[role], role, list | tuple)
    tensors = tuple(
        _tensor(_kind(entry, f"{role} {number}", Mapping)) for number, entry in enumerate(entries)
    )
    names = [tensor.name for tensor in tensors]
    if len(set(names)) < len(names):
        raise ValueError(f"its {role} {names} have a name twice")
    return tensors


def _tensor(entry: Mapping[str, Any]) -> TensorCard:
    name, tensor, dtype = (_text(entry, key) for key in ("name", "tensor", "dtype"))
    if "shape" not in entry:
        raise ValueError(f"'{name}' has no shape")
    shape = entry["shape"]
    for size in _kind([] if shape is None else shape, f"shape of '{name}'", list | tuple):
        if size is not None and (type(size) is not int or size < 0):
            raise ValueError(f"the shape of '{name}' has the size {size!r}")
    for feature in _kind(entry.get("features") or (), f"features of '{name}'", list | tuple):
        _text(_kind(feature, f"feature of '{name}'", Mapping), "name")
    axes = entry.get("axes")
    for axis in _kind([] if axes is None else axes, f"axes of '{name}'", list | tuple):
        _kind(axis, f"axis of '{name}'", str | int)
    if entry.get("asked_for") is not None:
        _kind(entry["asked_for"], f"asked_for of '{name}'", str)
    renamed_from = _text(entry, "renamed_from") if entry.get("renamed_from") else ""
    return TensorCard(name, tensor, dtype, as_shape(shape), renamed_from)


def _check_told(content: Mapping[str, Any]) -> None:
    """Check what a card says beside its tensors, and that people are told."""
    served = content.get("saved_model_signature")
    if served is not None:
        _text(_kind(served, "saved_model_signature", Mapping), "name")
        for other in _kind(served.get("others"), "other signatures", list | tuple):
            _kind(other, "other signature", str)
    for constant in _kind(content.get("constant_inputs", ()), "constant_inputs", list | tuple):
        for key in ("name", "dtype"):
            _text(_kind(constant, "constant input", Mapping), key)
        if "value" not in constant:
            raise ValueError(f"its constant input '{constant['name']}' has no value")
        own = constant.get("asked_for")
        if own is not None:
            _kind(own, f"asked_for of '{constant['name']}'", str)
    if "end_of_source" in content:
        _text(content, "end_of_source")


def _text(entry: Mapping[str, Any], key: str) -> str:
    if not entry.get(key) or not isinstance(entry[key], str):
        raise ValueError(f"the {key} of {reprlib.repr(dict(entry))} is no text")
    return str(entry[key])


def _kind(value: Any, what: str, kind: Any) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"its {what} cannot be {reprlib.repr(value)}")
    return value


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
