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

from cmsml_tasks.endings import end_with, prepare_end_with

Look = Callable[..., Any]


def end_with_luigi(_: Any) -> None:
    """Tie this process to the one that forked it, where it is one of luigi's workers."""
    parent = multiprocessing.parent_process()
    if parent is not None and isinstance(multiprocessing.current_process(), TaskProcess):
        end_with(parent.pid or 0)


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
        sys.excepthook = _without_interrupts
    _tie_forks()


def _on_ctrl_c(command: int, number: int, _: FrameType | None) -> None:
    # at the second one, and in what the command has forked, there is nothing to say or to tidy up
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if os.getpid() != command:
        signal.raise_signal(number)
    raise KeyboardInterrupt


def _without_interrupts(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    # what follows is Python's own: a process that ended by an interrupt ends by that signal
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)


def _tie_forks() -> None:
    main = os.getpid()
    is_tied = False

    def before() -> None:
        nonlocal is_tied
        # what another thread has forked would end with that thread, and forks of forks may be
        # meant to live on
        in_main_thread = threading.current_thread() is threading.main_thread()
        is_tied = in_main_thread and os.getpid() == main
        prepare_end_with()

    def in_child() -> None:
        if is_tied:
            end_with(main)

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
            _die_of_ctrl_c()

    return wrapper


def _die_of_ctrl_c() -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.raise_signal(signal.SIGINT)
    raise AssertionError("a process outlived its own SIGINT")
