"""How large a graph can be."""

from __future__ import annotations

from cmsml_tasks.errors import ConversionError

LARGEST = 2**31 - 1  # bytes of a protobuf message


def check_size(size: int) -> None:
    """Refuse a graph of *size* bytes that nobody could read.

    Raises:
        ConversionError: *size* is more than a protobuf message can have.

    """
    if size > LARGEST:
        raise ConversionError(
            f"the graph has {size:,} bytes, but a protobuf message, and so every GraphDef that "
            f"TensorFlow can load, ends at {LARGEST:,}; split the model or store weights in half "
            "precision (nothing was written)"
        )
