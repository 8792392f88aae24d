"""Files of other programs, recognised by how they begin."""

from __future__ import annotations

import re
import zipfile
from typing import Any, BinaryIO

from google.protobuf.message import DecodeError
from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from cmsml_tasks.conversion.protobuf_wire import LENGTH, VARINT, WireError, fields

HDF5 = b"\x89HDF\r\n\x1a\n"
"""What HDF5 files begin with, behind a block of the user where there is one."""

_PICKLE = "a Python pickle; save the model itself, not the object"
_MAGIC = {
    HDF5: "an HDF5 file; a Keras model of this kind ends in .h5",
    b"\x80\x02": _PICKLE,
    b"\x80\x03": _PICKLE,
    b"\x80\x04": _PICKLE,
    b"\x80\x05": _PICKLE,
    b"\x93NUMPY": "a numpy array",
    b"\x1f\x8b": "a gzip archive; unpack it first",
    b"BZh": "a bzip2 archive; unpack it first",
    b"\xfd7zXZ": "an xz archive; unpack it first",
    b"\x28\xb5\x2f\xfd": "a zstd archive; unpack it first",
    b"root": "a ROOT file",
    b"%PDF": "a PDF document",
    b"PAR1": "a Parquet file",
    b"\x7fELF": "a compiled program or library",
}
_DOWNLOAD = "perhaps what a server answered instead of the file; look into it and download it again"
_TEXTS = {
    b"version https://git-lfs": "the pointer of git-lfs to a file that is not here; git lfs pull",
    b"<!doctype html": f"a web page, {_DOWNLOAD}",
    b"<html": f"a web page, {_DOWNLOAD}",
    b"<?xml": f"an XML file, {_DOWNLOAD}",
    b"404": f"an error message, {_DOWNLOAD}",
    b"{": f"a JSON file, {_DOWNLOAD}",
    b"model_checkpoint_path": "a list of checkpoints; load them into the model and export that",
    b"saved_model_schema_version": "the text of a SavedModel; give the folder that it lies in",
    b"meta_info_def": "a MetaGraphDef, which has a graph in it; save that as its graph_def",
}
_SAVED_MODEL = "the protobuf of a SavedModel; give the folder that it lies in"
_ONNX = "another protobuf, perhaps an ONNX model; convert the model that it was made from"
_META_GRAPH = (
    "a MetaGraphDef, half of a checkpoint; restore it with tf.compat.v1.train.import_meta_graph "
    "and export the session"
)
_CHECKPOINT = "the index of a checkpoint; load it into the model and export that"
_TABLE_END = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"  # of the tables of keys that LevelDB writes
_LOOKED_AT = 100  # fields of a protobuf


def kind_of_file(file: BinaryIO) -> str | None:
    """Return what the open *file* is and what to do with it, None when it may be a graph."""
    file.seek(0)
    head = file.read(4096)
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    if head.startswith(b"PK\x03\x04"):
        return _kind_of_archive(file)
    if head[4:8] == b"TFL3":
        return "a TensorFlow Lite model; convert the model that it was made from"
    if head[257:262] == b"ustar":
        return "a tar archive; unpack it first"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for start, kind in _TEXTS.items():
        if text.startswith(start):
            return kind
    if b".git/annex/objects" in head:
        return "the pointer of git-annex to a file that is not here; git annex get"
    if head.startswith(b"\0") or b"_CHECKPOINTABLE_OBJECT_GRAPH" in head:
        file.seek(-len(_TABLE_END), 2)
        if file.read() == _TABLE_END:
            return _CHECKPOINT
    return _kind_of_protobuf(file)


def _kind_of_archive(file: BinaryIO) -> str:
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except Exception:  # a damaged archive is one, too
        names = []
    if "config.json" in names and "model.weights.h5" in names:
        return "a Keras model; name it .keras"
    if any(name.endswith("data.pkl") for name in names):
        return "a PyTorch model, which has to be converted first"
    if names and all(name.endswith(".npy") for name in names):
        return "an archive of numpy arrays"
    return "a zip archive; a Keras model of this kind ends in .keras"


def _kind_of_protobuf(file: BinaryIO) -> str | None:
    top = _fields(file)
    if top[:1] == [(1, VARINT)]:  # an integer comes first, in a graph it is a node
        return _SAVED_MODEL if _is_saved_model(_parsed(file, SavedModel())) else _ONNX
    if (1, LENGTH) in top and (2, LENGTH) in top and _is_meta_graph(_parsed(file, MetaGraphDef())):
        return _META_GRAPH
    return None


def _fields(file: BinaryIO) -> list[tuple[int, int]]:
    """Return number and wire type of the first fields of a protobuf, as far as it is one."""
    found: list[tuple[int, int]] = []
    end = file.seek(0, 2)
    file.seek(0)
    try:
        for number, kind, _ in fields(file, end):
            found.append((number, kind))
            if len(found) == _LOOKED_AT:
                break
    except WireError:
        pass
    return found


def _parsed(file: BinaryIO, message: Any) -> Any:
    """Return *message* with the content of *file*, empty where that is something else."""
    file.seek(0)
    try:
        message.ParseFromString(file.read())
    except DecodeError:
        message.Clear()
    return message


def _is_saved_model(saved_model: Any) -> bool:
    return any(meta_graph.HasField("graph_def") for meta_graph in saved_model.meta_graphs)


def _is_meta_graph(meta_graph: Any) -> bool:
    return bool(re.match(r"\d+\.\d+", meta_graph.meta_info_def.tensorflow_version))
