"""Descriptions of Keras' layers in files: no paths, and no functions that do more than compute."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Iterator
from typing import Any

from cmsml_tasks.errors import ConversionError

_PATHS = {
    "vocabulary": ("StringLookup", "IntegerLookup", "TextVectorization", "IndexLookup"),
    "idf_weights": ("StringLookup", "IntegerLookup", "TextVectorization", "IndexLookup"),
    "vocabulary_file": ("VocabularyFileCategoricalColumn",),
    "filepath": ("TFSMLayer",),
}
"""Settings in which a text is a path, and the classes that open it."""

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
_BUILT = ("layers", "models", "mixed_precision", "optimizers", *_CALLED)


def refuse_paths(config: Any) -> None:
    """Refuse the description of a model with a layer that takes its content from another file.

    Args:
        config: what the file's JSON says.

    Raises:
        ConversionError: the message names the layer, its setting and the path.
    """
    for described, settings in described_objects(config):
        for setting, classes in _PATHS.items():
            path = settings.get(setting)
            if described["class_name"] in classes and isinstance(path, str):
                name = settings.get("name", "?")
                raise ConversionError(
                    f"the layer '{name}' ({described['class_name']}) takes its {setting} from the "
                    f"file '{path}', but a model's file reads no other file; give the layer the "
                    "content, a list, and save the model again"
                )


def refuse_calls_of_keras_2(config: Any, modules: Collection[str]) -> None:
    """Refuse a description for tf-keras that names what is no part of a network.

    tf-keras imports any module and calls any function of TensorFlow that a file names.

    Args:
        config: what the file's JSON says.
        modules: the user's own, which may be named.

    Raises:
        ConversionError: the message names the module or function.
    """
    for described, settings in described_objects(config):
        module = described.get("module")
        if (
            isinstance(module, str)
            and not _within(module, modules)
            and not _builds(described, module)
        ):
            raise ConversionError(
                f"the file asks for '{_function(described)}' of the module '{module}', which is "
                "no part of a network; if it is one of yours, name it by --custom-modules"
            )
        symbol = settings.get(_SYMBOLS.get(str(described["class_name"]), ""))
        if isinstance(symbol, str) and not _computes(symbol):
            raise ConversionError(
                f"the layer '{settings.get('name', '?')}' calls tf.{symbol}, which does more than "
                "compute from tensors; a model file does nothing but compute"
            )


def described_objects(config: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Give all objects that are described anywhere in *config*, in order, with their settings."""
    waiting = [config]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            # losses and metrics are not read
            values = [value for key, value in found.items() if key != "compile_config"]
            waiting.extend(reversed(values))
            if "class_name" in found:
                settings = found.get("config")
                yield found, settings if isinstance(settings, dict) else {}
        elif isinstance(found, list):
            waiting.extend(reversed(found))


def _within(module: str, modules: Collection[str]) -> bool:
    return any(f"{module}.".startswith(f"{each}.") for each in modules)


def _function(described: dict[str, Any]) -> str:
    settings = described.get("config")
    return settings if isinstance(settings, str) else str(described["class_name"])


def _builds(described: dict[str, Any], module: str) -> bool:
    """Tell whether what is described is a part of a network that Keras itself has."""
    kind, name = described["class_name"], _function(described)
    if kind == "__typespec__":
        return module.startswith("tensorflow.python.framework.")
    if module == "builtins":  # also what Keras writes for its own functions
        return kind == "function" and not hasattr(builtins, name)
    package, *rooms = [part for part in module.split(".") if part != "src"]
    allowed = _CALLED if kind == "function" else (*_BUILT, "engine")
    return (
        package in ("keras", "tf_keras")
        and "." not in name
        and (rooms[0] in allowed if rooms else kind != "function")
    )


def _computes(symbol: str) -> bool:
    from tensorflow.python.util import tf_decorator, tf_export

    function = tf_export.get_symbol_from_name(symbol)
    if function is None:
        return True  # there is none, which tf-keras says itself
    module = getattr(tf_decorator.unwrap(function)[1], "__module__", None) or ""
    computing = module.removeprefix(_OPERATIONS) in _COMPUTING and module.startswith(_OPERATIONS)
    return computing and "raw_ops." not in symbol
