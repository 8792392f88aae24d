"""Every operation of the other TensorFlow releases has its verdict."""

from __future__ import annotations

import subprocess

import pytest
from registry import REGISTRY
from whole_zoo import Elsewhere

from cmsml_tasks.conversion.effects import verdict_of
from cmsml_tasks.runtimes import SessionRuntime


@pytest.mark.parametrize("name", ["tf-2.12", "tf-2.15", "tf-2.17"])
def test_every_operation_is_judged(name: str, elsewhere: Elsewhere) -> None:
    runtime = elsewhere(name)
    assert isinstance(runtime, SessionRuntime)
    command = [runtime.python, "-c", REGISTRY]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    names = done.stdout.split()
    assert len(names) > 1700, done.stderr
    assert [each for each in names if verdict_of(each) is None] == []
