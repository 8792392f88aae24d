"""SavedModels of TensorFlow 2, judged before TensorFlow calls what their objects have."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any

from cmsml_tasks.conversion.effects.judging import judge
from cmsml_tasks.conversion.effects.own_assets import filled_from_own
from cmsml_tasks.conversion.effects.refusing import refuse
from cmsml_tasks.errors import ConversionError

_SIGNATURES = "signatures"
_REVIVED = "optimizer"
"""What an object of the user calls itself that is made into one of tf-keras, which is imported."""

_PACKAGES = ("tensorflow", "keras", "tf_keras")
_REGISTERED = {"tf.StaticHashTable": "resource", "tf.TrackableConstant": "constant"}
"""Names under which TensorFlow itself registers classes, and the kind of their objects."""


def functions_of_signatures(meta_graph: Any) -> dict[str, list[str]]:
    """Return the library functions behind each signature of a SavedModel with objects."""
    objects = meta_graph.object_graph_def
    root = objects.nodes[0].children if objects.nodes else ()
    holders = [child.node_id for child in root if child.local_name == _SIGNATURES]
    found: dict[str, list[str]] = {}
    for holder in holders:
        for child in _node(objects, holder).children:
            functions = _functions(objects, child.node_id)
            if functions:
                found.setdefault(child.local_name, []).extend(functions)
    return found


def refuse_objects(
    meta_graph: Any, signature: list[str], allow_operations: Container[str] = ()
) -> None:
    """Refuse a SavedModel of which loading, or the functions *signature*, do more than compute.

    TensorFlow calls what objects have under the names of its own methods, which create, fill,
    save, restore and remove lookup tables and the like. Other functions of an object are its own,
    such as the one with which a layer of tf-keras learns the scale of its inputs.

    Args:
        meta_graph: with an object graph.
        signature: names of the library functions behind the signature that is taken.
        allow_operations: operations that are taken for harmless if nobody has judged them.

    Raises:
        ConversionError: the message names the node and what it does, or an object that is not
            what it says.
    """
    objects = meta_graph.object_graph_def
    for number, node in enumerate(objects.nodes):
        _check_kind(number, node)
    methods = _methods_of_tensorflow()
    called = {
        name: _asset_arguments(meta_graph, name)
        for node in objects.nodes
        for child in _called_by_tensorflow(node, methods)
        for name in _functions(objects, child)
    }
    called |= {name: [] for name in signature}
    findings = judge(meta_graph.graph_def, functions=called, allow_operations=allow_operations)
    own = filled_from_own(meta_graph.graph_def, called)
    refuse([each for each in findings if each.place not in own])


def _check_kind(number: int, node: Any) -> None:
    """Refuse an object that TensorFlow would make into something else than its kind says.

    What is registered decides before the kind does, and children replace attributes: an asset
    with either could name any file.
    """
    name, kind = node.registered_name, node.WhichOneof("kind")
    if _REGISTERED.get(name, kind) != kind or (kind == "asset" and (name or node.children)):
        what = f"registered as '{name}'" if name else "with objects of its own"
        raise ConversionError(
            f"the SavedModel says that its object {number} is of the kind '{kind}', but {what}, "
            "which no TensorFlow writes; save it again with TensorFlow"
        )


def _called_by_tensorflow(node: Any, methods: Container[str]) -> Iterator[int]:
    """Yield the objects that TensorFlow calls while it loads *node* or removes it again."""
    # all else is made into objects that have more than the methods
    is_plain = node.WhichOneof("kind") == "user_object" and node.user_object.identifier != _REVIVED
    # resources are created with the dependencies, before there are children
    for named in (*node.children, *node.dependencies):
        name = named.local_name
        if name.startswith("__") or (name.startswith("_") and (not is_plain or name in methods)):
            yield named.node_id
    for saved in node.saveable_objects.values():
        # the names of what is saved are asked for on each load
        yield saved.save_function
        yield saved.restore_function


def _methods_of_tensorflow() -> set[str]:
    """Return the names of all methods and the like of objects that can be in a SavedModel."""
    from tensorflow.python.trackable.base import Trackable

    kinds: set[type] = set()
    waiting: list[type] = [Trackable]
    while waiting:
        kind = waiting.pop()
        if kind not in kinds:
            kinds.add(kind)
            waiting.extend(type.__subclasses__(kind))
    own = (kind for kind in kinds if kind.__module__.partition(".")[0] in _PACKAGES)
    return {name for kind in own for name in dir(kind)}


def _node(objects: Any, node_id: int) -> Any:
    if not 0 <= node_id < len(objects.nodes):
        raise ConversionError(
            f"the SavedModel speaks of its object {node_id}, which is not there; it is damaged"
        )
    return objects.nodes[node_id]


def _functions(objects: Any, node_id: int) -> list[str]:
    node = _node(objects, node_id)
    kind = node.WhichOneof("kind")
    if kind == "bare_concrete_function":
        return [node.bare_concrete_function.concrete_function_name]
    return list(node.function.concrete_functions) if kind == "function" else []


def _asset_arguments(meta_graph: Any, function: str) -> list[str]:
    objects = meta_graph.object_graph_def
    if function not in objects.concrete_functions:
        return []
    captured = objects.concrete_functions[function].bound_inputs
    arguments = [
        argument.name
        for each in meta_graph.graph_def.library.function
        if each.signature.name == function
        for argument in each.signature.input_arg
    ]
    if len(captured) > len(arguments):
        raise ConversionError(
            f"the SavedModel says that its function '{function}' captures {len(captured)} objects, "
            f"but it takes only {len(arguments)}; it is damaged, save it again with TensorFlow"
        )
    # captures come last
    bound = zip(reversed(arguments), reversed(captured), strict=False)
    return [
        name for name, node_id in bound if _node(objects, node_id).WhichOneof("kind") == "asset"
    ]
