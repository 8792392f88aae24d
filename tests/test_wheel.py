"""The package as it is installed without its repository: set up in an empty folder, and used."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: Any) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT]
    subprocess.run(command, check=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: Any) -> Path:
    """The Python of an environment with the wheel; what it depends on is where it is here."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    (site,) = folder.glob("lib/python*/site-packages")
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin/python"]
    subprocess.run([*pip, "install", "-q", "--no-deps", wheel], check=True)
    here = [path for path in sys.path if Path(path).name == "site-packages"]
    (site / "dependencies.pth").write_text("\n".join(here))
    law = folder / "bin" / "law"
    law.write_text(f"#!{folder}/bin/python\nfrom law.cli import run\nrun()\n")
    law.chmod(0o755)
    return folder / "bin" / "python"


def run(python: Path, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    clean |= {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    clean |= {"CMSML_STORE": str(folder / "store"), "LAW_HOME": str(folder / "law")}
    return subprocess.run(
        command, cwd=folder, env=clean, capture_output=True, text=True, check=False
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_what_is_in_it(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tracked = subprocess.run(
        ["git", "ls-files", "cmsml_tasks"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert set(tracked) <= set(names)
    endings = {Path(name).suffix for name in tracked}
    assert {".py", ".typed", ".cfg", ".cc", ".json", ".txt"} <= endings
    assert not [name for name in names if name.startswith(("tests", "workflows"))]


def test_an_empty_folder(python: Path, tmp_path: Path) -> None:
    where = run(
        python, tmp_path, str(python), "-c", "import cmsml_tasks; print(*cmsml_tasks.__path__)"
    )
    assert where.stdout.strip() == str(
        next(python.parents[1].glob("lib/*/site-packages/cmsml_tasks"))
    )
    done = run(python, tmp_path, "cmsml_tasks", "init")
    assert done.returncode == 0, done.stderr
    assert {"law.cfg", "network.py", ".law"} <= {path.name for path in tmp_path.iterdir()}
    law = ("law", "run", "ExportGraph", "--version", "v1", "--recipe", "network")
    done = run(python, tmp_path, *law, "--settings", "epochs=1")
    assert done.returncode == 0, done.stdout + done.stderr
    graph = tmp_path / "store/ExportGraph/network.Network/v1/graph.pb"
    assert graph.stat().st_size
    before = contents(tmp_path)
    done = run(python, tmp_path, "cmsml_tasks", "init")
    assert done.returncode == 1
    assert "law.cfg is there already; nothing was written" in done.stderr
    assert "Traceback" not in done.stderr
    assert before == contents(tmp_path)


def test_the_law_cfg_is_that_of_the_repository() -> None:
    ours, written = (configparser.ConfigParser(allow_no_value=True) for _ in range(2))
    ours.read(ROOT / "law.cfg")
    written.read(ROOT / "cmsml_tasks/templates/law.cfg")
    for section in ours.sections():
        assert dict(written[section]) == dict(ours[section])
