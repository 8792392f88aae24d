"""Finished models with layers of other packages, and of modules of one's own."""

import importlib
import json
import os
import sys
import textwrap

import keras
import pytest
from command_line import ROOT

HGQ = ROOT / "../shared/cases/third_party_layers/hgq.keras"
LAYERS = """
    import keras
    from own_factors import FACTOR

    class Scaled(keras.layers.Layer):
        def call(self, x):
            return x * FACTOR
"""

FACTORS = """FACTOR = 2.0

def unused():
    return 1
"""


def layers_of_mine():
    """Import what is written for each test anew."""
    for name in ("layers_of_mine", "own_factors"):
        sys.modules.pop(name, None)
    return importlib.import_module("layers_of_mine")


@pytest.fixture
def hgq():
    if not HGQ.exists() and not os.environ.get("CI"):
        pytest.skip(f"the model is not there: {HGQ}")
    if keras.__version__ < "3.15":
        pytest.skip("Keras before 3.15 has not all that the file asks for of Keras itself")
    return str(HGQ)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder of one's own modules, a model with a layer of them, and a shell that finds both."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "layers_of_mine.py").write_text(textwrap.dedent(LAYERS))
    (folder / "own_factors.py").write_text(FACTORS)
    (folder / "own_other.py").write_text("X = 1\n")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    )
    return folder


def test_layers_of_an_installed_package(hgq, shell):
    arguments = ("ValidateGraph", "--version", "v1", "--source", hgq, "--custom-modules")
    text = shell.law(*arguments, "hgq")
    assert "input    x:0  float32 [batch, 16]" in text
    assert "passed          reference outputs" in text
    manifest = next(shell.store.glob("ExportGraph/*/v1/manifest.json"))
    recorded = json.loads(manifest.read_text())
    versions = recorded["ingredients"]["version of"]
    assert versions["hgq2"]
    versions["hgq2"] = "0.0.1"
    manifest.write_text(json.dumps(recorded))
    status = shell.status(*arguments, "hgq")
    assert status["ExportGraph"].startswith("stale (1/1): version of hgq2 0.0.1 -> ")
    shell.try_law(*arguments, "hgg").refused("no module 'hgg'", "did you mean 'hgq'?")


def test_code_of_ones_own_module_counts(project, shell):
    source = project / "scaled.keras"
    model = [keras.Input((3,), name="x"), layers_of_mine().Scaled(name="y")]
    keras.Sequential(model).save(source)
    arguments = ("ExportGraph", "--version", "v1", "--source", str(source))
    named = (*arguments, "--custom-modules", "layers_of_mine")
    # whatever the model was trained with, it is exported with TensorFlow
    assert "output   y:0" in shell.law(*named, KERAS_BACKEND="jax")
    assert shell.status(*named) == {"ExportGraph": "complete (1/1)"}

    module, factors = project / "layers_of_mine.py", project / "own_factors.py"
    module.write_text(module.read_text() + "\n# a comment\n")
    factors.write_text(FACTORS.replace("1", "2"))
    (project / "own_other.py").write_text("X = 2\n")
    assert shell.status(*named) == {"ExportGraph": "complete (1/1)"}
    source = module.read_text()
    module.write_text(source.replace("x *", "x +"))
    assert shell.status(*named) == {"ExportGraph": "stale (1/1): code Scaled.call changed"}
    module.write_text(source)
    factors.write_text(FACTORS.replace("2.0", "3.0"))
    assert "stale (1/1): code own_factors" in shell.status(*named)["ExportGraph"]

    shell.try_law(*arguments).refused("'Scaled' of layers_of_mine", "--custom-modules layers_of")
    done = shell.try_law(*arguments, "--custom-modules", "layers_of_mine,own_other")
    done.refused("'own_other'", "nothing that this file asks for: 'Scaled' of layers_of_mine")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--custom-modules", "hgq"], ["goes with --source"]),
        (["--source", __file__, "--custom-modules", "hgg"], ["'hgg'", "did you mean 'hgq'?"]),
        (["--source", __file__, "--custom-modules", "a/b.py"], ["a/b.py", "without path"]),
        (["--source", __file__, "--custom-modules", "./hgq.py"], ["without path", "mean 'hgq'?"]),
        (["--source", __file__, "--custom-modules", "hgq.py"], ["did you mean 'hgq'?"]),
        (["--source", __file__, "--custom-modules", "hgq.layer"], ["did you mean 'hgq.layers'?"]),
    ],
)
def test_modules_that_are_wrong_are_refused_at_once(shell, options, words):
    shell.try_law("ExportGraph", "--version", "v1", *options).refused(*words)
    assert shell.files() == []
