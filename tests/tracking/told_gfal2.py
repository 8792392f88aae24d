"""The module gfal2 with an eye on what is asked of it; a copy lies before the real one.

``GFAL_LOG`` names a file that gets a line for each question. Before the step ``DIE_AT`` that
changes something on the server the process kills itself.
"""

import importlib.machinery
import importlib.util
import os
import signal
import sys
from pathlib import Path

HERE = Path(__file__).parent
CHANGES = ("filecopy", "rename", "unlink", "mkdir_rec", "rmdir")
_others = [path for path in sys.path if Path(path or ".").resolve() != HERE.resolve()]
_spec = importlib.machinery.PathFinder.find_spec("gfal2", _others)
_this = sys.modules[__name__]
_real = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_real)
sys.modules[__name__] = _this  # where the real one has put itself
GError = _real.GError
_steps = 0


def creat_context():
    """Return the real context, watched."""
    return _Context(_real.creat_context())


class _Context:
    def __init__(self, context):
        self._context = context

    def __getattr__(self, name):
        found = getattr(self._context, name)
        if name not in (*CHANGES, "opendir", "stat"):
            return found

        def watched(*arguments):
            global _steps
            if name in CHANGES:
                _steps += 1
                if _steps == int(os.environ.get("DIE_AT", "-1")):
                    os.kill(os.getpid(), signal.SIGKILL)
            if "GFAL_LOG" in os.environ:
                with open(os.environ["GFAL_LOG"], "a") as log:
                    print(name, *arguments, file=log)
            return found(*arguments)

        return watched
