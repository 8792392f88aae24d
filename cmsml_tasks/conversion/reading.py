"""GraphDefs read from files, clear about what is no graph."""

from __future__ import annotations

from pathlib import Path

from google.protobuf import text_format
from google.protobuf.message import DecodeError

from cmsml_tasks.conversion.foreign import kind_of_content
from cmsml_tasks.conversion.nodes import GraphDef, node_of
from cmsml_tasks.conversion.paths import PathLike, expanded, is_text
from cmsml_tasks.errors import ConversionError


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
    content = _content(path)
    text = is_text(path) if as_text is None else as_text
    error_type = TextGraphError if text else BinaryGraphError
    graph_def = GraphDef()
    cause: Exception | None = None
    try:
        if text:
            text_format.Parse(content, graph_def)
        else:
            graph_def.ParseFromString(content)
        problem = _problem(graph_def)
    except (DecodeError, text_format.ParseError, UnicodeDecodeError) as error:
        problem, cause = _unreadable(path, content, text, error), error
    if problem is None:
        return graph_def
    # only what is no graph is looked at closer: a graph may begin like any other file
    foreign = kind_of_content(content)
    if foreign is not None:
        raise error_type(f"{path} is no TensorFlow graph but {foreign}") from cause
    if cause is None:
        problem = f"{path} holds no whole TensorFlow graph: {problem}"
    raise error_type(problem) from cause


def _content(path: Path) -> bytes:
    if path.is_dir():
        raise ConversionError(f"{path} is a folder; a graph is one file, .pb, .pb.txt or .pbtxt")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConversionError(f"cannot read {path}: {error.strerror or error}") from error
    if not content:
        raise ConversionError(f"{path} is empty; write the graph again")
    return content


def _unreadable(path: Path, content: bytes, text: bool, error: Exception) -> str:
    if text and b"\0" in content:
        return f"{path} is named like a text graph but holds binary data; name it .pb"
    if not text and content.lstrip()[:6] in (b"node {", b"versio", b"librar"):
        return f"{path} is named like a binary graph but holds text; name it .pb.txt"
    form = "text" if text else "binary"
    detail = str(error).splitlines()[0]
    return f"{path} holds no {form} TensorFlow graph, or only a part of one: {detail}"


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
    if not graph_def.HasField("versions") and not graph_def.version:
        return "it ends before its version (truncated?)"
    return None
