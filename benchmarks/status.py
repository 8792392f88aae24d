"""How long `law run ExportGraph --print-status 0` takes, against a bare law task.

The bare task is a law workflow of one branch and one output, in a project of its own; neither loads
law contribs. Both run as whole processes, in turn; the figure is the median of the ratios. Exit
status 1 if it is above the limit that the project promises.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMIT = 1.5
ROUNDS = 15
ROOT = Path(__file__).resolve().parents[1]
BARE_TASK = """
import law
import luigi

class BareTask(law.LocalWorkflow):
    version = luigi.Parameter()

    def create_branch_map(self):
        return {0: None}

    def output(self):
        return law.LocalFileTarget(f"store/{self.version}/output")

    def run(self):
        self.output().touch()
"""


def seconds(command: list[str], folder: Path, environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def main() -> int:
    law = str(Path(sys.executable).with_name("law"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bare.py").write_text(BARE_TASK)
        (folder / "law.cfg").write_text((ROOT / "law.cfg").read_text())
        environment = {**os.environ, "PYTHONPATH": name, "CMSML_STORE": f"{name}/store"}
        # both run from byte code, as everywhere but in a container that forbids to write it
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        arguments = ["--version", "v1", "--print-status", "0"]
        ours = [law, "run", "ExportGraph", *arguments]
        bare = [law, "run", "bare.BareTask", *arguments]
        pairs = [
            (seconds(ours, ROOT, environment), seconds(bare, folder, environment))
            for _ in range(ROUNDS + 1)
        ][1:]
    ratio = statistics.median(first / second for first, second in pairs)
    print(f"ExportGraph --print-status 0: {statistics.median(p[0] for p in pairs):.3f} s")
    print(f"bare law task:                {statistics.median(p[1] for p in pairs):.3f} s")
    print(f"ratio {ratio:.2f}, at most {LIMIT} promised")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
