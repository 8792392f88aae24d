"""What jobs cost: many trivial branches on HTCondor, against `condor_submit` with `queue N`.

Both go to the same pool in one run, in turn. The baseline's jobs are `/bin/true`: what is measured
above it is law's and ours. A pool is started where none is on PATH (tests/pools/htcondor.sh).

    python benchmarks/batch.py                       # 1,000 branches, some 20 minutes on 2 cores
    python benchmarks/batch.py --branches 40 --quick # what continuous integration does
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
POOL = ROOT / "tests" / "pools" / "htcondor.sh"
TASK = """
import os

import law
import luigi

from cmsml_tasks.batch import BatchWorkflow
from cmsml_tasks.tracking import TrackedTask


class Trivial(TrackedTask, BatchWorkflow):
    version = luigi.Parameter()
    n = luigi.IntParameter()

    untracked_params = frozenset({"version", "n"})

    def create_branch_map(self):
        return {i: i for i in range(self.n)}

    def output(self):
        # a relative path would be one below the root of the file system to law
        path = os.path.abspath(f"store/{self.version}/{self.branch_data}.txt")
        return law.LocalFileTarget(path)

    def run(self):
        self.output().dump(str(self.branch_data), formatter="text")
"""
CONFIG = """
[luigi_core]
local_scheduler: True
no_lock: True

[luigi_worker]
check_complete_on_run: True
"""


@contextmanager
def pool(folder: Path) -> Iterator[dict[str, str]]:
    """Give the environment of a pool's commands; one of its own where none is on PATH."""
    if shutil.which("condor_submit"):
        yield dict(os.environ)
        return
    subprocess.run([POOL, "install", folder], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([POOL, "up", folder], check=True, stdout=subprocess.DEVNULL)
    try:
        lines = subprocess.run([POOL, "env", folder], check=True, capture_output=True, text=True)
        path = f"{folder}/bin:{os.environ['PATH']}"
        config = lines.stdout.partition("CONDOR_CONFIG='")[2].partition("'")[0]
        yield {**os.environ, "PATH": path, "CONDOR_CONFIG": config}
    finally:
        subprocess.run([POOL, "down", folder], check=True, stdout=subprocess.DEVNULL)


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


class Bench:
    """One project on one pool."""

    def __init__(self, folder: Path, environment: dict[str, str], branches: int) -> None:
        self.folder, self.environment, self.branches = folder, environment, branches
        (folder / "trivial.py").write_text(TASK)
        (folder / "law.cfg").write_text(CONFIG)
        self.environment |= {
            "PYTHONPATH": f"{folder}:{environment.get('PYTHONPATH', '')}",
            "CMSML_CACHE": str(folder / "cache"),
        }

    def call(self, *command: object) -> str:
        done = subprocess.run(
            [str(word) for word in command],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise SystemExit(f"{command}: {done.stdout[-3000:]}")
        return done.stdout

    def law(self, version: str, *arguments: object) -> str:
        law = Path(sys.executable).with_name("law")
        given = ["--version", version, "--n", self.branches, "--workflow", "htcondor"]
        return self.call(law, "run", "trivial.Trivial", *given, "--poll-interval", "5s", *arguments)

    def bare(self) -> tuple[float, float]:
        """Return the seconds of submission and of the whole, without law."""
        log = self.folder / "bare.log"
        lines = [
            "executable = /bin/true",
            "should_transfer_files = NO",
            f"log = {log}",
            f"queue {self.branches}",
        ]
        (self.folder / "bare.jdl").write_text("\n".join(lines))
        started = time.perf_counter()
        self.call("condor_submit", "bare.jdl")
        submitted = time.perf_counter() - started
        self.call("condor_wait", log)
        log.unlink()
        return submitted, time.perf_counter() - started

    def submission(self, per_job: int) -> float:
        """Return the seconds that a submission takes; its jobs are removed."""
        version = f"submit{per_job}"
        taken = seconds(lambda: self.law(version, "--no-poll", "--tasks-per-job", per_job))
        self.law(version, "--cancel-jobs")
        return taken

    def whole(self, per_job: int) -> float:
        """Return the seconds from the command to its end."""
        return seconds(lambda: self.law(f"whole{per_job}", "--tasks-per-job", per_job))

    def looking(self, per_job: int) -> float:
        """Return the seconds of a command that finds all there."""
        return seconds(lambda: self.law(f"whole{per_job}"))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--branches", type=int, default=1000)
    parser.add_argument("--per-job", default="20")
    parser.add_argument("--quick", action="store_true", help="10 branches in each job only")
    options = parser.parse_args()
    n = options.branches
    sizes = [10] if options.quick else [int(each) for each in options.per_job.split(",")]
    with tempfile.TemporaryDirectory(prefix="batch-", dir="/tmp") as name:
        folder = Path(name, "project")
        folder.mkdir()
        with pool(Path(name, "pool")) as environment:
            bench = Bench(folder, environment, n)
            submitted, whole = bench.bare()
            print(f"{n} branches, condor_submit with queue {n}")
            print(f"  submission {submitted:6.1f} s, to the end {whole:7.1f} s, {n / whole:.1f}/s")
            for per_job in [1, *sizes]:
                taken = bench.submission(per_job)
                print(
                    f"law, {per_job} per job: submission {taken:.1f} s, {taken / submitted:.1f} x"
                )
            for per_job in sizes:
                taken = bench.whole(per_job)
                above = (taken - whole) / n
                print(
                    f"law, {per_job} per job: to the end {taken:.1f} s, {n / taken:.1f}/s, "
                    f"{taken / whole:.1f} x, {above:.2f} s more for each branch; "
                    f"no-op rerun {bench.looking(per_job):.1f} s",
                    flush=True,
                )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
