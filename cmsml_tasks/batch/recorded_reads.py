"""What earlier runs have read, for the jobs that make the same again: variables, and files."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import law

from cmsml_tasks.batch.bootstrap import is_shared
from cmsml_tasks.batch.packing import packed_with, packed_without
from cmsml_tasks.batch.site import option, project_folder
from cmsml_tasks.errors import SettingsError
from cmsml_tasks.shown import is_secret_name
from cmsml_tasks.tracking.contract.tracked import is_tracked, is_workflow, tasks_of
from cmsml_tasks.tracking.ingredients.observations import files_read, variables_read
from cmsml_tasks.tracking.manifests.manifest import Manifest

_SEEN_BY_JOBS = "/cvmfs,/eos,/afs"


def recorded_variables(workflow: Any) -> dict[str, str]:
    """Return the variables that runs of *workflow*, and of what it requires, have asked for.

    Those that are not set here, and those that look like secrets, stay away.
    """
    names = {name for manifest in _manifests(workflow) for name in variables_read(manifest)}
    return {
        name: os.environ[name] for name in names if name in os.environ and not is_secret_name(name)
    }


def check_files_travel(workflow: Any) -> None:
    """Check that jobs without a shared file system find the files that earlier runs have read.

    Raises:
        SettingsError: one does not travel; with the line to set.
    """
    if is_shared():
        return
    project = project_folder()
    files = {file for manifest in _manifests(workflow) for file in files_read(manifest)}
    there = sorted(file.rstrip("/") for file in files if os.path.exists(file))
    inside = [file for file in there if Path(file).is_relative_to(project)]
    names = [str(Path(file).relative_to(project)) for file in inside]
    for name in _left_behind(project, names):
        raise SettingsError(
            f"{name} was read when this was made before, and does not travel with jobs, since git "
            f"does not know it; add it to git, or write 'packed_with: {name}' in the section "
            "[cmsml_tasks_batch]"
        )
    seen = [each.strip() for each in option("jobs_see", _SEEN_BY_JOBS).split(",") if each.strip()]
    for file in there:
        if file not in inside and not any(Path(file).is_relative_to(each) for each in seen):
            raise SettingsError(
                f"{file} was read when this was made before, and does not travel with jobs; move "
                "it into the project, or, if jobs see it, write 'jobs_see: "
                f"{','.join([*seen, os.path.dirname(file)])}' in [cmsml_tasks_batch]"
            )


def _manifests(workflow: Any) -> Iterator[Manifest]:
    """Yield the manifests of all branches and of what they require, each once."""
    done: set[str] = set()
    left = tasks_of(workflow)
    while left:
        task = left.pop()
        if not is_tracked(task):
            continue
        if is_workflow(task):
            left += tasks_of(task)
            continue
        place = str(task.manifest_path)
        if place in done:
            continue
        done.add(place)
        left += law.util.flatten(task.requires())
        manifest = Manifest.read(task.manifest_path)
        if isinstance(manifest, Manifest):
            yield manifest


def _left_behind(project: Path, names: Iterable[str]) -> Iterator[str]:
    """Yield which of *names*, files in the project, are not packed."""
    names = [name for name in names if not any(fnmatch(name, pattern) for pattern in packed_with())]
    command = ["git", "-C", str(project), "check-ignore", "--stdin", "-z"]
    text = os.fsencode("".join(f"{name}\0" for name in names))
    done = subprocess.run(command, input=text, capture_output=True, check=False)
    ignored = set(os.fsdecode(done.stdout).split("\0"))
    for name in names:
        parts = [name, *Path(name).parts]
        left_out = any(fnmatch(part, each) for part in parts for each in packed_without())
        if name in ignored or left_out:
            yield name
