"""The part of TensorFlow's protobuf messages that verdicts need, for where no TensorFlow is.

Fields have the numbers of TensorFlow's own; what is left out is passed over by the parser. An
attribute of any other kind is none here, which no verdict takes for harmless.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "cmsml_tasks.effects"
_Field = descriptor_pb2.FieldDescriptorProto

# message: number, name and type of its fields; * is repeated, {} a map from strings, | one of
_MESSAGES = {
    "GraphDef": ("1 node *NodeDef", "2 library FunctionDefLibrary"),
    "FunctionDefLibrary": ("1 function *FunctionDef", "2 gradient *GradientDef"),
    "GradientDef": ("1 function_name string", "2 gradient_func string"),
    "FunctionDef": ("1 signature OpDef", "3 node_def *NodeDef", "5 attr {}AttrValue"),
    "OpDef": ("1 name string",),
    "NodeDef": ("1 name string", "2 op string", "3 input *string", "5 attr {}AttrValue"),
    "NameAttrList": ("1 name string", "2 attr {}AttrValue"),
    "AttrValue": (
        "1 list |ListValue",
        "2 s |bytes",
        "9 placeholder |string",
        "10 func |NameAttrList",
    ),
    "ListValue": ("2 s *bytes", "9 func *NameAttrList"),
}
_TYPES = {"string": _Field.TYPE_STRING, "bytes": _Field.TYPE_BYTES}


@cache
def message(name: str) -> Any:
    """Return the class of the message *name*, such as "GraphDef"."""
    return _messages()[f"{_PACKAGE}.{name}"]


@cache
def _messages() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="cmsml_tasks/effects.proto", package=_PACKAGE, syntax="proto3"
    )
    for name, lines in _MESSAGES.items():
        described = file.message_type.add(name=name)
        for line in lines:
            _add_field(described, *line.split())
    return message_factory.GetMessages([file], descriptor_pool.DescriptorPool())


def _add_field(described: Any, number: str, name: str, kind: str) -> None:
    field = described.field.add(name=name, number=int(number), label=_Field.LABEL_OPTIONAL)
    mark, kind = (kind[:2], kind[2:]) if kind[0] == "{" else (kind[0], kind.lstrip("*|"))
    if mark == "{}":
        entry = described.nested_type.add(name=f"{name.capitalize()}Entry")
        entry.options.map_entry = True
        _add_field(entry, "1", "key", "string")
        _add_field(entry, "2", "value", kind)
        kind = f"{described.name}.{entry.name}"
    if mark in ("*", "{}"):
        field.label = _Field.LABEL_REPEATED
    elif mark == "|":
        if not described.oneof_decl:
            described.oneof_decl.add(name="value")
        field.oneof_index = 0
    if kind in _TYPES:
        field.type = _TYPES[kind]
    else:
        field.type = _Field.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{kind}"
