"""Somebody's law tasks in a folder of their own, sent to a real batch system."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from law_commands import PATIENCE, finished, started

TOY = Path(__file__).parent / "toy"


@dataclass
class BatchProject:
    """A copy of the toy tasks, with a store, jobs and a cache of its own.

    Attributes:
        folder: where all of it is.
        system: what --workflow says.
        variables: environment of the batch system's commands.
        python: the interpreter that runs law.
        options: given to each run.
        place: what the site's configuration says in every test.
    """

    folder: Path
    system: str
    variables: dict[str, str]
    python: str = sys.executable
    options: tuple[str, ...] = ("--poll-interval", "0.5s")
    place: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.folder.exists():
            shutil.copytree(TOY, self.folder, ignore=shutil.ignore_patterns("__pycache__"))
        self.faults.mkdir(exist_ok=True)
        if self.place:
            self.write_site()

    @property
    def faults(self) -> Path:
        return self.folder / "faults"

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def jobs(self) -> Path:
        return self.folder / "jobs"

    def write_site(self, **options: str) -> None:
        """Make a site's configuration."""
        lines = [f"{name}: {value}" for name, value in {**self.place, **options}.items()]
        (self.folder / "site.cfg").write_text("\n".join(["[cmsml_tasks_batch]", *lines, ""]))
        self.variables["CMSML_SITE"] = "site.cfg"

    def write_site_script(self, **variables: str) -> None:
        """Make the site's own part of the bootstrap, which sets *variables*."""
        lines = [f"export {name}={value}\n" for name, value in variables.items()]
        (self.folder / "site.sh").write_text("".join(lines))

    def commit(self) -> None:
        """Make the project a git repository of its tasks."""
        (self.folder / ".gitignore").write_text("/jobs/\n/cache/\n/faults/\n/store/\n/site.*\n")
        for words in (["init"], ["add", "-A"], ["commit", "-m", "tasks"]):
            self.git(*words)

    def git(self, *words: str) -> None:
        """Run git in the project."""
        git = ["git", "-C", self.folder, "-c", "user.name=me", "-c", "user.email=me@localhost"]
        subprocess.run([*git, *words], check=True, capture_output=True)

    def environment(self, **variables: str) -> dict[str, str]:
        given = {
            "PYTHONPATH": f"{self.folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
            "CMSML_TEST_STORE": str(self.store),
            "CMSML_TEST_FAULTS": str(self.faults),
            "CMSML_CACHE": str(self.folder / "cache"),
            "PATH": f"{Path(self.python).parent}{os.pathsep}{os.environ['PATH']}",
        }
        return {**os.environ, **given, **self.variables, **variables}

    def start(self, *arguments: str, task: str = "Powers", **variables: str) -> subprocess.Popen:
        # a shell's background processes ignore Ctrl-C, and so would what they start
        heard = ["env", "--default-signal=INT"]
        command = [*heard, Path(self.python).with_name("law"), "run", f"batch_tasks.{task}"]
        if "--workflow" not in arguments:
            arguments = ("--workflow", self.system, *arguments)
        if "--version" not in arguments:
            arguments = ("--version", "v1", *arguments)
        command = [*command, *arguments, *self.options]
        return started(command, self.folder, self.environment(**variables))

    def attempt(self, *arguments: str, **variables: str) -> tuple[int, str]:
        """Return exit status and words of a run."""
        with self.start(*arguments, **variables) as process:
            text = finished(process)
        return process.returncode, text

    def law(self, *arguments: str, **variables: str) -> str:
        """Return what a run printed, which must have been a good one."""
        status, text = self.attempt(*arguments, **variables)
        assert status == 0, text
        assert "Traceback" not in text, text
        return text

    def refused(self, *arguments: str, **variables: str) -> str:
        """Return what a run printed that ended as a user's mistake should."""
        status, text = self.attempt(*arguments, **variables)
        assert status != 0, text
        assert "Traceback" not in text, text
        return text

    def tell(self, branch: int, kind: str, times: int = 1) -> None:
        """Make the first runs of a branch fail."""
        (self.faults / f"fault_{branch}").write_text(f"{kind} {times}")

    def runs(self, branch: int, task: str = "Powers") -> int:
        """Return how often a branch was run."""
        path = self.faults / f"runs_{task}_{branch}"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def all_runs(self, n: int = 3) -> list[int]:
        return [self.runs(branch) for branch in range(n)]

    def values(self, task: str = "Powers", version: str = "v1") -> dict[int, object]:
        """Return the content of the outputs by branch."""
        folder = self.store / task / version
        return {
            int(path.stem.partition("=")[2]): json.loads(path.read_text())
            for path in folder.glob("[!.]*.json")
            if not path.name.endswith("manifest.json")
        }

    def record(self) -> dict:
        """Return the record of the submitted jobs; empty without one."""
        for path in self.jobs.rglob(f"{self.system}_jobs_*.json"):
            try:
                return json.loads(path.read_text())
            except (ValueError, FileNotFoundError):
                return {}  # it is just being written
        return {}

    def job_id(self, branch: int) -> str:
        """Return the id of the job of a branch, as soon as there is one."""

        def found():
            for job in self.record().get("jobs", {}).values():
                known = job["job_id"] not in (None, "dummy_job_id")
                if branch in job["branches"] and known:
                    return str(job["job_id"])
            return None

        return self.wait_for(found)

    def wait_for(self, condition):
        """Return what *condition* returns once that is true."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            found = condition()
            if found:
                return found
            time.sleep(0.1)
        raise AssertionError(f"waited {PATIENCE} s in vain")

    def wait_until_running(self, branch: int, times: int = 1) -> None:
        """Return when a branch is being run."""
        self.wait_for(lambda: self.runs(branch) >= times)

    def logs(self) -> list[Path]:
        return sorted(self.jobs.rglob("log_*.txt"))


def states(text: str) -> list[dict[str, int]]:
    """Return the numbers in law's polling lines."""
    lines = [line for line in text.splitlines() if re.match(r"\d\d:\d\d:\d\d: all: ", line)]
    return [
        {
            name: int(number)
            for name, number in re.findall(r"(\w+): (?:\x1b\[\d+m)?(\d+)", line[10:])
        }
        for line in lines
    ]
