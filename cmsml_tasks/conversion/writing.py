"""GraphDefs written to files: format by ending, whole or not there."""

from __future__ import annotations

from google.protobuf import text_format
from google.protobuf.message import EncodeError

from cmsml_tasks.conversion.limits import check_size
from cmsml_tasks.conversion.nodes import GraphDef
from cmsml_tasks.conversion.paths import PathLike, expanded, is_text
from cmsml_tasks.errors import ConversionError
from cmsml_tasks.files import replacing


def write_graph(path: PathLike, graph_def: GraphDef, as_text: bool | None = None) -> None:
    """Write *graph_def* to *path*, making folders that are missing; equal graphs, equal bytes.

    Args:
        path: the file; ``~`` and environment variables are expanded.
        graph_def: the graph.
        as_text: text or binary form; None decides by the ending.

    Raises:
        ConversionError: the ending is unknown, or the graph empty, or larger than anybody could
            read.
        UserError: the file cannot be written; nothing is left there, an old file untouched.

    """
    path = expanded(path)
    text = is_text(path) if as_text is None else as_text
    if not graph_def.node:
        raise ConversionError(
            f"the graph for {path} has no operations; pass the tf.Graph, or the session of it, in "
            "which the model was built"
        )
    if not graph_def.HasField("versions"):
        # the versions come last in a file; a reader takes their lack for truncation
        graph_def = GraphDef(node=graph_def.node, library=graph_def.library)
        graph_def.versions.SetInParent()
    try:
        check_size(graph_def.ByteSize())
        content = (
            text_format.MessageToString(graph_def).encode()
            if text
            else graph_def.SerializeToString(deterministic=True)
        )
    except EncodeError as error:
        raise ConversionError(f"the graph cannot be written to {path}: {error}") from error
    with replacing(path) as sibling:
        sibling.write_bytes(content)
