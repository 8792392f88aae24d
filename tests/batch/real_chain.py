"""The project's own tasks, run from the repository."""

import os
import subprocess
import sys
from pathlib import Path

from law_commands import PATIENCE

ROOT = Path(__file__).parents[2]
LAW = Path(sys.executable).with_name("law")


def law(folder, pool, *arguments, status=0, **variables):
    """Run law from the repository, with store and jobs in *folder*; return what it printed."""
    places = {name: str(folder / name[6:].lower()) for name in ("CMSML_STORE", "CMSML_JOBS")}
    places |= {"CMSML_CACHE": str(folder / "cache"), "PATH": f"{LAW.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [LAW, "run", *arguments],
        cwd=ROOT,
        env={**os.environ, **places, **pool.variables, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == status, done.stdout
    assert "Traceback" not in done.stdout, done.stdout
    return done.stdout
