"""What is known of where the names in a graph come from: the user, Keras, or a counter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


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


@contextmanager
def names_asked_for(graph: Any) -> Iterator[dict[str, str]]:
    """Record which names are asked for inside of *graph*, by the path that each of them gets.

    A name cannot tell whether its number is a counter: called twice, a layer ``jet`` is ``jet``
    and ``jet_1``, which another layer may be called. Only this one graph object is watched.
    """
    asked: dict[str, str] = {}
    unwatched = graph.unique_name

    def unique_name(name: str, mark_as_used: bool = True) -> str:
        path: str = unwatched(name, mark_as_used)
        asked[path] = name.rpartition("/")[2]
        return path

    graph.unique_name = unique_name
    try:
        yield asked
    finally:
        del graph.unique_name
