"""The real command line, run as a user would from the repository's root."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from law_commands import started, summary

ROOT = Path(__file__).resolve().parents[2]
LAW = Path(sys.executable).with_name("law")
TINY = "tiny_recipes.TinyRecipe"


@dataclass
class Done:
    """A finished command."""

    status: int
    text: str

    def refused(self, *words: str) -> None:
        """Check that the command ended as a user's mistake should: a message, no traceback."""
        assert self.status != 0, self.text
        assert "Traceback" not in self.text, self.text
        for word in words:
            assert word in self.text, self.text


@dataclass
class Shell:
    """Runs law with a store of its own and the test recipes on the import path."""

    store: Path
    folder: Path = ROOT

    def environment(self, **variables: str) -> dict[str, str]:
        """Return the variables of a command."""
        path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
        places = {"CMSML_STORE": str(self.store), "CMSML_CACHE": str(self.store.parent / "cache")}
        return {**os.environ, "PYTHONPATH": path, **places, **variables}

    def start(
        self, *arguments: str, to: IO[str] | int = subprocess.PIPE, **variables: str
    ) -> subprocess.Popen[str]:
        """Start ``law run`` with standard error and output in one pipe, or in the file *to*."""
        return started(
            [LAW, "run", *arguments],
            self.folder,
            self.environment(**variables),
            stdout=to,
            # a shell's background jobs ignore it, and hand that on
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    def try_law(self, *arguments: str, **variables: str) -> Done:
        """Run ``law run`` to its end, whatever that is."""
        process = self.start(*arguments, **variables)
        text, _ = process.communicate(timeout=300)
        return Done(process.returncode, text)

    def law(self, *arguments: str, **variables: str) -> str:
        """Run ``law run``, which must succeed, and return what it printed."""
        done = self.try_law(*arguments, **variables)
        assert done.status == 0, done.text
        assert "Traceback" not in done.text, done.text
        return done.text

    def status(self, *arguments: str, **variables: str) -> dict[str, str]:
        """Return what --print-status says of each task by its family."""
        text = self.law(*arguments, "--print-status=-1", **variables)
        found, family = {}, ""
        for line in (line.strip("│├└─ ") for line in text.splitlines()):
            if " > " in line:
                family = line.partition(" > ")[2].partition("(")[0]
            elif line.startswith(("complete", "stale", "archived", "missing")):
                found.setdefault(family, line)
        return found

    def explained(self, *arguments: str, **variables: str) -> dict[str, str]:
        """Return what --explain says of each task: the first column, by family."""
        text = self.law(*arguments, "--explain", **variables)
        rows = [re.split(r" {2,}", line) for line in text.splitlines()]
        return {row[1]: row[0] for row in rows if len(row) > 2 and row[0] != "what"}

    def run(self, *arguments: str, **variables: str) -> dict[str, dict[str, int]]:
        """Run law and return the table at the end; see `summary`."""
        return summary(self.law(*arguments, **variables))

    def tracking(self, *arguments: str, **variables: str) -> Done:
        """Run ``python -m cmsml_tasks.tracking`` to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "cmsml_tasks.tracking", *arguments],
            cwd=self.folder,
            env=self.environment(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return Done(done.returncode, done.stdout)

    def python(self, code: str) -> str:
        """Run *code* in a fresh interpreter and return what it printed."""
        command = [sys.executable, "-c", code]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment(), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def copied_to(self, folder: Path) -> Shell:
        """Return a shell with a copy of the store in *folder*, and with an empty cache."""
        shutil.copytree(self.store, folder / "store", symlinks=True)
        return type(self)(folder / "store", self.folder)

    def times(self) -> dict[str, int]:
        """Return when each file in the store was written."""
        return {name: (self.store / name).stat().st_mtime_ns for name in self.files()}

    def written_since(self, before: dict[str, int]) -> set[str]:
        """Return the tasks that have written into the store since *before* was taken."""
        after = self.times()
        names = {name for name in {*before, *after} if before.get(name) != after.get(name)}
        return {name.partition("/")[0] for name in names}

    def files(self) -> list[str]:
        """Return all files in the store, relative to it."""
        return sorted(
            str(path.relative_to(self.store)) for path in self.store.rglob("*") if path.is_file()
        )


def wait_for_trainings(process: subprocess.Popen[str], number: int = 1) -> None:
    """Read what a run prints until so many trainings of the SlowRecipe have begun."""
    assert process.stdout is not None
    for line in process.stdout:
        number -= line.count("training has begun")
        if number == 0:
            return
    raise AssertionError(f"ended with {process.wait()}, {number} trainings had yet to begin")


def modules_imported(text: str) -> set[str]:
    """Return the modules that a command has imported, run with PYTHONPROFILEIMPORTTIME."""
    return {line.rpartition("|")[2].strip() for line in text.splitlines() if "|" in line}
