"""Time and memory that freezing a Keras model takes, against cmsml 0.2.7.

Each figure is from an interpreter of its own, which has imported TensorFlow, built the model and
then exports it once; the two sides take turns. Extra memory is the peak during the export above
what the process had before it. Figures are medians, ratios those of neighbouring runs. The table
is printed as in the README; exit status 1 if a promise is not kept.

    python benchmarks/conversion.py [--quick | --large]

Needs ``pip install -e '.[benchmark]'``, Linux, and with --large 12 GB of memory and 2 GB of disk.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CMSML = "0.2.7"
MB = 1e6


@dataclass(frozen=True)
class Row:
    """A model, the file it goes to, and what is promised of the export."""

    title: str
    layers: tuple[int, ...]
    file: str
    time: float  # of cmsml's
    memory: float  # MB
    disk: float | None = None  # of the time that writing the same bytes takes
    rounds: int = 5


SMALL = Row("10-100-3", (10, 100, 3), "graph.pb", 0.5, 5, rounds=7)
BINARY = Row("10 M parameters, `.pb`", (1000, 2000, 2000, 2000), "graph.pb", 0.06, 16)
TEXT = Row("10 M parameters, `.pb.txt`", (1000, 2000, 2000, 2000), "graph.pb.txt", 0.6, 32)
LARGE = Row("200 M parameters, `.pb`", (2000, *[10_000] * 2, 8_000), "graph.pb", 0.04, 32, 2, 3)


def measure(row: Row, side: str) -> dict[str, float]:
    """Export the model of *row* with *side*, in the folder that this process was started in."""
    import keras

    sizes = iter(row.layers)
    model = keras.Sequential([keras.Input((next(sizes),)), *map(keras.layers.Dense, sizes)])
    save = saver(side)
    before = memory("VmRSS", reset=True)
    started = time.perf_counter()
    save(row.file, model)
    seconds = time.perf_counter() - started
    peak = memory("VmHWM")
    written = Path(row.file).stat().st_size
    disk = seconds_to_write(written) if row.disk and side == "ours" else 0.0
    return {"seconds": seconds, "memory": (peak - before) / MB, "bytes": written, "disk": disk}


def saver(side: str) -> Callable[[str, Any], None]:
    if side == "ours":
        from cmsml_tasks.conversion import save_graph as save
    else:
        from cmsml.tensorflow import save_frozen_graph as save
    return lambda path, model: save(path, model, variables_to_constants=True)


def memory(kind: str, reset: bool = False) -> int:
    if reset:
        Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here on
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{kind}:")[2].split()[0]) * 1024


def seconds_to_write(size: int) -> float:
    block = os.urandom(2**26)
    started = time.perf_counter()
    with open("same_size", "wb", buffering=0) as file:
        for start in range(0, size, len(block)):
            file.write(block[: size - start])
        os.fsync(file.fileno())
    return time.perf_counter() - started


def child(row: Row, side: str) -> dict[str, float]:
    code = f"import json, conversion; print(json.dumps(conversion.measure({row!r}, {side!r})))"
    code = code.replace("Row(", "conversion.Row(")
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": path}
    with tempfile.TemporaryDirectory(dir=os.environ.get("CMSML_STORE")) as folder:
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise SystemExit(f"{row.title} with {side} failed:\n{done.stderr}")
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def compare(row: Row) -> tuple[str, bool]:
    """Return the line of the table and whether the promises of *row* are kept."""
    pairs = [(child(row, "ours"), child(row, "cmsml")) for _ in range(row.rounds)]
    ours, theirs = ([pair[side] for pair in pairs] for side in (0, 1))

    def median(runs: list[dict[str, float]], key: str) -> float:
        return statistics.median(run[key] for run in runs)

    ratio = statistics.median(a["seconds"] / b["seconds"] for a, b in pairs)
    extra = median(ours, "memory")
    kept = ratio <= row.time and extra <= row.memory
    disk = ""
    if row.disk:
        times = statistics.median(run["seconds"] / run["disk"] for run in ours)
        kept = kept and times <= row.disk
        disk = f"; {times:.2f} of writing {ours[0]['bytes'] / MB:.0f} MB (≤ {row.disk:.0f})"
    line = (
        f"| {row.title} | {median(ours, 'seconds'):.3f} s | {median(theirs, 'seconds'):.3f} s "
        f"| {ratio:.3f} (≤ {row.time}){disk} | {extra:.1f} MB (≤ {row.memory:.0f}) "
        f"| {median(theirs, 'memory'):.0f} MB |"
    )
    return line, kept


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--quick", action="store_true", help="less than a minute, for a first look")
    choice.add_argument("--large", action="store_true", help="also the model of 200 M parameters")
    options = parser.parse_args()
    try:
        found = importlib.metadata.version("cmsml")
    except importlib.metadata.PackageNotFoundError:
        found = "none"
    if found != CMSML:
        parser.error(f"needs cmsml {CMSML}, found {found}; pip install -e '.[benchmark]'")
    rows = [SMALL, BINARY, TEXT, *([LARGE] if options.large else [])]
    if options.quick:
        rows = [Row(r.title, r.layers, r.file, r.time, r.memory, rounds=2) for r in (SMALL, BINARY)]
    print("| model | time | cmsml | ratio | extra memory | cmsml |")
    print("| --- | --- | --- | --- | --- | --- |")
    everything_kept = True
    for row in rows:
        line, kept = compare(row)
        print(line if kept else f"{line} not kept", flush=True)
        everything_kept = everything_kept and kept
    return 0 if everything_kept else 1


if __name__ == "__main__":
    sys.exit(main())
