"""Recipes by name, in an interpreter that has not seen them."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

GOOD = """
from cmsml_tasks import EventRecipe

class Tagger(EventRecipe):
    files = ["a.root"]
    target = "x > 0"
    features = ["pt"]

    def build(self, data):
        import keras
"""
LOAD = """
import sys
from cmsml_tasks.errors import SettingsError
from cmsml_tasks.recipes import load_recipe, recipe_name
try:
    print("name:", recipe_name(load_recipe(sys.argv[1], {"short": "jets.Tagger"})))
except SettingsError as error:
    print("refused:", error)
print("tensorflow:", "tensorflow" in sys.modules)
"""


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Load a recipe by name in a fresh interpreter, with modules in its current directory."""
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "2")
    (tmp_path / "load_it.py").write_text(LOAD)
    (tmp_path / "bin").mkdir()

    def run(name, **modules):
        for module, text in {"jets": GOOD, **modules}.items():
            (tmp_path / f"{module}.py").write_text(textwrap.dedent(text))
        # Like the law script, this one is not in the current directory.
        (tmp_path / "load_it.py").rename(tmp_path / "bin/load_it.py")
        command = [sys.executable, "bin/load_it.py", name]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        return done

    return run


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("jets.Tagger", "jets.Tagger"),
        ("short", "jets.Tagger"),
        ("other.Tagger", "jets.Tagger"),
        ("demo", "cmsml_tasks.recipes.demo.DimuonResonance"),
    ],
)
def test_names_lead_to_one_full_name_without_tensorflow(load, name, full):
    done = load(name, other="from jets import Tagger")
    assert done.stdout.splitlines() == [f"name: {full}", "tensorflow: False"]
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("name", "modules", "parts"),
    [
        ("dem", {}, ["unknown recipe 'dem'", "did you mean 'demo'?"]),
        ("shrt", {}, ["did you mean 'short'?"]),
        ("jet.Tagger", {}, ["no module 'jet'", "did you mean 'jets'?"]),
        ("no.such.Thing", {}, ["no module 'no'"]),
        ("jets.Tager", {}, ["no 'Tager' in jets", "did you mean 'Tagger'?"]),
        ("jets.EventRecipe", {}, ["EventRecipe is not a complete recipe", "build()"]),
        ("mine.X", {"mine": "X = 3"}, ["'mine.X' is not a Recipe"]),
        ("mine.X", {"mine": "import nothing_here"}, ["mine.py:1: ModuleNotFoundError", "nothing"]),
        ("mine.X", {"mine": "a = 1\n1 / 0"}, ["mine.py:2: ZeroDivisionError: division by zero"]),
        ("mine.X", {"mine": "class X(:\n  pass"}, ["mine.py:1: SyntaxError: invalid syntax"]),
        (
            "mine.X",
            {"mine": GOOD.replace("files =", "hidden = 3\n    files =")},
            ["mine.py:4: ", "'hidden' has no type", "hidden: int = ...", "ClassVar"],
        ),
        (
            "mine.X",
            {"mine": GOOD.replace("features =", "feature =")},
            ["'feature' has no type", "did you mean 'features'?"],
        ),
        (
            "mine.X",
            {"mine": GOOD.replace("files =", "epochs = 3\n    files =")},
            ["'epochs' is a setting and needs its type: epochs: int = ..."],
        ),
        (
            "mine.X",
            {"mine": GOOD.replace("files =", "files: list =")},
            ["mine.py:4: Tagger.files is annotated"],
        ),
        (
            "mine.Tagger",
            {"mine": GOOD.replace('"x > 0"', '"x >"')},
            ["target of Tagger: 'x >' is not an expression"],
        ),
    ],
)
def test_refusals_have_no_traceback(load, name, modules, parts):
    done = load(name, **modules)
    refused = done.stdout.splitlines()[0]
    assert refused.startswith("refused: ")
    for part in parts:
        assert part in refused
    assert done.stderr == ""


def test_recipe_that_imports_keras_at_the_top_works_with_a_hint(load):
    done = load("heavy.Tagger", heavy="import keras" + GOOD)
    assert done.stdout.splitlines() == ["name: heavy.Tagger", "tensorflow: True"]
    hints = [line for line in done.stderr.splitlines() if line.startswith("hint: ")]
    assert len(hints) == 1
    assert "importing heavy loads TensorFlow (" in hints[0]
    assert hints[0].endswith("import keras inside the methods")


def test_importing_the_room_and_looking_at_the_demo_is_light():
    code = (
        "import sys, cmsml_tasks.recipes as r; r.make_recipe(r.load_recipe('demo')).settings();"
        "heavy = {'numpy', 'tensorflow', 'keras', 'uproot', 'awkward', 'pyarrow', 'fsspec'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
