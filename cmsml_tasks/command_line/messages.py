"""The user's own mistakes reach the user as one message, never as a traceback."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NoReturn

import law
import luigi
from luigi.cmdline_parser import CmdlineParser

from cmsml_tasks.command_line.options import misspelt_option
from cmsml_tasks.errors import UserError
from cmsml_tasks.shown import printable, without_secrets

_UNCAUGHT = "Uncaught exception in luigi"  # luigi.retcodes
_FORMATTER = logging.Formatter()
_raised: ContextVar[bool] = ContextVar("refusals raised", default=False)


def refuse(error: Exception) -> NoReturn:
    """End the command line with the message of *error*; in a program raise it."""
    if CmdlineParser.get_instance() is None or _raised.get():
        raise error
    law.util.abort(f"error: {_shown(str(error))}")
    raise SystemExit  # abort has ended the process; its type does not say so


@contextmanager
def refusals_raised() -> Iterator[None]:
    """Let `refuse` raise in this block, also on the command line."""
    token = _raised.set(True)
    try:
        yield
    finally:
        _raised.reset(token)


@contextmanager
def told() -> Iterator[None]:
    """End the command line with the message of a user's error; in a program let it pass."""
    try:
        yield
    except UserError as error:
        refuse(error)


class _PlainUserErrors(logging.Filter):
    """Turns luigi's traceback of a failed task into the message of the user's mistake.

    luigi names tasks with their parameters, which may be URLs. A mistake may quote what a model
    file says, which may be made to act on a terminal.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        problem = misspelt_option(error) if error and record.msg == _UNCAUGHT else None
        if problem is not None:
            law.util.abort(problem)
        if isinstance(error, UserError):
            task = next((arg for arg in record.args or () if isinstance(arg, luigi.Task)), None)
            record.msg = "%s failed: %s"
            record.args = (task.task_family if task else "task", error)
            record.exc_info = None
        text = record.getMessage()
        if (shown := _shown(text)) != text:
            record.msg, record.args = shown, ()
        if record.exc_info:
            record.exc_text = without_secrets(_FORMATTER.formatException(record.exc_info))
        return True


def _shown(text: str) -> str:
    return printable(without_secrets(text))


def speak_plainly() -> None:
    """Install the filter on the logger that luigi reports failed tasks to."""
    logging.getLogger("luigi-interface").addFilter(_PlainUserErrors())
