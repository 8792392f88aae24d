"""Files of other programs, recognised by their first bytes."""

from __future__ import annotations

from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

_MAGIC = {
    b"\x89HDF\r\n\x1a\n": "an HDF5 file; a Keras model of this kind ends in .h5",
    b"PK\x03\x04": "a zip archive; a Keras model of this kind ends in .keras",
    b"\x80\x02": "a Python pickle; save the model itself, not the object",
    b"\x80\x03": "a Python pickle; save the model itself, not the object",
    b"\x80\x04": "a Python pickle; save the model itself, not the object",
    b"\x80\x05": "a Python pickle; save the model itself, not the object",
    b"\x93NUMPY": "a numpy array",
    b"\x1f\x8b": "a gzip archive; unpack it first",
    b"root": "a ROOT file",
}


def kind_of_content(content: bytes) -> str | None:
    """Return what *content* is and what to do with it, None when it may be a graph."""
    for magic, kind in _MAGIC.items():
        if content.startswith(magic):
            return kind
    if content[4:8] == b"TFL3":
        return "a TensorFlow Lite model; convert the model that it was made from"
    if content.startswith(b"\x08"):  # an integer comes first, in a graph it is a node
        if _is_saved_model(content):
            return "the protobuf of a SavedModel; give the folder that it lies in"
        return "another protobuf, perhaps an ONNX model; convert the model that it was made from"
    return None


def _is_saved_model(content: bytes) -> bool:
    saved_model = saved_model_pb2.SavedModel()
    try:
        saved_model.ParseFromString(content)
    except DecodeError:
        return False
    return any(meta_graph.HasField("graph_def") for meta_graph in saved_model.meta_graphs)
