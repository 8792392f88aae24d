"""Where environments with other TensorFlow releases lie, and which are there."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cmsml_tasks.errors import SettingsError
from cmsml_tasks.runtimes.releases import RELEASES, version_tuple

RECORD = "environment.json"
VARIABLE = "CMSML_RUNTIMES"


def runtimes_folder(configured: str | None = None) -> Path:
    """Return the folder of all environments and compiled programs.

    It is ``$CMSML_RUNTIMES``, else *configured*, else ``~/.cache/cmsml_tasks/runtimes``.

    Raises:
        SettingsError: the place names a variable that is not set.
    """
    place = os.environ.get(VARIABLE) or configured or "~/.cache/cmsml_tasks/runtimes"
    path = os.path.expandvars(place)
    if "$" in path:
        raise SettingsError(f"the folder for runtimes {place!r} names a variable that is not set")
    return Path(path).expanduser().absolute()


@dataclass(frozen=True)
class Environment:
    """A folder with a Python that has one release of TensorFlow.

    It is absent, or it is whole: it is made under another name, and renamed in the end.
    """

    release: str
    root: Path

    @property
    def name(self) -> str:
        """The word for it on the command line, "tf-2.12"."""
        return f"tf-{self.release}"

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.root / self.name

    @property
    def python(self) -> Path:
        """The interpreter in it."""
        return self.folder / "bin" / "python"

    @property
    def record(self) -> dict[str, Any] | None:
        """What was installed, by "tensorflow", "python" and "package"; None if it is not there."""
        try:
            content: dict[str, Any] = json.loads((self.folder / RECORD).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        # the Python that it was made with may be gone
        return content if self.python.exists() else None

    @property
    def install_command(self) -> str:
        """What to type to get it, here."""
        command = f"python -m cmsml_tasks.runtimes install {self.name}"
        elsewhere = self.root != runtimes_folder()
        return f"{command} --folder {shlex.quote(str(self.root))}" if elsewhere else command

    @property
    def package(self) -> Path:
        """The folder of TensorFlow itself, with headers and libraries."""
        found = sorted(self.folder.glob("lib/python3.*/site-packages/tensorflow"))
        return found[0] if found else self.folder / "lib"


def environments(root: Path) -> list[Environment]:
    """Return the environments that are there, the oldest release first."""
    every = (Environment(release, root) for release in sorted(RELEASES, key=version_tuple))
    return [environment for environment in every if environment.record is not None]
