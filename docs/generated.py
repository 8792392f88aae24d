"""Pages that follow from the code: every option, and what converts."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_SYSTEMS = ("htcondor", "slurm", "arc", "crab")


def write_pages(folder: Path) -> None:
    """Write the pages into *folder*."""
    folder.mkdir(exist_ok=True)
    (folder / "options.md").write_text("\n".join(_options()))
    (folder / "what_converts.md").write_text("\n".join(_zoo()))


def _options() -> Iterator[str]:
    from cmsml_tasks.tasks import ExportGraph, GenerateEvents, TrainModel, ValidateGraph

    yield "# Every option\n"
    yield "Of `law run TASK`. Each task has those of the tasks above it, too; law's and luigi's own"
    yield "are listed by `law run TASK --help`.\n"
    told: set[str] = set()
    for task in (GenerateEvents, TrainModel, ExportGraph, ValidateGraph):
        own = {name: each for name, each in task.get_params() if _is_ours(task, name)}
        new = {name: each for name, each in own.items() if name not in told}
        told |= set(new)
        jobs = {name: each for name, each in new.items() if name.split("_")[0] in _SYSTEMS}
        yield from _table(task.task_family, {n: each for n, each in new.items() if n not in jobs})
        if jobs:
            yield from _table("Jobs, where TASK trains, exports or validates", jobs)


def _table(title: str, parameters: dict[str, Any]) -> Iterator[str]:
    yield from (f"## {title}\n", "| option | |", "| --- | --- |")
    for name, parameter in parameters.items():
        text = (parameter.description or "").replace("|", "\\|").replace("<", "&lt;")
        yield f"| `--{name.replace('_', '-')}` | {text} |"
    yield ""


def _is_ours(task: Any, name: str) -> bool:
    owners = [base for base in task.__mro__ if name in vars(base)]
    return bool(owners) and owners[-1].__module__.startswith("cmsml_tasks.")


def _zoo() -> Iterator[str]:
    sys.path.insert(0, str(ROOT / "tests"))
    from zoo import ZOO

    kinds: dict[str, list[str]] = {}
    module = ""
    for name, make in ZOO.items():
        while isinstance(make, functools.partial):
            make = next((each for each in make.args if callable(each)), make.func)
        # a function that TensorFlow has wrapped says that it is TensorFlow's
        module = make.__module__ if make.__module__.startswith("zoo.") else module
        kinds.setdefault(module, []).append(name.replace("_", " "))
    yield "# What converts\n"
    yield f"Each of these {len(ZOO)} networks and graphs is frozen twice in every test run, in two"
    yield "processes that differ in all that must not count, and held against its original in a"
    yield "fresh one, here and in other releases: within 1e-6 or 4 ULP, lookups exactly."
    yield ""
    for module, names in kinds.items():
        title = (sys.modules[module].__doc__ or module).splitlines()[0]
        yield f"**{title}** {', '.join(names)}.\n"
