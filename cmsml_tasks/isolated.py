"""Calls into a fresh interpreter, so that TensorFlow's state never outlives or precedes a task.

A TensorFlow that was used once in a process keeps its thread count, its random state and Keras'
name counters, and hangs after a fork; a crash in it would take the whole workflow along. Each piece
of work therefore gets an interpreter of its own, whatever ``--workers`` says.

The request travels over standard input as one line of JSON. The pipe stays open: when the caller
dies, the child reads its end and stops, so no training is left behind.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from cmsml_tasks import errors
from cmsml_tasks.errors import UserError
from cmsml_tasks.files import sha256_of
from cmsml_tasks.observed import Observed
from cmsml_tasks.observing.install import watch
from cmsml_tasks.observing.log import VARIABLE, LogError, read_log, start_log
from cmsml_tasks.observing.settling import settle
from cmsml_tasks.quiet import ERRORS_ONLY, LOG_LEVEL, relay

_INTERRUPTED = 130


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
    with open(reader, encoding="utf-8") as results, _start(function, writer, variables) as child:
        relaying = threading.Thread(target=_relay_errors, args=(child,))
        relaying.start()
        try:
            assert child.stdin is not None
            # a child that dies before it reads is known by its exit status, not by the broken pipe
            with suppress(BrokenPipeError):
                child.stdin.write(json.dumps(arguments).encode() + b"\n")
                child.stdin.flush()
            answer = results.read()
            # the pipe to the child's standard input may only close once the child has answered
            child.stdin.close()
            child.wait()
            relaying.join()
        except BaseException:
            child.kill()
            raise
    return _unpack(function, child.returncode, answer)


def call_observed(
    function: str,
    *,
    leaving_out: Sequence[str] = (),
    environment: dict[str, str] | None = None,
    digest: Callable[[str], str] = sha256_of,
    **arguments: Any,
) -> tuple[Any, Observed]:
    """Call *function* as `call_isolated` does, and return with its result what it has read.

    Args:
        function: ``"package.module:name"``.
        leaving_out: absolute paths of files and folders that do not count, nor what lies below:
            declared inputs, and the outputs of the work.
        environment: added to the caller's variables; what it sets is no variable that counts.
        digest: gives the SHA-256 of a file; called here, when the work has ended.
        arguments: of the function, as JSON.

    Raises:
        UserError: as in `call_isolated`; or what was read could not be kept.
    """
    variables = environment or {}
    with tempfile.NamedTemporaryFile(prefix="cmsml_tasks.reads.") as log:
        start_log(log.file)
        result = call_isolated(function, environment={**variables, VARIABLE: log.name}, **arguments)
        try:
            events = list(read_log(log.file))
        except LogError:
            raise IsolatedError(
                f"what {function.rpartition(':')[2]} reads could not be kept in {log.name}; free "
                "space there, or set TMPDIR to another folder"
            ) from None
    return result, settle(events, leaving_out, digest)


def _start(function: str, writer: int, variables: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start the child, which takes the *writer* end of the pipe along."""
    try:
        return subprocess.Popen(
            [sys.executable, "-m", __name__, function, str(writer)],
            stdin=subprocess.PIPE,
            stderr=None if LOG_LEVEL in os.environ else subprocess.PIPE,
            env=variables,
            pass_fds=(writer,),
        )
    finally:
        os.close(writer)


def _relay_errors(child: subprocess.Popen[bytes]) -> None:
    def write(line: bytes) -> None:
        sys.stderr.write(line.decode(errors="replace"))
        sys.stderr.flush()

    relay(child.stderr or (), write)


def _unpack(function: str, returncode: int, answer: str) -> Any:
    name = function.rpartition(":")[2]
    if not answer:
        if returncode < 0:
            killer = signal.Signals(-returncode).name
            hint = "; out of memory? see dmesg" if killer == "SIGKILL" else ""
            raise IsolatedError(f"{name} was ended by {killer}{hint}; no output was written")
        raise IsolatedError(f"{name} ended with exit status {returncode} and no result")
    message = json.loads(answer)
    if "result" in message:
        return message["result"]
    error_class = getattr(errors, message["error"], IsolatedError)
    raise error_class(message["text"])


def _public_class(error: UserError) -> str:
    """Name the nearest class of *error* that the caller knows, whatever it has imported."""
    names = [base.__name__ for base in type(error).__mro__ if base in vars(errors).values()]
    return names[0]


def _watch_caller() -> None:
    sys.stdin.read()
    os._exit(_INTERRUPTED)


def main(function: str, writer: int) -> int:
    """Serve one call: request from standard input, answer to the file descriptor *writer*."""
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_watch_caller, daemon=True).start()
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
    sys.stdout.flush()
    with open(writer, "w", encoding="utf-8") as results:
        json.dump(answer, results)
    return status


if __name__ == "__mp_main__":
    # a process that `multiprocessing` started afresh for the work
    watch()

if __name__ == "__main__":
    # os._exit skips TensorFlow's destructors, which take seconds and can crash after the answer
    exit_status = main(sys.argv[1], int(sys.argv[2]))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_status)
