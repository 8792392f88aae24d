"""TensorFlow releases that can be had as environments, and what each of them takes."""

from __future__ import annotations

import re

from cmsml_tasks.errors import SettingsError, did_you_mean

# release: oldest and newest Python (3.x) that it has wheels for; this package's own programs want
# Python 3.9 at least
_PYTHONS = {
    "2.5": (9, 9),
    "2.6": (9, 9),
    "2.7": (9, 9),
    "2.8": (9, 10),
    "2.9": (9, 10),
    "2.10": (9, 10),
    "2.11": (9, 10),
    "2.12": (9, 11),
    "2.13": (9, 11),
    "2.14": (9, 11),
    "2.15": (9, 11),
    "2.16": (9, 12),
    "2.17": (9, 12),
    "2.18": (9, 12),
    "2.19": (9, 12),
    "2.20": (9, 13),
    "2.21": (10, 13),
}
FIRST_WITH_CPP = (2, 12)
"""From here on the wheels bring the C++ library along."""

RELEASES = tuple(_PYTHONS)


def version_tuple(release: str) -> tuple[int, ...]:
    """Return ``(2, 12)`` for "2.12" and for "2.12.1"."""
    return tuple(int(number) for number in release.split(".")[:2])


def pythons(release: str) -> list[str]:
    """Return the versions of Python that *release* runs with, the newest first."""
    oldest, newest = _PYTHONS[release]
    return [f"3.{minor}" for minor in range(newest, oldest - 1, -1)]


def requirements(release: str, package: str) -> list[str]:
    """Return what has to be installed for *release*.

    Old releases do not know of limits that turned out later.
    """
    pins = [f"{package}=={release}.*"]
    if version_tuple(release) < (2, 18):
        pins.append("numpy<2")
    if version_tuple(release) < (2, 12):
        pins.append("protobuf<3.21")
    return pins


def parse_release(name: str) -> str:
    """Return "2.12" for "tf-2.12" or "2.12".

    Raises:
        SettingsError: there is no such release.
    """
    release = name.removeprefix("tf-")
    if release in _PYTHONS:
        return release
    # near in numbers, not in letters: 2.112 is no neighbour of 2.11
    full = re.fullmatch(r"(\d+\.\d+)\.\d+.*", release)
    hint = f"; did you mean 'tf-{full[1]}'?" if full and full[1] in _PYTHONS else None
    raise SettingsError(
        f"there is no TensorFlow environment '{name}'"
        + (hint or did_you_mean(name, [f"tf-{known}" for known in _PYTHONS]))
    )
