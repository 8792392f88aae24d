"""Recipes may start processes of their own; none of those holds a task."""

import os
import signal

import pytest
from law_commands import PATIENCE, summary
from processes import running_with


@pytest.mark.parametrize("start_method", ["fork", "spawn"])
def test_processes_of_a_recipe(shell, start_method):
    arguments = ("TrainModel", "--version", "v1", "--recipe", "parallel_recipes.ParallelRecipe")
    settings = ("--settings", f"start_method={start_method}")
    log = shell.store.with_name("log")
    # not by a pipe: what lives on would hold it
    with open(log, "w") as stream, shell.start(*arguments, *settings, to=stream) as process:
        process.wait(PATIENCE)
    text = log.read_text()
    assert process.returncode == 0, text
    assert summary(text)["TrainModel"] == {"ran": 1}
    # the one in a session of its own was meant to live on
    (left,) = running_with("CMSML_STORE", shell.store)
    os.kill(left, signal.SIGKILL)
