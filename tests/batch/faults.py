"""Inject faults on real batch systems, and print a table of what happened.

    python tests/batch/faults.py htcondor slurm

Each fault is a test with the mark ``fault``, see ``faults_on_every_system.py``; all run here, those
that take minutes too.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import pytest

HERE = Path(__file__).parent


class Table:
    """Results by fault and system."""

    def __init__(self) -> None:
        self.cells: dict[str, dict[str, str]] = defaultdict(dict)
        self.names: dict[str, str] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        kept = []
        for item in items:
            mark = item.get_closest_marker("fault")
            if mark is not None:
                self.names[item.nodeid] = mark.args[0]
                kept.append(item)
        items[:] = kept

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = self.names.get(report.nodeid)
        if name is None or (report.when != "call" and report.passed):
            return
        system = Path(report.nodeid.partition("::")[0]).stem.removeprefix("test_")
        cell = f"right after {report.duration:.0f} s" if report.passed else report.outcome
        self.cells[name][system] = cell
        print(f"\n{system}: {name}: {cell}", flush=True)

    def text(self, systems: list[str]) -> str:
        """Return the table in Markdown."""
        rows = [["what happens", *systems], ["---"] * (len(systems) + 1)]
        for name, cells in self.cells.items():
            rows.append([name, *(cells.get(system, "-") for system in systems)])
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main(systems: list[str]) -> int:
    """Run the faults of *systems*; return pytest's exit status."""
    table = Table()
    files = [str(HERE / f"test_{system}.py") for system in systems]
    options = ["-q", "-p", "no:xdist", "-o", "addopts=", "-p", "no:cacheprovider"]
    status = pytest.main([*files, *options], plugins=[table])
    print(f"\n{table.text(systems)}")
    return int(status)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:] or ["htcondor", "slurm"]))
