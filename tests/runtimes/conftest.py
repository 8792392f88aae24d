"""Graphs to run, and other TensorFlow releases to run them in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from whole_zoo import Elsewhere

from cmsml_tasks.errors import UserError
from cmsml_tasks.runtimes import runtime_named, runtimes_folder
from cmsml_tasks.runtimes.child import ChildRuntime
from cmsml_tasks.runtimes.environments import Environment
from cmsml_tasks.runtimes.install import install


@pytest.fixture(scope="session")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graphs")
    script = Path(__file__).with_name("graphs_to_run.py")
    done = subprocess.run(
        [sys.executable, str(script), str(folder)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def elsewhere() -> Elsewhere:
    """Give a runtime by its name; environments are made once, in the folder that users have."""

    def get(name: str) -> ChildRuntime:
        root = runtimes_folder()
        release = name.partition("-")[2]
        try:
            if release:
                install(Environment(release, root))
            runtime = runtime_named(name, root)
            runtime.check()
        except UserError as error:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(str(error))
        assert isinstance(runtime, ChildRuntime)
        return runtime

    return get
