"""Chains killed at random moments: no manifest lies, the next run is right, nothing is left.

    python tests/fuzz/kills.py --count 1000 --results kills.jsonl

kills runs of ``ValidateGraph`` until ``kills.jsonl`` has a line for each of the seeds 1 to 1,000,
so that it can be interrupted and adds up. A seed decides what runs (from nothing, from a model,
from a graph; over outputs of other settings or not), where the store is, how many workers there
are, which signal ends the process or its group, and at which part of the time that a run takes.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / room) for room in (".", "tasks", "fuzz")]

from command_line import TINY, Shell  # noqa: E402
from law_commands import finished, is_interrupted_at_its_start  # noqa: E402
from malformed import end_in_order, results_of  # noqa: E402
from processes import running_with, wait_until  # noqa: E402
from remote_shell import RemoteShell  # noqa: E402
from xrootd_server import serving_outputs  # noqa: E402

from cmsml_tasks.files import sha256_of  # noqa: E402

FAMILIES = ("TrainModel", "ExportGraph", "ValidateGraph")
SETTINGS = ("hidden_units=4", "hidden_units=5")
SHARES = {"": 1.0, "TrainModel": 1.0, "ExportGraph": 0.65, "ValidateGraph": 0.4}
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
UNLIKE = ("manifest.json", "validation.json")


@dataclass
class Kill:
    """What was killed, how, when (seconds after its start), and what was wrong afterwards."""

    seed: int
    store: str
    begins_with: str
    settings: str
    workers: int
    signal: str
    to: str
    after: float = 0.0
    outcome: str = "right"
    wrong: list[str] = field(default_factory=list)


def digests_of(shell: Shell) -> dict[str, str]:
    """Return the digest of each file in a store that should be the same in others."""
    names = [name for name in shell.files() if Path(name).name not in UNLIKE]
    return {name: sha256_of(shell.store / name) for name in names}


class Chain:
    """The whole chain of a small recipe in a store of its own.

    Args:
        shell: runs it.
        folder: for temporary files of its runs.
        expected: digests of the files in the store after an undisturbed run, by settings.
    """

    def __init__(self, shell: Shell, folder: Path, expected: dict[str, dict[str, str]]) -> None:
        self.shell, self.expected = shell, expected
        self.temporary = folder / "tmp"
        self.temporary.mkdir(parents=True)
        self.mark = f"{os.getpid()}-{folder.name}"
        self.seconds = 20.0  # that a run from nothing takes

    def command(self, settings: str, workers: int = 1) -> tuple[str, ...]:
        given = ("--settings", settings) if settings else ()
        parallel = ("--workers", str(workers)) if workers > 1 else ()
        return ("ValidateGraph", "--version", "v1", "--recipe", TINY, *given, *parallel)

    def start(self, settings: str, workers: int) -> Any:
        variables = {"TMPDIR": str(self.temporary), "CHAIN_OF_KILLS": self.mark}
        return self.shell.start(*self.command(settings, workers), **variables)

    def digests(self) -> dict[str, str]:
        """Return the digest of each file in the store that should be the same again."""
        return digests_of(self.shell)

    def remove_from(self, family: str) -> None:
        """Remove what that task and those behind it have made."""
        for each in FAMILIES[FAMILIES.index(family) :]:
            shutil.rmtree(self.shell.store / each, ignore_errors=True)

    def kill(self, kill: Kill, part: float) -> None:
        """Start a run and end it after a *part* of the time that it takes; note what is wrong."""
        if kill.begins_with:
            self.remove_from(kill.begins_with)
        process = self.start(kill.settings, kill.workers)
        kill.after = round(part * SHARES[kill.begins_with] * self.seconds, 2)
        time.sleep(kill.after)
        if process.poll() is None:
            end = os.killpg if kill.to == "group" else os.kill
            end(process.pid, signal.Signals[kill.signal])
            self.seconds *= 1.02
        else:
            kill.outcome = "had ended"
            self.seconds *= 0.9  # the machine is not as busy as it was
        text = self._finished(process)
        if "Traceback" in text and not is_interrupted_at_its_start(text):
            kill.wrong.append(text)
        self._wait_for_processes(kill.wrong)
        kill.wrong += self.lies()

    def complete(self, settings: str) -> list[str]:
        """Run to the end; return what is wrong about it and about what it leaves."""
        process = self.start(settings, 1)
        text = self._finished(process)
        wrong = [text] if process.returncode or "Traceback" in text else []
        self._wait_for_processes(wrong)
        expected, found = self.expected.get(settings), self.digests()
        for name in sorted({*(expected or ()), *found}) if expected else ():
            if expected.get(name) != found.get(name):
                wrong.append(f"{name} is not what an undisturbed run makes")
        odd = [*self.shell.store.rglob(".*"), *self.shell.store.rglob("*.lock")]
        odd += self.temporary.iterdir()
        wrong += [f"left behind: {path}" for path in odd]
        for path in self.temporary.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        return wrong + self.lies()

    def lies(self) -> list[str]:
        """Return what manifests say of bytes that are not there."""
        found = []
        for path in self.shell.store.rglob("manifest.json"):
            if path.parent.name.startswith("."):
                continue
            for name, output in json.loads(path.read_text())["outputs"].items():
                file = path.parent / name
                if not file.exists() or sha256_of(file) != output["sha256"]:
                    found.append(f"{path} lies about {name}")
        return found

    def _finished(self, process: Any) -> str:
        try:
            return finished(process)
        finally:  # also where this process is asked to end meanwhile
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)

    def _wait_for_processes(self, wrong: list[str]) -> None:
        try:
            wait_until(lambda: not running_with("CHAIN_OF_KILLS", self.mark))
        except AssertionError:
            wrong.append(f"still there: {running_with('CHAIN_OF_KILLS', self.mark)}")


def chosen(seed: int, stores: list[str], settings: tuple[str, ...]) -> tuple[Kill, float, bool]:
    """Return the kill that a seed stands for, its part of the run, and whether a run follows."""
    rng = random.Random(f"kill {seed}")
    kill = Kill(
        seed,
        rng.choice(stores),
        rng.choice(("", *FAMILIES)),
        rng.choice(settings),
        rng.choice((1, 2)),
        rng.choice(SIGNALS).name,
        rng.choice(("process", "group")),
    )
    return kill, rng.random(), rng.random() < 0.6


def killed(chains: dict[str, Chain], seeds: list[int], settings: tuple[str, ...]) -> Any:
    """Kill for each of *seeds*, and give what came of it; several kills may precede a run.

    Those before a run are given once that run has ended, since it decides about them too.
    """
    waiting: dict[str, list[Kill]] = {name: [] for name in chains}
    for seed in seeds:
        kill, part, is_last = chosen(seed, sorted(chains), settings)
        chain = chains[kill.store]
        chain.kill(kill, part)
        waiting[kill.store].append(kill)
        if is_last or seed == seeds[-1]:
            wrong = chain.complete(kill.settings)
            for each in waiting[kill.store]:
                each.wrong += wrong
            yield from waiting[kill.store]
            waiting[kill.store] = []
    for name, kills in waiting.items():
        if kills:
            wrong = chains[name].complete(kills[-1].settings)
            for each in kills:
                each.wrong += wrong
                yield each


def remote_shell(server: Any, name: str) -> RemoteShell:
    """Return a shell with its store in a folder of that *name* on the server."""
    (url,) = (each for each in server.urls if each.startswith("root://"))
    return RemoteShell(server.store / name, url=f"{url}/{name}", gfal2=server.gfal2)


def chains_in(folder: Path, server: Any) -> dict[str, Chain]:
    """Return a chain in a local store and one on the server, which know what they should make."""
    local = Chain(Shell(folder / "store"), folder / "local", {})
    for settings in SETTINGS:
        start = time.monotonic()
        wrong = local.complete(settings)
        assert not wrong, wrong
        local.seconds = time.monotonic() - start
        local.expected[settings] = local.digests()
    remote = Chain(remote_shell(server, "store"), folder / "remote", local.expected)
    remote.seconds = local.seconds
    return {"local": local, "xrootd": remote}


def main() -> int:
    """Kill what has not been killed yet; the status is 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--first", type=int, default=1, help="the first seed; default: 1")
    parser.add_argument("--results", type=Path, default=Path("kills.jsonl"))
    options = parser.parse_args()
    before = {each["seed"] for each in results_of(options.results)}
    seeds = range(options.first, options.first + options.count)
    left = [seed for seed in seeds if seed not in before]
    print(f"seeds {seeds[0]} to {seeds[-1]}, {len(left)} left", flush=True)
    end_in_order()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kills-")))
        chains = chains_in(folder, stack.enter_context(serving_outputs()))
        file = stack.enter_context(options.results.open("a"))
        for kill in killed(chains, left, SETTINGS):
            kill.outcome = "wrong" if kill.wrong else kill.outcome
            print(json.dumps(asdict(kill)), file=file, flush=True)
            if kill.wrong:
                print(f"seed {kill.seed}: {kill.wrong[0][-300:]}", flush=True)
    every = results_of(options.results)
    counts = Counter((each["outcome"], each["store"]) for each in every)
    print(f"{len(every):,} kills: {dict(counts)}")
    return int(any(each["wrong"] for each in every))


if __name__ == "__main__":
    sys.exit(main())
