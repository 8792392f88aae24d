"""Thousands of wrong files of a kind: each is opened or refused in words, within time and memory.

    python tests/fuzz/malformed.py --kind graph --count 10000 --results results.jsonl

opens the files of the seeds 1 to 10,000 that have no line in ``results.jsonl`` yet, so that it can
be interrupted and adds up; ``--first`` begins with another seed. What is found stands there, and is
made again by ``python tests/fuzz/load_mutated.py CORPUS WORK "KIND SEED"``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parent
GOOD = ("opened", "refused")
SECONDS, MEGABYTES = 60, 2048
_STARTING = 400  # seconds; a busy machine may need a lot
_FILES = 400  # that a worker opens: what TensorFlow keeps of each adds up
_LOOK = 0.05


@dataclass(frozen=True)
class Result:
    """What came of one file; ``text`` is the message, the traceback or the log of its end."""

    kind: str
    seed: int
    outcome: str
    text: str = ""
    seconds: float = 0
    megabytes: float = 0


class _EndedError(Exception):
    """The worker has ended, or was ended; its text says why."""


class Worker:
    """A process that opens files: started -> asked -> begun -> answered -> asked ... -> ended."""

    def __init__(self, corpus: Path, work: Path, seconds: float = SECONDS) -> None:
        work.mkdir(parents=True, exist_ok=True)
        self.seconds = seconds
        self.log, self.asked = work / "log", 0
        command = [sys.executable, str(SCRIPTS / "load_mutated.py"), str(corpus), str(work)]
        environment = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", **os.environ}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                bufsize=0,
                start_new_session=True,
            )
        self._answers = selectors.DefaultSelector()
        self._answers.register(self.process.stdout, selectors.EVENT_READ)
        self._received = b""

    def open(self, kind: str, seed: int) -> Result:
        """Open the file of *seed*; the worker has ended when that does not end well."""
        self.asked += 1
        self.process.stdin.write(f"{kind} {seed}\n".encode())
        start = time.monotonic()
        try:
            self._line(_STARTING)
            start, before = time.monotonic(), self._megabytes()
            answer = self._line(self.seconds, before + MEGABYTES)
        except _EndedError as error:
            text = self.log.read_text(errors="replace")[-3000:]
            self.end()
            taken = round(time.monotonic() - start, 2)
            return Result(kind, seed, str(error), text, taken)
        if answer["megabytes"] > MEGABYTES:  # in less time than between two looks
            answer["outcome"] = f"more than {MEGABYTES} MiB"
        return Result(kind, seed, **answer)

    def _line(self, seconds: float, megabytes: float = float("inf")) -> dict[str, Any]:
        until = time.monotonic() + seconds
        while b"\n" not in self._received:
            if self._answers.select(_LOOK):
                chunk = os.read(self.process.stdout.fileno(), 2**16)
                if not chunk:
                    raise _EndedError(f"ended by {self._status()}")
                self._received += chunk
            elif time.monotonic() > until:
                self.process.send_signal(signal.SIGABRT)  # says where it is
                self.process.wait(30)
                raise _EndedError(f"longer than {seconds} s")
            elif self._megabytes() > megabytes:
                raise _EndedError(f"more than {MEGABYTES} MiB")
        line, _, self._received = self._received.partition(b"\n")
        return json.loads(line)

    def _megabytes(self) -> float:
        with contextlib.suppress(OSError, IndexError):
            statm = Path(f"/proc/{self.process.pid}/statm").read_text()
            return int(statm.split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
        return 0

    def _status(self) -> str:
        status = self.process.wait()
        return signal.Signals(-status).name if status < 0 else f"exit status {status}"

    def end(self) -> None:
        """End it and all that it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def opened(
    requests: Iterable[tuple[str, int]], corpus: Path, work: Path, seconds: float = SECONDS
) -> Iterator[Result]:
    """Open the files of all kinds and seeds in *requests*, and give what came of each.

    One that takes more than so many *seconds* is wrong.

    Manifests have to be among themselves: they are opened in forks, in which TensorFlow hangs.
    """
    worker = Worker(corpus, work, seconds)
    try:
        for kind, seed in requests:
            if worker.process.poll() is not None or worker.asked >= _FILES:
                worker.end()
                worker = Worker(corpus, work, seconds)
            result = worker.open(kind, seed)
            yield result
            if result.megabytes > MEGABYTES // 2:
                worker.end()
    finally:
        worker.end()


def results_of(path: Path) -> list[dict[str, Any]]:
    """Return the results in a file; the last line is a part of one where it was interrupted."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def end_in_order() -> None:
    """Let SIGTERM, and Ctrl-C in the background too, end this process as an exception does."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: sys.exit(128 + number))


def told(results: Iterable[dict[str, Any]]) -> str:
    """Return how many results there are of which outcome, and the slowest and largest."""
    every = list(results)
    counts = Counter(each["outcome"] for each in every)
    words = ", ".join(f"{number:,} {outcome}" for outcome, number in counts.most_common())
    if not every:
        return "none"
    slow = max(every, key=lambda each: each["seconds"])
    large = max(every, key=lambda each: each["megabytes"])
    return (
        f"{len(every):,} files: {words}; longest {slow['seconds']} s (seed {slow['seed']}), "
        f"largest {large['megabytes']} MiB (seed {large['seed']})"
    )


def main() -> int:
    """Open what has not been opened yet; the status is 1 where anything was found."""
    from corpus import KINDS

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", choices=KINDS, action="append", help="default: all, in turn")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--first", type=int, default=1, help="the first seed; default: 1")
    parser.add_argument("--results", type=Path, default=Path("malformed.jsonl"))
    parser.add_argument(
        "--corpus", type=Path, help="folder that corpus.py made; default: a new one"
    )
    options = parser.parse_args()
    end_in_order()
    bad = False
    with tempfile.TemporaryDirectory(prefix="malformed-") as name:
        corpus = options.corpus or Path(name, "corpus")
        if not corpus.exists():
            subprocess.run([sys.executable, SCRIPTS / "corpus.py", corpus], check=True)
        for kind in options.kind or KINDS:
            before = {each["seed"] for each in results_of(options.results) if each["kind"] == kind}
            seeds = range(options.first, options.first + options.count)
            left = [seed for seed in seeds if seed not in before]
            print(f"{kind}: seeds {seeds[0]} to {seeds[-1]}, {len(left)} left", flush=True)
            with options.results.open("a") as file:
                for result in opened([(kind, seed) for seed in left], corpus, Path(name, kind)):
                    print(json.dumps(asdict(result)), file=file, flush=True)
                    if result.outcome not in GOOD:
                        print(f"seed {result.seed}: {result.outcome}", flush=True)
            every = [each for each in results_of(options.results) if each["kind"] == kind]
            print(f"{kind}: {told(every)}", flush=True)
            bad = bad or any(each["outcome"] not in GOOD for each in every)
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
