"""Finished models on disk, opened whatever they were stored as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from cmsml_tasks.conversion.keras_contents import HDF5_ENDINGS
from cmsml_tasks.conversion.keras_files import load_keras
from cmsml_tasks.conversion.paths import TEXT_ENDINGS, PathLike, expanded
from cmsml_tasks.conversion.reading import naming, read_graph
from cmsml_tasks.conversion.saved_models import open_saved_model
from cmsml_tasks.conversion.selection import operations_of
from cmsml_tasks.conversion.sources import trace
from cmsml_tasks.conversion.sources.graphs import trace_graph
from cmsml_tasks.conversion.traced import Traced
from cmsml_tasks.errors import ConversionError
from cmsml_tasks.shapes import Shape
from cmsml_tasks.tensor_names import Names

_HANDLES = ("resource", "variant")


def open_model(
    path: PathLike,
    input_shapes: Mapping[str, Shape] | None = None,
    custom_modules: Sequence[str] = (),
    input_names: Names | None = None,
    output_names: Names | None = None,
    also_import: Sequence[str] = (),
) -> Traced:
    """Trace the finished model at *path*; its interface names come from the file.

    Args:
        path: ``.keras`` or ``.h5`` file, folder of a SavedModel (its serving signature), or
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
        also_import: further modules, of which the file need not ask for anything.

    Raises:
        ConversionError: there is no such file, it cannot be read or holds no usable model, or a
            shape, name or module is given for what is not there.
    """
    path = expanded(path)
    try:
        there = path.exists()
    except OSError as error:
        raise ConversionError(f"cannot read {path}: {error.strerror or error}") from error
    if not there:
        raise ConversionError(f"there is no file or folder {path}; check the path of the model")
    shapes = dict(input_shapes or {})
    if path.name.endswith((".keras", *HDF5_ENDINGS)) and not path.is_dir():
        traced = trace(load_keras(path, custom_modules, also_import))
        return traced.with_input_shapes(shapes).renamed(input_names, output_names)
    if custom_modules:
        raise ConversionError(
            f"{path} is no file of Keras, and asks for nothing of the module '{custom_modules[0]}';"
            " leave that out"
        )
    if path.is_dir():
        traced = open_saved_model(path)
        return traced.with_input_shapes(shapes).renamed(input_names, output_names)
    if path.name.endswith((".pb", *TEXT_ENDINGS)):
        return _open_graph(path, shapes, input_names, output_names)
    raise ConversionError(
        f"'{path.name}' has no ending of a model that can be read; there are .keras, .h5, .pb, "
        ".pb.txt and folders of a SavedModel"
    )


def _open_graph(
    path: Path,
    shapes: Mapping[str, Shape],
    input_names: Names | None,
    output_names: Names | None,
) -> Traced:
    graph_def = read_graph(path)
    operations, wanted = operations_of(output_names)
    with naming(path):
        traced = trace_graph(graph_def, operations, shapes)
        _refuse_without_weights(traced)
        return traced.renamed(input_names, wanted)


def _refuse_without_weights(traced: Traced) -> None:
    handles = [info.name for info in traced.signature.inputs if info.dtype in _HANDLES]
    if handles:
        raise ConversionError(
            f"the graph has no weights, but {len(handles)} placeholders for them, such as "
            f"'{handles[0]}'; save it with variables_to_constants=True"
        )
