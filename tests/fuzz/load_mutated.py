"""Worker process: opens files that are wrong in the ways of the seeds that it is asked for.

    python tests/fuzz/load_mutated.py CORPUS WORK "keras 7"

opens the ``.keras`` file of seed 7, which stays in WORK, and says what came of it. Without these
words it takes them from standard input, line by line, and answers each with two lines of JSON: one
before the file is opened, and one with what came of it. `malformed.py` is who asks.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import random
import shutil
import sys
import time
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

import corpus as _  # noqa: F401  puts the tests' folders on the path
from openings import KINDS, Kind

from cmsml_tasks.errors import UserError

_PEAK, _FORGET_PEAK = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def outcome(kind: Kind, path: Path, out: Path) -> tuple[str, str]:
    """Return a word for what comes of opening *path*, and the message or traceback."""
    try:
        kind.open(path, out)
    except UserError as error:
        text = str(error)
        if not text or "Traceback" in text:
            return "refused without a word", text
        return "refused", text
    except BaseException:
        return "raised", traceback.format_exc()
    return "opened", ""


def megabytes() -> float:
    """Return the most memory that was in use since it was last forgotten."""
    line = next(line for line in _PEAK.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def serve(corpus: Path, work: Path, requests: Iterable[str], answers: TextIO) -> None:
    """Open the files of *requests*, each a kind and a seed; see the module's docstring."""

    def say(**words: Any) -> None:
        print(json.dumps(words), file=answers, flush=True)

    out = work / "out"
    for request in map(str.strip, requests):
        kind = KINDS[request.split()[0]]
        if request.split()[0] != "manifest":
            importlib.import_module("keras")  # what that takes once is not counted
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        path = kind.write(random.Random(request), corpus, work)
        _FORGET_PEAK.write_text("5")
        before, start = megabytes(), time.perf_counter()
        say(path=str(path))
        word, text = outcome(kind, path, out)
        seconds, grown = time.perf_counter() - start, megabytes() - before
        say(outcome=word, text=text, seconds=round(seconds, 2), megabytes=round(grown))


def main(corpus: str, folder: str, *requests: str) -> None:
    """Answer on what was standard output; all that libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    faulthandler.enable()
    work = Path(folder).resolve()
    work.mkdir(parents=True, exist_ok=True)
    elsewhere = work / "cwd"  # what names without a folder stand for
    elsewhere.mkdir(exist_ok=True)
    corpus_folder = Path(corpus).resolve()
    os.chdir(elsewhere)
    serve(corpus_folder, work, requests or sys.stdin, answers)


if __name__ == "__main__":
    main(*sys.argv[1:])
