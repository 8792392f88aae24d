"""Make the outputs of a manifest again, and compare them byte for byte."""

from __future__ import annotations

import functools
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

from luigi.task_register import load_task

from cmsml_tasks.command_line.law_program import law_program
from cmsml_tasks.command_line.tables import table
from cmsml_tasks.errors import SettingsError
from cmsml_tasks.processes.endings import end_with, prepare_end_with
from cmsml_tasks.tracking.manifests.manifest import Manifest, Unbelievable
from cmsml_tasks.tracking.storage.places import Place

_NEVER = ("log_file", "workflow", "effective_workflow", "cancel_jobs", "cleanup_jobs")


def rebuild(path: Place) -> bool:
    """Run what the manifest at *path* asks for, and print which outputs are the same again.

    Where the outputs go is decided as for every run: choose an empty store to build all anew.

    Returns:
        Whether all outputs have the recorded bytes.

    Raises:
        SettingsError: there is no manifest, or the run failed.
    """
    manifest = Manifest.read(path, declared=None)
    if manifest is None:
        raise SettingsError(f"{path} is no manifest: there is no such file")
    if isinstance(manifest, Unbelievable):
        raise SettingsError(f"{path} is no manifest to believe: {manifest.reason}")
    if not manifest.request:
        raise SettingsError(f"{path} does not say how its outputs are made; run the task itself")
    task = _task(manifest.request)
    command = [law_program(), "run", *_words(manifest.request, task)]
    print(shlex.join([Path(command[0]).name, *command[1:]]), flush=True)
    prepare_end_with()
    tied = functools.partial(end_with, os.getpid())
    done = subprocess.run(command, check=False, preexec_fn=tied)
    if done.returncode:
        raise SettingsError(f"the run ended with exit status {done.returncode}; see above")
    again = Manifest.read(task.manifest_path, declared=None)
    made = again.outputs if isinstance(again, Manifest) else {}
    rows = []
    for name, output in manifest.outputs.items():
        digest = made.get(name, {}).get("sha256")
        verdict = "not made" if digest is None else "other bytes"
        rows.append((name, "same bytes" if digest == output["sha256"] else verdict))
    print(table(rows))
    return all(verdict == "same bytes" for _, verdict in rows)


def _words(request: dict[str, Any], task: Any) -> list[str]:
    """Return the words of the run: parameters that say what is made, and none that removes.

    Raises:
        SettingsError: a parameter that the task does not have.
    """
    known = {name.replace("_", "-") for name, _ in task.get_params()}
    never = {name.replace("_", "-") for name in (*task.interactive_params, *_NEVER)}
    options = []
    for name, value in request["parameters"].items():
        if name not in known:
            raise SettingsError(f"the manifest asks for --{name}, which {request['task']} has not")
        if name not in never:
            options.append(f"--{name}={value}")
    return [f"{request['module']}.{request['task']}", *options]


def _task(request: dict[str, Any]) -> Any:
    parameters = {name.replace("-", "_"): text for name, text in request["parameters"].items()}
    return load_task(request["module"], request["task"], parameters)
