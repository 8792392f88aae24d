"""TensorFlow's start-up messages kept out of the log.

It tells which processor features and drivers it found before it looks at its log level, so that the
lines can only be dropped on their way out. ``TF_CPP_MIN_LOG_LEVEL`` in the environment shows all.
"""

from __future__ import annotations

import os
import re
import select
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
ERRORS_ONLY = {LOG_LEVEL: "3"}
_NOISE = re.compile(
    rb"I\d{4} |WARNING: All log messages before absl::InitializeLog"
    # TensorFlow 2.18 and 2.19 on a machine without a GPU
    rb"|E\d{4} .*(Unable to register cu|failed call to cuInit)"
)
_CHUNK = 65536


class Sieve:
    """Hands bytes on to the descriptor *target* line by line, without such messages."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        """Take in more; what is no whole line yet is kept back."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._write(line + b"\n")

    def flush(self) -> None:
        """Hand on what was kept back."""
        line, self._rest = self._rest, b""
        self._write(line)

    def _write(self, line: bytes) -> None:
        if _NOISE.match(line):
            return
        # who reads it may have gone
        with suppress(OSError):
            while line:
                line = line[os.write(self._target, line) :]


@contextmanager
def quiet_import() -> Iterator[None]:
    """Keep the messages off standard error while something is imported in this process."""
    if LOG_LEVEL in os.environ:
        yield
        return
    sys.stderr.flush()
    original = os.dup(2)
    reader, writer = os.pipe()
    over, end = os.pipe()
    os.dup2(writer, 2)
    os.close(writer)
    all_is_told = threading.Event()
    arguments = (reader, over, original, all_is_told)
    threading.Thread(target=_relay, args=arguments, daemon=True).start()
    os.environ.update(ERRORS_ONLY)
    try:
        yield
    finally:
        del os.environ[LOG_LEVEL]
        sys.stderr.flush()
        os.dup2(original, 2)
        os.close(end)
        all_is_told.wait()


def _relay(reader: int, over: int, target: int, all_is_told: threading.Event) -> None:
    """Hand on what comes until nothing is left and *over* is at its end.

    A process that the import has started may write on, and is not waited for.
    """
    sieve = Sieve(target)
    while reader in select.select([reader, over], [], [])[0]:
        chunk = os.read(reader, _CHUNK)
        if not chunk:
            break
        sieve.feed(chunk)
    sieve.flush()
    all_is_told.set()
    while chunk := os.read(reader, _CHUNK):
        sieve.feed(chunk)
    sieve.flush()
    for descriptor in (reader, over, target):
        os.close(descriptor)
