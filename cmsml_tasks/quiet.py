"""TensorFlow's start-up messages kept out of the log.

It tells which processor features and drivers it found before it looks at its log level, so that the
lines can only be dropped on their way out. ``TF_CPP_MIN_LOG_LEVEL`` in the environment shows all.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
ERRORS_ONLY = {LOG_LEVEL: "3"}
_NOISE = re.compile(
    rb"I\d{4} |WARNING: All log messages before absl::InitializeLog"
    # TensorFlow 2.18 and 2.19 on a machine without a GPU
    rb"|E\d{4} .*(Unable to register cu|failed call to cuInit)"
)


def relay(lines: Iterable[bytes], write: Callable[[bytes], object]) -> None:
    """Hand on all *lines* that are not such messages."""
    for line in lines:
        if not _NOISE.match(line):
            write(line)


@contextmanager
def quiet_import() -> Iterator[None]:
    """Keep the messages off standard error while something is imported in this process."""
    if LOG_LEVEL in os.environ:
        yield
        return
    sys.stderr.flush()
    original = os.dup(2)
    reader, writer = os.pipe()
    os.dup2(writer, 2)
    os.close(writer)
    with open(reader, "rb") as lines:
        thread = threading.Thread(target=relay, args=(lines, lambda line: os.write(original, line)))
        thread.start()
        os.environ.update(ERRORS_ONLY)
        try:
            yield
        finally:
            del os.environ[LOG_LEVEL]
            sys.stderr.flush()
            os.dup2(original, 2)  # closes the pipe's last writing end, so that the thread ends
            thread.join()
            os.close(original)
