"""Descriptions of Keras' layers in files: what is described in them, and no paths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cmsml_tasks.errors import ConversionError

_PATHS = ("vocabulary", "idf_weights", "vocabulary_file", "filepath")
"""Settings of Keras' layers in which a text is a path, which is opened."""

_SAVED_MODEL = "TFSMLayer"


def refuse_paths(config: Any) -> None:
    """Refuse the description of a model with a layer that takes its content from another file.

    A file can spell a class in several ways, and one of the user's own may be derived from Keras';
    so the setting decides, whatever the class is called.

    Args:
        config: what the file's JSON says.

    Raises:
        ConversionError: the message names the layer, its setting and the path.
    """
    for described, settings in described_objects(config):
        for setting in _PATHS:
            path = _text(settings.get(setting))
            if path is not None:
                kind = described["class_name"]
                raise ConversionError(
                    f"the layer '{settings.get('name', '?')}' ({kind}) takes its {setting} from "
                    f"the file '{path}', but a model's file reads no other file; "
                    f"{_instead_of_path(setting, names_in(described))}"
                )


def described_objects(config: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Give all objects that are described anywhere in *config*, in order, with their settings."""
    waiting = [config]
    if isinstance(config, dict):  # losses and metrics of the model itself are not read
        waiting = [{key: value for key, value in config.items() if key != "compile_config"}]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            waiting.extend(reversed(found.values()))
            if "class_name" in found:
                settings = found.get("config")
                yield found, settings if isinstance(settings, dict) else {}
        elif isinstance(found, list):
            waiting.extend(reversed(found))


def names_in(described: dict[str, Any]) -> list[str]:
    """Return the names under which Keras may look for what is *described*, without packages."""
    spelled = [described[key] for key in ("class_name", "registered_name") if key in described]
    if described["class_name"] in ("function", "__typespec__"):
        spelled = [*spelled[1:], described.get("config"), described.get("spec_name")]
    return [name.rpartition(">")[2] for name in spelled if isinstance(name, str)]


def _text(value: Any) -> str | None:
    if isinstance(value, dict) and isinstance(value.get("config"), dict):
        value = value["config"].get("value")  # of a description of bytes
    return value if isinstance(value, str) else None


def _instead_of_path(setting: str, names: list[str]) -> str:
    is_saved_model = any(name.rpartition(".")[2] == _SAVED_MODEL for name in names)
    instead = (
        "if that is a SavedModel, give its folder as the source"
        if setting == "filepath" or is_saved_model
        else "give the layer the content, a list, and save the model again"
    )
    return f"{instead}; a setting of a layer of your own that is no path needs another name"
