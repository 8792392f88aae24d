"""What runtimes that start a program of their own have in common: its life and its deaths."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cmsml_tasks.errors import UserError
from cmsml_tasks.files import no_space
from cmsml_tasks.runtimes.runtime import (
    BatchRun,
    GraphFacts,
    GraphRun,
    RuntimeCrashError,
    RuntimeUnavailableError,
)
from cmsml_tasks.runtimes.session_worker import NO_SPACE
from cmsml_tasks.temporary import temporary_folder

if TYPE_CHECKING:
    from cmsml_tasks.runtimes.runtime import Arrays

_MORE_SPACE = "free space there, or set TMPDIR to a folder with more of it"
_STAMP = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: |^(?=[IWEF]\d{4} ).\d{4} \S+ +\d+ ")
_NOISE = re.compile(r"^WARNING: All log messages before|^\*\*\* |^\s*@ +0x|^I\d{4} |^\s*$")


@dataclass(frozen=True)
class Request:
    """What a child is asked for; ``optimize`` has an entry for each of the feeds."""

    graph: str
    outputs: tuple[str, ...]
    optimize: tuple[bool, ...]


@dataclass(frozen=True)
class Loaded:
    """What a child said once it had tried to load the graph; ``failure`` is None if it had."""

    program: str | None = None
    failure: str | None = None
    facts: GraphFacts | None = None
    multiplied: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ChildRuntime(ABC):
    """Evaluates graphs in a child process that talks through a folder.

    A child lives through: started -> graph loaded -> batch after batch -> ended. When it dies in
    a batch, that batch is marked and another child goes on with the next, *restarts* times at
    most; when it dies earlier, the graph counts as not loadable. The child never is a fork:
    TensorFlow hangs in one. It stops when this process ends, however that comes about.

    Args:
        timeout: seconds that a child may take before it is stopped.
        intra_op_threads: threads within an operation; they can change the last digits.
        restarts: children started after the first one.
        environment: variables for the child, on top of those of this process.
    """

    timeout: float = 600.0
    intra_op_threads: int = 1
    restarts: int = 3
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    @abstractmethod
    def name(self) -> str:
        """The word for this runtime in reports."""

    @property
    def only_way(self) -> str | None:
        """Nothing: a session rewrites the graph, or leaves it as it is."""
        return None

    @abstractmethod
    def check(self) -> None:
        """Look whether the runtime is there, without starting anything.

        Raises:
            RuntimeUnavailableError: it is not; the message says how to get it.
        """

    @abstractmethod
    def _command(self) -> tuple[str, ...]:
        """Return the program, which is then given the folder."""

    @abstractmethod
    def _ask(self, folder: Path, request: Request, first: int) -> None:
        """Write down that the batches from *first* on are wanted."""

    @abstractmethod
    def _write_inputs(self, folder: Path, number: int, feed: Arrays) -> None:
        """Write the arrays to feed for one batch."""

    @abstractmethod
    def _read_loaded(self, folder: Path) -> Loaded | None:
        """Read what became of the graph, None if the child has not come that far."""

    @abstractmethod
    def _read_batch(self, folder: Path, number: int, request: Request) -> BatchRun | None:
        """Read what became of a batch, None if the child has not come that far."""

    def run(
        self,
        graph: str | os.PathLike[str],
        feeds: Sequence[Arrays],
        outputs: Sequence[str],
        optimize: Sequence[bool] = (),
    ) -> GraphRun:
        """Load *graph* once and evaluate it for each of *feeds*; see :class:`Runtime`.

        Rewriting changes digits (0.7 to 3 parts in a million in deep networks), so that it is off
        unless asked for: a frozen graph and its original then agree to the bit. One child
        evaluates both ways.

        Raises:
            RuntimeUnavailableError: the interpreter or its TensorFlow is not there.
            RuntimeCrashError: the child program failed in itself.
            UserError: the folder for temporary files cannot be used, or is full.
            ValueError: *optimize* is of another length than *feeds*.
        """
        choices = tuple(optimize) or (False,) * len(feeds)
        if len(choices) != len(feeds):
            raise ValueError(f"{len(choices)} choices to optimize for {len(feeds)} feeds")
        request = Request(os.path.abspath(graph), tuple(outputs), choices)
        command = self._command()
        with _temporary_folder() as folder:
            for number, feed in enumerate(feeds):
                self._write_inputs(folder, number, feed)
            return self._batch_after_batch(command, folder, request)

    def _batch_after_batch(
        self, command: tuple[str, ...], folder: Path, request: Request
    ) -> GraphRun:
        deaths: dict[int, str] = {}
        first, last = 0, len(request.optimize)
        for _ in range(self.restarts + 1):
            self._ask(folder, request, first)
            death = self._child(command, folder)
            loaded = self._read_loaded(folder) or Loaded(
                failure=death or "the child program left no word about the graph"
            )
            if loaded.failure is not None:
                reason = f"the graph could not be loaded: {loaded.failure}"
                every = (BatchRun(error=reason),) * last
                return GraphRun(None, every, loaded.failure, loaded.program)
            if death is None:
                break
            missing = (
                n for n in range(first, last) if self._read_batch(folder, n, request) is None
            )
            stuck = next(missing, last)
            deaths[stuck] = death
            first = stuck + 1
            if first >= last:
                break
        untried = f"not tried: the process had died {len(deaths)} times before"
        batches = tuple(
            self._read_batch(folder, number, request)
            or (
                BatchRun(error=deaths[number], died=True)
                if number in deaths
                else BatchRun(error=untried, tried=False)
            )
            for number in range(last)
        )
        return GraphRun(loaded.facts, batches, program=loaded.program, multiplied=loaded.multiplied)

    def _child(self, command: tuple[str, ...], folder: Path) -> str | None:
        """Run one child to its end; returns what it died of, None if it did not."""
        log = folder / "log.txt"
        with open(log, "wb") as stream:
            try:
                child = subprocess.Popen(
                    [*command, str(folder)],
                    bufsize=0,
                    stdin=subprocess.PIPE,
                    stdout=stream,
                    stderr=stream,
                    env=self._environment(command[0]),
                    cwd=folder,
                    start_new_session=True,
                )
            except OSError as error:
                raise RuntimeUnavailableError(
                    f"runtime '{self.name}': cannot start {command[0]}: {error.strerror}; give "
                    "the path of a Python interpreter that has TensorFlow"
                ) from error
            assert child.stdin is not None
            try:
                # the child stops at the end of this pipe, which comes when this process dies
                with suppress(BrokenPipeError):
                    child.stdin.write(b"\n")
                code = child.wait(self.timeout)
            except subprocess.TimeoutExpired:
                return f"no answer within {self.timeout:g} s, stopped"
            finally:
                if child.poll() is None:
                    os.killpg(child.pid, signal.SIGKILL)
                    child.wait()
                child.stdin.close()
        return self._verdict(command[0], code, _tail(log))

    def _verdict(self, program: str, code: int, tail: str) -> str | None:
        if code == 0:
            return None
        if code == NO_SPACE:
            raise UserError(
                f"no space for the outputs of the graph in {tempfile.gettempdir()}; {_MORE_SPACE}"
            )
        # A shell or container around the interpreter reports signal n as exit code 128 + n.
        number = -code if code < 0 else code - 128
        if number not in set(signal.Signals):
            raise RuntimeCrashError(f"{program} ended with exit code {code}: {tail}")
        name = signal.Signals(number).name
        hint = " (from outside, most likely for want of memory)" if name == "SIGKILL" else ""
        return f"the process died of {name}{hint}" + (f": {tail}" if tail else "")

    def _environment(self, program: str) -> dict[str, str]:
        variables = dict(os.environ)
        if program != sys.executable:
            # These point to modules for the Python of this process, not for another one.
            for name in ("PYTHONHOME", "PYTHONPATH"):
                variables.pop(name, None)
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "2"}
        return {**quiet, **variables, "CUDA_VISIBLE_DEVICES": "-1", **self.environment}


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    """Give a folder that is gone in the end; what the system says against it is for the user."""
    try:
        with temporary_folder("session") as folder:
            yield folder
    except OSError as error:
        where = f" {tempfile.tempdir}" if tempfile.tempdir else ""
        advice = _MORE_SPACE if no_space(error) else "set TMPDIR to a folder that can be written"
        raise UserError(
            f"cannot use the folder for temporary files{where}: {error.strerror or error}; {advice}"
        ) from error


def _tail(log: Path, lines: int = 8, width: int = 400) -> str:
    """Give the last lines of the child's log without stack frames, times and process numbers."""
    text = log.read_text(encoding="utf-8", errors="replace")
    kept = [line for line in text.splitlines() if not _NOISE.match(line)]
    fatal = [line for line in kept if re.match(r"F\d{4} |.{26,30}: F ", line)]
    chosen = (fatal or kept)[-lines:]
    return "\n".join(_STAMP.sub("", line).strip()[:width] for line in chosen)
