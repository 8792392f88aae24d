"""Fuzzing of ``load_graph`` and of freezing, guided by the branches of this library's code.

Needs ``pip install atheris``, which the tests do not. In the folder of the checkout:

    python tests/fuzz/coverage_guided.py CORPUS -max_total_time=1200 -rss_limit_mb=4096

CORPUS is a folder of graph files (``.pb``), to which it adds what reaches new branches. An input
that crashes, hangs, raises anything but a ConversionError or needs too much memory ends it; it is
written to ``crash-...``, and opened again by giving its path instead of CORPUS.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
import tempfile
from pathlib import Path

from cmsml_tasks.conversion import frozen_graph_def

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import atheris
import tensorflow  # noqa: F401  before anything is instrumented
from byte_mutations import mutated_bytes
from graph_mutations import mutated_protobuf
from mutations import mutated_text

with atheris.instrument_imports(include=["cmsml_tasks.conversion"]):
    from cmsml_tasks.conversion import load_graph, open_model
    from cmsml_tasks.errors import ConversionError

FOLDER = Path(tempfile.mkdtemp())


def one_input(data: bytes) -> None:
    """Load and freeze *data*: text where it begins like that, else binary."""
    path = FOLDER / ("graph.pb.txt" if data[:1].isalpha() else "graph.pb")
    path.write_bytes(data)
    with contextlib.suppress(ConversionError):
        load_graph(path)
        frozen_graph_def(open_model(path))


def mutate(data: bytes, max_size: int, seed: int) -> bytes:
    """Return *data* with one more change, of bytes or of the graph that they are."""
    rng = random.Random(seed)
    if rng.random() < 0.2:
        return bytes(atheris.Mutate(data, max_size))
    if data[:1].isalpha():
        return mutated_text(rng, data)[:max_size]
    changed = mutated_protobuf(rng, data) if rng.random() < 0.8 else None
    return (mutated_bytes(rng, data, data) if changed is None else changed)[:max_size]


if __name__ == "__main__":
    sys.setrecursionlimit(1000)
    atheris.Setup(sys.argv, one_input, custom_mutator=mutate)
    atheris.Fuzz()
