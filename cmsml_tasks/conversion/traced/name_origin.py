"""What is known of where the names in a graph come from: the user, Keras, or a counter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Origin:
    """What the source of a graph knows of the names in it; nothing, for a graph from a file.

    Attributes:
        asked: names that were asked for, by the path of the operation or scope that got one,
            where TensorFlow may have appended a counter.
        given: names that the user gave to layers.
        automatic: names that Keras gave to layers, each with the name of the layer's kind.
    """

    asked: Mapping[str, str] = field(default_factory=dict)
    given: frozenset[str] = frozenset()
    automatic: Mapping[str, str] = field(default_factory=dict)


UNKNOWN = Origin()
