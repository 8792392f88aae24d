"""Calls into a fresh interpreter, so that TensorFlow's state never outlives or precedes a task.

A TensorFlow that was used once in a process keeps its thread count, its random state and Keras'
name counters, and hangs after a fork; a crash in it would take the whole workflow along. Each piece
of work therefore gets an interpreter of its own, whatever ``--workers`` says.

The request travels over standard input as one line of JSON. The pipe stays open: its end says that
the caller has ended, whereupon the work and all that it has started are ended (`keeping`), so that
no training is left behind.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from cmsml_tasks import errors
from cmsml_tasks.errors import UserError
from cmsml_tasks.files import sha256_of
from cmsml_tasks.observing.install import watch
from cmsml_tasks.observing.log import VARIABLE, LogError, read_log, start_log
from cmsml_tasks.observing.observed import Observed
from cmsml_tasks.observing.settling import settle
from cmsml_tasks.processes.keeping import keep
from cmsml_tasks.processes.tensorflow_log import ERRORS_ONLY, LOG_LEVEL
from cmsml_tasks.temporary import temporary_folder
from cmsml_tasks.terminal import print_anything

_INTERRUPTED = 130
_QUIET = "quiet"
_CHUNK = 65536


class IsolatedError(UserError):
    """The work in the other interpreter ended without a result."""


def call_isolated(
    function: str, *, environment: dict[str, str] | None = None, **arguments: Any
) -> Any:
    """Call *function* (``"package.module:name"``) with *arguments* in a fresh interpreter.

    Arguments and result must be JSON. Standard output and error are the caller's, the import path
    is too; *environment* is added to the caller's variables. TensorFlow's own log is silent unless
    ``TF_CPP_MIN_LOG_LEVEL`` is set.

    Raises:
        UserError: with the message that the function raised it with, and of its class, or of the
            nearest base class in `cmsml_tasks.errors` where it is defined elsewhere.
        IsolatedError: the function raised anything else (its traceback is on standard error), or
            the interpreter was killed.
    """
    variables = {**ERRORS_ONLY, **os.environ, **(environment or {})}
    variables["PYTHONPATH"] = os.pathsep.join(path or os.getcwd() for path in sys.path)
    reader, writer = os.pipe()
    with (
        open(reader, encoding="utf-8") as reports,
        _start(function, writer, variables) as keeper,
        _stopped_together(keeper),
    ):
        assert keeper.stdin is not None
        try:
            # a child that dies before it reads is known by its exit status, not by the broken pipe
            with suppress(BrokenPipeError):
                keeper.stdin.write(json.dumps(arguments).encode() + b"\n")
                keeper.stdin.flush()
            report = reports.read()
        finally:
            # tells the keeper to end the work, if it has not yet; when it has gone nothing is left
            keeper.stdin.close()
            keeper.wait()
    if not report:
        return _unpack(function, keeper.returncode, "")
    return _unpack(function, **json.loads(report))


def call_observed(
    function: str,
    *,
    leaving_out: Sequence[str] = (),
    unlisted: Sequence[str] = (),
    environment: dict[str, str] | None = None,
    digest: Callable[[str], str] = sha256_of,
    **arguments: Any,
) -> tuple[Any, Observed]:
    """Call *function* as `call_isolated` does, and return with its result what it has read.

    Args:
        function: ``"package.module:name"``.
        leaving_out: absolute paths of files and folders that do not count, nor what lies below,
            and URLs of files: declared inputs, and the outputs of the work.
        unlisted: absolute paths of folders in which names come and go, as in a store: lists of them
            and of folders below do not count.
        environment: added to the caller's variables; what it sets is no variable that counts.
        digest: gives the SHA-256 of a file; called here, when the work has ended.
        arguments: of the function, as JSON.

    Raises:
        UserError: as in `call_isolated`; or what was read could not be kept.
    """
    variables = environment or {}
    with temporary_folder("reads") as folder, open(folder / "log", "w+b") as log:
        start_log(log)
        result = call_isolated(function, environment={**variables, VARIABLE: log.name}, **arguments)
        try:
            events = list(read_log(log))
        except LogError:
            raise IsolatedError(
                f"what {function.rpartition(':')[2]} reads could not be kept in {log.name}; free "
                "space there, or set TMPDIR to another folder"
            ) from None
    given = {**ERRORS_ONLY, **variables}
    return result, settle(
        events, leaving_out=leaving_out, unlisted=unlisted, given=given, digest=digest
    )


def _start(function: str, writer: int, variables: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start the child, which takes the *writer* end of the pipe along."""
    noise = "as it is" if LOG_LEVEL in os.environ else _QUIET
    try:
        return subprocess.Popen(
            [sys.executable, "-m", __name__, function, str(writer), noise],
            stdin=subprocess.PIPE,
            env=variables,
            pass_fds=(writer,),
            # Ctrl-C is the caller's to handle
            start_new_session=True,
        )
    finally:
        os.close(writer)


@contextmanager
def _stopped_together(keeper: subprocess.Popen[bytes]) -> Iterator[None]:
    """Let Ctrl-Z stop the work together with this process, and ``fg`` let both go on."""

    def stop(number: int, _: object) -> None:
        keeper.send_signal(number)
        os.kill(os.getpid(), signal.SIGSTOP)
        # goes on here
        keeper.send_signal(signal.SIGCONT)

    is_default = signal.getsignal(signal.SIGTSTP) == signal.SIG_DFL
    if not is_default or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGTSTP, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)


def _unpack(function: str, status: int, answer: str) -> Any:
    name = function.rpartition(":")[2]
    if not answer:
        if status < 0:
            killer = signal.Signals(-status).name
            hint = "; out of memory? see dmesg" if killer == "SIGKILL" else ""
            raise IsolatedError(f"{name} was ended by {killer}{hint}; no output was written")
        raise IsolatedError(f"{name} ended with exit status {status} and no result")
    message = json.loads(answer)
    if "result" in message:
        return message["result"]
    error_class = getattr(errors, message["error"], IsolatedError)
    raise error_class(message["text"])


def _public_class(error: UserError) -> str:
    """Name the nearest class of *error* that the caller knows, whatever it has imported."""
    names = [base.__name__ for base in type(error).__mro__ if base in vars(errors).values()]
    return names[0]


def serve(function: str, request: dict[str, Any], writer: int) -> int:
    """Serve one call: answer to the file descriptor *writer*, return the exit status."""
    module_name, _, name = function.partition(":")
    watch()
    status = 0
    try:
        result = getattr(importlib.import_module(module_name), name)(**request)
        answer = {"result": result}
    except KeyboardInterrupt:
        return _INTERRUPTED
    except UserError as error:
        answer, status = {"error": _public_class(error), "text": str(error)}, 1
    except Exception as error:
        traceback.print_exc()
        text = f"{name} failed with {type(error).__name__}: {error} (its traceback is above)"
        answer, status = {"error": IsolatedError.__name__, "text": text}, 1
    with open(writer, "w", encoding="utf-8") as results:
        json.dump(answer, results)
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def main(function: str, writer: int, *, quiet: bool) -> None:
    """Keep one call, which comes over standard input, and report its end to *writer*."""
    # here, since the fork's standard error is another file than Python has opened
    print_anything()
    line = b""
    # read by hand: what Python has in its own buffers would be there twice after the fork
    while not line.endswith(b"\n"):
        chunk = os.read(0, _CHUNK)
        if not chunk:
            return
        line += chunk

    def work(answer_to: int) -> int:
        os.close(writer)
        return serve(function, json.loads(line), answer_to)

    ended = keep(work, caller=0, quiet=quiet)
    # a caller that is gone by now has no use for it
    with suppress(BrokenPipeError), open(writer, "w", encoding="utf-8") as reports:
        json.dump({"status": ended.status, "answer": ended.answer.decode()}, reports)


if __name__ == "__mp_main__":
    # in a process that `multiprocessing` started afresh for the work
    print_anything()
    watch()

if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), quiet=sys.argv[3] == _QUIET)
