"""``save_graph`` and ``load_graph`` with the arguments that cmsml's functions have."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from cmsml_tasks.conversion.checks.importing import check_foreign, imported_graph
from cmsml_tasks.conversion.checks.refused_operations import acting_at_import
from cmsml_tasks.conversion.effects import Finding, judge, refuse
from cmsml_tasks.conversion.effects.refusing import in_words
from cmsml_tasks.conversion.freezing.frozen_graph import Frozen
from cmsml_tasks.conversion.graph_def.nodes import GraphDef
from cmsml_tasks.conversion.graph_files.paths import PathLike, expanded, is_text
from cmsml_tasks.conversion.graph_files.reading import naming, read_graph
from cmsml_tasks.conversion.graph_files.writing import write_graph
from cmsml_tasks.conversion.interface.found_names import valid
from cmsml_tasks.conversion.interface.interface_names import check_distinct
from cmsml_tasks.conversion.interface.interface_nodes import put_interface
from cmsml_tasks.conversion.interface.picked_tensors import operations_of, select
from cmsml_tasks.conversion.model_files.open_model import open_model
from cmsml_tasks.conversion.model_files.saved_objects import is_saved_model, trace_saved_model
from cmsml_tasks.conversion.pipeline import frozen_graph, frozen_graph_def
from cmsml_tasks.conversion.sources.dispatch import trace
from cmsml_tasks.conversion.sources.lookup_table_contents import own_graph_def
from cmsml_tasks.conversion.sources.sessions import is_session
from cmsml_tasks.conversion.traced.constant_inputs import with_constant_inputs
from cmsml_tasks.conversion.traced.traced_object import Traced
from cmsml_tasks.errors import ConversionError, listed
from cmsml_tasks.tensor_names import Names


class MissingWeightsWarning(UserWarning):
    """A graph was saved without the weights of the model or function that it belongs to."""


class ChangedNameWarning(UserWarning):
    """A tensor has another name in the graph than in the model, whose own one is not to be had."""


class ReachesOutsideWarning(UserWarning):
    """A graph does more than compute: it reads or writes files, say, or nobody knows what it does.

    It runs in the process that made it, but `open_model` and ``ValidateGraph`` refuse its file.
    """


def save_graph(
    path: PathLike,
    obj: Any,
    variables_to_constants: bool = False,
    output_names: Names | None = None,
    input_names: Names | bool | None = None,
    *args: bool,
    as_text: bool | None = None,
    constant_inputs: Mapping[str, Any] | None = None,
    signature: str | None = None,
) -> None:
    """Save the graph of *obj* at *path*, frozen or as it is.

    Args:
        path: file to write, ``.pb`` (binary), ``.pb.txt`` or ``.pbtxt`` (text); ``~`` and
            environment variables are expanded, missing folders made.
        obj: Keras model, ``tf.function`` with a signature (or bound method of a module), concrete
            function, ``tf.compat.v1.Session``, ``tf.Graph`` or ``GraphDef``; a SavedModel, which
            is the path of its folder or what ``tf.saved_model.load`` returned.
        variables_to_constants: write a frozen graph, with the values of all variables.
        output_names: for a session or graph, the operations to export (a frozen session needs
            them; as it is, the graph keeps all of its operations), or a mapping of operations to
            other names; for a model or function, names for its outputs instead of those found, a
            list for all, in order, or a mapping ``{found: wanted}`` for some.
        input_names: names for the inputs instead of those found, a list or a mapping.
        *args: *as_text* by position, as the last argument (also in place of *input_names*, where
            cmsml has it).
        as_text: text or binary form, whatever the ending says.
        constant_inputs: values for inputs of a frozen graph, by the names found: numbers, bools,
            texts, (nested) lists or arrays. Nobody feeds these any more, and what hangs on them is
            resolved. Keras's ``keras_learning_phase`` is False in a frozen graph unless this or
            *input_names* names it.
        signature: which one of a SavedModel; ``serving_default``, or the only one, where None.

    Raises:
        ConversionError: *obj* cannot be saved like this; the message says what to do.
        ConversionTypeError: no graph can be made from an object of this type.
        UserError: the file cannot be written; nothing is left there, an old file untouched.

    Warns:
        MissingWeightsWarning: a model or function with variables is saved as it is.
        ChangedNameWarning: TensorFlow does not allow a name of the model in the graph, or another
            tensor has it.
        ReachesOutsideWarning: an operation in the graph reaches outside, or nobody has judged it.

    """
    if isinstance(input_names, bool):
        args, input_names = (input_names, *args), None
    if len(args) > 1 or (args and as_text is not None):
        raise TypeError(f"save_graph() takes as_text once, got {args} and as_text={as_text}")
    as_text = args[0] if args else as_text
    if as_text is None:
        as_text = is_text(expanded(path))  # a wrong ending is known before any work is done
    if signature is not None or is_saved_model(obj):
        obj = trace_saved_model(obj, signature)
    if variables_to_constants:
        traced = _traced(obj, input_names, output_names, constant_inputs)
        _warn_of_changed_names(traced)
        graph: GraphDef | Frozen = frozen_graph(traced)
    elif constant_inputs:
        raise ConversionError(
            f"constant_inputs sets {listed(constant_inputs)}, but a graph that is saved as it is "
            "keeps its inputs; use variables_to_constants=True"
        )
    elif is_session(obj) or isinstance(obj, tf.Graph | GraphDef):
        graph = _graph_as_is(obj, input_names, output_names)
    else:
        traced = _traced(obj, input_names, output_names)
        _warn_of_changed_names(traced)
        _warn_of_missing_weights(traced)
        graph = traced.as_is()
    _warn_of(
        judge(graph.graph_def if isinstance(graph, Frozen) else graph),
        "its file is refused wherever models of others are, such as by ValidateGraph",
    )
    write_graph(path, graph, as_text)


def load_graph(
    path: PathLike,
    create_session: bool | None = None,
    session_kwargs: Mapping[str, Any] | None = None,
    as_text: bool | None = None,
    signature: str | None = None,
) -> Any:
    """Return the graph in the file *path* as ``tf.Graph``.

    Args:
        path: file to read, or the folder of a SavedModel, which is frozen; ``~`` and environment
            variables are expanded.
        create_session: return ``(graph, tf.compat.v1.Session)`` instead.
        session_kwargs: arguments for this session, such as ``config``.
        as_text: text or binary form; None decides by the ending.
        signature: which one of a SavedModel; ``serving_default``, or the only one, where None.

    Raises:
        ConversionError: the file holds no whole graph that this TensorFlow accepts, or one that
            would read files, say, while it is only loaded, or the SavedModel has no such signature.

    Warns:
        ReachesOutsideWarning: the graph would do more than compute if it was run.

    """
    if signature is not None or is_saved_model(path):
        graph_def = frozen_graph_def(trace_saved_model(path, signature))
    else:
        graph_def = read_graph(path, as_text)
    findings = judge(graph_def)
    with naming(expanded(path)):
        refuse(acting_at_import(findings))
        check_foreign(graph_def)
        graph = imported_graph(graph_def)
    _warn_of(findings, "whoever runs it has it done")
    if not create_session:
        return graph
    return graph, tf.compat.v1.Session(graph=graph, **(session_kwargs or {}))


def load_graph_def(
    path: PathLike,
    *,
    input_shapes: Mapping[str, Sequence[int | None] | None] | None = None,
    output_names: Names | None = None,
    custom_modules: Sequence[str] = (),
    allow_operations: Sequence[str] = (),
    signature: str | None = None,
) -> GraphDef:
    """Return the frozen graph, in its canonical form, of any model file; arguments as `open_model`.

    Args:
        path: ``.keras`` or ``.h5`` file, folder of a SavedModel, ``.pb``, ``.pb.txt`` or
            ``.pbtxt`` graph.
        input_shapes: shapes of inputs for which the file carries none.
        output_names: names for the outputs; of a graph, the operations to take.
        custom_modules: modules with layers that a file of Keras asks for.
        allow_operations: operations that may be in the file although nobody has judged them.
        signature: which one of a SavedModel.

    Raises:
        ConversionError: the file holds no usable model, or one that does more than compute.
    """
    traced = open_model(
        path,
        input_shapes=input_shapes,
        output_names=output_names,
        custom_modules=custom_modules,
        allow_operations=allow_operations,
        signature=signature,
    )
    return frozen_graph_def(traced)


save_frozen_graph = save_graph
load_frozen_graph = load_graph


def _traced(
    obj: Any,
    input_names: Names | None,
    output_names: Names | None,
    constant_inputs: Mapping[str, Any] | None = None,
) -> Traced:
    if isinstance(obj, Traced):
        traced = with_constant_inputs(obj, constant_inputs, input_names)
        traced = traced.renamed(input_names, output_names)
    else:
        traced = trace(obj, input_names, output_names, constant_inputs)
    traced.refuse_unclear()
    return traced


def _graph_as_is(obj: Any, input_names: Names | None, output_names: Names | None) -> GraphDef:
    graph = obj.graph if is_session(obj) else obj
    graph_def = graph if isinstance(graph, GraphDef) else own_graph_def(graph)
    operations, wanted = operations_of(output_names)
    if operations is not None:
        select(graph_def, operations)  # nothing is cut off, but they have to be there
    inputs = trace(graph, input_names).skeleton.inputs if input_names is not None else ()
    outputs = trace(graph, None, output_names).skeleton.outputs if wanted is not None else ()
    if not inputs and not outputs:
        return graph_def
    check_distinct([port.name for port in inputs], [port.name for port in outputs])
    return put_interface(graph_def, inputs, outputs)


def _warn_of_changed_names(traced: Traced) -> None:
    infos = (*traced.signature.inputs, *traced.signature.outputs)
    changed = [
        f"{info.asked_for!r} is '{info.tensor}'"
        for info in infos
        if info.asked_for is not None
        and info.asked_for != info.name
        # nobody chose a name that it has since another tensor gave way
        and (info.renamed_from is None or info.name == valid(info.asked_for))
    ]
    if changed:
        warnings.warn(
            f"{', '.join(changed)} in the graph, where TensorFlow does not allow the model's own "
            "name, or another tensor has it; choose others with input_names and output_names",
            ChangedNameWarning,
            stacklevel=3,
        )


def _warn_of_missing_weights(traced: Traced) -> None:
    if traced.skeleton.weights:
        warnings.warn(
            f"the graph is saved without its {len(traced.skeleton.weights)} weights, so it cannot "
            "be run; use variables_to_constants=True to write them too",
            MissingWeightsWarning,
            stacklevel=3,
        )


def _warn_of(findings: Sequence[Finding], consequence: str) -> None:
    if findings:
        warnings.warn(
            f"the graph does more than compute: {in_words(findings)}; {consequence}",
            ReachesOutsideWarning,
            stacklevel=3,
        )
