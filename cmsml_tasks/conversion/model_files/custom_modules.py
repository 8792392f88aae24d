"""Modules that a user names, since a Keras file asks for what they define."""

from __future__ import annotations

import difflib
import importlib
import inspect
import sys
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from cmsml_tasks.conversion.effects.keras_configs import described_objects
from cmsml_tasks.conversion.model_files.custom_objects import custom_objects
from cmsml_tasks.errors import ConversionError, did_you_mean, listed
from cmsml_tasks.module_names import (
    is_missing_itself,
    is_module_name,
    is_there,
    nearest_module,
)

_OF_KERAS = {"keras", "tf_keras", "tensorflow", "builtins"}
_SEARCHED_NO_FURTHER = {*_OF_KERAS, "numpy", *sys.stdlib_module_names}
_SHOWN = 3


class Asked(NamedTuple):
    """A class or function that is none of Keras: its name as registered, and its module if told."""

    name: str
    module: str | None

    def __str__(self) -> str:
        return f"'{self.plain}' of {self.module}" if self.module else f"'{self.name}'"

    @property
    def plain(self) -> str:
        """The name without the package that it is registered under."""
        return self.name.rpartition(">")[2]


def imported(names: Iterable[str]) -> list[ModuleType]:
    """Return the modules called *names*, imported.

    Raises:
        ConversionError: one is not there, or its import fails.
    """
    return [_imported(name) for name in names]


def asked_for(config: Any, keras: ModuleType) -> list[Asked]:
    """Return what a file asks for beside Keras' own classes and functions, each once.

    Args:
        config: what the file's JSON says of the model.
        keras: the package that reads it.
    """
    rooms = [keras, *(value for value in vars(keras).values() if inspect.ismodule(value))]
    found: dict[Asked, None] = {}
    for described, _ in described_objects(config):
        kind, module = str(described["class_name"]), described.get("module")
        name = str(described.get("registered_name") or kind)
        if kind == "function":
            name, module = str(described.get("config")), None
        elif isinstance(module, str) and module.partition(".")[0] in _OF_KERAS and ">" not in name:
            continue
        own = module if isinstance(module, str) else None
        if own is None and (name.startswith("__") or any(hasattr(room, name) for room in rooms)):
            continue
        found[Asked(name, own)] = None
    return list(found)


def objects_of(
    modules: Sequence[ModuleType], asked: Iterable[Asked], keras: ModuleType, bases: Any
) -> dict[str, Any]:
    """Return what a file can need of *modules*, by name; also of modules below that it names.

    Args:
        modules: those that the user names.
        asked: what the file asks for.
        keras: the package that reads the file.
        bases: its base classes of layers and the like.
    """
    below: dict[str, Any] = {}
    for each in asked:
        module = each.module or ""
        if any(module.startswith(f"{given.__name__}.") for given in modules):
            found = custom_objects(_if_there(module), keras, bases)
            below |= {each.plain: found[each.plain]} if each.plain in found else {}
    return below | custom_objects(modules, keras, bases)


def check_needed(
    path: Path,
    config: Any,
    modules: Sequence[ModuleType],
    asked: Sequence[Asked],
    objects: Mapping[str, Any],
    keras: ModuleType,
) -> None:
    """Check that of each module, or of what it imports, the file at *path* asks for something.

    Raises:
        ConversionError: nothing; the message says what the file asks for, and the nearest match.
    """
    there = {**keras.saving.get_custom_objects(), **objects}
    texts = set(_texts(config))
    homes = {getattr(there[name], "__module__", None) for name in texts.intersection(there)}
    for module in modules:
        # as tf-keras may read it, whose base classes are others
        is_in_it = any(_defines(module, name) for name in texts)
        if not is_in_it and homes.isdisjoint(_reached(module)):
            raise ConversionError(
                f"the module '{module.__name__}', which was named for {path}, has nothing that "
                f"this file asks for{_instead(module, modules, asked, there, keras)}"
            )


def where_missing(asked: Iterable[Asked], objects: Mapping[str, Any], keras: ModuleType) -> str:
    """Return what has what the file *asked* for and nobody has imported; "" if nobody can know."""
    there = {**keras.saving.get_custom_objects(), **objects}
    missing = [each for each in asked if each.name not in there]
    packages = dict.fromkeys(_packages(missing))
    if not packages:
        return ""
    absent = [name for name in packages if not is_there(name)]
    install = f"install {listed(absent)}, which is not there, and " if absent else ""
    return (
        f"the file asks for {_some(missing)}; {install}name what has it: --custom-modules "
        f"{','.join(packages)} (custom_modules={list(packages)} in Python)"
    )


def _imported(name: str) -> ModuleType:
    if not is_module_name(name):
        raise ConversionError(
            f"'{name}', which was named for the model's own layers, is no module, which is called "
            f"package.module, without path and ending{nearest_module(name)}"
        )
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if is_missing_itself(name, error):
            missing = str(error.name)
            raise ConversionError(
                f"there is no module '{missing}', which was named for the model's own layers"
                f"{nearest_module(missing, name)}"
            ) from error
        raise _failed(name, error) from error
    except (Exception, SystemExit) as error:  # whatever a user's module does at its import
        raise _failed(name, error) from error


def _failed(name: str, error: BaseException) -> ConversionError:
    return ConversionError(
        f"the module '{name}', which was named for the model's own layers, cannot be imported: "
        f"{type(error).__name__}: {error}"
    )


def _if_there(name: str) -> list[ModuleType]:
    try:
        return [importlib.import_module(name)]
    except (Exception, SystemExit):  # Keras says what it misses
        return []


def _texts(config: Any) -> Iterator[str]:
    """Give all texts in *config*; files of HDF5 have functions by their bare names."""
    waiting = [config]
    while waiting:
        found = waiting.pop()
        if isinstance(found, str):
            yield found
            yield found.rpartition(">")[2]
        elif isinstance(found, dict):
            waiting.extend(value for key, value in found.items() if key not in ("name", "module"))
        elif isinstance(found, list):
            waiting.extend(found)


def _reached(module: ModuleType) -> set[str]:
    """Return the names of the modules that *module* has things of, itself and over imports."""
    seen: set[str] = set()
    waiting = [module.__name__]
    while waiting:
        name = waiting.pop()
        if name in seen or name.partition(".")[0] in _SEARCHED_NO_FURTHER:
            continue
        seen.add(name)
        for value in list(vars(sys.modules[name]).values()) if name in sys.modules else ():
            if inspect.ismodule(value):
                waiting.append(value.__name__)
            elif inspect.isclass(value) or inspect.isfunction(value):
                waiting.append(str(value.__module__))
    return seen


def _defines(module: ModuleType, name: str) -> bool:
    value = vars(module).get(name)
    if not inspect.isclass(value) and not inspect.isfunction(value):
        return False
    # what is one of Keras or numpy has no need of another module
    return str(value.__module__).partition(".")[0] not in _SEARCHED_NO_FURTHER


def _instead(
    module: ModuleType,
    named: Iterable[ModuleType],
    asked: Sequence[Asked],
    there: Container[str],
    keras: ModuleType,
) -> str:
    if not asked:
        return "; it needs no module beside Keras, so leave that out"
    has = sorted(custom_objects([module], keras, (keras.layers.Layer,)))
    missing = [each for each in asked if each.name not in there]
    for name in (each.plain for each in missing):
        for near in difflib.get_close_matches(name, has, n=1):
            return f": {_some(asked)}; is '{near}' there meant to be '{name}'?"
    known = {each.__name__.partition(".")[0] for each in named}
    packages = [name for name in dict.fromkeys(_packages(missing)) if name not in known]
    hint = did_you_mean(module.__name__, packages, only_near=True)
    name_others = f"; name {listed(packages)}" if packages else f"; leave '{module.__name__}' out"
    return f": {_some(asked)}{hint or name_others}"


def _packages(asked: Iterable[Asked]) -> Iterator[str]:
    for each in asked:
        if each.module is not None and each.module != "__main__":
            yield each.module.partition(".")[0]


def _some(asked: Collection[Asked]) -> str:
    shown = ", ".join(map(str, list(asked)[:_SHOWN]))
    return f"{shown} and {len(asked) - _SHOWN} more" if len(asked) > _SHOWN else shown
