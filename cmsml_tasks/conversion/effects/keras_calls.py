"""Functions and classes that files of Keras name: those of networks, which only compute."""

from __future__ import annotations

import builtins
import importlib
import inspect
from collections.abc import Collection
from typing import Any

from cmsml_tasks.conversion.effects.judging import judge
from cmsml_tasks.conversion.effects.keras_configs import described_objects, names_in
from cmsml_tasks.errors import ConversionError

_SYMBOLS = {
    "TFOpLambda": "function",
    "SlicingOpLambda": "function",
    "ClassMethod": "cls_symbol",
}
"""Layers of tf-keras that call whatever TensorFlow has under a name."""

_OPERATIONS = "tensorflow.python.ops."
_COMPUTING = {
    *("array_ops", "array_ops_stack", "bincount_ops", "check_ops", "clip_ops", "confusion_matrix"),
    *("embedding_ops", "gen_array_ops", "gen_bitwise_ops", "gen_image_ops", "gen_linalg_ops"),
    *("gen_math_ops", "gen_nn_ops", "gen_special_math_ops", "gen_spectral_ops", "gen_string_ops"),
    *("histogram_ops", "image_ops_impl", "linalg.linalg_impl", "linalg_ops", "manip_ops"),
    *("math_ops", "nn_impl", "nn_ops", "random_ops", "sets_impl", "signal.fft_ops", "sort_ops"),
    *("sparse_ops", "special_math_ops", "stateless_random_ops", "string_ops"),
    *("tensor_getitem_override", "ragged.ragged_getitem", "ragged.ragged_math_ops"),
}
"""Modules of TensorFlow whose functions compute from tensors, and nothing else."""

_CALLED = ("activations", "constraints", "initializers", "losses", "metrics", "regularizers")
_LOADING = {
    *("clone_model", "deserialize", "deserialize_keras_object", "from_config", "get", "get_file"),
    *("load_model", "load_weights", "model_from_config", "model_from_json", "model_from_yaml"),
    *("serialize", "serialize_keras_object"),
}
"""Functions beside Keras' own activations, losses and the like that make objects of a text."""

_CODE = ("Lambda", "ModuleWrapper")
_CODE_SETTINGS = ("function_type", "residual_fn", "dropout_fn")
"""Layers of tf-keras, and settings of any, that hold code or look for some everywhere."""

_BUILT = ("layers", "models", "mixed_precision", "optimizers", *_CALLED)


def refuse_calls(config: Any) -> None:
    """Refuse a description for Keras 3 that names functions of Keras which do more than compute.

    Keras 3 takes nothing of other packages that the user did not import, but all of its own: it
    downloads data, writes plots and makes models.

    Args:
        config: what the file's JSON says.

    Raises:
        ConversionError: the message names the function and its module.
    """
    from keras.src import api_export

    for described, _ in described_objects(config):
        module = described.get("module")
        for name in names_in(described):
            if isinstance(module, str) and module.partition(".")[0] == "keras":
                found = api_export.get_symbol_from_name(f"{module}.{name}")
                if found is not None and not inspect.isclass(found):
                    _check(_computes_in_keras(f"{module}.{name}"), name, module)
            else:
                _check(module not in (None, "builtins") or name not in _LOADING, name, module)


def refuse_calls_of_keras_2(config: Any, modules: Collection[str]) -> None:
    """Refuse a description for tf-keras that names what is no part of a network.

    tf-keras imports any module and calls any function of TensorFlow that a file names.

    Args:
        config: what the file's JSON says.
        modules: the user's own, which may be named.

    Raises:
        ConversionError: the message names the module or function, or the layer with code in it.
    """
    for described, settings in described_objects(config):
        names, layer = names_in(described), settings.get("name", "?")
        if not set(_CODE).isdisjoint(names) or not settings.keys().isdisjoint(_CODE_SETTINGS):
            raise ConversionError(
                f"the layer '{layer}' ({described['class_name']}) holds Python code, which is not "
                "run from a file: write a class derived from tf_keras.layers.Layer instead, and "
                "name its module by --custom-modules"
            )
        module = described.get("module")
        if isinstance(module, str):
            for name in names:
                _check(_may_be_named(described, module, name, modules), name, module)
        for name in names:
            symbol = settings.get(_SYMBOLS.get(name, ""))
            if isinstance(symbol, str) and not _computes(symbol):
                raise ConversionError(
                    f"the layer '{layer}' calls tf.{symbol}, which does more than compute from "
                    "tensors; a model file does nothing but compute"
                )
        if "node_def" in settings:
            _refuse_operation(layer, settings["node_def"])


def _check(allowed: bool, name: str, module: str | None) -> None:
    if not allowed:
        raise ConversionError(
            f"the file asks for '{name}' of the module '{module}', which is no part of a network; "
            "if it is one of yours, name it by --custom-modules"
        )


def _computes_in_keras(name: str) -> bool:
    """Tell whether the function of Keras called *name*, with its module, only computes."""
    _, *rooms, function = name.split(".")
    if not rooms or function in _LOADING:
        return False
    return rooms[0] in (*_CALLED, "ops", "random") or (
        rooms[0] == "applications" and function == "preprocess_input"
    )


def _may_be_named(
    described: dict[str, Any], module: str, name: str, modules: Collection[str]
) -> bool:
    """Tell whether what is described is a part of a network that Keras or the user has."""
    kind = described["class_name"]
    if _within(module, modules):
        # not what the user's module has imported
        found = _found(module, name)
        return found is None or _within(str(getattr(found, "__module__", "")), modules)
    if kind == "__typespec__":
        if not module.startswith("tensorflow.python.framework."):
            return False  # whose import could do anything
        found = _found(module, name)
        return found is None or inspect.isclass(found)
    if name in _LOADING or "." in name:
        return False
    if module == "builtins":  # also what Keras writes for its own functions
        return kind == "function" and not hasattr(builtins, name)
    package, *rooms = [part for part in module.split(".") if part != "src"]
    allowed = _CALLED if kind == "function" else (*_BUILT, "engine")
    if package not in ("keras", "tf_keras") or (
        rooms[0] not in allowed if rooms else kind == "function"
    ):
        return False
    found = _found_by_keras_2(module, name)
    return kind == "function" or found is None or (inspect.isclass(found) and not _has_code(found))


def _within(module: str, modules: Collection[str]) -> bool:
    return any(f"{module}.".startswith(f"{each}.") for each in modules)


def _found_by_keras_2(module: str, name: str) -> Any:
    from tensorflow.python.util import tf_export

    exported = tf_export.get_symbol_from_name(f"{module}.{name}")
    if exported is not None:
        return exported
    return _found(f"tf_{module}" if module.startswith("keras") else module, name)


def _found(module: str, name: str) -> Any:
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError):
        return None  # tf-keras says that itself
    return found


def _has_code(kind: type) -> bool:
    return any(base.__name__ in _CODE for base in kind.__mro__)


def _refuse_operation(layer: str, node_def: Any) -> None:
    """Refuse the layer of an operation of TensorFlow 1 that does more than compute."""
    from google.protobuf import json_format
    from tensorflow.core.framework.graph_pb2 import GraphDef

    graph = GraphDef()
    try:
        if isinstance(node_def, dict):
            json_format.ParseDict(node_def, graph.node.add())
        else:
            graph.node.add().MergeFromString(str(node_def).encode())
    except (json_format.ParseError, ValueError, TypeError):
        return  # which tf-keras cannot read either
    for finding in judge(graph):
        raise ConversionError(
            f"the layer '{layer}' runs an operation that does more than compute: {finding}; a "
            "model file does nothing but compute"
        )


def _computes(symbol: str) -> bool:
    from tensorflow.python.util import tf_decorator, tf_export

    function = tf_export.get_symbol_from_name(symbol)
    if function is None:
        return True  # there is none, which tf-keras says itself
    module = getattr(tf_decorator.unwrap(function)[1], "__module__", None) or ""
    computing = module.removeprefix(_OPERATIONS) in _COMPUTING and module.startswith(_OPERATIONS)
    return computing and "raw_ops." not in symbol
