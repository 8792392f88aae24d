"""Work that is observed by the tests."""

import os
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

from cmsml_tasks.errors import DataError


def read(paths):
    for path in paths:
        with suppress(FileNotFoundError):
            Path(path).read_bytes()


def list_folder(path):
    os.listdir(path)


def read_and(path, command):
    """Read a file, or look for it in vain, and let a process that nobody sees change something."""
    with suppress(FileNotFoundError):
        Path(path).read_text()
    subprocess.run(command, shell=True, check=True)


def list_and(path, command):
    os.listdir(path)
    subprocess.run(command, shell=True, check=True)


def list_and_write(path):
    os.listdir(path)
    Path(path, "made.txt").write_text("made")


def read_and_write(path):
    Path(path).read_text()
    Path(path).write_text("written by itself")


def refuse(path):
    Path(path).read_text()
    raise DataError("no good")


def read_in_threads(folder, threads, files):
    """Read files of its own in each of many threads."""

    def read_some(number):
        for file in range(files):
            Path(folder, f"{number}-{file}").read_text()

    started = [threading.Thread(target=read_some, args=(number,)) for number in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()


def read_in_forks(folder, forks, files):
    children = []
    for number in range(forks):
        if (child := os.fork()) == 0:
            for file in range(files):
                Path(folder, f"{number}-{file}").read_text()
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


def read_many(folder, rounds):
    """Return the seconds that it takes to open all files in *folder*, several times."""
    paths = sorted(Path(folder).iterdir())
    start = time.perf_counter()
    for _ in range(rounds):
        for path in paths:
            path.read_bytes()
    return time.perf_counter() - start


def read_and_close_all(first, second, written):
    """Close all files, as daemons do, and write to one that gets the same number."""
    Path(first).read_text()
    for number in map(int, os.listdir("/proc/self/fd")):
        with suppress(OSError):
            if number > 2 and "cmsml_tasks.reads." in os.readlink(f"/proc/self/fd/{number}"):
                os.close(number)
    with open(written, "w") as file:
        Path(second).read_text()
        file.write("its own")


def open_urls(files, http):
    import urllib.request

    import uproot

    for url in files:
        with uproot.open(url) as file:
            file.keys()
    with suppress(OSError):
        urllib.request.urlopen(http)


def import_by_names(names):
    """Import modules by statements, and some of them by their names."""
    import importlib
    import pkgutil
    from importlib import import_module as get

    import others.deep
    import others.plain
    import others.wide

    assert others.plain.__name__ == "others.plain"
    get("." + names[0], package="others")
    pkgutil.resolve_name(f"others.{names[1]}:f")
    importlib.import_module("json")
