"""Whose jobs: those of one project folder, one store and one user, and of no copy of them.

A random id lies beside the records of jobs. What tells jobs apart is a digest of it, of the place
of the project, of the place of the outputs and of the user: whoever copies the folder of the
project copies the id, and still has other jobs.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from pathlib import Path

from cmsml_tasks.batch.site import project_folder
from cmsml_tasks.errors import SettingsError
from cmsml_tasks.files import writing_to
from cmsml_tasks.shown import without_secrets
from cmsml_tasks.tracking.storage.places import is_remote

_NAME = ".identity"
_ID = re.compile(r"[0-9a-f]{32}\n")


def real_project() -> str:
    """Return the folder of the project by the one path that is no link."""
    return os.path.realpath(project_folder())


def known_id(jobs: Path) -> str:
    """Return the id in the folder of *jobs*, empty where nothing was submitted from it yet.

    Raises:
        SettingsError: the file holds no id.
    """
    path = jobs / _NAME
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read: {error}; {_advice(path)}") from error
    if not _ID.fullmatch(text):
        raise SettingsError(f"{path} holds no id of jobs: {text[:40]!r}; {_advice(path)}")
    return text.strip()


def make_id(jobs: Path) -> None:
    """Put a new id into the folder of *jobs* where there is none.

    Raises:
        UserError: the folder cannot be written, or the file there holds no id.
    """
    if known_id(jobs):
        return
    path = jobs / _NAME
    sibling = path.with_name(f"{_NAME}.{secrets.token_hex(4)}")
    with writing_to(path):
        jobs.mkdir(parents=True, exist_ok=True)
        sibling.write_text(f"{secrets.token_hex(16)}\n", encoding="ascii")
        try:
            # unlike a rename it leaves the id of a command that was quicker
            os.link(sibling, path)
        except FileExistsError:
            pass
        except OSError:
            os.replace(sibling, path)  # no hard links on this file system
        finally:
            sibling.unlink(missing_ok=True)
    known_id(jobs)


def owner_of_jobs(known: str, output: str) -> str:
    """Return what tells the jobs of this project, store and user from others.

    Args:
        known: the id in the folder of jobs.
        output: path or URL of an output of the jobs.
    """
    place = without_secrets(output) if is_remote(output) else os.path.realpath(output)
    parts = [known, real_project(), place, os.getuid()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:10]


def _advice(path: Path) -> str:
    return f"remove it; jobs that are in the queue now will then be no longer known ({path.parent})"
