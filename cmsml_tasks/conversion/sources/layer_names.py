"""Names of Keras layers: those that the user gave, and those that Keras made up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cmsml_tasks.conversion.origins import Origin

# what tf-keras does not call after the class of the layer
_KERAS_2 = {"InputLayer": ("input",), "Functional": ("model", "functional")}
# its layers that stand for operations, and are called like these
_OPERATIONS = ("ClassMethod", "InstanceMethod", "InstanceProperty", "SlicingOpLambda", "TFOpLambda")


def kind_of(layer: Any) -> str | None:
    """Return what Keras calls layers of this kind, if it named *layer*, else None.

    A layer that the user calls exactly like Keras would, ``dense_2``, is taken for one that Keras
    named; nothing tells the two apart.
    """
    from keras.src.utils.naming import to_snake_case

    kind: str = to_snake_case(type(layer).__name__)
    return kind if re.fullmatch(re.escape(kind) + r"(_\d+)?", layer.name) else None


def kind_of_keras_2(layer: Any) -> str | None:
    """Return the same for a *layer* of tf-keras."""
    from tf_keras.src.utils.generic_utils import to_snake_case

    kind = type(layer).__name__
    if kind in _OPERATIONS:
        return re.sub(r"_\d+$", "", layer.name)
    names = _KERAS_2.get(kind, (to_snake_case(kind),))
    return next((n for n in names if re.fullmatch(re.escape(n) + r"(_\d+)?", layer.name)), None)


def origin_of(
    model: Any, asked: Mapping[str, str], kind_of: Callable[[Any], str | None] = kind_of
) -> Origin:
    """Return what a Keras model knows of the names in its graph.

    Args:
        model: the model.
        asked: names that were asked for while it was traced, by path.
        kind_of: tells what Keras calls a layer that it named.
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
