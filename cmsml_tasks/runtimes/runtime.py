"""What every runtime does: evaluate a graph elsewhere and say what was seen there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING, Any, Protocol

from cmsml_tasks.errors import UserError
from cmsml_tasks.shapes import Shape

if TYPE_CHECKING:
    import numpy as np

    Arrays = Mapping[str, np.ndarray[Any, np.dtype[Any]]]


class RuntimeUnavailableError(UserError):
    """A runtime that is not there; the message says how to get it."""


class RuntimeCrashError(RuntimeError):
    """The runtime's own program failed, whatever the graph: a defect here, not a verdict."""


@dataclass(frozen=True)
class Node:
    """One node of the graph, or of a function that the graph calls (``function/node``).

    ``stateful`` is what the operation's definition says, ``reference`` that it takes a TensorFlow
    1 variable to change or read, ``training`` that its ``is_training`` attribute is true.
    """

    name: str
    op: str
    stateful: bool = False
    reference: bool = False
    training: bool = False


@dataclass(frozen=True)
class TensorFacts:
    """A tensor as the runtime sees it; ``dtype`` is TensorFlow's name for it."""

    dtype: str
    shape: Shape


@dataclass(frozen=True)
class Placeholder(TensorFacts):
    """A tensor that wants to be fed; one with a default may also be left alone."""

    tensor: str
    default: bool = False


@dataclass(frozen=True)
class GraphFacts:
    """What a runtime found in a graph.

    ``nodes`` includes those of functions, ``tensors`` (by name, ``"x:0"``) only the graph's own;
    ``ends`` names the tensors that nothing in the graph consumes.
    """

    nodes: tuple[Node, ...]
    placeholders: tuple[Placeholder, ...]
    tensors: Mapping[str, TensorFacts]
    ends: tuple[str, ...] = ()


@dataclass(frozen=True)
class BatchRun:
    """One evaluation: the outputs by tensor name, or the reason why there are none.

    ``died`` tells that the graph took the process with it (or the time limit did), ``tried`` is
    false where too many deaths before kept the batch from being evaluated.
    """

    outputs: Arrays | None = None
    error: str | None = None
    died: bool = False
    tried: bool = True


@dataclass(frozen=True)
class GraphRun:
    """All that one call of a runtime gives.

    ``failure`` says why the graph could not be loaded; then every batch failed too. ``facts`` is
    None in that case, and for runtimes that cannot look into a graph. ``program`` names what the
    graph ran in, None if it died before it could tell. ``multiplied`` names the types that matrices
    are multiplied in, where there are no facts to tell.
    """

    facts: GraphFacts | None
    batches: tuple[BatchRun, ...] = field(default=())
    failure: str | None = None
    program: str | None = None
    multiplied: tuple[str, ...] = ()


class Runtime(Protocol):
    """A place where a graph is evaluated."""

    @property
    def name(self) -> str:
        """The word for it on the command line and in reports."""

    @property
    def only_way(self) -> str | None:
        """Why each graph runs in one way only here; None where *optimize* is free to choose."""

    def check(self) -> None:
        """Look whether the runtime is there, without starting anything.

        Raises:
            RuntimeUnavailableError: it is not; the message says how to get it.
        """

    def run(
        self,
        graph: str | PathLike[str],
        feeds: Sequence[Arrays],
        outputs: Sequence[str],
        optimize: Sequence[bool] = (),
    ) -> GraphRun:
        """Load *graph* once and evaluate it for each of *feeds*.

        Args:
            graph: frozen graph, ``.pb`` or text (``.pb.txt``, ``.pbtxt``).
            feeds: arrays by tensor name (``"input:0"``), one mapping a batch; strings as
                fixed-width bytes. Nothing is cast: an array has the dtype of its tensor.
            outputs: names of the tensors to fetch.
            optimize: for each of *feeds*, whether TensorFlow may rewrite the graph before it
                runs, as it does by default in C++ programs; nothing for the runtime's own way,
                which is without rewriting where it has the choice.

        Returns:
            A run with as many batches as *feeds*, in that order. What is wrong with the graph,
            up to a crash of the process, is told in there and not raised.

        Raises:
            RuntimeUnavailableError: there is no such runtime on this machine.
            RuntimeCrashError: the program of the runtime is itself at fault.
            UserError: the folder for temporary files cannot be used, or is full.
        """
