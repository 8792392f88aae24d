"""What a job does before the task: variables from the submitting side, then ``bootstrap.sh``."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from importlib import resources
from pathlib import Path
from typing import Any

from cmsml_tasks.batch.site import VARIABLE, config_file, in_project, option, project_folder
from cmsml_tasks.batch.worker import ALLOWED, EXPECTED, versions
from cmsml_tasks.errors import SettingsError
from cmsml_tasks.shown import holds_secret, is_secret_name

_CARRIED = ("CMSML_", "TF_", "KERAS_", "XRD_")
"""Variables that decide about outputs or places, by how their names begin."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def bootstrap_text(task: Any, repository: str) -> str:
    """Return the file that law's job script sources before it runs *task*.

    Args:
        task: the workflow.
        repository: where jobs fetch the packed repository; empty where it travels with them, or
            they share the file system.

    Raises:
        SettingsError: the configuration asks for something that is not there, or a variable holds
            a password.
    """
    variables = {**task.recorded_variables(), **_carried(), **_described()}
    variables["CMSML_JOB_REPOSITORY"] = repository
    if is_shared():
        variables |= _shared()
    variables |= task.job_variables()
    for name, value in variables.items():
        if holds_secret(value):
            raise SettingsError(
                f"{name} holds a password or a token, which would stand in job files; use a proxy, "
                "or a token in a file, in place of it"
            )
    exports = [f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items())]
    site = site_script()
    parts = ["\n".join(exports), site.read_text("utf-8") if site else ""]
    script = resources.files("cmsml_tasks.batch").joinpath("bootstrap.sh").read_text("utf-8")
    return "\n".join([*parts, script])


def site_script() -> Path | None:
    """Return the site's own part of the bootstrap, if it has one.

    Raises:
        SettingsError: it is not there.
    """
    name = option("bootstrap")
    if not name:
        return None
    path = in_project(name)
    if not path.is_file():
        raise SettingsError(f"bootstrap {name!r} of [cmsml_tasks_batch]: there is no file {path}")
    return path


def is_shared() -> bool:
    """Return whether jobs see the file system of the submitting side.

    Raises:
        SettingsError: ``software`` of the site is neither ``shared`` nor ``packed``.
    """
    software = option("software", "shared")
    if software not in ("shared", "packed"):
        raise SettingsError(
            f"software {software!r} of [cmsml_tasks_batch]: use shared (jobs see this folder and "
            "this Python) or packed (the repository travels with the job)"
        )
    return software == "shared"


def _carried() -> dict[str, str]:
    wanted = {name for name in os.environ if name.startswith(_CARRIED)}
    wanted |= {name.strip() for name in option("carry").split(",") if name.strip()}
    # job files and logs are read by others
    return {
        name: os.environ[name]
        for name in wanted
        if name in os.environ and _NAME.fullmatch(name) and not is_secret_name(name)
    }


def _described() -> dict[str, str]:
    config = config_file()
    return {
        EXPECTED: json.dumps(versions()),
        ALLOWED: option("allow_versions").replace(" ", ""),
        "CMSML_JOB_UMASK": option("umask", "022"),
        "CMSML_JOB_CONFIG": os.path.basename(config) if config else "",
        "CMSML_JOB_PACKED": "" if is_shared() else "yes",
        "CMSML_JOB_ENVIRONMENT": option("environment"),
        "CMSML_JOB_CONTAINER": option("container"),
        "CMSML_JOB_CONTAINER_OPTIONS": option("container_options"),
    }


def _shared() -> dict[str, str]:
    """Return what makes a job of the same files what a local run is."""
    project = str(project_folder())
    paths = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    modules = [os.getcwd(), project, *os.environ.get("PYTHONPATH", "").split(":")]
    variables = {
        "PATH": ":".join(filter(None, paths)),
        "PYTHONPATH": ":".join(dict.fromkeys(filter(None, modules))),
        "HOME": str(Path.home()),
        "CMSML_JOB_PROJECT": os.getcwd(),
    }
    config = config_file()
    if config:
        variables["LAW_CONFIG_FILE"] = os.path.abspath(config)
    site = os.environ.get(VARIABLE)
    return {**variables, VARIABLE: str(in_project(site))} if site else variables
