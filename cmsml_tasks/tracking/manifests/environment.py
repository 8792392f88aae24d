"""Where and with what an output was made: recorded in every manifest, compared on request."""

from __future__ import annotations

import datetime
import getpass
import os
import platform
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from cmsml_tasks.shown import is_secret_name, without_secrets

PACKAGES = ("cmsml_tasks", "tensorflow", "keras", "numpy", "law", "luigi", "protobuf")
COMPARABLE = ("python", "platform", "processor", "host", *PACKAGES)
"""What ``--compare-environment`` can name."""
_JOBS = (
    "LAW_HTCONDOR_JOB_CLUSTER",
    "LAW_HTCONDOR_JOB_PROCESS",
    "SLURM_JOB_ID",
    "GRID_GLOBAL_JOBID",
    "GRID_GLOBAL_JOBURL",
    "CRAB_Id",
)


def environment(folder: str | os.PathLike[str] = ".") -> dict[str, Any]:
    """Return time, host, user, batch job, command, versions, and the git commit of *folder*."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {
        "time": now,
        "host": socket.gethostname(),
        "user": _user(),
        "platform": platform.platform(),
        "processor": _processor(),
        "python": sys.version.split()[0],
        "packages": {name: _version(name) for name in PACKAGES},
        "command": _command(),
        "job": {name: os.environ[name] for name in _JOBS if os.environ.get(name)},
        "git": git_commit(folder),
        "variables": {
            name: without_secrets(value)
            for name, value in sorted(os.environ.items())
            if name.startswith("TF_") and not is_secret_name(name)
        },
    }


def environment_changes(recorded: Mapping[str, Any], names: Collection[str]) -> list[str]:
    """Return in words which of *names* differ here from what was *recorded*; see `COMPARABLE`."""
    here: dict[str, Callable[[], str]] = {
        "host": socket.gethostname,
        "platform": platform.platform,
        "processor": _processor,
        "python": lambda: sys.version.split()[0],
    }
    changes = []
    for name in names:
        is_package = name not in here
        was = (recorded.get("packages") or {} if is_package else recorded).get(name)
        now = _version(name) if is_package else here[name]()
        if was != now:
            changes.append(f"environment {name} {was or '(unknown)'} -> {now or '(absent)'}")
    return changes


def git_commit(folder: str | os.PathLike[str]) -> str | None:
    """Return the commit that *folder* stands at, with ``-dirty`` where files differ from it."""
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None or commit.returncode:
        return None
    clean = _git(folder, "diff-index", "--quiet", "HEAD", "--")
    return commit.stdout.strip() + ("" if clean and clean.returncode == 0 else "-dirty")


def _git(folder: str | os.PathLike[str], *words: str) -> subprocess.CompletedProcess[str] | None:
    command = ["git", "-C", os.fspath(folder), *words]
    try:
        return subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


def _command() -> str:
    # law appends its subcommand to the program's name
    program = os.path.basename(sys.argv[0]).partition(" ")[0]
    return without_secrets(shlex.join([program, *sys.argv[1:]]))


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # a worker's user may have no entry in the password database
        return None


@cache
def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor())


@cache
def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
