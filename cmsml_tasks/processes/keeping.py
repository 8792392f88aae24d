"""A process between a caller and the work that it has asked for.

It forks the work into a group of its own and does nothing but watch: the pipe from the caller,
whose end means that the caller is gone, and the work itself. Whichever ends first, all that the
work has started ends too; a process that has left the group, as daemons do, is left alone, and
nobody waits for it, whatever pipes it holds open. The work needs no thread for any of this: none
that holds a lock when it forks, and none that hears nothing while the interpreter is busy.
"""

from __future__ import annotations

import os
import selectors
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from cmsml_tasks.processes.endings import end_group, end_with, prepare_end_with
from cmsml_tasks.processes.tensorflow_log import Sieve

Taker = Callable[[bytes], None]

_CHUNK = 65536


@dataclass(frozen=True)
class Ended:
    """How the work has ended: its exit status, negative for a signal, and what it answered."""

    status: int
    answer: bytes


def keep(work: Callable[[int], int], caller: int, *, quiet: bool) -> Ended:
    """Do *work* in a fork and return how it ended; nothing of it is left then.

    Args:
        work: gets a descriptor to write its answer to, and returns its exit status.
        caller: reading end of a pipe that nobody writes to; its end is the caller's.
        quiet: whether TensorFlow's messages at its start are dropped from standard error.

    Raises:
        SystemExit: the caller has ended.
    """
    answer_reader, answer_writer = os.pipe()
    error_reader, error_writer = os.pipe()
    prepare_end_with()
    ended = _notice_ends()
    keeper, worker = os.getpid(), os.fork()
    if worker == 0:
        end_with(keeper)
        _leave_to_the_work(caller, error_writer if quiet else None)
        # os._exit skips TensorFlow's destructors, which take seconds and can crash after the answer
        os._exit(work(answer_writer))
    for descriptor in (answer_writer, error_writer):
        os.close(descriptor)
    with suppress(OSError):
        # the work does so as well, and whoever is second fails
        os.setpgid(worker, worker)
    _hand_on_signals(worker)
    answer, errors = bytearray(), Sieve(2)
    takers = {answer_reader: answer.extend, error_reader: errors.feed}
    status = _watch(worker, caller, ended, takers)
    end_group(worker)
    for descriptor, take in takers.items():
        # others may hold the pipe open, so that its end need not come
        os.set_blocking(descriptor, False)
        while _take_in(descriptor, take):
            pass
    errors.flush()
    return Ended(status, bytes(answer))


def _notice_ends() -> int:
    """Return the descriptor of a pipe that can be read once a child has ended."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    # a handler has to be there for the pipe to be written to
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    return reader


def _leave_to_the_work(caller: int, errors: int | None) -> None:
    """Make this fork a process as any other, in a group of its own and without the pipes."""
    os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, caller)
    os.close(nothing)
    if errors is not None:
        os.dup2(errors, 2)


def _hand_on_signals(worker: int) -> None:
    """Let the work stop and go on, as Ctrl-Z and fg ask for, and end before this process does."""

    def hand_on(number: int, _: object) -> None:
        # this process goes on watching
        with suppress(ProcessLookupError):
            os.killpg(worker, signal.SIGSTOP if number == signal.SIGTSTP else number)

    def end(number: int, _: object) -> None:
        end_group(worker)
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    for number in (signal.SIGTSTP, signal.SIGCONT):
        signal.signal(number, hand_on)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # nohup lets one be ignored
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, end)


def _watch(worker: int, caller: int, ended: int, takers: dict[int, Taker]) -> int:
    """Take in what comes until the work ends, and return its exit status.

    Raises:
        SystemExit: the caller has ended, and so has the work.
    """
    with selectors.DefaultSelector() as selector:
        for descriptor in (caller, ended, *takers):
            selector.register(descriptor, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd == caller:
                    end_group(worker)
                    raise SystemExit(1)
                if key.fd == ended:
                    os.read(ended, _CHUNK)
                    done, status = os.waitpid(worker, os.WNOHANG)
                    if done:
                        return os.waitstatus_to_exitcode(status)
                elif not _take_in(key.fd, takers[key.fd]):
                    selector.unregister(key.fd)


def _take_in(descriptor: int, take: Taker) -> bool:
    """Take in what is there; return False at the end, or where nothing is there now."""
    try:
        chunk = os.read(descriptor, _CHUNK)
    except BlockingIOError:
        return False
    take(chunk)
    return bool(chunk)
