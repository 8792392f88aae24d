"""Modules of ``--custom-modules``: found without an import, and what of them decides."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from importlib import metadata

from cmsml_tasks.errors import SettingsError
from cmsml_tasks.module_names import is_module_name, look_here_too, nearest_module
from cmsml_tasks.tracking.source_code.module_files import is_library, module_file, module_spec

_OPTION = "--custom-modules"


def parse_modules(text: str) -> list[str]:
    """Return the modules in *text*, ``hgq,my_layers``, each once.

    Raises:
        SettingsError: one is not there, or no module; the message names the nearest match.
    """
    names = list(dict.fromkeys(item.strip() for item in text.split(",") if item.strip()))
    look_here_too()
    for name in names:
        if not is_module_name(name):
            raise SettingsError(
                f"{_OPTION} {name}: a module is called package.module, without path and ending"
                f"{nearest_module(name)}"
            )
        _check_is_there(name)
    return names


def versions_of(names: Sequence[str]) -> dict[str, str]:
    """Return the versions of the installed packages that the modules called *names* are of."""
    return {
        package: metadata.version(package) for name in names for package in _packages_with(name)
    }


def own_modules(names: Sequence[str]) -> list[str]:
    """Return those of *names* that are of no installed package, so that their code counts."""
    return [name for name in names if not list(_packages_with(name))]


def _check_is_there(name: str) -> None:
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        part = ".".join(parts[:length])
        if module_spec(part) is None:
            raise SettingsError(
                f"{_OPTION} {name}: there is no module '{part}' (looked in the current directory "
                f"and the installed packages){nearest_module(part, name)}"
            )


def _packages_with(name: str) -> Iterator[str]:
    file = module_file(name)
    # what is installed in editable mode is edited
    if file is None or is_library(file):
        yield from sorted(set(_distributions().get(name.partition(".")[0], ())))


@functools.cache
def _distributions() -> dict[str, list[str]]:
    return dict(metadata.packages_distributions())
