"""Which edits of a recipe's code make what run again."""

import pytest
from jets_project import DEEP, JETS, Project
from law_commands import summary

COMPLETE = {"ExportGraph": "complete (1/1)", "TrainModel": "complete (1/1)"}
VERSION = ("--version", "v1")
CHAIN = ("ExportGraph", *VERSION, "--recipe", JETS)
DEEP_CHAIN = ("ExportGraph", *VERSION, "--recipe", DEEP)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A project with a graph of each recipe; tests only copy it."""
    project = Project.new(tmp_path_factory.mktemp("jets") / "project")
    project.law(*CHAIN)
    text = project.law(*DEEP_CHAIN)
    assert "hint: importing jets.deep loads TensorFlow" in text
    return project


@pytest.fixture
def project(exported, tmp_path):
    return exported.copied_to(tmp_path)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("recipe.py", "# the mean and the width", "# the mean\n        # and the width"),
        ("recipe.py", '"""Return one hidden layer."""', '"""Return another network."""'),
        ("recipe.py", 'activation="relu")(scaled)', "activation='relu'\n        )(scaled)"),
        ("shapes.py", "return recipe.hidden_units", "return (recipe.hidden_units)  # units"),
    ],
)
def test_words_and_layout_do_not_count(project, name, old, new):
    project.edit(name, old, new)
    assert project.status(*CHAIN) == COMPLETE
    before = project.times()
    assert project.run(*CHAIN) == {"ExportGraph": {"up to date": 1}}
    assert project.times() == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("shapes.py", "return 3", "return 4"),
        ("shapes.py", "def unrelated", "def another"),
        ("recipe.py", "class Jets", "def plot(history):\n    return history\n\n\nclass Jets"),
        ("recipe.py", "class Jets", "class Flat(TinyRecipe):\n    epochs: int = 2\n\n"
         "    def build(self, data):\n        return shapes.unrelated()\n\n\nclass Jets"),
    ],
)  # fmt: skip
def test_what_the_recipe_does_not_reach_does_not_count(project, name, old, new):
    project.edit(name, old, new)
    assert project.status(*CHAIN) == COMPLETE


def test_a_second_recipe_beside_does_not_count_for_the_graph_either(project):
    project.edit("deep.py", "class Deep", "class Wide(TinyRecipe):\n    epochs: int = 2\n\n\n"
                 "class Deep")  # fmt: skip
    assert project.status(*DEEP_CHAIN) == COMPLETE


def test_edit_that_changes_no_byte_is_cut_off(project):
    project.edit("recipe.py", "scaled", "normalized")
    assert project.status(*CHAIN) == {
        "ExportGraph": "stale (1/1): TrainModel would run first",
        "TrainModel": "stale (1/1): code Jets.build changed",
    }
    before = project.times()
    assert project.run(*CHAIN) == {"TrainModel": {"ran": 1}, "ExportGraph": {"cut off": 1}}
    assert project.written_since(before) == {"TrainModel"}
    assert project.status(*CHAIN) == COMPLETE


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        ("shapes.py", "recipe.hidden_units", "2 * recipe.hidden_units",
         "Jets.build -> jets.shapes.width changed"),
        ("recipe.py", "import os\n", "import os\nimport sys\n",
         "jets.recipe (outside of functions) changed"),
        ("recipe.py", "    def train", "    epochs: int = 1\n\n    def train", "Jets changed"),
        ("__init__.py", "", "WIDTH = 3\n", "jets (outside of functions) changed"),
    ],
)  # fmt: skip
def test_what_counts_and_how_it_is_told(project, name, old, new, reason):
    project.edit(name, old, new)
    assert project.status(*CHAIN)["TrainModel"] == f"stale (1/1): code {reason}"


def test_code_that_a_model_is_read_with(project):
    """The layers of a recipe's own decide about the export too."""
    # one that leaves the weights as they are
    project.edit("deep.py", "return self.score", "return 0.5 * self.score")
    status = project.status(*DEEP_CHAIN)
    assert status["TrainModel"] == "stale (1/1): code Deep.build -> Net.call changed"
    assert "no longer used" not in status["ExportGraph"]
    assert status["ExportGraph"].endswith("TrainModel would run first")
    # recipes in other modules have nothing to do with it
    assert project.status(*CHAIN) == COMPLETE
    (path,) = project.store.glob("ExportGraph/*Deep/v1/graph.pb")
    graph = path.read_bytes()
    assert project.run(*DEEP_CHAIN) == {"TrainModel": {"ran": 1}, "ExportGraph": {"ran": 1}}
    assert path.read_bytes() != graph
    assert project.status(*DEEP_CHAIN) == COMPLETE


def test_code_that_a_model_is_read_with_is_not_lost_while_it_waits(project):
    tagged = (*DEEP_CHAIN, "--settings", "tag=loose")
    assert project.status(*tagged) == {
        "ExportGraph": "stale (1/1): TrainModel would run first",
        "TrainModel": 'stale (1/1): setting tag "" -> loose',
    }
    assert project.explained(*tagged) == {"TrainModel": "run", "ExportGraph": "run if changed"}


def test_failed_rerun_costs_nothing(project):
    before = project.times()
    done = project.try_law(*CHAIN, "--settings", "tag=loose", FAIL="1")
    assert done.status != 0
    assert "the training was told to fail" in done.text
    assert summary(done.text) == {"TrainModel": {"failed": 1}, "ExportGraph": {"not run": 1}}
    assert project.files() == sorted(before)
    assert project.status(*CHAIN) == COMPLETE
    assert project.run(*CHAIN) == {"ExportGraph": {"up to date": 1}}
    assert project.times() == before


def test_accepted_code(project):
    project.edit("shapes.py", "return recipe.hidden_units", "return int(recipe.hidden_units)")
    before = project.times()
    text = project.law("ExportGraph", *CHAIN[1:], "--accept")
    assert (
        "not accepted  ExportGraph: what TrainModel makes is not settled; accept that too" in text
    )
    assert text.endswith("0 accepted\n")
    assert project.times() == before
    text = project.law(*CHAIN, "--accept=-1")
    assert "accepted      TrainModel: code Jets.build -> jets.shapes.width changed\n" in text
    assert "1 accepted\n" in text
    assert {name for name, time in project.times().items() if before[name] != time} == {
        f"TrainModel/{JETS}/v1/manifest.json"
    }
    assert project.status(*CHAIN) == COMPLETE
    (entry,) = project.manifest("TrainModel", JETS)["accepted"]
    assert entry["in spite of"] == ["code Jets.build -> jets.shapes.width changed"]
    assert {"time", "user", "host"} <= set(entry)
    origin = project.law("TrainModel", *CHAIN[1:], "--origin")
    assert f"accepted by {entry['user']} at {entry['time']}" in origin
    assert "in spite of code Jets.build -> jets.shapes.width changed" in origin
