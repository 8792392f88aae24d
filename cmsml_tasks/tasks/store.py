"""Where outputs lie: ``$CMSML_STORE/<Task>/<recipe>/<version>/[<branch>/]``."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Any

import law

from cmsml_tasks.errors import SettingsError
from cmsml_tasks.runtimes import runtimes_folder
from cmsml_tasks.shown import holds_secret
from cmsml_tasks.tracking.contract.targets import target_in
from cmsml_tasks.tracking.storage import gfal
from cmsml_tasks.tracking.storage.places import Place, Url, place

CONFIG_SECTION = "cmsml_tasks"
DEFAULT = "store"
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=-]*")
_LONGEST = 120


def store() -> Place:
    """Return the folder of all outputs, which may be one on a storage element.

    It is ``$CMSML_STORE``, else ``store`` in the section ``[cmsml_tasks]`` of ``law.cfg``, else the
    folder ``store`` where law runs.

    Raises:
        SettingsError: the place names a variable that is not set, or is a URL and gfal2 is missing.
    """
    configured = law.config.get_expanded(CONFIG_SECTION, "store", default=None)
    given = os.environ.get("CMSML_STORE") or configured or DEFAULT
    folder = place(os.path.expandvars(given))
    if "$" in str(folder):
        raise SettingsError(f"the store {given!r} names a variable that is not set")
    if not isinstance(folder, Url):
        return folder.expanduser().absolute()
    if holds_secret(folder.text):
        raise SettingsError(
            f"the store {given!r} has a password or token in its URL, which would stand in "
            "what is printed; put it where gfal2 finds it, such as $BEARER_TOKEN or a proxy"
        )
    if folder.scheme not in gfal.SCHEMES:
        raise SettingsError(
            f"the store {given!r} cannot be used; it is a folder, or a URL that begins with one of "
            f"{', '.join(gfal.SCHEMES)}"
        )
    gfal.gfal2()
    return folder


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


def safe_part(text: str) -> str:
    """Return a name for a folder that can be one part of a path everywhere, *text* if it can.

    Two texts that differ only in what is replaced or cut off have different names.
    """
    if _SAFE.fullmatch(text) and ".." not in text and len(text) <= _LONGEST:
        return text
    # file systems allow 255 bytes; law's job files repeat the name
    word = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[:_LONGEST]
    digest = hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
    return "-".join(filter(None, [word, digest[:6]]))


def target(*parts: str) -> Any:
    """Return the target of one output file in the store."""
    return target_in(store(), *parts)
