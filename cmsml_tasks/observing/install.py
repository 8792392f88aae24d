"""The hooks of one process, put in place before the code that they watch is imported."""

from __future__ import annotations

import os

from cmsml_tasks.observing.audit import watch_audit_events
from cmsml_tasks.observing.log import VARIABLE, Log
from cmsml_tasks.observing.reads import Reads


def watch() -> None:
    """Watch this process and its forks from now on, where whoever started it asks for that."""
    path = os.environ.get(VARIABLE)
    if path:
        watch_audit_events(Reads(Log(path)))
