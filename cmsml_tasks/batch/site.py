"""What a site says about its batch system: the section ``[cmsml_tasks_batch]`` of ``law.cfg``."""

from __future__ import annotations

import os
import re
from pathlib import Path

import law

from cmsml_tasks.errors import SettingsError
from cmsml_tasks.tracking.manifests.project_folder import config_file, project_folder

__all__ = [
    "SECTION",
    "VARIABLE",
    "check_plain",
    "check_site",
    "config_file",
    "in_project",
    "is_on",
    "jobs_folder",
    "option",
    "project_folder",
    "raw_lines",
]

SECTION = "cmsml_tasks_batch"
VARIABLE = "CMSML_SITE"
_PLAIN = re.compile(r"[A-Za-z0-9._+=@%,:/~-]+")


def option(name: str, default: str = "") -> str:
    """Return an option of the section as text, with environment variables put in."""
    return str(law.config.get_expanded(SECTION, name, default=None) or default).strip()


def is_on(name: str, default: bool = False) -> bool:
    """Return a yes-or-no option of the section."""
    return bool(law.config.get_expanded_bool(SECTION, name, default=default))


def raw_lines(name: str) -> list[str]:
    """Return an option of several lines as it is written: lines for job files."""
    if not law.config.has_option(SECTION, name):
        return []
    return [
        line.strip() for line in str(law.config.get(SECTION, name)).splitlines() if line.strip()
    ]


def in_project(path: str) -> Path:
    """Return *path* as seen from the folder of ``law.cfg``, absolute."""
    return project_folder() / Path(path).expanduser()


def _included() -> str:
    """Return what the configuration includes, as it is written there."""
    names = ("inherit", "extend")
    has = law.config.has_option
    return " ".join(str(law.config.get("core", name)) for name in names if has("core", name))


def check_site() -> None:
    """Check that the site's part of the configuration was found.

    Raises:
        SettingsError: ``$CMSML_SITE`` names no file, which law passes over in silence.
    """
    site = os.environ.get(VARIABLE)
    if site and not in_project(site).is_file():
        known = sorted(project_folder().glob("workflows/sites/*.cfg"))
        there = ", ".join(str(path.relative_to(project_folder())) for path in known)
        raise SettingsError(
            f"${VARIABLE} is {site!r}, and there is no such file"
            + (f"; there is: {there}" if there else "")
        )
    if site and VARIABLE not in _included():
        raise SettingsError(
            f"${VARIABLE} is {site!r}, and law.cfg does not read it; put 'inherit: ${VARIABLE}' "
            "into its section [core]"
        )


def check_plain(folder: Path) -> Path:
    """Return *folder* if its path can stand in job files, which are shell scripts in part.

    Raises:
        SettingsError: batch systems and shells could misread it.
    """
    if _PLAIN.fullmatch(str(folder)):
        return folder
    raise SettingsError(
        f"the folder of jobs {str(folder)!r} has characters that batch systems misread; use a "
        "version, and with $CMSML_JOBS or 'jobs' in [cmsml_tasks_batch] a folder, without spaces, "
        "quotes and the like"
    )


def jobs_folder() -> Path:
    """Return the folder of job files, logs and records of submissions.

    It is ``$CMSML_JOBS``, else ``jobs`` in the section, else the folder ``jobs`` beside
    ``law.cfg``.

    Raises:
        SettingsError: batch systems could misread its path, or the site forbids it.
    """
    place = os.environ.get("CMSML_JOBS") or option("jobs", "jobs")
    folder = in_project(os.path.expandvars(place))
    check_plain(folder)
    for forbidden in filter(None, option("no_jobs_below").split(",")):
        if folder.resolve().is_relative_to(forbidden.strip()):
            raise SettingsError(
                f"jobs cannot be submitted from {forbidden.strip()} at this site, and the folder "
                f"of jobs is {folder}; set $CMSML_JOBS, or 'jobs' in [cmsml_tasks_batch]"
            )
    return folder
