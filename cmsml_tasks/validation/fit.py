"""Where card, graph and reference rows do not belong together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from cmsml_tasks.errors import did_you_mean
from cmsml_tasks.files import sha256
from cmsml_tasks.runtimes.runtime import GraphFacts
from cmsml_tasks.shapes import compatible, format_shape
from cmsml_tasks.validation.card import (
    Card,
    TensorCard,
    at_least_as_free,
)
from cmsml_tasks.validation.dtypes import Array, name_of
from cmsml_tasks.validation.reference import Reference

Problem = dict[str, Any]


def foreign_files(card: Card, graph_path: str | PathLike[str]) -> list[Problem]:
    """Tell which files beside *graph_path*, and that one itself, are not those on the card."""
    graph_path = Path(graph_path)
    problems: list[Problem] = []
    if card.digests and graph_path.name not in card.digests:
        known = did_you_mean(graph_path.name, card.digests)
        problems.append({"problem": f"{graph_path.name} is not on the card{known}"})
    for name, recorded in sorted(card.digests.items()):
        try:
            found = sha256(graph_path.with_name(name))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            problems.append({"problem": f"{name} cannot be read: {reason}"})
            continue
        if found != recorded:
            problem = f"{name} has another digest"
            problems.append({"problem": problem, "expected": recorded, "got": found})
    return problems


def misfits(card: Card, reference: Reference) -> list[Problem]:
    """Tell where the reference rows are not rows of the graph on the card."""
    problems: list[Problem] = []
    for what, entries, arrays in (
        ("input", card.inputs, reference.inputs),
        ("output", card.outputs, reference.outputs),
    ):
        problems += _misfits(what, entries, arrays, reference.layout)
    return problems


def _misfits(
    what: str, entries: Iterable[TensorCard], arrays: Mapping[str, Array], layout: str
) -> list[Problem]:
    problems = []
    known = {entry.name: entry for entry in entries}
    for name in sorted(known.keys() - arrays.keys()):
        problem = f"no reference rows for {what} '{name}'{did_you_mean(name, arrays)}"
        problems.append({"tensor": name, "problem": problem})
    for name in sorted(arrays.keys() - known.keys()):
        problem = f"reference rows for {what} '{name}', which is not on the card"
        problems.append({"tensor": name, "problem": f"{problem}{did_you_mean(name, known)}"})
    for name in sorted(known.keys() & arrays.keys()):
        entry, array = known[name], arrays[name]
        shape = (None, *array.shape[1:]) if layout == "rows" else array.shape[1:]
        if name_of(array) != entry.dtype:
            problem = f"reference rows are {name_of(array)}, the card says {entry.dtype}"
            problems.append({"tensor": name, "problem": problem})
        if not compatible(entry.shape, shape):
            problem = (
                f"reference rows have shape {format_shape(shape)}, "
                f"the card says {format_shape(entry.shape)}"
            )
            problems.append({"tensor": name, "problem": problem})
    return problems


def signature_problems(card: Card, facts: GraphFacts) -> list[Problem]:
    """Tell where the graph is not as the card says."""
    fed = {placeholder.tensor for placeholder in facts.placeholders}
    problems = _missing(card.inputs, facts, fed) + _missing(card.outputs, facts, facts.ends)
    problems += _unfed(card, facts, fed)
    for entry in (*card.inputs, *card.outputs):
        if entry.tensor in facts.tensors:
            problems += _different(entry, facts, strict=entry in card.inputs)
    return problems


def unusable(card: Card, facts: GraphFacts) -> bool:
    """Tell whether the graph cannot be fed or fetched by the card at all."""
    for entry in (*card.inputs, *card.outputs):
        found = facts.tensors.get(entry.tensor)
        if found is None or found.dtype != entry.dtype:
            return True
    return False


def _missing(
    entries: Iterable[TensorCard], facts: GraphFacts, candidates: Iterable[str]
) -> list[Problem]:
    return [
        {
            "tensor": entry.tensor,
            "problem": f"the graph has no tensor '{entry.tensor}'"
            f"{did_you_mean(entry.tensor, candidates)}",
        }
        for entry in entries
        if entry.tensor not in facts.tensors
    ]


def _unfed(card: Card, facts: GraphFacts, fed: set[str]) -> list[Problem]:
    declared = {entry.tensor for entry in card.inputs}
    problems = [
        {
            "tensor": placeholder.tensor,
            "problem": f"placeholder '{placeholder.tensor}' "
            f"({placeholder.dtype} {format_shape(placeholder.shape)}) is not on the card",
        }
        for placeholder in facts.placeholders
        if placeholder.tensor not in declared and not placeholder.default
    ]
    for name in sorted(declared - fed):
        if name in facts.tensors:
            problem = f"'{name}' is an input on the card, but no placeholder in the graph"
            problems.append({"tensor": name, "problem": problem})
    return problems


def _different(entry: TensorCard, facts: GraphFacts, strict: bool) -> list[Problem]:
    found = facts.tensors[entry.tensor]
    problems: list[Problem] = []
    if found.dtype != entry.dtype:
        problems.append({"problem": "dtype", "expected": entry.dtype, "got": found.dtype})
    # An input may be described closer than the graph knows it (frozen graphs of TensorFlow 1
    # carry no shapes); a graph that takes less than the card promises is wrong.
    fits = at_least_as_free if strict else compatible
    if not fits(found.shape, entry.shape):
        expected, got = format_shape(entry.shape), format_shape(found.shape)
        problems.append({"problem": "shape", "expected": expected, "got": got})
    return [{"tensor": entry.tensor, **problem} for problem in problems]
