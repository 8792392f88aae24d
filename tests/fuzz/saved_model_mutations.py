"""SavedModels made wrong: graphs, objects, signatures, checkpoints, files that are not there."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from byte_mutations import mutated_bytes
from graph_mutations import NAMES, NUMBERS, mutate_graph
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

Rng = random.Random


def mutated_saved_model(rng: Rng, sources: Sequence[Path], target: Path) -> None:
    """Write one of the SavedModels *sources*, made wrong, to the folder *target*."""
    source, other = rng.choice(sources), rng.choice(sources)
    shutil.copytree(source, target)
    if rng.random() < 0.25:
        _change_files(rng, target, other)
        return
    model = SavedModel.FromString((target / "saved_model.pb").read_bytes())
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        change = rng.choice(_CHANGES)
        try:
            change(rng, model, model.meta_graphs[0])
        except (ValueError, TypeError, LookupError):
            continue  # what protobuf itself refuses to hold, or is not there
    (target / "saved_model.pb").write_bytes(model.SerializeToString())


def _change_files(rng: Rng, target: Path, other: Path) -> None:
    files = sorted(path for path in target.rglob("*") if path.is_file())
    path = rng.choice((target / "saved_model.pb", *files))
    same = other / path.relative_to(target)
    match rng.randrange(6):
        case 0:
            path.unlink()
        case 1 if same.exists():
            shutil.copyfile(same, path)
        case 2:
            path.write_bytes(path.read_bytes()[: rng.randrange(path.stat().st_size + 1)])
        case 3:
            (target / "variables" / "variables.index").rename(target / "variables" / "v.index")
        case _:
            content = path.read_bytes()
            path.write_bytes(mutated_bytes(rng, content, content))


def change_graph(rng: Rng, model: Any, meta_graph: Any) -> None:
    mutate_graph(rng, meta_graph.graph_def)


def change_children(rng: Rng, model: Any, meta_graph: Any) -> None:
    nodes = meta_graph.object_graph_def.nodes
    node = rng.choice([n for n in nodes if n.children] or nodes)
    numbers = (*range(len(nodes)), -1, len(nodes), 2**31 - 1)
    match rng.randrange(5):
        case 0:
            rng.choice(node.children).node_id = rng.choice(numbers)
        case 1:
            rng.choice(node.children).local_name = rng.choice((*NAMES, "signatures", "call"))
        case 2:
            del node.children[rng.randrange(len(node.children))]
        case 3:
            node.children.add(node_id=rng.choice(numbers), local_name=rng.choice(("a", *NAMES)))
        case _:
            node.dependencies.add(node_id=rng.choice(numbers), local_name="a")


def change_object(rng: Rng, model: Any, meta_graph: Any) -> None:
    nodes = meta_graph.object_graph_def.nodes
    node = rng.choice(nodes)
    match rng.randrange(6):
        case 0:
            node.CopyFrom(rng.choice(nodes))
        case 1:
            del nodes[rng.randrange(len(nodes))]
        case 2:
            nodes.add().CopyFrom(node)
        case 3:
            node.Clear()
        case 4:
            node.user_object.identifier = rng.choice(
                (*NAMES, "_generic_user_object", "trackable_list_wrapper")
            )
        case _:
            node.asset.asset_file_def_index = rng.choice((0, 1, -1, 2**31 - 1))


def change_variable(rng: Rng, model: Any, meta_graph: Any) -> None:
    nodes = meta_graph.object_graph_def.nodes
    variable = rng.choice([n.variable for n in nodes if n.HasField("variable")])
    match rng.randrange(5):
        case 0:
            variable.dtype = rng.choice((0, 1, 2, 3, 7, 9, 20, 21, 99, 101, 2**31 - 1))
        case 1:
            variable.shape.dim.add(size=rng.choice(NUMBERS))
        case 2:
            variable.shape.unknown_rank = True
        case 3:
            variable.name = rng.choice(NAMES)
        case _:
            variable.synchronization = rng.choice((0, 1, 3, 99))


def change_function(rng: Rng, model: Any, meta_graph: Any) -> None:
    graph = meta_graph.object_graph_def
    functions = sorted(graph.concrete_functions)
    function = graph.concrete_functions[rng.choice(functions)]
    numbers = (*range(len(graph.nodes)), -1, 10**6)
    match rng.randrange(6):
        case 0:
            function.bound_inputs.append(rng.choice(numbers))
        case 1:
            del function.bound_inputs[rng.randrange(len(function.bound_inputs))]
        case 2:
            function.bound_inputs[0] = rng.choice(numbers)
        case 3:
            function.CopyFrom(graph.concrete_functions[rng.choice(functions)])
        case 4:
            del graph.concrete_functions[rng.choice(functions)]
        case _:
            function.canonicalized_input_signature.CopyFrom(function.output_signature)


def change_signature(rng: Rng, model: Any, meta_graph: Any) -> None:
    signatures = meta_graph.signature_def
    signature = signatures[rng.choice(sorted(signatures))]
    side = rng.choice((signature.inputs, signature.outputs))
    names = [node.name for node in meta_graph.graph_def.node]
    key = rng.choice(sorted(side) or ["x"])
    match rng.randrange(5):
        case 0:
            side[key].name = rng.choice((*NAMES, *names)) + rng.choice(
                ("", ":0", ":9", ":x", ":-1")
            )
        case 1:
            del side[key]
        case 2:
            side[rng.choice(NAMES)].CopyFrom(side[key])
        case 3:
            signatures[rng.choice((*NAMES, "other"))].CopyFrom(signature)
        case _:
            side[key].dtype = rng.choice((0, 1, 7, 99, 20))


def change_rest(rng: Rng, model: Any, meta_graph: Any) -> None:
    match rng.randrange(6):
        case 0:
            meta_graph.meta_info_def.tags[:] = rng.choice(([], ["train"], ["serve", "x"], [""]))
        case 1:
            model.meta_graphs.add().CopyFrom(meta_graph)
        case 2:
            meta_graph.saver_def.restore_op_name = rng.choice(NAMES)
        case 3:
            meta_graph.saver_def.filename_tensor_name = rng.choice(NAMES)
        case 4:
            name = rng.choice(("../a", "/etc/passwd", "a", "", "\0"))
            meta_graph.asset_file_def.add(filename=name).tensor_info.name = rng.choice(NAMES)
        case _:
            kind = rng.choice(sorted(meta_graph.collection_def) or ["saved_model_main_op"])
            meta_graph.collection_def[kind].node_list.value.append(rng.choice(NAMES))


_CHANGES: Sequence[Callable[[Rng, Any, Any], None]] = (
    change_graph, change_graph, change_graph, change_children, change_children, change_object,
    change_object, change_variable, change_function, change_function, change_signature,
    change_signature, change_rest,
)  # fmt: skip
