"""How an exported graph is used: its interface in words and the C++ lines that load it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_CPP_TYPES = {
    "bool": "DT_BOOL",
    "float16": "DT_HALF",
    "bfloat16": "DT_BFLOAT16",
    "float32": "DT_FLOAT",
    "float64": "DT_DOUBLE",
    "string": "DT_STRING",
}
_LONGEST = 60  # characters of a value
# those that somebody could call an input
_CPP_KEYWORDS = {"auto", "bool", "char", "class", "default", "double", "float", "int", "long"}
_CPP_KEYWORDS |= {"do", "else", "for", "if", "return", "switch", "try", "using", "void", "while"}
_CPP_KEYWORDS |= {"new", "operator", "register", "short", "signed", "static", "this", "unsigned"}


def interface_text(card: Mapping[str, Any], path: str) -> str:
    """Return where the graph lies, its inputs and outputs: one line each, for a terminal."""
    lines = [f"graph    {path}"]
    for role in ("input", "output"):
        for tensor in card[f"{role}s"]:
            was = tensor.get("renamed_from")
            own = f", called {was} in the model" if was else ""
            shape = shape_text(tensor)
            lines.append(f"{role:<8} {tensor['tensor']}  {tensor['dtype']} {shape}{own}")
            features = tensor.get("features")
            if features:
                lines.append("         " + ", ".join(feature["name"] for feature in features))
    lines += [_constant_text(constant) for constant in card.get("constant_inputs", ())]
    if "end_of_source" in card:
        lines.append(f"end      {card['end_of_source']}")
    return "\n".join(lines)


def _constant_text(constant: Mapping[str, Any]) -> str:
    value = json.dumps(constant["value"], ensure_ascii=False)
    shown = value if len(value) <= _LONGEST else f"{value[:_LONGEST]} ..."
    text = f"constant {constant['name']}  {constant['dtype']} {shown}"
    why = ", for inference; --constant-inputs or --input-names with this name change that"
    return text + why if constant.get("default") else text


def shape_text(tensor: Mapping[str, Any]) -> str:
    """Return a shape as ``[batch, 10]``; a free dimension other than the first is ``?``."""
    shape = tensor["shape"]
    if shape is None:
        return "[shape unknown]"
    words = ["?" if size is None else str(size) for size in shape]
    if words[:1] == ["?"]:
        words[0] = "batch"
    return f"[{', '.join(words)}]"


def cpp_lines(card: Mapping[str, Any], path: str) -> str:
    """Return the C++ lines that load the graph at *path* in CMSSW and evaluate one event.

    They use ``PhysicsTools/TensorFlow/interface/TensorFlow.h`` of CMSSW.
    """
    declared: list[str] = []
    fed: list[str] = []
    taken = {"graph", "session", "outputs"}
    for tensor in card["inputs"]:
        name = _identifier(tensor["name"], taken)
        kind = _CPP_TYPES.get(tensor["dtype"], f"DT_{tensor['dtype'].upper()}")
        shape = [None] if tensor["shape"] is None else tensor["shape"]
        sizes = ", ".join("1" if size is None else str(size) for size in shape)
        declared.append(f"tensorflow::Tensor {name}(tensorflow::{kind}, {{{sizes}}});")
        fed.append(f'{{"{tensor["name"]}", {name}}}')
    fetched = ", ".join(f'"{tensor["name"]}"' for tensor in card["outputs"])
    return "\n".join(
        [
            '#include "PhysicsTools/TensorFlow/interface/TensorFlow.h"',
            f'auto* graph = tensorflow::loadGraphDef("{path}");',
            "auto* session = tensorflow::createSession(graph);",
            *declared,
            "std::vector<tensorflow::Tensor> outputs;",
            f"tensorflow::run(session, {{{', '.join(fed)}}}, {{{fetched}}}, &outputs);",
        ]
    )


def _identifier(name: str, taken: set[str]) -> str:
    """Return a C++ variable for the input *name* that is not yet *taken*, and take it."""
    word = re.sub(r"\W", "_", name, flags=re.ASCII)
    if word[0].isdigit() or word in taken or word in _CPP_KEYWORDS:
        word = f"input_{word}"
    base, number = word, 1
    while word in taken:
        number += 1
        word = f"{base}_{number}"
    taken.add(word)
    return word
