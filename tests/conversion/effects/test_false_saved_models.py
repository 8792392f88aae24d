"""SavedModels that no TensorFlow writes, made to have something else run or read than it looks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from saved_model_cases import WORDS, Finds, edited, vocabulary

from cmsml_tasks.conversion import open_model
from cmsml_tasks.errors import ConversionError

tf1 = tf.compat.v1
raw = tf.raw_ops
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

TEXT = tf.TensorSpec([], tf.string, name="key")


class Writing(Finds):
    """A model whose functions write a file, though its signature does not call them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(vocabulary(folder))
        self.path = str(folder / "WRITTEN")

    @tf.function(input_signature=[TEXT])  # type: ignore[untyped-decorator]
    def saves(self, key: Any) -> Any:
        tf.io.write_file(self.path, "hello")
        return [{"name": key + "a", "slice_spec": tf.constant(""), "tensor": tf.constant(1.0)}]

    @tf.function(input_signature=[TEXT])  # type: ignore[untyped-decorator]
    def inert(self, key: Any) -> Any:
        return [{"name": key + "a", "slice_spec": tf.constant(""), "tensor": tf.constant(1.0)}]

    @tf.function(input_signature=[])  # type: ignore[untyped-decorator]
    def creates(self) -> Any:
        tf.io.write_file(self.path, "hello")
        return raw.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64, shared_name="t")


def objects_of(meta_graph: Any) -> tuple[Any, dict[str, int]]:
    """Return the objects, and the numbers of the root's children."""
    nodes = meta_graph.object_graph_def.nodes
    return nodes, {child.local_name: child.node_id for child in nodes[0].children}


def of_kind(meta_graph: Any, kind: str) -> Any:
    nodes = meta_graph.object_graph_def.nodes
    return next(node for node in nodes if node.WhichOneof("kind") == kind)


def saved_by(key: str, save: str, restore: str) -> Callable[[Any], None]:
    def change(meta_graph: Any) -> None:
        nodes, children = objects_of(meta_graph)
        saveable = nodes[0].saveable_objects[key]
        saveable.save_function, saveable.restore_function = children[save], children[restore]

    return change


def created_by_a_dependency(meta_graph: Any) -> None:
    table = of_kind(meta_graph, "resource")
    kept = [child for child in table.children if child.local_name != "_create_resource"]
    del table.children[:], table.dependencies[:]
    table.children.extend(kept)
    _, children = objects_of(meta_graph)
    table.dependencies.add(local_name="_create_resource", node_id=children["creates"])
    table.registered_name = "tf.StaticHashTable"


def one_of_two_signatures(meta_graph: Any) -> None:
    nodes, children = objects_of(meta_graph)
    several = nodes.add()
    several.CopyFrom(nodes[children["saves"]])
    several.function.concrete_functions.extend(nodes[children["inert"]].function.concrete_functions)
    (signature,) = nodes[children["signatures"]].children
    signature.node_id = len(nodes) - 1


@pytest.mark.parametrize(
    "change",
    [
        saved_by("a", "saves", "inert"),
        saved_by("a", "inert", "saves"),
        saved_by(".TENSORS", "saves", "inert"),
        created_by_a_dependency,
        one_of_two_signatures,
    ],
)
def test_function_that_loading_calls(change: Callable[[Any], None], tmp_path: Path) -> None:
    model = Writing(tmp_path)
    tf.saved_model.save(model, tmp_path / "model", signatures=model.__call__)
    folder = edited(tmp_path / "model", change)
    with pytest.raises(ConversionError, match=r"\(WriteFile\) in the function '.*' writes a file"):
        open_model(folder)
    assert not (tmp_path / "WRITTEN").exists()


def test_table_that_is_saved_and_restored(tmp_path: Path) -> None:
    class Grows(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
            self.table.insert(["b"], tf.constant([7], tf.int64))

        @tf.function(input_signature=[tf.TensorSpec([None, 1], tf.string, name="x")])  # type: ignore[untyped-decorator]
        def __call__(self, x: Any) -> Any:
            return {"out": self.table.lookup(x)}

    tf.saved_model.save(Grows(), tmp_path / "model")
    assert open_model(tmp_path / "model").run({"x": WORDS})["out"].tolist() == [[7], [-1]]


def foreign(folder: Path) -> str:
    (folder / "foreign.txt").write_text("SECRET\nb\n")
    return str(folder / "foreign.txt")


def constant(nodes: Any, name: str, text: str) -> None:
    node = nodes.add(name=name, op="Const")
    node.attr["dtype"].type = tf.string.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(text))


def initialiser(meta_graph: Any) -> tuple[Any, Any]:
    """Return the function that fills the table, and its node that does."""
    return next(
        (function, node)
        for function in meta_graph.graph_def.library.function
        for node in function.node_def
        if node.op.startswith("InitializeTableFromTextFile")
    )


def asset_registered_as_constant(meta_graph: Any, path: str) -> None:
    of_kind(meta_graph, "asset").registered_name = "tf.TrackableConstant"
    constant(meta_graph.graph_def.node, "", path)


def asset_with_another_path(meta_graph: Any, path: str) -> None:
    nodes = meta_graph.object_graph_def.nodes
    constant(meta_graph.graph_def.node, "elsewhere", path)
    nodes.add().constant.operation = "elsewhere"
    of_kind(meta_graph, "asset").children.add(local_name="_path", node_id=len(nodes) - 1)


def captured_before_the_asset(meta_graph: Any, path: str) -> None:
    """TensorFlow takes the first of too many captures, counted from the end it is the asset."""
    function, _ = initialiser(meta_graph)
    nodes = meta_graph.object_graph_def.nodes
    constant(meta_graph.graph_def.node, "elsewhere", path)
    nodes.add().constant.operation = "elsewhere"
    captured = meta_graph.object_graph_def.concrete_functions[function.signature.name].bound_inputs
    is_asset = [nodes[number].WhichOneof("kind") == "asset" for number in captured]
    captured.insert(is_asset.index(True), len(nodes) - 1)


def function_called_identity(meta_graph: Any, path: str) -> None:
    library = meta_graph.graph_def.library
    function, node = initialiser(meta_graph)
    function.node_def.add(name="passed", op="Identity", input=[node.input[1]])
    node.input[1] = "passed:y:0"
    identity = library.function.add()
    identity.signature.name = "Identity"
    identity.signature.input_arg.add(name="x", type=tf.string.as_datatype_enum)
    identity.signature.output_arg.add(name="y", type=tf.string.as_datatype_enum)
    constant(identity.node_def, "c", path)
    identity.ret["y"] = "c:output:0"


def second_initialiser(meta_graph: Any, path: str) -> None:
    library = meta_graph.graph_def.library
    function, _ = initialiser(meta_graph)
    library.function.add().CopyFrom(function)
    _, node = initialiser(meta_graph)
    constant(function.node_def, "elsewhere", path)
    node.input[1] = "elsewhere:output:0"


def initialiser_in_place_of_another(meta_graph: Any, path: str) -> None:
    """TensorFlow's optimiser may run it where the other is called, with what that one gets."""
    for function in meta_graph.graph_def.library.function:
        if "initializer" in function.signature.name or "creator" in function.signature.name:
            function.attr["api_implements"].s = b"same"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (asset_registered_as_constant, "kind 'asset', but registered as 'tf.TrackableConstant'"),
        (asset_with_another_path, "kind 'asset', but with objects of its own"),
        (captured_before_the_asset, r"captures \d objects, but it takes only \d"),
        (function_called_identity, "a function called 'Identity', like an operation"),
        (second_initialiser, "2 functions called '.*initializer"),
        (initialiser_in_place_of_another, r"\(InitializeTableFromTextFile\w*\).* reads a file"),
    ],
)
def test_vocabulary_that_is_not_its_own(
    change: Callable[[Any, str], None], words: str, tmp_path: Path
) -> None:
    tf.saved_model.save(Finds(vocabulary(tmp_path)), tmp_path / "model")
    folder = edited(tmp_path / "model", lambda meta_graph: change(meta_graph, foreign(tmp_path)))
    with pytest.raises(ConversionError, match=words):
        open_model(folder)


def session_with_two_names(folder: Path) -> Path:
    """Write a SavedModel of a session in which ``names:1`` is the name of a foreign file."""
    words, elsewhere = str(vocabulary(folder)), foreign(folder)
    with tf.Graph().as_default() as graph, tf1.Session(graph=graph) as session:
        x = tf1.placeholder(tf.string, [None, 1], name="x")
        names = tf.unstack(tf.stack([tf.constant(words), tf.constant(elsewhere)]), name="names")
        table = raw.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64, shared_name="t")
        filled = raw.InitializeTableFromTextFileV2(
            table_handle=table, filename=tf.identity(names[1]), key_index=-2, value_index=-1
        )
        raw.RestoreV2(
            prefix=names[1], tensor_names=["w"], shape_and_slices=[""], dtypes=[tf.float32],
            name="restore",
        )  # fmt: skip
        y = raw.LookupTableFindV2(
            table_handle=table, keys=x, default_value=tf.constant(-1, tf.int64), name="y"
        )
        signature = tf1.saved_model.predict_signature_def({"x": x}, {"y": y})
        builder = tf1.saved_model.Builder(str(folder / "model"))
        builder.add_meta_graph_and_variables(
            session, ["serve"], {"serving_default": signature}, main_op=filled
        )
        builder.save()
    return folder / "model"


def asset_of_the_other_name(meta_graph: Any) -> None:
    asset = meta_graph.asset_file_def.add(filename="words.txt")
    asset.tensor_info.name = "names:0"


def checkpoint_of_the_other_name(meta_graph: Any) -> None:
    del meta_graph.collection_def["saved_model_main_op"]
    meta_graph.signature_def.pop("__saved_model_init_op", None)
    meta_graph.saver_def.filename_tensor_name = "names:0"
    meta_graph.saver_def.restore_op_name = "restore"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (asset_of_the_other_name, r"\(InitializeTableFromTextFileV2\) reads a file"),
        (checkpoint_of_the_other_name, r"\(RestoreV2\) reads"),
    ],
)
def test_session_that_reads_another_output_of_what_is_fed(
    change: Callable[[Any], None], words: str, tmp_path: Path
) -> None:
    folder = edited(session_with_two_names(tmp_path), change)
    with pytest.raises(ConversionError, match=words):
        open_model(folder)
