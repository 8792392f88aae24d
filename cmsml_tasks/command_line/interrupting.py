"""How ``law run`` ends before its time: Ctrl-C without a traceback, and nothing goes on behind it.

Luigi's worker processes, and the helper that law forks, are tied to the process that forks them: a
signal that ends that one alone, be it SIGKILL, would leave them to go on. They in turn hold the
pipes that trainings end with.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, NoReturn

from luigi.worker import TaskProcess

from cmsml_tasks.command_line.options import misspelt_option
from cmsml_tasks.errors import UserError
from cmsml_tasks.processes.endings import end_with, prepare_end_with
from cmsml_tasks.shown import without_secrets

Look = Callable[..., Any]

_PATIENCE = 10.0  # seconds for what a command does at its end


def end_with_luigi(_: Any) -> None:
    """Tie this process, where it is one of luigi's workers, to the one that forked it."""
    parent = multiprocessing.parent_process()
    if parent is not None and _is_luigis():
        end_with(parent.pid or 0)


def _is_luigis() -> bool:
    return isinstance(multiprocessing.current_process(), TaskProcess)


def is_law_command() -> bool:
    """Tell whether this process serves ``law run``, and not a program of somebody's own."""
    return "law.cli.run" in sys.modules


@functools.cache
def end_as_commands_do() -> None:
    """Prepare the process of ``law run`` for its end: Ctrl-C, and the end of what it forks."""
    if not is_law_command():
        return
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, functools.partial(_on_ctrl_c, os.getpid()))
        sys.excepthook = _told_plainly
        sys.unraisablehook = _without_ignored_interrupts
    _tie_forks()


def _on_ctrl_c(command: int, _: int, __: FrameType | None) -> None:
    if os.getpid() != command:
        # what the command has forked has nothing to say or to tidy up
        _die_of_ctrl_c()
    # at the second one neither
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Python raises it wherever it is, also where it is then ignored, or a lock is never given back
    signal.signal(signal.SIGALRM, lambda *_: _die_of_ctrl_c())
    signal.setitimer(signal.ITIMER_REAL, _PATIENCE)
    raise KeyboardInterrupt


def _die_of_ctrl_c() -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.raise_signal(signal.SIGINT)
    raise AssertionError("a process outlived its own SIGINT")


def _told_plainly(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    # what follows is Python's own: a process that ended by an interrupt ends by that signal
    if issubclass(kind, KeyboardInterrupt):
        return
    # such as a setting of law.cfg that is wrong, while tasks are imported
    problem = f"error: {error}" if isinstance(error, UserError) else misspelt_option(error)
    if problem is not None:
        print(without_secrets(problem), file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


def _without_ignored_interrupts(ignored: sys.UnraisableHookArgs) -> None:
    if not issubclass(ignored.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(ignored)


def _tie_forks() -> None:
    """Let what this command and luigi's workers fork end with them.

    What those fork in turn is left alone, since it may be meant to live on.
    """
    command = os.getpid()
    forker: int | None = None

    def before() -> None:
        nonlocal forker
        here = os.getpid()
        may_tie = here == command or (_is_luigis() and os.getppid() == command)
        # what another thread has forked would end with that thread
        in_main_thread = threading.current_thread() is threading.main_thread()
        forker = here if may_tie and in_main_thread else None
        prepare_end_with()

    def in_child() -> None:
        if forker is not None:
            end_with(forker)

    os.register_at_fork(before=before, after_in_child=in_child)


def ending_on_ctrl_c(look: Look) -> Look:
    """Let Ctrl-C end a command that only looks as it ends one that runs; law would call it done."""

    @functools.wraps(look)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return look(*args, **kwargs)
        except KeyboardInterrupt:
            if not is_law_command():
                raise
            sys.stdout.flush()
            _die_of_ctrl_c()

    return wrapper
