"""Names of Keras layers: those that the user gave, and those that Keras made up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cmsml_tasks.conversion.origins import Origin


def kind_of(layer: Any) -> str | None:
    """Return what Keras calls layers of this kind, if it named *layer*, else None.

    A layer that the user calls exactly like Keras would, ``dense_2``, is taken for one that Keras
    named; nothing tells the two apart.
    """
    from keras.src.utils.naming import to_snake_case

    kind: str = to_snake_case(type(layer).__name__)
    return kind if re.fullmatch(re.escape(kind) + r"(_\d+)?", layer.name) else None


def origin_of(model: Any, asked: Mapping[str, str]) -> Origin:
    """Return what a Keras model knows of the names in its graph.

    Args:
        model: the model.
        asked: names that were asked for while it was traced, by path.
    """
    given: set[str] = set()
    automatic: dict[str, str] = {}
    for layer in _named(model):
        kind = kind_of(layer)
        if kind is None:
            given.add(layer.name)
        else:
            automatic[layer.name] = kind
    return Origin(asked, frozenset(given), automatic)


def _named(model: Any) -> Iterator[Any]:
    for layer in model._flatten_layers(include_self=True):
        yield layer
        # functions of keras.ops on symbolic tensors have names too, but are no layers
        yield from getattr(layer, "operations", ())
