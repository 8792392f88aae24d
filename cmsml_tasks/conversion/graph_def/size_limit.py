"""How large a graph can be."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import DecodeError

from cmsml_tasks.errors import ConversionError

LARGEST = 2**31 - 1  # bytes of a protobuf message


def check_size(size: int) -> None:
    """Refuse a graph of *size* bytes that nobody could read.

    Raises:
        ConversionError: *size* is more than a protobuf message can have.

    """
    if size > LARGEST:
        raise _too_large(f"{size:,}")


def graph_def_of(graph: Any) -> Any:
    """Return the GraphDef of a ``tf.Graph``.

    Raises:
        ConversionError: it is larger than a protobuf message can be.
    """
    try:
        return graph.as_graph_def()
    except DecodeError as error:
        # TensorFlow hands on what it could only write a part of
        raise _too_large(f"more than {LARGEST:,}") from error


def _too_large(size: str) -> ConversionError:
    return ConversionError(
        f"the graph has {size} bytes, but a protobuf message, and so every GraphDef that "
        f"TensorFlow can load, ends at {LARGEST:,}; split the model or store weights in half "
        "precision (nothing was written)"
    )
