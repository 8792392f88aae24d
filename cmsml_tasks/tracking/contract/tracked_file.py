"""What a task may name as a file from outside."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TrackedFile:
    """A file from outside of which the place does not count.

    Attributes:
        path: path or URL.
        used_as: JSON by name, such as ``{"sample": "signal", "scale": 1.0}``; it counts.
        found_by: the glob that has found it, as it is written.
    """

    path: str
    used_as: Mapping[str, Any]
    found_by: str = ""


@dataclass(frozen=True)
class NotHere:
    """Files from outside that cannot be looked at, and count as unchanged.

    Attributes:
        found_by: the glob, as it is written.
        why: what is the matter with it, in words.
    """

    found_by: str
    why: str


AnyTrackedFile = str | os.PathLike[str] | TrackedFile | NotHere
"""What `TrackedTask.tracked_files` gives."""
