"""Networks in files of Keras 1 and 2 whose layers all get their inputs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from cmsml_tasks.conversion.effects.keras_configs import described_objects, names_in
from cmsml_tasks.errors import ConversionError

_CONSTANT = "_CONSTANT_VALUE"
_INPUT = "InputLayer"


def refuse_endless(config: Any) -> None:
    """Refuse a description with a layer that never gets its inputs: tf-keras would wait forever.

    Args:
        config: what the file's JSON says.

    Raises:
        ConversionError: the message names the layer, and what it waits for.
    """
    for _, settings in described_objects(config):
        layers = settings.get("layers")
        if isinstance(layers, list) and all(map(_is_node, layers)):
            _Network(layers).refuse_endless()


class _Network:
    """The calls of all layers, made in the order in which tf-keras makes them."""

    def __init__(self, layers: list[dict[str, Any]]) -> None:
        self.names = [layer["name"] for layer in layers]
        self.inputs = {layer["name"] for layer in layers if _INPUT in names_in(layer)}
        self.waiting: dict[str, list[Any]] = defaultdict(list)
        self.first = {layer["name"]: _first_calls(layer) for layer in layers}
        self.made = dict.fromkeys(self.names, 0)
        for layer in layers:
            self.waiting[layer["name"]] += layer["inbound_nodes"]

    def refuse_endless(self) -> None:
        while any(self.waiting.values()):
            # a layer's calls are made in their order
            before = sum(map(len, self.waiting.values()))
            for name in self.names:
                calls = self.waiting[name]
                while calls and self._missing(calls[0]) is None:
                    calls.pop(0)
                    self.made[name] += 1
            if sum(map(len, self.waiting.values())) == before:
                self._refuse()

    def _missing(self, call: Any) -> list[Any] | None:
        return next((each for each in _references(call) if not self._is_made(each)), None)

    def _is_made(self, reference: list[Any]) -> bool:
        name, call = reference[:2]
        if name in self.inputs:
            return True
        return self.made.get(name, 0) > 0 and any(
            call in range(first, first + self.made[name]) for first in self.first[name]
        )

    def _refuse(self) -> None:
        name = next(name for name in self.names if self.waiting[name])
        reference = self._missing(self.waiting[name][0])
        assert reference is not None
        raise ConversionError(
            f"the layer '{name}' takes an output of '{reference[0]}', of its call "
            f"{reference[1]}, which is never made; the description is damaged: copy or save it "
            "again"
        )


def _is_node(layer: Any) -> bool:
    return (
        isinstance(layer, dict)
        and "class_name" in layer
        and isinstance(layer.get("name"), str)
        and isinstance(layer.get("inbound_nodes"), list)
    )


def _first_calls(layer: dict[str, Any]) -> tuple[int, ...]:
    """Return what the number of the first call of *layer* can be.

    A model with inputs of its own was called once when it was built, which no file tells.
    """
    settings = layer.get("config")
    inner = settings.get("layers") if isinstance(settings, dict) else settings
    if not isinstance(inner, list):
        return (0,)
    if isinstance(settings, dict) and "input_layers" in settings:
        return (1,)
    if inner and isinstance(inner[0], dict) and inner[0].get("class_name") == _INPUT:
        return (1,)
    return (0, 1)  # a Sequential whose first layer may say what it takes


def _references(call: Any) -> Iterator[list[Any]]:
    """Give the tensors that *call* names: the layer, which of its calls, which of the outputs."""
    waiting = [call]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            waiting.extend(found.values())
        elif isinstance(found, list):
            if len(found) in (3, 4) and isinstance(found[0], str):
                if found[0] != _CONSTANT:
                    yield found
                waiting.extend(found[3:])
            else:
                waiting.extend(found)
