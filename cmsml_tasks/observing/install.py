"""The hooks of one process, put in place before the code that they watch is imported."""

from __future__ import annotations

import os

from cmsml_tasks.observing.audit import watch_audit_events
from cmsml_tasks.observing.environment import watch_environment
from cmsml_tasks.observing.libraries.table import watch_libraries
from cmsml_tasks.observing.log import VARIABLE, Log
from cmsml_tasks.observing.naming import watch_names
from cmsml_tasks.observing.questions import watch_questions
from cmsml_tasks.observing.reads import Reads


def watch() -> None:
    """Watch this process and its forks from now on, where whoever started it asks for that."""
    path = os.environ.get(VARIABLE)
    if path:
        log = Log(path)
        reads = Reads(log)
        watch_audit_events(reads)
        watch_questions(reads)
        watch_names(reads)
        watch_libraries(reads)
        watch_environment(log)
