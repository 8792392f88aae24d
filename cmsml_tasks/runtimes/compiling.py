"""Compiling ``run_graph.cc`` against the libraries and headers that a TensorFlow wheel brings."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cmsml_tasks.files import replacing
from cmsml_tasks.runtimes.runtime import RuntimeCrashError, RuntimeUnavailableError
from cmsml_tasks.runtimes.versions import own_version

SOURCE = Path(__file__).with_name("run_graph.cc")
_LIBRARIES = ("libtensorflow_cc.so.2", "libtensorflow_framework.so.2")
# how the wheels' own code is compiled, which decides on the layout of strings and tensors
_FLAGS = ("-std=c++17", "-O1", "-w", "-D_GLIBCXX_USE_CXX11_ABI=1", "-DEIGEN_MAX_ALIGN_BYTES=64")


@dataclass(frozen=True)
class Library:
    """A TensorFlow installation to compile against: its version and its folder."""

    version: str
    package: Path


def own_library(name: str) -> Library:
    """Return the TensorFlow of this interpreter, which is not imported for that.

    Raises:
        RuntimeUnavailableError: it has none, or one without a C++ library.
    """
    found = importlib.util.find_spec("tensorflow")
    places = list(found.submodule_search_locations or ()) if found else []
    if not places:
        raise RuntimeUnavailableError(
            f"runtime '{name}': this Python has no TensorFlow; pip install tensorflow"
        )
    package = Path(places[0])
    for library in _LIBRARIES:
        if not (package / library).exists():
            raise RuntimeUnavailableError(
                f"runtime '{name}': {package} has no {library}, which wheels for Linux have; name "
                "a runtime such as cpp-2.17"
            )
    return Library(own_version() or "unknown", package)


def check_compiler(name: str) -> str:
    """Return the path of the compiler, ``$CXX`` or ``g++``.

    Raises:
        RuntimeUnavailableError: it is not there.
    """
    wanted = os.environ.get("CXX") or "g++"
    path = shutil.which(wanted)
    if path is None:
        raise RuntimeUnavailableError(
            f"runtime '{name}' needs the C++ compiler {wanted}, which is not on PATH; install it "
            "(Debian, Ubuntu: apt-get install g++; AlmaLinux: dnf install gcc-c++; or conda "
            "install gxx), or set CXX to one"
        )
    return path


def compiled(library: Library, root: Path, name: str) -> Path:
    """Return the program for *library*, compiled now if it is not in *root* yet.

    Raises:
        RuntimeUnavailableError: there is no compiler.
        RuntimeCrashError: the compiler refuses the program; its messages are told.
        UserError: *root* cannot be written.
    """
    compiler = check_compiler(name)
    done = subprocess.run([compiler, "--version"], capture_output=True, text=True, errors="replace")
    parts = (SOURCE.read_bytes(), " ".join(_FLAGS).encode(), done.stdout.encode())
    digest = hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
    program = root / "cpp" / f"run_graph-{library.version}-{digest}"
    if program.exists():
        return program
    with replacing(program) as part:
        command = [
            compiler,
            *_FLAGS,
            f"-I{library.package / 'include'}",
            str(SOURCE),
            "-o",
            str(part),
            f"-L{library.package}",
            "-Wl,--no-as-needed",  # the session factory registers itself, nothing refers to it
            *(f"-l:{library}" for library in _LIBRARIES),
            "-lpthread",
        ]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
        if done.returncode != 0:
            errors = [line for line in done.stderr.splitlines() if "error" in line]
            shown = "\n".join((errors or done.stderr.splitlines())[:5])
            raise RuntimeCrashError(
                f"runtime '{name}': {compiler} cannot compile {SOURCE} against TensorFlow "
                f"{library.version}:\n{shown}"
            )
        part.chmod(0o755)
    return program
