"""Functions that the tests call in another interpreter."""

import os
import signal
import sys
import time

from cmsml_tasks.errors import DataError


class LocalError(DataError):
    """A class that only this module knows."""


class ConversionError(LocalError):
    """One that shares no more than its name with one that everybody knows."""


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


def write_when_left_alone(path):
    time.sleep(2)
    with open(path, "w") as file:
        file.write("still here")
