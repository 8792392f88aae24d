"""Files of graphs read for a verdict, without TensorFlow and without the constants in them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO

from google.protobuf import text_format
from google.protobuf.message import DecodeError

from cmsml_tasks.conversion.effects.messages import message
from cmsml_tasks.conversion.protobuf_wire import LENGTH, WireError, fields
from cmsml_tasks.errors import ConversionError

_NODE, _LIBRARY = 1, 2
_LAST = 15  # a GraphDef has five fields


def read_for_verdict(path: str | os.PathLike[str]) -> Any:
    """Return what decides about the graph in the file *path*, as a message like its GraphDef.

    Text is what ends in ``.txt`` or ``.pbtxt``, as for the programs that run graphs.

    Raises:
        ConversionError: it cannot be read, or another program could read it in another way.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            return _text(file) if path.suffix in (".txt", ".pbtxt") else _binary(file)
    except OSError as error:
        raise ConversionError(f"{path.name} cannot be read: {error.strerror or error}") from error
    except (
        DecodeError,
        RecursionError,
        ValueError,
        WireError,
        text_format.ParseError,
    ) as error:
        raise ConversionError(f"{path.name} holds no whole graph: {error}") from error


def _text(file: BinaryIO) -> Any:
    content = file.read().decode("utf-8")
    return text_format.Parse(content, message("GraphDef")(), allow_unknown_field=True)


def _binary(file: BinaryIO) -> Any:
    # node by node, so that the constants of a large graph are never in memory together
    graph_def = message("GraphDef")()
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    for number, kind, size in fields(file, end):
        if number > _LAST:
            raise WireError(f"a graph has no field {number}")
        if kind != LENGTH or number not in (_NODE, _LIBRARY):
            continue
        content = file.read(size)
        part = graph_def.node.add() if number == _NODE else message("FunctionDefLibrary")()
        part.ParseFromString(content)
        part.DiscardUnknownFields()
        if number == _LIBRARY:
            graph_def.library.MergeFrom(part)
    return graph_def
