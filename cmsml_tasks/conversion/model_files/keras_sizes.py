"""Sizes of layers in files of Keras that no memory could hold, known before anything is built."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cmsml_tasks.errors import ConversionError

_LARGEST = 2**24
_SIZES = {
    *("cropping", "depth_multiplier", "dilation_rate", "filters", "groups", "height", "input_dim"),
    *("kernel_size", "key_dim", "ngrams", "num_bins", "num_heads", "num_tokens", "output_dim"),
    *("output_padding", "padding", "pool_size", "projection_dim", "rank", "size", "strides"),
    *("units", "value_dim", "width"),
}
"""Settings of Keras' layers that say how much is made, of weights or of operations."""


def refuse_sizes(config: Any, file_size: int) -> None:
    """Refuse the description of a model with a layer that is larger than the file could hold.

    Args:
        config: what the file's JSON says.
        file_size: bytes of the file, which holds all weights.

    Raises:
        ConversionError: the message names the layer, its setting and the number.
    """
    for settings in _dicts(config):
        for setting in _SIZES & settings.keys():
            for number in _numbers(settings[setting]):
                if abs(number) > max(_LARGEST, file_size):
                    raise ConversionError(
                        f"the layer '{settings.get('name', '?')}' has {setting} {number:,}, for "
                        f"which a file of {file_size:,} bytes has no weights; it is damaged: copy "
                        "or save it again"
                    )


def _dicts(config: Any) -> Iterator[dict[str, Any]]:
    for found in _parts(config):
        if isinstance(found, dict):
            yield found


def _numbers(value: Any) -> Iterator[float]:
    for found in _parts(value):
        if isinstance(found, int | float):
            yield found


def _parts(value: Any) -> Iterator[Any]:
    """Give *value* and all that is in it; it may be nested more deeply than Python calls."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        yield found
        if isinstance(found, dict):
            waiting.extend(found.values())
        elif isinstance(found, list):
            waiting.extend(found)
