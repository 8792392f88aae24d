"""Somebody's own package of recipes in a folder of its own, to be edited by tests."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from command_line import ROOT, Shell

JETS, DEEP, TABLE = "jets.recipe.Jets", "jets.deep.Deep", "jets.table.Table"
FILES = {
    "__init__.py": "",
    "recipe.py": '''"""Jets."""

import os

from tiny_recipes import TinyRecipe

from jets import shapes


class Jets(TinyRecipe):
    """A network whose widths come from another module."""

    def build(self, data):
        """Return one hidden layer."""
        import keras

        features = keras.Input(data.input_shape, name="features")
        # the mean and the width of each feature
        scaled = data.normalize(features)
        hidden = keras.layers.Dense(shapes.width(self), activation="relu")(scaled)
        return keras.Model(features, keras.layers.Dense(1, "sigmoid", name="score")(hidden))

    def train(self, model, data, callbacks=()):
        if "FAIL" in os.environ:
            raise RuntimeError("the training was told to fail")
        return super().train(model, data, callbacks)
''',
    "shapes.py": '''"""What Jets needs."""


def width(recipe):
    return recipe.hidden_units


def unrelated():
    return 3
''',
    "deep.py": '''"""A network class of one's own."""

import keras
from tiny_recipes import TinyRecipe


class Net(keras.Model):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.hidden = keras.layers.Dense(units, "relu")
        self.score = keras.layers.Dense(1, "sigmoid")

    def call(self, inputs):
        return self.score(self.hidden(inputs))

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class Deep(TinyRecipe):
    def build(self, data):
        return Net(self.hidden_units)

    def train(self, model, data, callbacks=()):
        model.compile("adam", "binary_crossentropy")
        return super().train(model, data, callbacks)
''',
    "table.py": '''"""Events of a file."""

from cmsml_tasks import EventRecipe


class Table(EventRecipe):
    files = ["$EVENTS/*.csv"]
    target = "signal"
    features = ["x", "y"]
    epochs: int = 1

    def build(self, data):
        import keras

        features = keras.Input(data.input_shape, name="features")
        return keras.Model(features, keras.layers.Dense(1, "sigmoid")(features))
''',
}


@dataclass
class Project(Shell):
    """Runs law in the project's folder, with its package on the import path."""

    @classmethod
    def new(cls, folder: Path) -> Project:
        """Write the package to *folder*."""
        (folder / "jets").mkdir(parents=True)
        for name, text in FILES.items():
            (folder / "jets" / name).write_text(text)
        config = (ROOT / "law.cfg").read_text().replace(".law/index", f"{ROOT}/.law/index")
        (folder / "law.cfg").write_text(config)
        return cls(folder / "store", folder)

    def environment(self, **variables: str) -> dict[str, str]:
        found = super().environment()
        path = f"{self.folder}{os.pathsep}{found['PYTHONPATH']}"
        # edits within one second would leave a cached module of the same date
        return {**found, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **variables}

    def copied_to(self, folder: Path) -> Project:
        """Return a copy of the package and of the store; its cache is empty."""
        ignore = shutil.ignore_patterns("cache")
        shutil.copytree(self.folder, folder / "project", ignore=ignore)
        return Project(folder / "project" / "store", folder / "project")

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace *old* by *new* in a module of the package."""
        path = self.folder / "jets" / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def manifest(self, task: str, recipe: str) -> dict[str, Any]:
        """Return the manifest of a task without branches."""
        content = (self.store / task / recipe / "v1" / "manifest.json").read_text()
        return dict(json.loads(content))
