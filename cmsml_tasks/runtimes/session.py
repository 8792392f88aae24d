"""The runtime that everybody has: a TensorFlow session in a fresh interpreter of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cmsml_tasks.runtimes import session_worker
from cmsml_tasks.runtimes.child import ChildRuntime, Loaded, Request
from cmsml_tasks.runtimes.runtime import (
    BatchRun,
    GraphFacts,
    Node,
    Placeholder,
    RuntimeUnavailableError,
    TensorFacts,
)
from cmsml_tasks.shapes import Shape

if TYPE_CHECKING:
    from cmsml_tasks.runtimes.runtime import Arrays


@dataclass(frozen=True, kw_only=True)
class SessionRuntime(ChildRuntime):
    """Evaluates graphs in a TensorFlow session of a child interpreter.

    Args:
        python: interpreter with TensorFlow; it need not have this package.
        name: the word for this runtime in reports.
        advice: how to get it, for those who lack it; by default TensorFlow is put there.
    """

    python: str = sys.executable
    name: str = "session"
    advice: str = ""

    def check(self) -> None:
        """Look whether the interpreter is there; TensorFlow is tried when a graph is run."""
        if not Path(self.python).exists():
            raise RuntimeUnavailableError(
                f"runtime '{self.name}' is not there: no {self.python}; "
                + (self.advice or "give the path of a Python interpreter that has TensorFlow")
            )

    def _command(self) -> tuple[str, ...]:
        return self.python, session_worker.__file__

    def _ask(self, folder: Path, request: Request, first: int) -> None:
        content = {
            "graph": request.graph,
            "outputs": request.outputs,
            "first": first,
            "batches": len(request.optimize),
            "intra_op_threads": self.intra_op_threads,
            "optimize": request.optimize,
        }
        (folder / "request.json").write_text(json.dumps(content), encoding="utf-8")

    def _write_inputs(self, folder: Path, number: int, feed: Arrays) -> None:
        session_worker.write_arrays(str(folder / f"inputs-{number:05d}.npz"), feed)

    def _read_loaded(self, folder: Path) -> Loaded | None:
        try:
            content = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        if "failure" in content:
            return Loaded(content["program"], content["failure"])
        return Loaded(content["program"], facts=_facts(content))

    def _read_batch(self, folder: Path, number: int, request: Request) -> BatchRun | None:
        outputs = folder / f"outputs-{number:05d}.npz"
        if outputs.exists():
            return BatchRun(outputs=session_worker.read_arrays(str(outputs), dtype_of_name))
        error = folder / f"error-{number:05d}.json"
        if error.exists():
            return BatchRun(error=json.loads(error.read_text(encoding="utf-8"))["error"])
        return None

    def _verdict(self, program: str, code: int, tail: str) -> str | None:
        if code == session_worker.NO_TENSORFLOW:
            advice = (
                f"remove that environment and {self.advice}"
                if self.advice
                else f"install it there: {self.python} -m pip install tensorflow"
            )
            raise RuntimeUnavailableError(
                f"runtime '{self.name}': {self.python} cannot import TensorFlow ({tail}); {advice}"
            )
        return super()._verdict(program, code, tail)


def _facts(content: dict[str, Any]) -> GraphFacts:
    return GraphFacts(
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


def _shape(entry: Iterable[int | None] | None) -> Shape:
    return None if entry is None else tuple(entry)


def dtype_of_name(name: str) -> np.dtype[Any]:
    """Return a dtype that numpy itself does not know."""
    import ml_dtypes  # comes with TensorFlow, costs nothing

    dtype: np.dtype[Any] = np.dtype(getattr(ml_dtypes, name))
    return dtype
