"""From a name on the command line to a recipe class."""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from pydantic import PydanticUserError

from cmsml_tasks.errors import SettingsError, UserError, did_you_mean
from cmsml_tasks.module_names import is_missing_itself, look_here_too
from cmsml_tasks.only_loaded import may_import
from cmsml_tasks.processes.tensorflow_log import quiet_import
from cmsml_tasks.recipes.event_recipe import EventRecipe
from cmsml_tasks.recipes.recipe import Recipe

BUILT_IN = {"demo": "cmsml_tasks.recipes.demo.DimuonResonance"}
_ROOM = str(Path(__file__).parent)


def load_recipe(name: str, aliases: Mapping[str, str] | None = None) -> type[Recipe]:
    """Return the recipe class called *name*: ``package.module.Class`` or a short name.

    The current directory is importable. When the import pulls in TensorFlow, one line on standard
    error says what that costs.

    Args:
        name: the name.
        aliases: short names and what they stand for, in addition to ``demo``.

    Raises:
        SettingsError: there is no such module or class, its import fails, or it is no complete
            recipe. The message names the nearest match, or file and line of the failure.
    """
    known = {**BUILT_IN, **(aliases or {})}
    path = known.get(name, name)
    module_name, _, class_name = path.rpartition(".")
    if not module_name:
        raise SettingsError(
            f"unknown recipe '{name}': neither a short name nor package.module.Class"
            + did_you_mean(name, known)
        )
    if module_name not in sys.modules and path not in known.values() and not may_import():
        raise SettingsError(f"the module of recipe {name} is not loaded")
    module = _import(module_name, name, known)
    recipe = getattr(module, class_name, None)
    if recipe is None:
        near = did_you_mean(class_name, _recipes_in(module))
        raise SettingsError(f"unknown recipe '{name}': no '{class_name}' in {module_name}{near}")
    if not (isinstance(recipe, type) and issubclass(recipe, Recipe)):
        near = did_you_mean(class_name, _recipes_in(module))
        raise SettingsError(f"'{path}' is not a Recipe: derive it from Recipe or EventRecipe{near}")
    recipe.check()
    return recipe


def _import(module_name: str, name: str, known: Mapping[str, str]) -> ModuleType:
    look_here_too()
    importlib.invalidate_caches()
    had_tensorflow = "tensorflow" in sys.modules
    start = time.perf_counter()
    try:
        with quiet_import():
            module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if is_missing_itself(module_name, error):
            missing = str(error.name)
            beside = _modules_beside(missing)
            near = did_you_mean(missing, beside, only_near=True) or did_you_mean(name, known)
            raise SettingsError(
                f"unknown recipe '{name}': no module '{missing}' (looked in the current "
                f"directory and the installed packages){near}"
            ) from error
        raise _import_failure(module_name, error) from error
    except Exception as error:  # whatever a user's module does when it is imported
        raise _import_failure(module_name, error) from error
    if not had_tensorflow and "tensorflow" in sys.modules:
        seconds = time.perf_counter() - start
        print(
            f"hint: importing {module_name} loads TensorFlow ({seconds:.1f} s); "
            "import keras inside the methods",
            file=sys.stderr,
        )
    return module


def _recipes_in(module: ModuleType) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, Recipe)
        and not getattr(value, "__abstractmethods__", ())
    ]


def _modules_beside(module_name: str) -> list[str]:
    """Full names of the recipes' modules that lie where *module_name* was looked for."""
    parent = module_name.rpartition(".")[0]
    package = sys.modules.get(parent)
    paths = list(getattr(package, "__path__", ())) if parent else [os.getcwd()]
    prefix = f"{parent}." if parent else ""
    return [prefix + module.name for module in pkgutil.iter_modules(paths)]


def _import_failure(module_name: str, error: Exception) -> SettingsError:
    if isinstance(error, SyntaxError):
        where, what = f"{error.filename}:{error.lineno}", f"{type(error).__name__}: {error.msg}"
    else:
        where = _raised_at(error) or module_name
        what = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
    if isinstance(error, PydanticUserError):
        what = _plain_attribute(error) or what
    return SettingsError(f"recipe module {module_name} cannot be imported: {where}: {what}")


def _raised_at(error: Exception) -> str | None:
    """Place of the innermost frame in a user's file: neither the import system nor this room."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<frozen")
        and not frame.filename.startswith(_ROOM)
        and f"{os.sep}importlib{os.sep}" not in frame.filename
        and f"{os.sep}pydantic{os.sep}" not in frame.filename
    ]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else None


def _plain_attribute(error: PydanticUserError) -> str | None:
    """Say what to write in place of an attribute without type, which pydantic refuses."""
    inherited = re.search(r"Field '(\w+)' defined on a base class", error.message)
    if inherited:
        name = inherited[1]
        field = Recipe.model_fields.get(name)
        type_name = getattr(field.annotation, "__name__", "...") if field else "..."
        return f"'{name}' is a setting and needs its type: {name}: {type_name} = ..."
    plain = re.search(r"non-annotated attribute was detected: `(\w+) = ", error.message)
    if not plain:
        return None
    name = plain[1]
    return (
        f"the attribute '{name}' has no type; write {name}: int = ... (its type) to make it a "
        f"setting, or {name}: ClassVar = ... if it describes the data"
        + did_you_mean(
            name, [*EventRecipe.model_fields, *EventRecipe.__class_vars__], only_near=True
        )
    )
