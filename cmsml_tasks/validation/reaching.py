"""Does a graph do anything but compute? Told from its file, before any program runs it."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from os import PathLike

from cmsml_tasks.conversion.effects import Finding, judge
from cmsml_tasks.conversion.effects.files import read_for_verdict
from cmsml_tasks.conversion.effects.refusing import advice
from cmsml_tasks.errors import ConversionError
from cmsml_tasks.validation.report import Check


@dataclass(frozen=True)
class Reached:
    """What a graph reaches outside of itself.

    ``findings`` are its nodes that do, or may do so; ``problem`` says why that cannot be told. A
    graph with either of the two is not run.
    """

    findings: Sequence[Finding] = ()
    problem: str | None = None

    @property
    def may_run(self) -> bool:
        """Whether the graph is known to stay inside."""
        return not self.findings and self.problem is None


def look(graph_path: str | PathLike[str], allow_operations: Container[str] = ()) -> Reached:
    """Judge the graph in a file, *allow_operations* as `cmsml_tasks.conversion.effects.judge`."""
    try:
        graph_def = read_for_verdict(graph_path)
    except ConversionError as error:
        return Reached(problem=str(error))
    return Reached(judge(graph_def, allow_operations=allow_operations))


def stays_inside(name: str, reached: Reached) -> Check:
    """Answer the check *name*."""
    if reached.problem is not None:
        return Check(name, "not run", "the file cannot be read")
    findings = reached.findings
    if not findings:
        return Check(name, "passed", numbers={"count": 0})
    count = f"{len(findings)} operations reach" if len(findings) > 1 else "an operation reaches"
    unknown = "" if any(finding.known for finding in findings) else ", for all that is known"
    return Check(
        name,
        "failed",
        f"{count} outside{unknown}; the graph is not run",
        {"count": len(findings)},
        [
            {
                "node": finding.node,
                "operation": finding.operation,
                "function": finding.function,
                "problem": finding.does,
            }
            for finding in findings
        ],
        advice(findings),
    )
