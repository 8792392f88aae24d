"""Environments with law and this package and without TensorFlow, made in seconds."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "law==0.1.21",
    "luigi",
    "six",
    "tenacity",
    "python-dateutil",
    "python-daemon",
    "lockfile",
    "tornado",
    "typing-extensions",
)


def make_environment(folder: Path, python: str) -> None:
    """Make a virtual environment of *python* in *folder*."""
    subprocess.run([python, "-m", "venv", folder], check=True)
    pip = [folder / "bin" / "pip", "install", "-q", "--no-deps"]
    subprocess.run([*pip, *PACKAGES], check=True)
    site = next((folder / "lib").glob("python*/site-packages"))
    shutil.copytree(
        ROOT / "cmsml_tasks", site / "cmsml_tasks", ignore=shutil.ignore_patterns("__pycache__")
    )
