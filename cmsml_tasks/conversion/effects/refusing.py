"""Files refused that do more than compute."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from cmsml_tasks.conversion.effects.judging import Finding
from cmsml_tasks.conversion.effects.other_frameworks import program_of
from cmsml_tasks.conversion.effects.table import Verdict, effect_of
from cmsml_tasks.errors import ConversionError

_SHOWN = 3


def refuse(findings: Sequence[Finding]) -> None:
    """Refuse a model file of which `judge` says *findings*; nothing happens where there are none.

    Raises:
        ConversionError: the message names node, operation and function, what it does, and what to
            do about it.
    """
    for finding in findings:
        program = program_of(finding.operation)
        if program is not None:
            raise ConversionError(str(replace(finding, does=program)))
    if findings:
        raise ConversionError(f"{in_words(findings)}; {advice(findings)}")


def in_words(findings: Sequence[Finding]) -> str:
    """Return what *findings* say, those first of which it is known what they do."""
    ordered = sorted(findings, key=lambda finding: not finding.known)
    told = ", ".join(str(finding) for finding in ordered[:_SHOWN])
    more = len(ordered) - _SHOWN
    return f"{told} and {more} more" if more > 0 else told


def advice(findings: Sequence[Finding]) -> str:
    """Return what to do about *findings*, of which there is at least one."""
    if any(finding.known for finding in findings):
        return (
            "a model file may only compute: export the part of the model between its inputs and "
            "outputs, with what it needs as constants"
        )
    names = ",".join(sorted({finding.operation for finding in findings}))
    return (
        f"if you know that it only computes, allow it: --allow-operations {names} "
        "(allow_operations= in Python)"
    )


def check_allowed(operations: Iterable[str]) -> None:
    """Check operations that a user wants to allow.

    Raises:
        ConversionError: one is known to reach outside of the graph.
    """
    for name in operations:
        program = program_of(name)
        if program is not None:
            raise ConversionError(f"--allow-operations {name}: it {program}")
        effect = effect_of(name)
        if effect is not None and effect.verdict is Verdict.OUTSIDE:
            raise ConversionError(
                f"--allow-operations {name}: it {effect.does}, which cannot be allowed; leave it "
                "out, and export the model without this operation"
            )
