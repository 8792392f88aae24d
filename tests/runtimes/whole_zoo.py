"""The zoo in one runtime: all graphs in one child process, each with a folder of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cmsml_tasks.runtimes import BatchRun
from cmsml_tasks.runtimes.child import ChildRuntime, Loaded, Request

Elsewhere = Callable[[str], ChildRuntime]


@dataclass
class Animal:
    """One graph of the zoo, and what became of it."""

    name: str
    about: dict[str, Any]
    expected: dict[str, np.ndarray]
    loaded: Loaded | None = None
    plain: BatchRun | None = None
    rewritten: BatchRun | None = None


def arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as content:
        return {f"{name}:0": content[name] for name in content.files}


def run_zoo(runtime: ChildRuntime, zoo: Path, folder: Path) -> dict[str, Animal]:
    """Run every graph in the folder *zoo* twice: as it is, and as TensorFlow rewrites it."""
    command = runtime._command()
    animals, requests = {}, {}
    for graph in sorted(zoo.glob("*/graph.pb")):
        name = graph.parent.name
        place = folder / name
        place.mkdir(parents=True)
        expected = arrays(graph.with_name("expected.npz"))
        requests[name] = Request(str(graph), tuple(expected), (False, True))
        for number in range(2):
            runtime._write_inputs(place, number, arrays(graph.with_name("feeds.npz")))
        runtime._ask(place, requests[name], 0)
        animals[name] = Animal(
            name, json.loads(graph.with_name("model.json").read_text()), expected
        )
    done = subprocess.run(
        [*command, *(str(folder / name) for name in animals)],
        input=b"",
        capture_output=True,
        timeout=900,
        env=runtime._environment(command[0]),
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
    for name, animal in animals.items():
        animal.loaded = runtime._read_loaded(folder / name)
        animal.plain, animal.rewritten = (
            runtime._read_batch(folder / name, number, requests[name]) for number in range(2)
        )
    return animals
