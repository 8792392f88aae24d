"""What it costs to see what a training reads: the same work, observed and not, in turn.

What each file costs; the demo's training; one whose `load()` reads 1,000 small files. Figures are
medians of the ratios of pairs, of wall time and of processor time (that of the child, its digests
and its start included); the second decides, since 3 % of wall time is less than what a busy machine
does by itself. Exit status 1 if the promise is broken.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cmsml_tasks.processes.isolated import call_isolated, call_observed
from cmsml_tasks.recipes import load_recipe

LIMIT = 1.03
PAIRS, QUICK_PAIRS = 9, 3
FILES = 1_000
DEMO = "cmsml_tasks.recipes.demo.DimuonResonance"
TRAIN = "cmsml_tasks.training.train:train"
MANY_FILES = f"""
from pathlib import Path

import numpy as np

from cmsml_tasks import Recipe
from cmsml_tasks.recipes import Events

HERE = Path(__file__).parent


class ManyFiles(Recipe):
    epochs: int = 3

    def load(self, files):
        shifts = [float((HERE / f"{{number}}.txt").read_text()) for number in range({FILES})]
        random = np.random.default_rng(1)
        target = np.arange(20_000) % 2
        inputs = random.normal(target[:, None] + np.mean(shifts), 1, (len(target), 10))
        return Events(inputs=inputs.astype("f4"), target=target)

    def build(self, data):
        import keras

        x = inputs = keras.Input(data.input_shape, name="features")
        for _ in range(2):
            x = keras.layers.Dense(64, activation="relu")(x)
        return keras.Model(inputs, keras.layers.Dense(1, "sigmoid", name="score")(x))
"""


def seconds(work: Callable[[], Any]) -> tuple[float, float]:
    """Return wall time and processor time of *work*, that of its children included."""
    start, before = time.perf_counter(), _used()
    work()
    return time.perf_counter() - start, _used() - before


@contextmanager
def silence() -> Iterator[None]:
    """Keep what trainings print off the screen."""
    screen = os.dup(1)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(screen, 1)
        os.close(screen)


def _used() -> float:
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def compare(name: str, pairs: int, reads: int, **arguments: Any) -> float:
    """Print and return how many times as long it takes to train and see what is read."""

    def observed() -> None:
        files = call_observed(TRAIN, leaving_out=arguments["files"] or [], **arguments)[1].files
        assert len(files) == reads, files

    def plain() -> None:
        call_isolated(TRAIN, **arguments)

    wall, processor = [], []
    with silence():
        plain()  # byte code, and files in memory
        for number in range(pairs):
            order = (plain, observed) if number % 2 else (observed, plain)
            times = {work: seconds(work) for work in order}
            wall.append(times[observed][0] / times[plain][0])
            processor.append(times[observed][1] / times[plain][1])
    ratio = statistics.median(processor)
    print(
        f"{name:24} plain {times[plain][0]:5.1f} s   wall {statistics.median(wall):.3f}   "
        f"processor {ratio:.3f} ({min(processor):.3f} to {max(processor):.3f})",
        flush=True,
    )
    return ratio


def read_all(folder: str) -> float:
    """Return the time that it takes to open each file in *folder*, in s; called in the child."""
    paths = sorted(Path(folder).glob("*.txt"))
    start = time.perf_counter()
    for path in paths:
        path.read_bytes()
    return time.perf_counter() - start


def cost_of_a_file(folder: Path, rounds: int) -> None:
    """Print what is added to opening a file for the first time."""
    arguments = {"function": "observing:read_all", "folder": str(folder)}
    plain = statistics.median(call_isolated(**arguments) for _ in range(rounds))
    observed = statistics.median(call_observed(**arguments)[0] for _ in range(rounds))
    print(f"{'a file':24} {(observed - plain) / FILES * 1e6:.0f} us")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_PAIRS} pairs, not {PAIRS}")
    pairs = QUICK_PAIRS if parser.parse_args().quick else PAIRS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "many_files.py").write_text(MANY_FILES)
        for number in range(FILES):
            (folder / f"{number}.txt").write_text(f"{number / FILES}\n")
        sys.path[:0] = [name, str(Path(__file__).parent)]
        out = folder / "out"
        out.mkdir()
        events = str(folder / "events.npz")
        call_isolated("cmsml_tasks.training.generate:generate_events", recipe=DEMO, path=events)
        cost_of_a_file(folder, pairs)
        ratios = []
        for title, recipe, files, reads in [
            ("the demo", DEMO, [events], 0),
            (f"{FILES} small files", "many_files.ManyFiles", None, FILES),
        ]:
            settings = load_recipe(recipe)().settings()
            arguments = {"recipe": recipe, "settings": settings, "files": files}
            ratios.append(compare(title, pairs, reads, folder=str(out), **arguments))
    print(f"at most {LIMIT} promised")
    return 0 if max(ratios) <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
