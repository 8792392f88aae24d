"""Where the ``law`` command of this Python lies."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from cmsml_tasks.errors import SettingsError


def law_program() -> str:
    """Return the path of the ``law`` command of this Python.

    Raises:
        SettingsError: there is none.
    """
    beside = Path(sys.executable).with_name("law")
    program = str(beside) if beside.exists() else shutil.which("law")
    if program is None:
        raise SettingsError("there is no command 'law'; pip install law")
    return program
