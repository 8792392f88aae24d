"""The tasks in somebody else's project: its own law.cfg, tasks and recipes."""

import os
import pty
import subprocess

import pytest
from command_line import LAW, Shell

LAW_CFG = """
[modules]
cmsml_tasks.tasks.{generate,train,export,validate}
my_analysis.tasks

[core]
index_file: .law/index

[luigi_core]
local_scheduler: True
no_lock: True

[cmsml_tasks]
store: $HOME/outputs_50%%

[cmsml_tasks_recipes]
jets: my_analysis.recipe.Jets
"""
RECIPE = """
import keras
from tiny_recipes import TinyRecipe

class Jets(TinyRecipe):
    "Imports Keras at the top, as many do."
"""
TASKS = """
import os
import law
import luigi
from cmsml_tasks.tasks import ExportGraph

class PublishGraph(law.Task):
    version = luigi.Parameter()

    def requires(self):
        return ExportGraph(version=self.version, recipe="jets")

    def output(self):
        return law.LocalFileTarget(os.path.abspath(f"published/{self.version}.pb"))

    def run(self):
        graph = self.input()["collection"].targets[0]["pb"]
        self.output().copy_from_local(graph.path)
"""


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    (folder / "my_analysis").mkdir(parents=True)
    (folder / "law.cfg").write_text(LAW_CFG)
    (folder / "my_analysis" / "__init__.py").touch()
    (folder / "my_analysis" / "recipe.py").write_text(RECIPE)
    (folder / "my_analysis" / "tasks.py").write_text(TASKS)
    return Shell(folder / "outputs", folder)


def test_own_task_requires_an_exported_graph(project):
    environment = project.environment(HOME=str(project.folder))
    del environment["CMSML_STORE"]
    environment["PYTHONPATH"] = f"{project.folder}{os.pathsep}{environment['PYTHONPATH']}"
    run = {"cwd": project.folder, "env": environment, "text": True, "capture_output": True}
    subprocess.run([LAW, "index"], **run, check=True)
    done = subprocess.run([LAW, "run", "PublishGraph", "--version", "v1", "--workers", "2"], **run)
    assert done.returncode == 0, done.stdout + done.stderr
    graph = project.folder / "outputs_50%/ExportGraph/my_analysis.recipe.Jets/v1/graph.pb"
    assert (project.folder / "published/v1.pb").read_bytes() == graph.read_bytes()
    hint = "hint: importing my_analysis.recipe loads TensorFlow"
    assert hint in done.stdout + done.stderr
    for noise in ("oneDNN", "absl::InitializeLog", "cuda"):
        assert noise not in done.stdout + done.stderr


def test_terminal_gets_a_bar(shell):
    primary, secondary = pty.openpty()
    process = subprocess.Popen(
        [LAW, "run", "TrainModel", "--version", "v1", "--settings", "epochs=2"],
        cwd=shell.folder,
        env=shell.environment(),
        stdout=secondary,
        stderr=subprocess.DEVNULL,
    )
    os.close(secondary)
    text = b""
    while True:
        try:
            chunk = os.read(primary, 4096)
        except OSError:  # the other end is closed
            break
        text += chunk
    os.close(primary)
    assert process.wait() == 0
    assert "░ batch 1/75" in text.decode()
    assert "\repoch 2/2  " in text.decode()
