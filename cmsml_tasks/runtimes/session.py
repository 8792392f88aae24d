"""The runtime that everybody has: a TensorFlow session in a fresh interpreter of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cmsml_tasks.errors import UserError
from cmsml_tasks.files import no_space
from cmsml_tasks.runtimes import session_worker
from cmsml_tasks.runtimes.runtime import (
    BatchRun,
    GraphFacts,
    GraphRun,
    Node,
    Placeholder,
    RuntimeCrashError,
    RuntimeUnavailableError,
    TensorFacts,
)
from cmsml_tasks.shapes import Shape

if TYPE_CHECKING:
    from cmsml_tasks.runtimes.runtime import Arrays

_MORE_SPACE = "free space there, or set TMPDIR to a folder with more of it"
_STAMP = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: |^(?=[IWEF]\d{4} ).\d{4} \S+ +\d+ ")
_NOISE = re.compile(r"^WARNING: All log messages before|^\*\*\* |^\s*@ +0x|^I\d{4} |^\s*$")


@dataclass(frozen=True)
class SessionRuntime:
    """Evaluates graphs in a TensorFlow session of a child interpreter.

    A child lives through: started -> graph loaded -> batch after batch -> ended. When it dies in
    a batch, that batch is marked and another child goes on with the next, *restarts* times at
    most; when it dies earlier, the graph counts as not loadable. The child never is a fork:
    TensorFlow hangs in one.

    Args:
        python: interpreter with TensorFlow 2.12 or newer; it need not have this package.
        timeout: seconds that a child may take before it is stopped.
        intra_op_threads: threads within an operation; they can change the last digits.
        restarts: children started after the first one.
        name: the word for this runtime in reports.
        environment: variables for the child, on top of those of this process.
    """

    python: str = sys.executable
    timeout: float = 600.0
    intra_op_threads: int = 1
    restarts: int = 3
    name: str = "session"
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def only_way(self) -> str | None:
        """Nothing: a session rewrites the graph, or leaves it as it is."""
        return None

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
        choices = list(optimize) or [False] * len(feeds)
        if len(choices) != len(feeds):
            raise ValueError(f"{len(choices)} choices to optimize for {len(feeds)} feeds")
        path = os.path.abspath(graph)
        with _temporary_folder() as folder:
            for number, feed in enumerate(feeds):
                session_worker.write_arrays(str(folder / f"inputs-{number:05d}.npz"), feed)
            request = {
                "graph": path,
                "outputs": list(outputs),
                "batches": len(feeds),
                "intra_op_threads": self.intra_op_threads,
                "optimize": choices,
            }
            return self._batch_after_batch(folder, request)

    def _batch_after_batch(self, folder: Path, request: Mapping[str, Any]) -> GraphRun:
        deaths: dict[int, str] = {}
        first, last = 0, request["batches"]
        for _ in range(self.restarts + 1):
            death = self._child(folder, {**request, "first": first})
            facts, failure = _read_facts(folder, death)
            if facts is None:
                reason = f"the graph could not be loaded: {failure}"
                return GraphRun(None, (BatchRun(error=reason),) * last, failure)
            if death is None:
                break
            stuck = next((n for n in range(first, last) if _read_batch(folder, n) is None), last)
            deaths[stuck] = death
            first = stuck + 1
            if first >= last:
                break
        untried = f"not tried: the process had died {len(deaths)} times before"
        batches = tuple(
            _read_batch(folder, number)
            or (
                BatchRun(error=deaths[number], died=True)
                if number in deaths
                else BatchRun(error=untried, tried=False)
            )
            for number in range(last)
        )
        return GraphRun(facts, batches)

    def _child(self, folder: Path, request: Mapping[str, Any]) -> str | None:
        """Run one child to its end; returns what it died of, None if it did not."""
        (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
        command = [self.python, session_worker.__file__, str(folder)]
        log = folder / "log.txt"
        with open(log, "wb") as stream:
            try:
                child = subprocess.Popen(
                    command,
                    bufsize=0,
                    stdin=subprocess.PIPE,
                    stdout=stream,
                    stderr=stream,
                    env=self._environment(),
                    cwd=folder,
                    start_new_session=True,
                )
            except OSError as error:
                raise RuntimeUnavailableError(
                    f"runtime '{self.name}': cannot start {self.python}: {error.strerror}; give "
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
        return self._verdict(code, _tail(log))

    def _verdict(self, code: int, tail: str) -> str | None:
        if code == 0:
            return None
        if code == session_worker.NO_TENSORFLOW:
            raise RuntimeUnavailableError(
                f"runtime '{self.name}': {self.python} cannot import TensorFlow ({tail}); "
                f"install it there: {self.python} -m pip install tensorflow"
            )
        if code == session_worker.NO_SPACE:
            raise UserError(
                f"no space for the outputs of the graph in {tempfile.gettempdir()}; {_MORE_SPACE}"
            )
        # A shell or container around the interpreter reports signal n as exit code 128 + n.
        number = -code if code < 0 else code - 128
        if number not in set(signal.Signals):
            raise RuntimeCrashError(f"{self.python} ended with exit code {code}: {tail}")
        name = signal.Signals(number).name
        hint = " (from outside, most likely for want of memory)" if name == "SIGKILL" else ""
        return f"the process died of {name}{hint}" + (f": {tail}" if tail else "")

    def _environment(self) -> dict[str, str]:
        variables = dict(os.environ)
        if self.python != sys.executable:
            # These point to modules for the Python of this process, not for another one.
            for name in ("PYTHONHOME", "PYTHONPATH"):
                variables.pop(name, None)
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "2"}
        return {**quiet, **variables, "CUDA_VISIBLE_DEVICES": "-1", **self.environment}


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    """Give a folder that is gone in the end; what the system says against it is for the user."""
    try:
        with tempfile.TemporaryDirectory(prefix="session-") as name:
            yield Path(name)
    except OSError as error:
        where = f" {tempfile.tempdir}" if tempfile.tempdir else ""
        advice = _MORE_SPACE if no_space(error) else "set TMPDIR to a folder that can be written"
        raise UserError(
            f"cannot use the folder for temporary files{where}: {error.strerror or error}; {advice}"
        ) from error


def _read_facts(folder: Path, death: str | None) -> tuple[GraphFacts | None, str]:
    try:
        content = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None, death or "the child program left no facts"
    if "failure" in content:
        return None, content["failure"]
    facts = GraphFacts(
        program=content["program"],
        nodes=tuple(Node(**node) for node in content["nodes"]),
        placeholders=tuple(
            Placeholder(**{**entry, "shape": _shape(entry["shape"])})
            for entry in content["placeholders"]
        ),
        tensors={
            name: TensorFacts(entry["dtype"], _shape(entry["shape"]))
            for name, entry in content["tensors"].items()
        },
        ends=tuple(content["ends"]),
    )
    return facts, ""


def _shape(entry: Iterable[int | None] | None) -> Shape:
    return None if entry is None else tuple(entry)


def _read_batch(folder: Path, number: int) -> BatchRun | None:
    outputs = folder / f"outputs-{number:05d}.npz"
    if outputs.exists():
        return BatchRun(outputs=session_worker.read_arrays(str(outputs), _dtype))
    error = folder / f"error-{number:05d}.json"
    if error.exists():
        return BatchRun(error=json.loads(error.read_text(encoding="utf-8"))["error"])
    return None


def _dtype(name: str) -> np.dtype[Any]:
    import ml_dtypes  # comes with TensorFlow, costs nothing

    dtype: np.dtype[Any] = np.dtype(getattr(ml_dtypes, name))
    return dtype


def _tail(log: Path, lines: int = 8, width: int = 400) -> str:
    """Give the last lines of the child's log without stack frames, times and process numbers."""
    text = log.read_text(encoding="utf-8", errors="replace")
    kept = [line for line in text.splitlines() if not _NOISE.match(line)]
    fatal = [line for line in kept if re.match(r"F\d{4} |.{26,30}: F ", line)]
    chosen = (fatal or kept)[-lines:]
    return "\n".join(_STAMP.sub("", line).strip()[:width] for line in chosen)
