"""Graphs written to files: format by ending, whole or not there, weights never copied."""

from __future__ import annotations

import os
from typing import BinaryIO

from google.protobuf.message import EncodeError

from cmsml_tasks.conversion.freezing.frozen_graph import Frozen
from cmsml_tasks.conversion.graph_def.nodes import GraphDef
from cmsml_tasks.conversion.graph_def.size_limit import check_size
from cmsml_tasks.conversion.graph_files.encoding import Piece, binary_pieces, text_pieces
from cmsml_tasks.conversion.graph_files.large_constants import lifted, without_nodes
from cmsml_tasks.conversion.graph_files.paths import PathLike, expanded, is_text
from cmsml_tasks.errors import ConversionError
from cmsml_tasks.files import replacing

_SLICE = 2**23
_ADVISE = getattr(os, "posix_fadvise", None)  # Linux has it


def write_graph(path: PathLike, graph: GraphDef | Frozen, as_text: bool | None = None) -> None:
    """Write *graph* to *path*, making folders that are missing; equal graphs, equal bytes.

    Args:
        path: the file; ``~`` and environment variables are expanded.
        graph: the graph; weights that it does not hold itself are read one after the other, as
            they are at that moment, and written from where they lie in memory.
        as_text: text or binary form; None decides by the ending.

    Raises:
        ConversionError: the ending is unknown, or the graph empty, or larger than anybody could
            read; a weight has another size than the graph was made for.
        UserError: the file cannot be written; nothing is left there, an old file untouched.

    """
    path = expanded(path)
    text = is_text(path) if as_text is None else as_text
    frozen = graph if isinstance(graph, Frozen) else lifted(graph)
    if not frozen.graph_def.node:
        raise ConversionError(
            f"the graph for {path} has no operations; pass the tf.Graph, or the session of it, in "
            "which the model was built"
        )
    try:
        pieces = _pieces(_with_versions(frozen), text)
    except EncodeError as error:
        raise ConversionError(f"the graph cannot be written to {path}: {error}") from error
    with replacing(path) as sibling, open(sibling, "wb") as file:
        for piece in pieces:
            if isinstance(piece, bytes):
                file.write(piece)
            elif text:
                file.writelines(piece.escaped())
            else:
                _write(file, piece.read().data)


def _write(file: BinaryIO, content: memoryview) -> None:
    for start in range(0, len(content), _SLICE):
        begin = file.tell()
        file.write(content[start : start + _SLICE])
        if _ADVISE is not None:
            # the disk begins with this slice now, so that less is left to wait for at the end
            file.flush()
            _ADVISE(file.fileno(), begin, file.tell() - begin, os.POSIX_FADV_DONTNEED)


def _with_versions(frozen: Frozen) -> Frozen:
    # the versions come last in a file; a reader takes their lack for truncation
    if frozen.graph_def.HasField("versions"):
        return frozen
    graph_def = without_nodes(frozen.graph_def)
    graph_def.node.extend(frozen.graph_def.node)
    graph_def.versions.SetInParent()
    return Frozen(graph_def, frozen.weights)


def _pieces(frozen: Frozen, text: bool) -> list[Piece]:
    check_size(sum(weight.nbytes for weight in frozen.weights.values()))
    pieces = binary_pieces(frozen)
    # a text without end could be written, but nobody could make a graph of it
    check_size(sum(len(piece) for piece in pieces))
    return text_pieces(frozen) if text else pieces
