"""How an exported graph is used: its interface in words and the C++ lines that load it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from cmsml_tasks.exporting.axes import axes_on
from cmsml_tasks.shown import printable
from cmsml_tasks.tensor_names import can_name

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
    served = card.get("saved_model_signature")
    if served and served["others"]:
        others = ", ".join(map(printable, served["others"]))
        name = printable(served["name"])
        lines.append(f"of       signature {name}; --signature takes another: {others}")
    for role in ("input", "output"):
        for tensor in card[f"{role}s"]:
            shape = _shape_text(axes_on(card, tensor))
            lines.append(
                f"{role:<8} {tensor['tensor']}  {tensor['dtype']} {shape}{_own_name(tensor)}"
            )
            features = tensor.get("features")
            if features:
                lines.append("         " + ", ".join(feature["name"] for feature in features))
    if card.get("no_batch") and any(_is_free(each) for each in card["inputs"]):
        lines.append(f"         no batch: {card['no_batch']}")
    lines += [_constant_text(constant) for constant in card.get("constant_inputs", ())]
    if "end_of_source" in card:
        lines.append(f"end      {card['end_of_source']}")
    return "\n".join(lines)


def _constant_text(constant: Mapping[str, Any]) -> str:
    value = json.dumps(constant["value"], ensure_ascii=False)
    shown = value if len(value) <= _LONGEST else f"{value[:_LONGEST]} ..."
    own = constant.get("asked_for")
    called = "" if own is None else f", called '{printable(own)}' in the model"
    text = f"constant {constant['name']}  {constant['dtype']} {printable(shown)}{called}"
    why = ", for inference; --constant-inputs or --input-names with this name change that"
    return text + why if constant.get("default") else text


def _is_free(tensor: Mapping[str, Any]) -> bool:
    return bool(tensor["shape"]) and tensor["shape"][0] is None


def _own_name(tensor: Mapping[str, Any]) -> str:
    asked_for = tensor.get("asked_for")
    if asked_for == tensor["name"]:
        return ""  # it could be had after all, since another tensor was renamed
    was = tensor.get("renamed_from") if asked_for is None else f"'{printable(asked_for)}'"
    if was is None:
        return ""
    own = f", called {was} in the model"
    if asked_for is None or "renamed_from" in tensor:
        return own
    return f"{own}, which {'is taken' if can_name(asked_for) else 'TensorFlow does not allow'}"


def _shape_text(axes: Sequence[str | int] | None) -> str:
    return "[shape unknown]" if axes is None else f"[{', '.join(map(str, axes))}]"


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
