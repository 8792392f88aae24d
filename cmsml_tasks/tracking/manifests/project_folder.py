"""Where the project is: the folder of the ``law.cfg`` that law has read."""

from __future__ import annotations

from pathlib import Path

import law


def config_file() -> str | None:
    """Return the path of the configuration that law has read, if there is one."""
    file: str | None = law.config.Config.instance().config_file
    return file


def project_folder() -> Path:
    """Return the folder of ``law.cfg``; without one, the working folder."""
    file = config_file()
    return Path(file).resolve().parent if file else Path.cwd()
