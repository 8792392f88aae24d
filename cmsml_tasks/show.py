"""``python -m cmsml_tasks show``: what is in a model file."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cmsml_tasks.command_line.tables import table
from cmsml_tasks.processes.isolated import call_isolated
from cmsml_tasks.shapes import format_shape
from cmsml_tasks.shown import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``show``, which are called as those of ``law run ExportGraph``."""
    parser.add_argument("file", help=".keras or .h5 file, SavedModel folder, .pb or .pb.txt graph")
    parser.add_argument("--signature", help="of a SavedModel; default: serving_default or the only")
    parser.add_argument(
        "--output-names", type=_names, help="of a graph: operations, comma-separated"
    )
    parser.add_argument(
        "--custom-modules", type=_names, default=[], help="of the file's own layers"
    )
    parser.add_argument(
        "--allow-operations", type=_names, default=[], help="that nobody has judged"
    )
    parser.add_argument(
        "--tensorboard", metavar="FOLDER", help="write the graph there for TensorBoard"
    )


def show(given: argparse.Namespace) -> str:
    """Return what there is to say of the file that was *given*.

    Raises:
        UserError: the file cannot be read, or does more than compute.
    """
    found = call_isolated(
        "cmsml_tasks.exporting.inspection:inspected",
        source=given.file,
        signature=given.signature,
        output_names=given.output_names,
        custom_modules=given.custom_modules,
        allow_operations=given.allow_operations,
        tensorboard=given.tensorboard,
    )
    parts = [table(_facts(Path(given.file), found)), table(_operations(found["nodes"]), right=(3,))]
    if given.tensorboard is not None:
        parts.append(f"tensorboard --logdir {given.tensorboard}")
    return "\n\n".join(parts)


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _facts(path: Path, found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "file", f"{printable(str(path))}, {_size(path):,} bytes"
    served = found["signature"]["served"]
    if served:
        others = f"; there is also {', '.join(served['others'])}" if served["others"] else ""
        yield "signature", printable(served["name"] + others)
    for role in ("input", "output"):
        for tensor in found["signature"][f"{role}s"]:
            asked = f", '{tensor['asked_for']}' in the model" if tensor["asked_for"] else ""
            text = f"{tensor['tensor']}  {tensor['dtype']} {_shape(tensor['shape'])}{asked}"
            yield role, printable(text)
    for constant in found["origin"].get("constant_inputs", ()):
        yield "constant", printable(f"{constant['name']}  {constant['dtype']} {constant['value']}")
    description = found["description"]
    number = sum(description["operations"].values())
    yield "frozen", f"{found['bytes']:,} bytes, {description['parameters']:,} parameters"
    yield "", f"{number:,} operations, {description['functions']:,} functions"
    oldest, needs = description["oldest_tensorflow"], description["oldest_tensorflow_needs"]
    why = f" ({needs})" if needs else ""
    yield "TensorFlow", f"{oldest} or newer{why}" if oldest else f"none can run it{why}"
    yield "verdict", "reaches nothing outside"
    if "end_of_source" in found["origin"]:
        yield "end", found["origin"]["end_of_source"]


def _operations(nodes: list[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    yield "name", "operation", "gives", "parameters"
    for node in nodes:
        shapes = ", ".join(map(_shape, node["shapes"]))
        count = f"{node['parameters']:,}" if node["parameters"] else "-"
        yield printable(node["name"]), node["operation"], shapes or "-", count


def _shape(sizes: list[int | None] | None) -> str:
    return format_shape(None if sizes is None else tuple(sizes))


def _size(path: Path) -> int:
    if not path.is_dir():
        return path.stat().st_size
    return sum(
        Path(folder, name).stat().st_size for folder, _, names in os.walk(path) for name in names
    )
