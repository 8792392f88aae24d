"""Export one branch: the whole of what ``ExportGraph`` does, in an interpreter of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmsml_tasks.arguments import came_as_options
from cmsml_tasks.conversion import frozen_graph
from cmsml_tasks.exporting.card import of_origin, signature_card
from cmsml_tasks.exporting.own_modules import modules_of
from cmsml_tasks.files import write_json
from cmsml_tasks.output_files import CARD, GRAPHS, REFERENCE

if TYPE_CHECKING:
    from cmsml_tasks.conversion import Frozen, Traced
    from cmsml_tasks.tensor_names import Names


@came_as_options()
def export_trained(
    model: str,
    history: str,
    module: str,
    folder: str,
    formats: Sequence[str],
    input_names: Names | None = None,
    output_names: Names | None = None,
    allow_operations: Sequence[str] = (),
    constant_inputs: Mapping[str, Any] | None = None,
    reference: str | None = None,
) -> dict[str, Any]:
    """Freeze the *model* that a recipe trained; return its signature card.

    Args:
        model: path of ``model.keras``.
        history: path of ``history.json``, which knows the features, the split rule, and modules
            that are imported for the model's own layers.
        module: module of the recipe, which is imported first.
        folder: where the graph and ``graph.json`` are written.
        formats: keys of `cmsml_tasks.output_files.GRAPHS`.
        input_names: names for the inputs instead of the model's, for all in order or for some.
        output_names: the same for the outputs.
        allow_operations: operations that may be there although nobody has judged them.
        constant_inputs: values of inputs that nobody feeds any more.
        reference: path of the training's ``reference.npz``; its rows are then evaluated anew, with
            the constant inputs, and kept beside the graph.

    Raises:
        ConversionError: the model cannot be read or frozen, or has no such tensors.
    """
    from cmsml_tasks.conversion import modules_of_trained, open_model
    from cmsml_tasks.exporting.reference import keep_reference, rows_of, shapes_without_rows

    trained = json.loads(Path(history).read_text(encoding="utf-8"))
    modules = modules_of(trained, module, history)
    trained_on = trained["data"]
    traced = open_model(
        model,
        also_import=modules_of_trained(Path(model), modules),
        input_names=input_names,
        output_names=output_names,
        allow_operations=allow_operations,
        constant_inputs=constant_inputs,
    )
    frozen = frozen_graph(traced)
    if traced.skeleton.constants:
        trained_on = {**trained_on, "features": None}  # the input that they are of may be another
    if reference is not None:
        found = traced.with_found_names()
        keep_reference(found, Path(folder) / REFERENCE, rows_of(reference, found))
    # a recipe's rows are events, so that only shapes can forbid it
    no_batch = shapes_without_rows(traced.signature)
    return _write(traced, frozen, Path(folder), formats, trained_on, no_batch)


@came_as_options()
def export_source(
    source: str,
    folder: str,
    formats: Sequence[str],
    input_shapes: Mapping[str, Sequence[int | None]] | None = None,
    input_names: Names | None = None,
    output_names: Names | None = None,
    allow_operations: Sequence[str] = (),
    constant_inputs: Mapping[str, Any] | None = None,
    signature: str | None = None,
    custom_modules: Sequence[str] = (),
    seed: int = 1,
) -> dict[str, Any]:
    """Freeze the finished model *source*, with reference rows of its own; return its card.

    Args:
        source: ``.keras`` or ``.h5`` file, SavedModel folder, ``.pb`` or ``.pb.txt`` graph.
        folder: where the graph, ``graph.json`` and ``reference.npz`` are written.
        formats: keys of `cmsml_tasks.output_files.GRAPHS`.
        input_shapes: shapes of inputs for which the file carries none; None is a free dimension.
        input_names: names for the inputs instead of the file's, for all in order or for some.
        output_names: the same for the outputs; for a graph, the operations to export.
        allow_operations: operations that may be there although nobody has judged them.
        constant_inputs: values of inputs that nobody feeds any more.
        signature: which one of a SavedModel; the usual or only one where None.
        custom_modules: modules to import, of which the file asks for layers or functions.
        seed: seed of the random reference rows.

    Raises:
        ConversionError: the file holds no usable model or one that does more than compute, shapes
            are missing, it has no such tensors, or asks for nothing of a module.
    """
    from cmsml_tasks.conversion import open_model
    from cmsml_tasks.exporting.reference import keep_reference, rows_without_events

    traced = open_model(
        source,
        input_shapes=input_shapes,
        custom_modules=custom_modules,
        input_names=input_names,
        output_names=output_names,
        allow_operations=allow_operations,
        constant_inputs=constant_inputs,
        signature=signature,
    )
    frozen = frozen_graph(traced)  # what cannot be exported need not be evaluated
    reference = keep_reference(traced, Path(folder) / REFERENCE, seed=seed)
    no_batch = rows_without_events(traced, reference)
    return _write(traced, frozen, Path(folder), formats, {}, no_batch)


def _write(
    traced: Traced,
    frozen: Frozen,
    folder: Path,
    formats: Sequence[str],
    trained_on: Mapping[str, Any],
    no_batch: str,
) -> dict[str, Any]:
    from cmsml_tasks.conversion import describe, write_graph

    paths = [folder / GRAPHS[name] for name in formats]
    for path in paths:
        write_graph(path, frozen)
    card = signature_card(traced.signature, describe(frozen), paths, trained_on, no_batch)
    card |= of_origin(traced.skeleton)
    write_json(folder / CARD, card)
    return card
