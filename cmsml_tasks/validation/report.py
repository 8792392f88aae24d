"""The verdict of a validation, for programs and for people."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from cmsml_tasks.validation.comparison import Tolerance

FORMAT = 2
Status = Literal["passed", "failed", "proves nothing", "does not apply", "not run"]
Verdict = Literal["passed", "failed", "proves nothing"]

_TOLD = {"failed": "FAILED", "proves nothing": "PROVES NOTHING"}
"""Words that nobody overlooks, with evidence and advice below."""


@dataclass(frozen=True)
class Check:
    """One question about a graph, and the answer.

    ``detail`` is one line for people; ``numbers`` measures, ``evidence`` holds what failed: which
    tensor, row and value, or which error. ``advice`` says what to do about a failure. A check
    "proves nothing" where another graph would have passed as well.
    """

    name: str
    status: Status
    detail: str = ""
    numbers: Mapping[str, Any] = field(default_factory=dict)
    evidence: Sequence[Mapping[str, Any]] = ()
    advice: str = ""


@dataclass(frozen=True)
class Report:
    """All checks of one graph in one runtime; nothing in it depends on time, host or place."""

    checks: tuple[Check, ...]
    runtime: str
    program: str | None
    tolerance: Tolerance
    rows: Mapping[str, int]

    @property
    def verdict(self) -> Verdict:
        """The worst of the checks that apply; one that was not run counts as failed."""
        found = {check.status for check in self.checks} - {"passed", "does not apply"}
        if not found:
            return "passed"
        return "proves nothing" if found == {"proves nothing"} else "failed"

    @property
    def passed(self) -> bool:
        """Whether every check that applies was run, and passed, and could have failed."""
        return self.verdict == "passed"

    def to_json(self) -> dict[str, Any]:
        """Return plain values for JSON; infinities and NaN become the words "inf" and "nan"."""
        return {
            "passed": self.passed,
            "verdict": self.verdict,
            "program": self.program,
            "checks": [_plain(asdict(check)) for check in self.checks],
        }

    def heading(self) -> str:
        """Return a line that says where the graph ran, and what counts as agreement there."""
        program = f" ({self.program})" if self.program else ""
        return f"in {self.runtime}{program}, {self.tolerance.in_words()}:"

    def summary(self) -> str:
        """Return one aligned line per check, and below a failed one what to do about it."""
        width = max(len(check.name) for check in self.checks)
        lines = []
        for check in self.checks:
            word = _TOLD.get(check.status, check.status)
            # a number, and each remark to it on a line of its own
            first, *remarks = _brief(check.detail).split("; ")
            lines.append(f"{word:<14}  {check.name:<{width}}  {first}".rstrip())
            lines.extend(textwrap.indent(remark, " " * (width + 18)) for remark in remarks)
            if check.status in _TOLD:
                below = [_brief(_show(entry)) for entry in check.evidence[:5]]
                if len(check.evidence) > 5:
                    below.append(f"... and {len(check.evidence) - 5} more")
                below.append(f"-> {check.advice}")
                lines.extend(textwrap.indent(line, " " * (width + 18)) for line in below)
        return "\n".join(lines)


@dataclass(frozen=True)
class Reports:
    """The reports on one graph from all runtimes, of which there is at least one."""

    reports: tuple[Report, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of the verdicts."""
        found = {report.verdict for report in self.reports}
        ranked: tuple[Verdict, ...] = ("failed", "proves nothing", "passed")
        return next(verdict for verdict in ranked if verdict in found)

    @property
    def passed(self) -> bool:
        """Whether the graph passed everywhere."""
        return self.verdict == "passed"

    def to_json(self) -> dict[str, Any]:
        """Return the content of ``validation.json``."""
        first = self.reports[0]
        return {
            "format": FORMAT,
            "passed": self.passed,
            "verdict": self.verdict,
            "tolerance": asdict(first.tolerance),
            "rows": dict(first.rows),
            "runtimes": {report.runtime: report.to_json() for report in self.reports},
        }

    def summary(self) -> str:
        """Return the summaries of all runtimes, each under a heading; "session" needs none."""
        if [report.runtime for report in self.reports] == ["session"]:
            return self.reports[0].summary()
        return "\n\n".join(f"{r.heading()}\n{r.summary()}" for r in self.reports)


def _brief(text: str, limit: int = 300) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[:limit]} ..."


def _show(entry: Mapping[str, Any]) -> str:
    entry = _plain(entry)
    if "operation" in entry:
        where = f" in the function '{entry['function']}'" if entry.get("function") else ""
        what = f" {entry['problem']}" if "problem" in entry else ""
        return f"{entry['operation']} '{entry['node']}'{where}{what}"
    words = [f"{entry['tensor']}:"] if "tensor" in entry else []
    if "index" in entry:
        words = [f"{entry['tensor']} {entry['index'] or ''} at {entry['label']}:"]
    if "labels" in entry:
        more = len(entry["labels"]) - 3
        words = ["; ".join(entry["labels"][:3]) + (f" and {more} more:" if more > 0 else ":")]
    if "rows in batch" in entry and "problem" in entry:
        words.append(f"with {entry['rows in batch']} rows:")
    words.append(str(entry.get("problem") or ""))
    if "expected" in entry:
        words.append(f"expected {entry['expected']}, got {entry['got']}")
    sizes = [f"{key} {entry[key]:.3g}" for key in ("abs", "rel") if _is_number(entry.get(key))]
    if entry.get("ulp") is not None:
        sizes.append(f"{entry['ulp']} ULP")
    words += [f"({', '.join(sizes)})"] if sizes else []
    if "disagreeing" in entry:
        words.append(f"- {entry['disagreeing']} of {entry['elements']} disagree")
    words += [f"- {entry['note']}"] if "note" in entry else []
    return " ".join(word for word in words if word)


def _is_number(value: Any) -> bool:
    return isinstance(value, float)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="backslashreplace")
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
