"""Finished models on disk, opened whatever they were stored as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any

from cmsml_tasks.arguments import argument
from cmsml_tasks.conversion.checks.refused_operations import check_inert
from cmsml_tasks.conversion.effects import check_allowed
from cmsml_tasks.conversion.graph_files.paths import TEXT_ENDINGS, PathLike, expanded
from cmsml_tasks.conversion.graph_files.reading import naming, read_graph
from cmsml_tasks.conversion.interface.picked_tensors import operations_of
from cmsml_tasks.conversion.model_files.keras_contents import HDF5_ENDINGS
from cmsml_tasks.conversion.model_files.keras_reading import load_keras
from cmsml_tasks.conversion.model_files.saved_model import open_saved_model
from cmsml_tasks.conversion.sources.dispatch import trace
from cmsml_tasks.conversion.sources.graphs import trace_graph
from cmsml_tasks.conversion.traced.constant_inputs import with_constant_inputs
from cmsml_tasks.conversion.traced.traced_object import Traced
from cmsml_tasks.errors import ConversionError
from cmsml_tasks.shapes import Shape
from cmsml_tasks.tensor_names import Names

_HANDLES = ("resource", "variant")


def open_model(
    path: PathLike,
    input_shapes: Mapping[str, Sequence[int | None] | None] | None = None,
    custom_modules: Sequence[str] = (),
    input_names: Names | None = None,
    output_names: Names | None = None,
    allow_operations: Sequence[str] = (),
    constant_inputs: Mapping[str, Any] | None = None,
    signature: str | None = None,
    also_import: Sequence[str] = (),
) -> Traced:
    """Trace the finished model at *path*; its interface names come from the file.

    Args:
        path: ``.keras`` or ``.h5`` file, folder of a SavedModel, or
            frozen graph, ``.pb``, ``.pb.txt`` or ``.pbtxt`` (placeholders are inputs, operations
            that no other one reads are outputs).
        input_shapes: shapes of inputs for which the file carries none, by the names in the file;
            None is a free dimension.
        custom_modules: modules to import for their Keras layers, models and functions, which a
            file of Keras asks for.
        input_names: names for the inputs instead of those in the file, a list for all of them,
            in order, or a mapping ``{found: wanted}`` for some.
        output_names: the same for the outputs. For a graph: the operations to export, or a
            mapping of these to other names.
        allow_operations: operations that may be in the file although nobody has judged what they
            do beside computing.
        constant_inputs: values for inputs, by the names in the file, that are no inputs any more.
            Keras's ``keras_learning_phase`` is False unless it or *input_names* names it.
        signature: which one of a SavedModel; ``serving_default``, or the only one, where None.
        also_import: further modules, of which the file need not ask for anything.

    Raises:
        ConversionError: there is no such file, it cannot be read or holds no usable model, it does
            more than compute, or a shape, name, value or module is given for what is not there.
    """
    check_allowed(allow_operations)
    path = expanded(path)
    try:
        there = path.exists()
    except OSError as error:
        raise ConversionError(f"cannot read {path}: {error.strerror or error}") from error
    if not there:
        raise ConversionError(f"there is no file or folder {path}; check the path of the model")
    shapes = {name: _shape(name, sizes) for name, sizes in (input_shapes or {}).items()}
    is_keras = path.name.endswith((".keras", *HDF5_ENDINGS)) and not path.is_dir()
    if custom_modules and not is_keras:
        raise ConversionError(
            f"{path} is no file of Keras, and asks for nothing of the module '{custom_modules[0]}';"
            " leave that out"
        )
    wanted = output_names
    if path.is_dir():
        traced = open_saved_model(path, signature, allow_operations).with_input_shapes(shapes)
    elif signature is not None:
        raise ConversionError(
            f"{path} is no SavedModel and has no signatures; leave '{signature}' out"
        )
    elif path.name.endswith((".pb", *TEXT_ENDINGS)):
        operations, wanted = operations_of(output_names)
        traced = _open_graph(path, operations, shapes, allow_operations)
    elif is_keras:
        traced = trace(load_keras(path, custom_modules, also_import))
        with naming(path):
            check_inert(traced.as_is(), allow_operations)
        traced = traced.with_input_shapes(shapes)
    else:
        raise _unreadable(path)
    with naming(path):
        traced = with_constant_inputs(traced, constant_inputs, input_names)
        return traced.renamed(input_names, wanted)


def _shape(name: str, sizes: Any) -> Shape:
    if sizes is None:
        return None
    if isinstance(sizes, list | tuple) and all(
        size is None or (isinstance(size, Integral) and int(size) >= 0) for size in sizes
    ):
        return tuple(None if size is None else int(size) for size in sizes)
    raise ConversionError(
        f"{argument('input_shapes')} has {sizes!r} for {name!r}, which is no shape; give a tuple "
        "of sizes, None where one is free: (None, 10)"
    )


def _unreadable(path: Path) -> ConversionError:
    return ConversionError(
        f"'{path.name}' has no ending of a model that can be read; there are .keras, .h5, .pb, "
        ".pb.txt and folders of a SavedModel"
    )


def _open_graph(
    path: Path,
    operations: Sequence[str] | None,
    shapes: Mapping[str, Shape],
    allow_operations: Sequence[str],
) -> Traced:
    graph_def = read_graph(path)
    with naming(path):
        check_inert(graph_def, allow_operations)
        traced = trace_graph(graph_def, operations, shapes)
        _refuse_without_weights(traced)
        return traced


def _refuse_without_weights(traced: Traced) -> None:
    handles = [info.name for info in traced.signature.inputs if info.dtype in _HANDLES]
    if handles:
        raise ConversionError(
            f"the graph has no weights, but {len(handles)} placeholders for them, such as "
            f"'{handles[0]}'; save it with variables_to_constants=True"
        )
