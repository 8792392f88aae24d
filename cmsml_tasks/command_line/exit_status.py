"""How commands of our own end, beside ``law run``."""

from __future__ import annotations

import sys
from collections.abc import Callable

from cmsml_tasks.errors import UserError

_INTERRUPTED = 130


def exit_status(run: Callable[[], int]) -> int:
    """Return the status of *run*; 1 after a user's mistake, which is told, 130 after Ctrl-C."""
    try:
        return run()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
