"""Names of Keras layers: those that the user gave, and those that Keras made up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cmsml_tasks.conversion.interface.found_names import valid_inside
from cmsml_tasks.conversion.traced.name_origin import Origin

# what tf-keras does not call after the class of the layer
_KERAS_2 = {"InputLayer": ("input",), "Functional": ("model", "functional")}
# its layers that stand for operations, and are called like these
_OPERATIONS = ("ClassMethod", "InstanceMethod", "InstanceProperty", "SlicingOpLambda", "TFOpLambda")


def kind_of(layer: Any, name: str | None = None) -> str | None:
    """Return what Keras calls layers of this kind, if it named *layer*, else None.

    A layer that the user calls exactly like Keras would, ``dense_2``, is taken for one that Keras
    named; nothing tells the two apart.

    Args:
        layer: the layer.
        name: judged in place of the layer's own name.
    """
    from keras.src.utils.naming import to_snake_case

    kind: str = to_snake_case(type(layer).__name__)
    return kind if re.fullmatch(re.escape(kind) + r"(_\d+)?", name or layer.name) else None


def kind_of_keras_2(layer: Any, name: str | None = None) -> str | None:
    """Return the same for a *layer* of tf-keras."""
    from tf_keras.src.utils.generic_utils import to_snake_case

    kind = type(layer).__name__
    name = name or layer.name
    if kind in _OPERATIONS:
        return re.sub(r"_\d+$", "", name)
    kinds = _KERAS_2.get(kind, (to_snake_case(kind),))
    return next((k for k in kinds if re.fullmatch(re.escape(k) + r"(_\d+)?", name)), None)


def origin_of(
    model: Any, asked: Mapping[str, str], kind_of: Callable[[Any, str], str | None] = kind_of
) -> Origin:
    """Return what a Keras model knows of the names in its graph.

    Args:
        model: the model.
        asked: names that were asked for while it was traced, by path.
        kind_of: tells what Keras calls a layer that it named.
    """
    given: set[str] = set()
    automatic: dict[str, str] = {}
    for layer, prefix in _named(model):
        kind = kind_of(layer, layer.name.removeprefix(prefix))
        if kind is None:
            given.add(valid_inside(layer.name))
        else:
            automatic[layer.name] = prefix + kind
    return Origin(asked, frozenset(given), automatic)


def _named(model: Any) -> Iterator[tuple[Any, str]]:
    """Yield all that has a name in *model*, and what a layer around it put before that name."""
    layers = list(model._flatten_layers(include_self=True))
    # Bidirectional renames its two halves
    prefixes = {
        id(getattr(layer, f"{side}_layer", None)): f"{side}_"
        for layer in layers
        for side in ("forward", "backward")
    }
    for layer in layers:
        prefix = prefixes.get(id(layer), "")
        yield layer, prefix if layer.name.startswith(prefix) else ""
        # functions of keras.ops on symbolic tensors have names too, but are no layers
        for operation in getattr(layer, "operations", ()):
            yield operation, ""
