"""The real command line, run as a user would from the repository's root."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

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

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start ``law run`` with standard error and output in one pipe."""
        return subprocess.Popen(
            [LAW, "run", *arguments],
            cwd=self.folder,
            env=self.environment(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
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

    def python(self, code: str) -> str:
        """Run *code* in a fresh interpreter and return what it printed."""
        command = [sys.executable, "-c", code]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment(), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def files(self) -> list[str]:
        """Return all files in the store, relative to it."""
        return sorted(
            str(path.relative_to(self.store)) for path in self.store.rglob("*") if path.is_file()
        )
