"""Functions that the tests call in another interpreter."""

import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from cmsml_tasks.errors import DataError


class LocalError(DataError):
    """A class that only this module knows."""


class ConversionError(LocalError):
    """One that shares no more than its name with one that everybody knows."""


def say(text):
    print(text)
    print(text, file=sys.stderr)


def add(first, second):
    return {
        "sum": first + second,
        "process": os.getpid(),
        "tensorflow": "tensorflow" in sys.modules,
    }


def refuse(value):
    raise DataError(f"{value} is no good; use another")


def refuse_in_its_own_words(value):
    raise (LocalError if value else ConversionError)(f"{value} is no good; use another")


def fail():
    raise RuntimeError("a bug")


def kill_itself():
    os.kill(os.getpid(), signal.SIGKILL)


def leave():
    os._exit(3)


def hold_the_interpreter(path):
    """Tell that it has begun, and then keep every other thread of this process from running."""
    Path(path).touch()
    ctypes.PyDLL(None).sleep(3600)


def ignore_requests_to_end(path):
    """Do so in a process that the work has started, too."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        Path(path).touch()
    time.sleep(3600)


def square(number):
    return number**2


def squares_by_pools(start_method):
    """Compute squares in other processes, in all ways that the standard library has."""
    context = multiprocessing.get_context(start_method)
    with context.Pool(2) as pool:
        by_pool = pool.map(square, [1, 2, 3])
    with ProcessPoolExecutor(2, mp_context=context) as executor:
        by_executor = list(executor.map(square, [1, 2, 3]))
    queue = context.Queue()
    process = context.Process(target=queue.put, args=(square(4),))
    process.start()
    by_process = queue.get()
    process.join()
    return [*by_pool, *by_executor, by_process]


def leave_processes_behind():
    """Return processes that hold all pipes open: those of the work, and a daemon."""
    executor = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork"))
    executor.submit(square, 1).result()
    command = [sys.executable, "-c", "import time; time.sleep(3600)"]
    program = subprocess.Popen(command, close_fds=False)
    daemon = subprocess.Popen(command, close_fds=False, start_new_session=True)
    print("said before the end", file=sys.stderr, end="")
    return {"own": [*executor._processes, program.pid], "daemon": daemon.pid}


def much(size):
    return "x" * size
