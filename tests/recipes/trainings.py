"""Real trainings in one process of their own (importing TensorFlow costs seconds).

python trainings.py FOLDER [HZZ_FILE]: prints one JSON object with what the tests look at.
"""

from __future__ import annotations

import json
import sys
import warnings
import zipfile
from pathlib import Path

import keras
import numpy as np

from cmsml_tasks import EventRecipe, Recipe
from cmsml_tasks.errors import UserError
from cmsml_tasks.recipes import Events, load_recipe, make_recipe, split
from cmsml_tasks.recipes.default_training import history_of

FOLDER = Path(sys.argv[1])


def toy_events(classes, **changes):
    rng = np.random.default_rng(5)
    target = rng.integers(0, classes, 3000)
    inputs = rng.normal(size=(3000, 2)).astype(np.float32)
    inputs[:, 0] += 2 * target
    return Events(**{"inputs": inputs, "target": target, **changes})


class Toy(Recipe):
    epochs: int = 2
    units: int = 1
    kind: str = "functional"
    activation: str = ""

    def load(self, files):
        return toy_events(max(self.units, 2))

    def build(self, data):
        activation = self.activation or ("sigmoid" if self.units == 1 else "softmax")
        head = keras.layers.Dense(self.units, activation=activation, name="output")
        if self.kind == "sequential":
            return keras.Sequential([keras.layers.Dense(8, activation="relu"), head])
        if self.kind == "subclassed":
            return Net(head)
        if self.kind == "nested":
            return keras.Sequential([keras.layers.Dense(8), keras.Sequential([head])])
        features = keras.Input(data.input_shape, name="features")
        x = keras.layers.Dense(8, activation="relu")(data.normalize(features))
        if self.kind == "dict":
            return keras.Model({"features": features}, {"output": head(x)})
        return keras.Model(features, head(x))


class Net(keras.Model):
    def __init__(self, head):
        super().__init__()
        self.head = head

    def call(self, inputs):
        return self.head(inputs)


def toy(events=None, **settings):
    keras.utils.set_random_seed(1)
    recipe = Toy(**settings)
    data = split(events or recipe.load([]))
    return recipe.train(recipe.build(data), data)


def refused(*args, **settings):
    try:
        toy(*args, **settings)
    except UserError as error:
        return str(error)
    return "accepted"


def softmax_of_one():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "You are using a softmax over axis -1", UserWarning)
        return refused(activation="softmax")


def logits(**settings):
    """Loss and judgement of logits, and what the numbers should be."""
    keras.utils.set_random_seed(1)
    recipe = Toy(activation="linear", learning_rate=0.01, epochs=5, **settings)
    data = split(recipe.load([]))
    model = recipe.build(data)
    history = recipe.train(model, data)
    scores = model.predict(data.validation.inputs, verbose=0)
    target = data.validation.target
    if scores.shape[1] == 1:
        scores = np.concatenate([0 * scores, scores], axis=1)
    probability = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    loss = -np.log(probability[np.arange(len(target)), target]).mean()
    return {"history": history, "expected": float(loss), "lowest": float(scores.min())}


def per_class():
    target = np.random.default_rng(1).integers(0, 2, (3000, 2)).astype(np.float32)
    data = split(toy_events(2, target=target))
    model = keras.Sequential([keras.layers.Dense(2, activation="sigmoid")])
    model.compile(loss="mse", metrics=[keras.metrics.F1Score(name="f1")])
    raw = model.fit(data.train.inputs, data.train.target, epochs=1, verbose=0)
    return {"trained": Toy().train(model, data), "history_of": history_of(raw)}


def demo():
    recipe = make_recipe(load_recipe("demo"))
    path = FOLDER / "demo.npz"
    type(recipe).generate(path)
    keras.utils.set_random_seed(recipe.seed)
    data = split(recipe.load([str(path)]), fold=0, folds=5)
    model = recipe.build(data)
    history = recipe.train(model, data)
    raw = data.train.inputs
    inside = keras.Model(model.inputs, model.layers[1].output).predict(raw, verbose=0)
    return {"history": history, "mean": inside.mean(0).tolist(), "std": inside.std(0).tolist()}


def hzz(path):
    import os

    os.environ["HZZ_FILES"] = path
    recipe = make_recipe(load_recipe("workflows.hzz.recipe.ZCandidate"))
    keras.utils.set_random_seed(recipe.seed)
    data = split(recipe.load(recipe.input_files()))
    model = recipe.build(data)
    history = recipe.train(model, data)
    model.save(FOLDER / "hzz.keras")
    again = keras.models.load_model(FOLDER / "hzz.keras")
    rows = data.validation.inputs
    with zipfile.ZipFile(FOLDER / "hzz.keras") as archive:
        config = archive.read("config.json").decode()
    return {
        "history": history,
        "same": bool((model.predict(rows, verbose=0) == again.predict(rows, verbose=0)).all()),
        "own_classes": "cmsml_tasks" in config or 'registered_name": "Custom' in config,
    }


class Padded(EventRecipe):
    files = ("padded.npz",)
    target = "label"
    features = ("x[:2]", "fixed", "always")
    padding = -7.5

    def build(self, data):
        features = keras.Input(data.input_shape)
        return keras.Model(features, data.normalize(features))


def padding():
    """Normalised values of known rows; x has 0 to 2 elements, uniformly 10 or 12."""
    import awkward as ak
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(1)
    counts = rng.integers(0, 3, 900)
    x = ak.unflatten(rng.choice([10.0, 12.0], counts.sum()), counts)
    columns = {"x": ak.to_list(x), "label": rng.integers(0, 2, 900), "fixed": np.full(900, 3.0)}
    columns["always"] = rng.normal(1e4, 5, 900)
    pq.write_table(pa.table({k: pa.array(v) for k, v in columns.items()}), FOLDER / "p.parquet")
    recipe = Padded()
    data = split(recipe.load([str(FOLDER / "p.parquet")]))
    model = recipe.build(data)
    model.save(FOLDER / "padded.keras")
    model = keras.models.load_model(FOLDER / "padded.keras")
    rows = [[10, -7.5, 3, 1e4], [12, 12, 4, 1e4 + 5], [-7.5, 10, 3, -7.5], [np.nan, 10, 3, 1e4]]
    train = model.predict(data.train.inputs, verbose=0)
    return {
        "rows": model.predict(np.array(rows, np.float32), verbose=0).tolist(),
        "always": [float(train[:, 3].mean()), float(train[:, 3].std())],
        "features": data.features,
    }


def several_inputs():
    rng = np.random.default_rng(1)
    inputs = {"a": rng.normal(5, 2, (900, 3)), "b": rng.normal(-3, 1, (900, 4, 2))}
    data = split(Events(inputs, rng.integers(0, 2, 900)))
    a, b = keras.Input((3,), name="a"), keras.Input((4, 2), name="b")
    model = keras.Model({"a": a, "b": b}, [data.normalize(a, "a"), data.normalize(b, "b")])
    outputs = model.predict(data.train.inputs, verbose=0)
    return [[float(np.abs(out.mean()) < 1e-3), float(out.std())] for out in outputs]


def missing():
    """Normalised values where NaN stands for what is missing."""
    rng = np.random.default_rng(1)
    inputs = rng.normal(50, 4, (900, 2))
    inputs[rng.random((900, 2)) < 0.3] = np.nan
    data = split(Events(inputs, rng.integers(0, 2, 900), allow_missing=True))
    features = keras.Input(data.input_shape)
    scaled = keras.Model(features, data.normalize(features)).predict(data.train.inputs, verbose=0)
    kept = bool((np.isnan(scaled) == np.isnan(data.train.inputs)).all())
    return [kept, float(np.nanmean(scaled)), float(np.nanstd(scaled))]


def weights():
    """Class 1 lies left and right of 0; negative weights cancel those on the right."""
    rng = np.random.default_rng(2)
    target = rng.integers(0, 2, 6000)
    right = rng.random(6000) < 0.5
    x = np.where(target == 1, np.where(right, 3.0, -3.0), 0.0) + rng.normal(0, 0.5, 6000)
    weight = np.where((target == 1) & right & (rng.random(6000) < 0.5), -1.0, 1.0)
    events = Events(x[:, None].astype(np.float32), target, weight)
    keras.utils.set_random_seed(1)
    recipe = Toy(epochs=10, learning_rate=0.01)
    data = split(events)
    model = recipe.build(data)
    history = recipe.train(model, data)
    probe = np.array([[-3.0], [0.0], [3.0]], np.float32)
    return {"scores": model.predict(probe, verbose=0)[:, 0].tolist(), "history": history}


result = {
    "demo": demo(),
    "padding": padding(),
    "several_inputs": several_inputs(),
    "missing": missing(),
    "weights": weights(),
    "kinds": {kind: toy(kind=kind) for kind in ("functional", "sequential", "subclassed", "dict")},
    "logits": [logits(), logits(units=3), logits(kind="sequential"), logits(kind="nested")],
    "per_class": per_class(),
    "no_probabilities": {
        "tanh": refused(activation="tanh"),
        "subclassed": refused(activation="linear", kind="subclassed"),
        "softmax": softmax_of_one(),
    },
    "three": toy(units=3),
    "two_outputs": toy(units=2),
    "patience": toy(epochs=60, patience=1, learning_rate=0.3),
    "no_label": refused(toy_events(2, target=np.linspace(0, 1, 3000))),
    "wrong_units": refused(toy_events(3), units=2),
    "hzz": hzz(sys.argv[2]) if len(sys.argv) > 2 else None,
}
print("RESULT " + json.dumps(result))
