"""The README's examples, run as they stand there."""

import json
import os
import re

import awkward as ak
import numpy as np
import pytest
import uproot
from command_line import ROOT, Shell

README = (ROOT / "README.md").read_text()


def block(language, containing):
    """The code block of the README with the given words."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    (found,) = (text for text in blocks if containing in text)
    return found


def test_first_screen_has_the_two_commands():
    first = next(line for line in README.splitlines() if "law run ExportGraph --version v1" in line)
    tests = next(line for line in README.splitlines() if "pytest" in line)
    assert README.index(tests) < 1600
    for line in (first, tests):
        assert line.startswith("[ -d .venv ] || python3.11 -m venv .venv; ")
        assert "index" not in line
    assert first.endswith("law run ExportGraph --version v1")


def write_events(path, seed, shift):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 4, 800)
    pt = ak.unflatten((rng.exponential(40, counts.sum()) + 20 + shift).astype("f4"), counts)
    eta = ak.unflatten(rng.normal(0, 1.2, counts.sum()).astype("f4"), counts)
    branches = {
        "Jet": ak.zip({"pt": pt, "eta": eta}),
        "MET_pt": ak.Array(rng.exponential(30, 800).astype("f4")),
        "genWeight": ak.Array(rng.choice([1.0, 1.0, 1.0, -1.0], 800).astype("f4")),
        "event": ak.Array(rng.permutation(10**6)[:800]),
    }
    with uproot.recreate(path) as file:
        tree = file.mktree("Events", {name: array.type for name, array in branches.items()})
        tree.extend(branches)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("analysis")
    (folder / "jets.py").write_text(block("python", "class JetTagger"))
    (folder / "law.cfg").write_text((ROOT / "law.cfg").read_text())
    (folder / ".law").symlink_to(ROOT / ".law")
    write_events(folder / "ttbar_1.root", 1, 30)
    write_events(folder / "qcd_1.root", 2, 0)
    return Shell(folder / "store", folder)


def test_recipe_of_the_readme(project):
    command = block("shell", "--recipe jets.JetTagger --settings").splitlines()[1]
    text = project.law(*command.split()[2:])
    folder = project.store / "ExportGraph/jets.JetTagger/v1"
    card = json.loads((folder / "graph.json").read_text())
    names = [feature["name"] for feature in card["inputs"][0]["features"]]
    assert names == ["Jet_pt[0]", "Jet_pt[1]", "Jet_eta[0]", "Jet_eta[1]", "nJet", "log1p(MET_pt)"]
    assert card["split"]["column"] == "event"
    assert text.count("epoch ") == 50


def test_folds_and_scan_of_the_readme(project):
    command = block("shell", "--recipe jets.JetTagger --settings").splitlines()[2]
    text = project.law(*command.split()[2:], "--print-output", "0")
    assert text.count("validation.json") == 15
    assert "/fold=0of5__hidden_units=32/validation.json" in text


def test_conversion_of_the_readme(tmp_path):
    code = "import keras\nmodel = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])\n"
    code += block("python", "create_session=True")
    code += "print([op.name for op in graph.get_operations()], session)\n"
    shell = Shell(tmp_path / "store", tmp_path)
    done = shell.python(code)
    assert "'input'" in done
    assert "'output'" in done
    assert (tmp_path / "model.pb").exists()


def test_example_analysis(tmp_path):
    data = ROOT / "../shared/data/uproot-HZZ.root"
    if not data.exists() and not os.environ.get("CI"):
        pytest.skip(f"the CMS file is not there: {data}")
    shell = Shell(tmp_path / "store")
    recipe = "workflows.hzz.recipe.ZCandidate"
    arguments = ("ValidateGraph", "--version", "v1", "--recipe", recipe)
    shell.try_law(*arguments).refused("no file matches", "HZZ_FILES")
    text = shell.law(*arguments, "--settings", "epochs=5", HZZ_FILES=str(data))
    assert "muon_pt[0], muon_pt[1], " in text
