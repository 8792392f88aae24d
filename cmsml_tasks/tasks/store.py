"""Where outputs lie: ``$CMSML_STORE/<Task>/<recipe>/<version>/[<branch>/]``."""

from __future__ import annotations

import os
import re
from pathlib import Path

import law

from cmsml_tasks.errors import SettingsError
from cmsml_tasks.runtimes import runtimes_folder

CONFIG_SECTION = "cmsml_tasks"
DEFAULT = "store"
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=-]*")


def store() -> Path:
    """Return the folder of all outputs.

    It is ``$CMSML_STORE``, else ``store`` in the section ``[cmsml_tasks]`` of ``law.cfg``, else the
    folder ``store`` where law runs.

    Raises:
        SettingsError: the place names a variable that is not set.
    """
    configured = law.config.get_expanded(CONFIG_SECTION, "store", default=None)
    place = os.environ.get("CMSML_STORE") or configured or DEFAULT
    path = os.path.expandvars(place)
    if "$" in path:
        raise SettingsError(f"the store {place!r} names a variable that is not set")
    return Path(path).expanduser().absolute()


def runtimes_place() -> Path:
    """Return the folder of other TensorFlow releases and compiled programs.

    It is ``$CMSML_RUNTIMES``, else ``runtimes`` in the section ``[cmsml_tasks]`` of ``law.cfg``,
    else ``~/.cache/cmsml_tasks/runtimes``.

    Raises:
        SettingsError: the place names a variable that is not set.
    """
    return runtimes_folder(law.config.get_expanded(CONFIG_SECTION, "runtimes", default=None))


def path_part(role: str, value: str) -> str:
    """Return *value* if it can be one part of a path everywhere, a remote store included.

    Raises:
        SettingsError: it is empty, climbs out of its folder or has characters that shells or
            storage elements treat specially.
    """
    if _SAFE.fullmatch(value) and ".." not in value:
        return value
    raise SettingsError(
        f"--{role} {value!r} cannot name a folder; use letters, digits and . _ + = - only, "
        "starting with a letter or digit, e.g. v1"
    )


def target(*parts: str) -> law.LocalFileTarget:
    """Return the target of one output file in the store."""
    return law.LocalFileTarget(str(store().joinpath(*parts)))
