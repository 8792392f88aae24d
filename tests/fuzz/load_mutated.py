"""Child process: opens graph files that are wrong in the ways of many seeds.

Arguments: a folder of good files, a folder to work in, the first seed and the one behind the last.
``current.json`` in the working folder tells which file is being opened, so that it is known if the
process ends; ``answer.json`` has the outcome of each seed, and the most memory that was used.

    python tests/fuzz/load_mutated.py CORPUS WORK 7 8

opens the file of seed 7 alone, which stays in WORK.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import traceback
from pathlib import Path

from mutations import mutated

from cmsml_tasks.conversion import load_graph, open_model
from cmsml_tasks.errors import ConversionError


def opened(path: Path) -> str:
    """Return what comes of loading and freezing the file *path*."""
    try:
        load_graph(path)
        open_model(path).freeze()
    except ConversionError as error:
        return "refused" if str(error) else "refused without a word"
    except Exception:
        return traceback.format_exc()
    return "graph"


def main(corpus: Path, work: Path, first: int, last: int) -> None:
    good = sorted((path.name, path.read_bytes()) for path in corpus.iterdir())
    opened(corpus / good[0][0])  # what TensorFlow makes once is not counted
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcomes = []
    for seed in range(first, last):
        name, content = mutated(seed, good)
        path = work / f"current{''.join(Path(name).suffixes)}"
        path.write_bytes(content)
        (work / "current.json").write_text(json.dumps({"seed": seed, "path": str(path)}))
        begin = time.perf_counter()
        outcome = opened(path)
        outcomes.append((seed, outcome, time.perf_counter() - begin))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start) / 1024
    (work / "answer.json").write_text(json.dumps({"outcomes": outcomes, "megabytes": grown}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
