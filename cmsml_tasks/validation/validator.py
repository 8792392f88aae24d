"""Hold a frozen graph against its signature card and its original's outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping
from os import PathLike
from typing import Any

from cmsml_tasks.runtimes.runtime import GraphRun, Runtime
from cmsml_tasks.runtimes.session import SessionRuntime
from cmsml_tasks.validation import plan
from cmsml_tasks.validation.card import Card
from cmsml_tasks.validation.checks import judge
from cmsml_tasks.validation.comparison import Tolerance
from cmsml_tasks.validation.fit import foreign_files, misfits
from cmsml_tasks.validation.reaching import look
from cmsml_tasks.validation.reference import Reference
from cmsml_tasks.validation.report import Report
from cmsml_tasks.validation.rows import MAIN, SPECIAL
from cmsml_tasks.validation.subject import Subject

_SINGLES = 64


def validate(
    graph_path: str | PathLike[str],
    card: Mapping[str, Any],
    reference_path: str | PathLike[str],
    *,
    atol: float = 1e-6,
    rtol: float = 1e-6,
    ulp: int = 4,
    runtime: Runtime | None = None,
    allow_operations: Container[str] = (),
) -> Report:
    """Check the graph at *graph_path* in a process of its own.

    One that reaches outside of itself, or may do so, is not run. All checks share one child
    process. Only when rows make the graph fail or the child die is the graph started again, to
    tell which rows they are.

    Args:
        graph_path: frozen graph, ``.pb`` or text.
        card: content of ``graph.json``; "inputs", "outputs" and, if there, "digests" are read.
        reference_path: file that :meth:`Reference.save` wrote.
        atol: absolute tolerance of floats; outputs that are all below 1 get less, see
            :class:`Tolerance`.
        rtol: tolerance of floats relative to the expected value.
        ulp: tolerance of floats in steps between neighbouring numbers.
        runtime: where the graph is evaluated; by default the TensorFlow of this interpreter.
        allow_operations: operations that are allowed although nobody has judged them.

    Raises:
        ValidationError: card or reference rows cannot be read.
        RuntimeUnavailableError: the runtime is not there.
    """
    runtime = runtime or SessionRuntime()
    signature = Card.parse(card)
    reference = Reference.load(reference_path).renamed(
        {entry.original: entry.name for entry in signature.inputs},
        {entry.original: entry.name for entry in signature.outputs},
    )
    problems = misfits(signature, reference)
    reached = look(graph_path, allow_operations)
    may_be_fed = reached.may_run and not problems
    planned = plan.batches(reference, runtime.only_way is None) if may_be_fed else []
    outputs = [entry.tensor for entry in signature.outputs]

    run = GraphRun(None, failure=reached.problem)
    if reached.may_run:
        feeds = plan.feeds(planned, signature, reference)
        run = runtime.run(graph_path, feeds, outputs, [batch.optimize for batch in planned])
    every = [plan.Done(batch, result) for batch, result in zip(planned, run.batches, strict=True)]
    done = [entry for entry in every if not entry.batch.optimize]
    singles: list[plan.Done] = []
    suspects = [] if run.failure else _suspects(done)
    if suspects:
        again = runtime.run(graph_path, plan.feeds(suspects, signature, reference), outputs)
        singles = [plan.Done(*pair) for pair in zip(suspects, again.batches, strict=True)]

    tolerance = Tolerance(atol, rtol, ulp)
    subject = Subject(
        card=signature,
        reference=reference,
        run=run,
        done=done,
        singles=singles,
        tolerance=tolerance,
        optimised=[entry for entry in every if entry.batch.optimize],
        only_way=runtime.only_way,
        foreign=foreign_files(signature, graph_path),
        misfits=problems,
        reached=reached,
    )
    return Report(
        checks=tuple(judge(subject)),
        runtime=runtime.name,
        program=run.program,
        tolerance=tolerance,
        rows=dict(sorted(Counter(reference.kinds.tolist()).items())),
    )


def _suspects(done: list[plan.Done]) -> list[plan.Batch]:
    """Give single rows to try where many failed together, unless single rows fail anyway."""
    if any(entry.run.outputs is None for entry in done if entry.batch.purpose == plan.ONE):
        return []
    failed = [
        entry.batch
        for entry in done
        if entry.run.outputs is None
        and entry.batch.purpose in (*MAIN, *SPECIAL)
        and len(entry.batch.rows) > 1
    ]
    return [single for batch in failed for single in plan.single(batch)][:_SINGLES]
