"""SavedModels judged before they are loaded: their assets, and graphs of TensorFlow 1."""

from __future__ import annotations

from collections.abc import Container, Iterable
from pathlib import Path
from typing import Any

from cmsml_tasks.conversion.effects.folders import asset_inside
from cmsml_tasks.conversion.effects.judging import Finding, judge
from cmsml_tasks.conversion.effects.own_assets import FILLS, reads_own
from cmsml_tasks.conversion.effects.refusing import refuse
from cmsml_tasks.conversion.graph_def.nodes import node_of
from cmsml_tasks.errors import ConversionError

_ASSETS = "saved_model_assets"
_INITIALISERS = ("saved_model_main_op", "legacy_init_op")
_INITIALISER = "__saved_model_init_op"
_RESTORES = dict.fromkeys(("Restore", "RestoreSlice", "RestoreV2"), 0)


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
    saver = meta_graph.saver_def

    def found(nodes: Iterable[str]) -> list[Finding]:
        return judge(graph_def, nodes=nodes, allow_operations=allow_operations)

    assets = [asset.tensor_info.name for asset in _assets(meta_graph)]
    filled = reads_own(graph_def, FILLS, assets)
    restored = reads_own(graph_def, _RESTORES, [saver.filename_tensor_name])
    restoring = found([saver.restore_op_name] if saver.restore_op_name else [])
    refuse(
        [
            *(each for each in found(_initialisers(meta_graph)) if each.place not in filled),
            *(each for each in restoring if each.place not in restored),
            *found(node_of(name) for name in outputs),
        ]
    )


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
