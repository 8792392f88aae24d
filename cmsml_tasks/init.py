"""``cmsml_tasks init``: what a folder needs so that ``law run`` works in it."""

from __future__ import annotations

import argparse
import subprocess
from importlib import resources
from pathlib import Path

from cmsml_tasks.command_line.law_program import law_program
from cmsml_tasks.errors import SettingsError
from cmsml_tasks.files import writing_to

_WRITTEN = ("law.cfg", "network.py")
# in that folder
_NEXT = """\
wrote {files}

law run ExportGraph --version v1                           # the demo
law run ValidateGraph --version v1 --recipe network        # the network in network.py"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``init``."""
    parser.add_argument("folder", nargs="?", type=Path, default=Path(), help="default: this one")


def init(given: argparse.Namespace) -> str:
    """Write a ``law.cfg``, law's index, and a recipe to change; return what to do next.

    Raises:
        UserError: one of the files is there already, or the folder cannot be written.
    """
    folder: Path = given.folder
    there = [name for name in _WRITTEN if (folder / name).exists()]
    if there:
        raise SettingsError(
            f"{folder / there[0]} is there already; nothing was written; choose another folder, "
            "or list the tasks in your own law.cfg (docs/own_project.md)"
        )
    templates = resources.files("cmsml_tasks") / "templates"
    for name in _WRITTEN:
        with writing_to(folder / name):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((templates / name).read_bytes())
    indexed = subprocess.run(
        [law_program(), "index"], cwd=folder, capture_output=True, text=True, check=False
    )
    if indexed.returncode:
        raise SettingsError(f"'law index' failed in {folder}: {indexed.stderr.strip()}")
    files = ", ".join(str(folder / name) for name in (*_WRITTEN, ".law/index"))
    return _NEXT.format(files=files)
