"""GraphDefs read from files, clear about what is no graph, and quick and lean about it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from google.protobuf import text_format
from google.protobuf.message import DecodeError

from cmsml_tasks.conversion.graph_def.nodes import GraphDef, called_functions, has_versions, node_of
from cmsml_tasks.conversion.graph_def.size_limit import LARGEST
from cmsml_tasks.conversion.graph_files.file_kinds import kind_of_file
from cmsml_tasks.conversion.graph_files.opening import opened
from cmsml_tasks.conversion.graph_files.paths import PathLike, expanded, is_text
from cmsml_tasks.conversion.protobuf_wire import LENGTH, VARINT, WireError, fields
from cmsml_tasks.errors import ConversionError

_FIELDS = {1: LENGTH, 2: LENGTH, 3: VARINT, 4: LENGTH}  # node, library, version, versions
_WORDS = re.compile(rb"(node|library|versions?)\s*[{:<]")
_COMMENTS = re.compile(rb"(?:\s|#[^\n]*)*+")
_LONGEST_REASON = 200  # characters
_HEAD = 65_536  # bytes that are looked at before all of a file is read


class BinaryGraphError(ConversionError, DecodeError):
    """A file that holds no binary GraphDef; also the error that protobuf itself would raise."""


class TextGraphError(ConversionError, text_format.ParseError):
    """A file that holds no text GraphDef; also the error that protobuf itself would raise."""


def read_graph(path: PathLike, as_text: bool | None = None) -> GraphDef:
    """Return the GraphDef in the file *path*.

    Args:
        path: the file; ``~`` and environment variables are expanded.
        as_text: text or binary form; None decides by the ending.

    Raises:
        ConversionError: there is no file, it cannot be read, or it holds no whole graph.

    """
    path = expanded(path)
    with opened(path) as file:
        _check_size(path, os.fstat(file.fileno()).st_size)
        text = is_text(path) if as_text is None else as_text
        error_type = TextGraphError if text else BinaryGraphError
        cause: Exception | None = None
        try:
            graph_def = _text(file) if text else _binary(file)
            problem = _problem(graph_def)
            if problem is None:
                return graph_def
            problem = f"holds no whole TensorFlow graph: {problem}"
        except (
            WireError,
            DecodeError,
            text_format.ParseError,
            ValueError,
            RecursionError,
        ) as error:
            problem, cause = _unreadable(file, text, error), error
        # only what is no graph is looked at closer: a graph may begin like any other file
        kind = kind_of_file(file)
        if kind is not None:
            problem = f"is no TensorFlow graph but {kind}"
        raise error_type(f"{path} {problem}") from cause


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let every ConversionError raised inside name the file *path*."""
    try:
        yield
    except ConversionError as error:
        if str(path) in str(error):
            raise
        raise type(error)(f"{path}: {error}") from error


def _check_size(path: Path, size: int) -> None:
    if size > LARGEST:
        raise ConversionError(
            f"{path} has {size:,} bytes, but a GraphDef ends at {LARGEST:,}, as every protobuf "
            "message does; give another file, or split the model and write it again"
        )


def _binary(file: BinaryIO) -> GraphDef:
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    # the fields are walked over first: most of what is no graph is known before it is in memory
    for number, kind, _ in fields(file, end):
        if _FIELDS.get(number, kind) != kind:
            raise WireError(f"field {number} is of another kind than in a graph")
    file.seek(0)
    return GraphDef.FromString(file.read(LARGEST))


def _text(file: BinaryIO) -> GraphDef:
    head = file.read(_HEAD)
    head = head[_end_of_comments(head) :]
    if head and not _WORDS.match(head):
        raise text_format.ParseError(f"it begins with {head[:20]!r}")
    file.seek(0)
    return text_format.Parse(file.read(LARGEST), GraphDef())


def _end_of_comments(head: bytes) -> int:
    comments = _COMMENTS.match(head)
    return comments.end() if comments else 0


def _unreadable(file: BinaryIO, text: bool, error: Exception) -> str:
    file.seek(0)
    head = file.read(_HEAD)
    if text and b"\0" in head:
        return "is named like a text graph but holds binary data; name it .pb"
    if not text and _WORDS.match(head[_end_of_comments(head) :]):
        return "is named like a binary graph but holds text; name it .pb.txt"
    form = "text" if text else "binary"
    detail = str(error).partition("\n")[0]
    if isinstance(error, RecursionError):
        detail = "it is nested too deeply"
    elif len(detail) > _LONGEST_REASON:  # protobuf quotes the line, which may hold all weights
        detail = f"{detail[:_LONGEST_REASON]}..."
    return f"holds no {form} TensorFlow graph, or only a part of one: {detail}"


def _problem(graph_def: GraphDef) -> str | None:
    """Return what is wrong with a parsed graph; random bytes parse surprisingly often."""
    if not graph_def.node:
        return "it has no nodes"
    names = {node.name for node in graph_def.node}
    for node in graph_def.node:
        if not node.name or not node.op:
            return "it has nodes without a name or operation"
        for source in node.input:
            if node_of(source) not in names:
                return f"'{node.name}' reads '{node_of(source)}', which is missing (truncated?)"
    return None if has_versions(graph_def) else _missing_function(graph_def)


def _missing_function(graph_def: GraphDef) -> str | None:
    """Return which function is called and not there; the functions come behind all nodes."""
    functions = {function.signature.name for function in graph_def.library.function}
    for node in graph_def.node:
        missing = next((name for name in called_functions(node) if name not in functions), None)
        if missing is not None:
            return f"'{node.name}' calls the function '{missing}', which is missing (truncated?)"
    return None
