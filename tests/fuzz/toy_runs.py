"""law's command line over the toy project, forked off a process that has imported it already."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from toy_project import Project

from cmsml_tasks.errors import UserError

_RUN = ("run", "toy_tasks.Report", "--version", "v1")


class WrongRunError(Exception):
    """A run that ended badly, or made something else than it should have."""


@cache
def prepare(project: Path) -> None:
    """Import law and the tasks of *project*, for the forks; law reads where it is imported."""
    os.environ |= Project(project).environment()
    os.chdir(project)
    sys.path.insert(0, str(project))
    for name in ("law", "law.cli.cli", "toy_tasks"):
        importlib.import_module(name)


def check_toy_project(project: Path, out: Path) -> None:
    """Look at a project whose manifests may say anything, then run it: it comes out the same.

    Raises:
        UserError: a command refused, with a message and nothing else.
        WrongRunError: anything else that went wrong.
    """
    prepare(project)
    _law(project, out / "status", *_RUN, "--print-status=-1")
    _law(project, out / "explain", *_RUN, "--explain")
    _law(project, out / "run", *_RUN)
    # 1 2 3 4 5, as in the project that was copied
    expected = (project / "expected.json").read_text()
    found = (project / "store/Report/v1/report.json").read_text()
    if found != expected:
        raise WrongRunError(f"the report is {found}, not {expected}")
    hidden = [str(path) for path in (project / "store").rglob(".*")]
    if hidden:
        raise WrongRunError(f"left behind: {hidden}")


def _law(project: Path, log: Path, *arguments: str) -> None:
    child = os.fork()
    if child == 0:
        _be_law(project, log, arguments)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # law's own manager, which would go on
    text = log.read_text(errors="replace")
    if status < 0 or "Traceback" in text:
        raise WrongRunError(f"law {' '.join(arguments)} ended by {status}:\n{text}")
    if status:
        raise UserError(text)


def _be_law(project: Path, log: Path, arguments: Sequence[str]) -> None:
    status = 99
    try:
        os.setsid()
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        sys.argv = ["law", *arguments]
        status = importlib.import_module("law.cli.cli").run() or 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
