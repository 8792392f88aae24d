"""Somebody else's law tasks in a folder of their own, run with the real command line."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from law_commands import finished, started, summary
from processes import wait_until

from cmsml_tasks.files import sha256_of

TOY = Path(__file__).parent / "toy"
LAW = Path(sys.executable).with_name("law")
TASKS = "toy_tasks"


@dataclass
class HeldRun:
    """A run that waits before it writes."""

    process: subprocess.Popen[str]
    _go_on: Path

    def go_on(self) -> tuple[int, str]:
        """Let it go on; return its exit status and words."""
        self._go_on.touch()
        text = finished(self.process)
        return self.process.returncode, text


@dataclass
class Project:
    """A copy of the toy tasks with a store and a cache of its own."""

    folder: Path

    @classmethod
    def new(cls, folder: Path) -> Project:
        """Copy the tasks to *folder*, with five points of data."""
        shutil.copytree(TOY, folder)
        (folder / "data.txt").write_text("1 2 3 4 5")
        return cls(folder)

    @property
    def store(self) -> Path:
        return self.folder / "store"

    def environment(self, **variables: str) -> dict[str, str]:
        given = {
            "PYTHONPATH": f"{self.folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
            "TOY_STORE": str(self.store),
            "TOY_KEEP": "never",
            "CMSML_CACHE": str(self.folder / "cache"),
            "PATH": f"{LAW.parent}{os.pathsep}{os.environ['PATH']}",
        }
        return {**os.environ, **given, **variables}

    def start(self, task: str, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        command = [LAW, "run", f"{TASKS}.{task}", "--version", "v1", *arguments]
        return started(command, self.folder, self.environment(**variables))

    @contextmanager
    def held(self, task: str, *arguments: str, **variables: str) -> Iterator[HeldRun]:
        """Give a run that has come to where it writes, and waits there to go on."""
        go_on = self.folder / "go on"
        reached = self.folder / "go on.reached"
        with self.start(task, *arguments, TOY_HOLD=str(go_on), **variables) as process:
            wait_until(lambda: reached.exists() or process.poll() is not None)
            assert reached.exists(), finished(process)
            reached.unlink()
            yield HeldRun(process, go_on)
        go_on.unlink(missing_ok=True)

    def attempt(self, task: str, *arguments: str, **variables: str) -> tuple[int, str]:
        """Return exit status and words of a run."""
        with self.start(task, *arguments, **variables) as process:
            text = finished(process)
        return process.returncode, text

    def law(self, task: str, *arguments: str, **variables: str) -> str:
        """Return what a run printed, which must have been a good one."""
        status, text = self.attempt(task, *arguments, **variables)
        assert status == 0, text
        assert "Traceback" not in text, text
        return text

    def status(self, task: str, *arguments: str, **variables: str) -> dict[str, str]:
        """Return the verdict on each task by its family."""
        text = self.law(task, *arguments, "--print-status=-1", **variables)
        lines = [line.strip("│├└─ ") for line in text.splitlines()]
        families = [i for i, line in enumerate(lines) if " > " in line]
        return {lines[i].partition(" > ")[2].partition("(")[0]: lines[i + 2] for i in families}

    def explained(self, task: str, *arguments: str) -> dict[str, str]:
        """Return what --explain says of each task: the first column, by family."""
        text = self.law(task, *arguments, "--explain")
        rows = [re.split(r" {2,}", line) for line in text.splitlines()[1:] if "  " in line]
        return {row[1]: row[0] for row in rows}

    def run(self, task: str, *arguments: str, **variables: str) -> dict[str, dict[str, int]]:
        """Run and return the table at the end."""
        return summary(self.law(task, *arguments, **variables))

    def manifest(self, *parts: str) -> Path:
        path = self.store.joinpath(*parts)
        return path.with_name(f"{path.name}.manifest.json")

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def times(self) -> dict[str, int]:
        """Return when each file in the store was written."""
        return {
            str(path.relative_to(self.store)): path.stat().st_mtime_ns
            for path in self.store.rglob("*")
            if path.is_file()
        }

    def lies(self) -> list[str]:
        """Return what manifests say of bytes that are not there; removed outputs are no lie."""
        found = []
        for path in self.store.glob("*/v1/**/[!.]*.manifest.json"):
            if path.parent.name.startswith("."):
                continue
            for name, output in json.loads(path.read_text())["outputs"].items():
                file = path.parent / name
                if not file.exists() or sha256_of(file) != output["sha256"]:
                    found.append(f"{path}: {name}")
        return found
