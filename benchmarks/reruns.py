"""What dependency-tracked reruns cost to look at, against plain law.

Two workflows, `Train` and `Export`, each with N branches of two files, once as plain law workflows
and once with `TrackedTask` as first base; nothing else differs. `--print-status 0` and a run with
nothing to do run as whole processes, tracked and plain in turn; figures are medians of the ratios.
The tracked ones look at both workflows, plain law at the last one alone.

"First look" is what a new machine or an empty cache costs, once. `ExportGraph` is this project's
own, with a scan of N points. Neither is promised. Exit status 1 if a promise is broken.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LAW = str(Path(sys.executable).with_name("law"))
MEMORY = 1.2
ROUNDS = {1: 15, 1_000: 5, 10_000: 3}
QUICK_ROUNDS = 3
LAW_CFG = """
[logging]
law: WARNING

[luigi_core]
local_scheduler: True
no_lock: True
log_level: WARNING

[luigi_worker]
check_complete_on_run: True
"""
BASES = {
    "plain": "import law\n\n\nclass Base(law.LocalWorkflow):\n    pass\n",
    "tracked": "import law\nfrom cmsml_tasks.tracking import TrackedTask\n\n\n"
    "class Base(TrackedTask, law.LocalWorkflow):\n    pass\n",
}
READS = 1_000
# as a run that was seen to read so many files
SEEN_READING = """
import os
from cmsml_tasks.files import sha256
from cmsml_tasks.observing.observed import Observed

def read():
    folder = os.path.abspath("reads")
    paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    return Observed({path: sha256(path) for path in paths})
"""
CHAIN = """
import os
import law
import luigi
from base import Base

class Train(Base):
    version = luigi.Parameter()
    points = luigi.IntParameter()

    def create_branch_map(self):
        return {i: {"point": i} for i in range(self.points)}

    def local_target(self, name):
        folder = os.path.join(os.environ["STORE"], self.task_family, self.version)
        return law.LocalFileTarget(f"{folder}/point={self.branch_data['point']}/{name}")

    def output(self):
        return {"model": self.local_target("model.json"), "log": self.local_target("log.json")}

    def run(self):
        for target in self.output().values():
            target.dump({"point": self.branch_data["point"]}, formatter="json")
        if hasattr(self, "observed") and os.path.isdir("reads"):
            from reading import read
            self.observed = read()

class Export(Train):
    def local_workflow_requires(self):
        return {"model": Train.req(self)}

    def requires(self):
        return {"model": Train.req(self)}

    def output(self):
        return {"graph": self.local_target("graph.json"), "card": self.local_target("card.json")}
"""
# each branch in this process: luigi's scheduler would take most of the time
MAKE_CHAIN = """
import sys
import chain

for task in (chain.Train, chain.Export):
    for branch in task(version="v1", points=int(sys.argv[1])).get_branch_tasks().values():
        branch.run()
"""
MAKE_SCAN = """
import sys
from pathlib import Path
from cmsml_tasks.tasks import ExportGraph, GenerateEvents, TrainModel
from cmsml_tasks.tracking.runs.task_run import make

def write(task):
    for path in map(Path, task.output_paths()):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(task.task_id)

tasks = [GenerateEvents(version="v1")]
for each in (TrainModel, ExportGraph):
    tasks += each(version="v1", scan=sys.argv[1]).get_branch_tasks().values()
for task in tasks:
    make(task, lambda task=task: write(task))
"""


@dataclass
class Command:
    """A command with the folder and variables that it runs with."""

    words: list[str]
    folder: Path
    variables: dict[str, str]

    def run(self) -> tuple[float, int]:
        """Return wall time in s and peak memory in kB."""
        environment = {**os.environ, **self.variables}
        # all run from byte code, as everywhere but in a container that forbids to write it
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        started = time.perf_counter()
        process = subprocess.Popen(
            self.words,
            cwd=self.folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"exit status {process.returncode}: {' '.join(self.words)[:200]}")
        return time.perf_counter() - started, usage.ru_maxrss


@dataclass
class Case:
    """A comparison; *promised* is the largest ratio of times, None where nothing is promised."""

    name: str
    plain: Command
    tracked: Command
    promised: float | None
    rounds: int

    def measure(self) -> bool:
        """Print a row of the table and return whether the promise holds."""
        pairs = [(self.tracked.run(), self.plain.run()) for _ in range(self.rounds)]
        ratio = statistics.median(ours[0] / law[0] for ours, law in pairs)
        memory = statistics.median(ours[1] / law[1] for ours, law in pairs)
        seconds = [statistics.median(pair[i][0] for pair in pairs) for i in (1, 0)]
        promised = "-" if self.promised is None else f"{self.promised:.2f}"
        print(
            f"| {self.name} | {seconds[0]:.2f} s | {seconds[1]:.2f} s | {ratio:.2f} | {promised} "
            f"| {memory:.2f} |",
            flush=True,
        )
        return self.promised is None or (ratio <= self.promised and memory <= MEMORY)


class Stores:
    """Projects, stores and caches in a temporary folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for kind, base in BASES.items():
            project = folder / kind
            project.mkdir()
            (project / "law.cfg").write_text(LAW_CFG)
            (project / "base.py").write_text(base)
            (project / "chain.py").write_text(CHAIN)
            (project / "make.py").write_text(MAKE_CHAIN)
            (project / "reading.py").write_text(SEEN_READING)

    def chain(self, kind: str, points: int, *arguments: str, cache: str = "cache") -> Command:
        words = [LAW, "run", "chain.Export", "--version", "v1", "--points", str(points)]
        return Command([*words, *arguments], self.folder / kind, self._variables(kind, cache))

    def _variables(self, kind: str, cache: str) -> dict[str, str]:
        folder = self.folder / kind
        return {
            "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
            "STORE": str(folder / "store"),
            "CMSML_CACHE": str(folder / cache),
        }

    def make_reads(self) -> None:
        """Make the files that runs read from now on."""
        reads = self.folder / "tracked" / "reads"
        reads.mkdir()
        for number in range(READS):
            (reads / f"{number}.json").write_text(str(number))

    def make_chain(self, points: int) -> None:
        for kind in BASES:
            shutil.rmtree(self.folder / kind / "store", ignore_errors=True)
            words = [sys.executable, "make.py", str(points)]
            Command(words, self.folder / kind, self._variables(kind, "cache")).run()

    def scan(self, points: int) -> Command:
        """Make a store for ExportGraph and return the command that looks at it."""
        variables = {
            "CMSML_STORE": str(self.folder / "scan"),
            "CMSML_CACHE": str(self.folder / "scan-cache"),
        }
        scan = "hidden_units=" + ":".join(map(str, range(1, points + 1)))
        Command([sys.executable, "-c", MAKE_SCAN, scan], ROOT, variables).run()
        words = [LAW, "run", "ExportGraph", "--version", "v1", "--scan", scan]
        return Command([*words, "--print-status", "0"], ROOT, variables)


def cases(stores: Stores, points: int, rounds: int) -> Sequence[Case]:
    """Return the comparisons at a number of branches; their stores are made."""
    stores.make_chain(points)
    look = ("--print-status", "0")
    plain, tracked = (stores.chain(kind, points, *look) for kind in ("plain", "tracked"))
    first = stores.chain("tracked", points, *look, cache=f"first-{points}")
    promised = 1.25 if points == 1 else 1.0
    name = f"{points:,} branch{'es' if points > 1 else ''}"
    found = [
        Case(f"{name}, `--print-status 0`", plain, tracked, promised, rounds),
        Case(
            f"{name}, no-op run",
            stores.chain("plain", points),
            stores.chain("tracked", points),
            promised,
            rounds,
        ),
        Case(f"{name}, first look", plain, first, None, 1),
    ]
    tracked.run()
    return found


def reading_case(stores: Stores, rounds: int) -> Case:
    """Return the comparison for a branch of which each task has read many files."""
    stores.make_reads()
    stores.make_chain(1)
    plain, tracked = (stores.chain(kind, 1) for kind in ("plain", "tracked"))
    tracked.run()
    return Case(f"{READS:,} files read, no-op run", plain, tracked, 1.25, rounds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three rounds, no 10,000 branches")
    given = parser.parse_args()
    sizes = [points for points in ROUNDS if points <= 1_000 or not given.quick]
    kept = True
    print("| | plain law | tracked | ratio | promised | memory |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        stores = Stores(Path(name))
        for points in sizes:
            for case in cases(stores, points, QUICK_ROUNDS if given.quick else ROUNDS[points]):
                kept &= case.measure()
            if points == 1_000 and not given.quick:
                look = stores.chain("plain", points, "--print-status", "0")
                scan = stores.scan(points)
                scan.run()
                Case("1,000 points, `ExportGraph`", look, scan, None, 3).measure()
        rounds = QUICK_ROUNDS if given.quick else ROUNDS[1]
        kept &= reading_case(stores, rounds).measure()
    print(f"memory: at most {MEMORY} promised; {'all promises hold' if kept else 'BROKEN'}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
