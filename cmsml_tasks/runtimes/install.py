"""Making an environment with another TensorFlow release: once, and whole or not at all."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cmsml_tasks.errors import SettingsError, UserError
from cmsml_tasks.files import writing_to
from cmsml_tasks.runtimes.environments import RECORD, VARIABLE, Environment
from cmsml_tasks.runtimes.releases import pythons, requirements

_LOOK = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
_REPORT = "import platform, tensorflow as tf; print(tf.__version__, platform.python_version())"
_LITTLE = 50_000_000  # bytes
_NETWORK = ("Failed to establish", "Temporary failure", "NewConnectionError", "timed out", "Proxy")


class InstallError(UserError):
    """An environment that could not be made; nothing of it is left."""


def install(
    environment: Environment, python: str | None = None, say: Callable[[str], None] = print
) -> None:
    """Make *environment* if it is not there.

    Args:
        environment: what to make, and where.
        python: interpreter to make it with; by default one that fits is looked for.
        say: told in a line what is going on.

    Raises:
        SettingsError: no Python that fits.
        InstallError: no network, no space, or another reason why pip failed.
    """
    with writing_to(environment.root), _locked(environment, say):
        if environment.record is not None:
            say(f"{environment.name} is there: {environment.folder}")
            return
        interpreter = fitting_python(environment.release, python)
        _remove_leftovers(environment)
        say(f"{environment.name} is made in {environment.root}; this takes one or two minutes")
        part = Path(tempfile.mkdtemp(prefix=f".{environment.name}.", dir=environment.root))
        part.chmod(0o755)
        try:
            _fill(part, environment, interpreter)
            if environment.folder.exists():  # without a record, or without its Python
                shutil.rmtree(environment.folder)
            os.replace(part, environment.folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        made: dict[str, Any] = environment.record or {}
        say(
            f"{environment.name} is there: TensorFlow {made.get('tensorflow')} with Python "
            f"{made.get('python')}"
        )


def fitting_python(release: str, python: str | None = None) -> str:
    """Return an interpreter that TensorFlow *release* has wheels for: *python*, if it is given.

    Raises:
        SettingsError: there is none, or *python* is not one.
    """
    wanted = pythons(release)
    if python is not None:
        found = _version(python)
        if found not in wanted:
            problem = f"is Python {found}" if found else "is no Python that can make environments"
            raise SettingsError(
                f"--python {python} {problem}; TensorFlow {release} needs {_listed(wanted)}"
            )
        return python
    own = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if own in wanted:
        return sys.executable
    for version in wanted:
        path = shutil.which(f"python{version}")
        if path is not None and _version(path) == version:
            return path
    raise SettingsError(
        f"TensorFlow {release} needs {_listed(wanted)}, and none of them is on PATH (this is "
        f"{own}); install one, or give its path: --python /path/to/python{wanted[0]}"
    )


def _listed(versions: list[str]) -> str:
    return f"Python {' or '.join(reversed(versions))}"


def _version(python: str) -> str | None:
    try:
        done = subprocess.run([python, "-c", _LOOK], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


@contextmanager
def _locked(environment: Environment, say: Callable[[str], None]) -> Iterator[None]:
    """Let one process at a time make *environment*.

    Children inherit the lock: while pip of a killed installation still writes, it is held.
    """
    environment.root.mkdir(parents=True, exist_ok=True)
    with open(environment.root / f".{environment.name}.lock", "w", encoding="utf-8") as lock:
        os.set_inheritable(lock.fileno(), True)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{environment.name} is being made by another process; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove_leftovers(environment: Environment) -> None:
    for path in environment.root.glob(f".{environment.name}.*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)


def _fill(folder: Path, environment: Environment, interpreter: str) -> None:
    python = folder / "bin" / "python"
    machine = platform.machine()
    package = "tensorflow-cpu" if machine in ("x86_64", "AMD64") else "tensorflow"
    _call(environment, [interpreter, "-m", "venv", str(folder)])
    wanted = requirements(environment.release, package)
    pip = [str(python), "-m", "pip", "install", "-q", "--no-compile", "--disable-pip-version-check"]
    _call(environment, [*pip, *wanted])
    # a wheel that does not run here is told now, and not by the first graph
    words = _call(environment, [str(python), "-c", _REPORT]).split()
    record = {"tensorflow": words[-2], "python": words[-1], "package": package}
    (folder / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _call(environment: Environment, command: list[str]) -> str:
    """Run *command*, and return what it printed.

    Raises:
        InstallError: it failed.
    """
    variables = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    child = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**variables, "TF_CPP_MIN_LOG_LEVEL": "3"},
        close_fds=False,
    )
    try:
        output, errors = child.communicate()
    except BaseException:
        child.kill()
        child.wait()
        raise
    if child.returncode == 0:
        return output
    lines = [line for line in errors.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith("ERROR")] or lines
    raise InstallError(
        f"{environment.name} could not be made: {_reason(environment, errors)}\n"
        f"{' '.join(command[1:])} ended with exit status {child.returncode}:\n"
        + "\n".join(line[:300] for line in told[-5:])
    )


def _reason(environment: Environment, errors: str) -> str:
    # what python -m venv runs fails without saying why
    if "No space left" in errors or shutil.disk_usage(environment.root).free < _LITTLE:
        return f"the disk is full; free space, or set {VARIABLE} to a folder with 2 GB"
    if any(word in errors for word in _NETWORK):
        return "the package index cannot be reached; check the network and pip's configuration"
    if "No matching distribution" in errors:
        return "the package index has no such wheel for this Python and machine"
    return "see below"
