"""What a task in a sandbox tells its host, where its manifest is written."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import law

from cmsml_tasks.errors import UserError
from cmsml_tasks.files import write_json
from cmsml_tasks.tracking.contract.tracked import Tracked
from cmsml_tasks.tracking.manifests.environment import environment
from cmsml_tasks.tracking.storage import places

VARIABLE = "CMSML_SANDBOX_NOTE"


def in_sandbox() -> bool:
    """Tell whether this process was started by law to run one task in a sandbox."""
    return os.environ.get("LAW_SANDBOX_SWITCHED") == "1"


def note_path(task: Tracked) -> Path:
    """Return where the sandbox leaves its note."""
    return places.hidden(task.manifest_path, "sandbox")


def leave_note(task: Tracked) -> None:
    """Write down, within the sandbox, with what *task* was run, where the host can see it."""
    path = os.environ.get(VARIABLE)
    if path:
        with suppress(UserError):
            note = {
                "environment": environment(),
                "read_with": task.read_with,
                "observed": task.observed.as_json(),
            }
            write_json(path, note)


def take_note(task: Tracked) -> dict[str, Any]:
    """Return ``environment`` and ``read_with`` as they were in the sandbox, empty without one.

    A sandbox that does not see the folder of the outputs leaves no note: which versions it had is
    then not known, and the task's own code counts as needed to read what it wrote.
    """
    if not isinstance(task, law.SandboxTask) or task.is_sandboxed():
        return {}
    path = note_path(task)
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        path.unlink()
    except (OSError, ValueError):
        note = {
            "environment": {**environment(), "packages": {}, "python": None},
            "read_with": task.owner().tracked_code(),
        }
    note["environment"]["sandbox"] = task.effective_sandbox
    return dict(note)
