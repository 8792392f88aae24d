"""SavedModels judged before they are loaded: what loading runs, and the signature that is taken."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import Any

from cmsml_tasks.conversion.effects.folders import asset_inside
from cmsml_tasks.conversion.effects.judging import Finding, judge
from cmsml_tasks.conversion.effects.own_assets import FILLS, filled_from_own
from cmsml_tasks.conversion.effects.refusing import refuse
from cmsml_tasks.conversion.graph_def.nodes import node_of
from cmsml_tasks.errors import ConversionError

_SIGNATURES = "signatures"
_ASSETS = "saved_model_assets"
_INITIALISERS = ("saved_model_main_op", "legacy_init_op")
_INITIALISER = "__saved_model_init_op"
_RESTORES = dict.fromkeys(("Restore", "RestoreSlice", "RestoreV2"), 0)
_HANDS_ON = {"Identity", "PlaceholderWithDefault"}


def refuse_assets_elsewhere(folder: Path, meta_graph: Any) -> None:
    """Refuse a SavedModel with an asset outside of its own *folder*.

    Raises:
        ConversionError: the message names the asset.
    """
    for asset in _assets(meta_graph):
        if not asset_inside(folder, asset.filename):
            raise ConversionError(
                f"the SavedModel {folder} has an asset '{asset.filename}', which lies outside of "
                "its folder, but a model's file reads no other file; save it again with TensorFlow"
            )


def functions_of_signatures(meta_graph: Any) -> dict[str, str]:
    """Return the library functions behind the signatures of a SavedModel with objects."""
    objects = meta_graph.object_graph_def
    root = objects.nodes[0].children if objects.nodes else ()
    holders = [child.node_id for child in root if child.local_name == _SIGNATURES]
    return {
        child.local_name: function
        for holder in holders
        for child in _node(objects, holder).children
        for function in _functions(objects, child.node_id)
    }


def refuse_objects(
    meta_graph: Any, signature: str | None, allow_operations: Container[str] = ()
) -> None:
    """Refuse a SavedModel of which loading, or the function *signature*, does more than compute.

    TensorFlow calls what objects have under the names of its own methods, which create, fill,
    restore and remove lookup tables and the like.

    Args:
        meta_graph: with an object graph.
        signature: name of the library function behind the signature that is taken.
        allow_operations: operations that are taken for harmless if nobody has judged them.

    Raises:
        ConversionError: the message names the node and what it does.
    """
    objects = meta_graph.object_graph_def
    called = {
        name: _asset_arguments(meta_graph, name)
        for node in objects.nodes
        for child in (
            *(child.node_id for child in node.children if child.local_name.startswith("_")),
            *(saved.restore_function for saved in node.saveable_objects.values()),
        )
        for name in _functions(objects, child)
    }
    called |= {} if signature is None else {signature: []}
    findings = judge(meta_graph.graph_def, functions=called, allow_operations=allow_operations)
    own = filled_from_own(meta_graph.graph_def, called)
    refuse([each for each in findings if (each.function, each.node) not in own])


def refuse_graph(
    meta_graph: Any, outputs: Iterable[str], allow_operations: Container[str] = ()
) -> None:
    """Refuse a SavedModel of TensorFlow 1 of which loading, or its *outputs*, does too much.

    Args:
        meta_graph: without an object graph.
        outputs: names of the tensors of the signature that is taken.
        allow_operations: operations that are taken for harmless if nobody has judged them.

    Raises:
        ConversionError: the message names the node and what it does.
    """
    graph_def = meta_graph.graph_def
    assets = {node_of(asset.tensor_info.name) for asset in _assets(meta_graph)}
    saver = meta_graph.saver_def
    checkpoint = {node_of(saver.filename_tensor_name)}

    def found(nodes: Iterable[str]) -> list[Finding]:
        return judge(graph_def, nodes=nodes, allow_operations=allow_operations)

    initialising = _without_own(graph_def, found(_initialisers(meta_graph)), FILLS, assets)
    restoring = found([saver.restore_op_name] if saver.restore_op_name else [])
    restoring = _without_own(graph_def, restoring, _RESTORES, checkpoint)
    refuse([*initialising, *restoring, *found(node_of(name) for name in outputs)])


def _assets(meta_graph: Any) -> list[Any]:
    from tensorflow.core.protobuf.meta_graph_pb2 import AssetFileDef

    assets = list(meta_graph.asset_file_def)
    # where the first versions of TensorFlow had them
    if _ASSETS in meta_graph.collection_def:
        for packed in meta_graph.collection_def[_ASSETS].any_list.value:
            asset = AssetFileDef()
            packed.Unpack(asset)
            assets.append(asset)
    return assets


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
    # captures come last
    bound = zip(reversed(arguments), reversed(captured), strict=False)
    return [
        name for name, node_id in bound if _node(objects, node_id).WhichOneof("kind") == "asset"
    ]


def _initialisers(meta_graph: Any) -> list[str]:
    """Return the nodes that loading runs, of all places where TensorFlow looks for one."""
    names = [
        name
        for key in _INITIALISERS
        if key in meta_graph.collection_def
        for name in meta_graph.collection_def[key].node_list.value
    ]
    if _INITIALISER in meta_graph.signature_def:
        outputs = meta_graph.signature_def[_INITIALISER].outputs
        names += [info.name for info in outputs.values()]
    return [node_of(name) for name in names]


def _without_own(
    graph_def: Any, findings: list[Finding], file_names: Mapping[str, int], fed: Container[str]
) -> list[Finding]:
    """Return *findings* without nodes that read the file whose name TensorFlow feeds.

    Args:
        graph_def: the graph.
        findings: in the graph and its functions.
        file_names: operations that read a file, and which of their inputs names it.
        fed: nodes whose values TensorFlow replaces by the name of a file of the SavedModel.
    """
    nodes = {node.name: node for node in graph_def.node}

    def is_own(finding: Finding) -> bool:
        if finding.function is not None or finding.operation not in file_names:
            return False
        sources = nodes[finding.node].input[file_names[finding.operation] :]
        seen: set[str] = set()
        name = node_of(sources[0]) if sources else ""
        while name not in fed:
            if name in seen or name not in nodes or nodes[name].op not in _HANDS_ON:
                return False
            seen.add(name)
            name = node_of(nodes[name].input[0]) if nodes[name].input else ""
        return True

    return [finding for finding in findings if not is_own(finding)]
