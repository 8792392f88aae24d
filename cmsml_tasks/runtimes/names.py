"""Runtimes by the names that users give them."""

from __future__ import annotations

from pathlib import Path

from cmsml_tasks.errors import SettingsError, did_you_mean
from cmsml_tasks.runtimes.releases import FIRST_WITH_CPP, RELEASES, version_tuple
from cmsml_tasks.runtimes.runtime import Runtime


def known_runtimes() -> list[str]:
    """Return the names of all runtimes, there or not."""
    with_cpp = [release for release in RELEASES if version_tuple(release) >= FIRST_WITH_CPP]
    return [
        "session",
        "cpp",
        *(f"tf-{release}" for release in RELEASES),
        *(f"cpp-{release}" for release in with_cpp),
    ]


def check_runtime_name(name: str) -> str:
    """Return *name* if it is that of a runtime, there or not.

    Raises:
        SettingsError: it is not.
    """
    known = known_runtimes()
    if name in known:
        return name
    kind, _, release = name.partition("-")
    if kind == "cpp" and release in RELEASES:
        raise SettingsError(
            f"runtime {name!r}: only from {'.'.join(map(str, FIRST_WITH_CPP))} on, TensorFlow "
            "brings a C++ library"
        )
    raise SettingsError(
        f"runtime {name!r} is unknown{did_you_mean(name, known, only_near=True)} (session: "
        "TensorFlow of this Python; tf-2.12: another one; cpp, cpp-2.12: a C++ program with it)"
    )


def runtime_named(name: str, root: Path) -> Runtime:
    """Return the runtime called *name*, whose environment and programs lie in *root*.

    Whether it is there is told by its ``check``.

    Raises:
        SettingsError: no runtime has this name.
    """
    check_runtime_name(name)
    kind, _, release = name.partition("-")
    if kind == "cpp":
        from cmsml_tasks.runtimes.cpp import CppRuntime

        return CppRuntime(release=release or None, root=root)
    from cmsml_tasks.runtimes.environments import Environment
    from cmsml_tasks.runtimes.session import SessionRuntime

    if not release:
        return SessionRuntime()
    environment = Environment(release, root)
    advice = f"make it: {environment.install_command}"
    return SessionRuntime(python=str(environment.python), name=name, advice=advice)
