"""Preprocessing inside of the graph: scaling, binning, vocabularies, text."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from zoo.registry import Model, rows, shaken, zoo

L = keras.layers

X = rows(6, 4)
PDG_IDS = np.array([[11, -13], [22, 211], [13, 13], [-11, 0]], "int64")
TRIGGERS = np.array([[b"mu24", b"ele32"], [b"none", b"mu24"], [b"ht1050", b""]])


def lookup(layer: Any, feed: np.ndarray, name: str) -> Model:
    x = keras.Input(feed.shape[1:], dtype="string" if feed.dtype.kind == "S" else "int64",
                    name=name)  # fmt: skip
    return Model(keras.Model(x, layer(x)), {name: feed}, exact=True)


@zoo
def normalization_adapted() -> Model:
    normalization = L.Normalization(name="standardise")
    normalization.adapt(3 * rows(50, 4, seed=5) + [1, 2, 3, 4])
    x = keras.Input((4,), name="features")
    inverse = L.Normalization(mean=[1.0, 2], variance=[4.0, 0.25], invert=True)
    model = shaken(keras.Model(x, inverse(L.Dense(2)(normalization(x)))))
    return Model(model, {"features": X})


@zoo
def discretization_adapted() -> Model:
    bins = L.Discretization(num_bins=5, name="pt_bin")
    bins.adapt(rows(200, seed=5))
    x = keras.Input((4,), name="pt")
    # values on the edges of bins
    feed = np.stack([np.resize(bins.bin_boundaries, 4), *X]).astype("float32")
    return Model(keras.Model(x, bins(x)), {"pt": feed}, outputs=("pt_bin",), exact=True)


@zoo
def discretization_one_hot() -> Model:
    bins = L.Discretization([-0.5, 0.0, 0.7], output_mode="one_hot")
    x = keras.Input((1,), name="pt")
    model = shaken(keras.Model(x, L.Dense(2)(bins(x))))
    return Model(model, {"pt": X[:, :1]})


@zoo
def category_encodings() -> Model:
    x = keras.Input((3,), dtype="int32", name="categories")
    weights = keras.Input((3,), name="weights")
    outputs = {
        "multi_hot": L.CategoryEncoding(5, "multi_hot")(x),
        "one_hot": L.CategoryEncoding(5, "one_hot")(x),
        "count": L.CategoryEncoding(5, "count")(x, count_weights=weights),
    }
    feeds = {
        "categories": np.array([[0, 1, 1], [4, 2, 0]], "int32"),
        "weights": np.array([[1, 2, 0.5], [3, 1, 1]], "float32"),
    }
    return Model(keras.Model([x, weights], outputs), feeds, sorted(outputs), exact=True)


@zoo
def hashing_of_strings() -> Model:
    return lookup(L.Hashing(7, mask_value="none"), TRIGGERS, "triggers")


@zoo
def hashing_salted_one_hot() -> Model:
    return lookup(L.Hashing(5, salt=[3, 4], output_mode="one_hot"), PDG_IDS[:, :1], "pdg_ids")


@zoo
def hashed_crossing() -> Model:
    names = ("detector", "trigger")
    inputs = [keras.Input((1,), dtype="string", name=name) for name in names]
    model = keras.Model(inputs, L.HashedCrossing(9, output_mode="one_hot")(inputs))
    feeds = dict(zip(names, (TRIGGERS[:, :1], TRIGGERS[:, 1:]), strict=True))
    return Model(model, feeds, exact=True)


@zoo
def string_lookup() -> Model:
    return lookup(L.StringLookup(vocabulary=["mu24", "ele32"]), TRIGGERS, "triggers")


@zoo
def string_lookup_adapted_out_of_vocabulary() -> Model:
    layer = L.StringLookup(num_oov_indices=3, mask_token="")
    layer.adapt(np.array(["mu24", "mu24", "ele32", "ht1050"]))
    return lookup(layer, TRIGGERS, "triggers")


@zoo
def string_lookup_one_hot() -> Model:
    layer = L.StringLookup(vocabulary=["mu24", "ele32"], output_mode="one_hot")
    return lookup(layer, TRIGGERS[:, :1], "triggers")


@zoo
def string_lookup_and_back() -> Model:
    words = ["mu24", "ele32", "ht1050"]
    numbers, back = L.StringLookup(vocabulary=words), L.StringLookup(vocabulary=words, invert=True)
    x = keras.Input((2,), dtype="string", name="triggers")
    return Model(keras.Model(x, back(numbers(x))), {"triggers": TRIGGERS}, exact=True)


@zoo
def integer_lookup() -> Model:
    return lookup(L.IntegerLookup(vocabulary=[11, 13, 22], num_oov_indices=2), PDG_IDS, "pdg_ids")


@zoo
def integer_lookup_one_hot() -> Model:
    layer = L.IntegerLookup(vocabulary=[11, 13, 22], output_mode="one_hot")
    return lookup(layer, PDG_IDS[:, :1], "pdg_ids")


@zoo
def integer_lookup_weighted_counts() -> Model:
    layer = L.IntegerLookup(
        vocabulary=[11, 13, 22], idf_weights=[0.5, 1.5, 2.5], output_mode="tf_idf"
    )
    return lookup(layer, PDG_IDS, "pdg_ids")


@zoo
def text_vectorization() -> Model:
    layer = L.TextVectorization(vocabulary=["muon", "jet", "muon jet"], ngrams=2,
                                output_sequence_length=5)  # fmt: skip
    x = keras.Input((), dtype="string", name="text")
    feed = np.array([b"A muon, a JET", b"muon jet!", b""])
    return Model(keras.Model(x, layer(x)), {"text": feed}, exact=True)


@zoo
def text_of_any_length_counted() -> Model:
    layer = L.TextVectorization(split="character", output_mode="count", standardize="lower")
    layer.adapt(np.array(["abc", "aab"]))
    x = keras.Input((1,), dtype="string", name="text")
    feed = np.array([[b"ABBA"], [b"cd"]])
    return Model(keras.Model(x, layer(x)), {"text": feed}, exact=True)


@zoo
def mixed_columns() -> Model:
    """Numbers, a category and a bin side by side, as tabular models have them."""
    numbers = keras.Input((4,), name="kinematics")
    ids = keras.Input((2,), dtype="int64", name="pdg_ids")
    embedded = L.Embedding(5, 3, name="particle_1")(L.IntegerLookup(vocabulary=[11, 13, 22])(ids))
    binned = L.Discretization([-0.5, 0.5], output_mode="one_hot")(numbers[:, :1])
    merged = L.Concatenate()([numbers, L.Flatten()(embedded), binned])
    score = L.Dense(1, "sigmoid", name="score")(L.Dense(6, "relu", name="jet_1")(merged))
    feeds = {"kinematics": X[:4], "pdg_ids": PDG_IDS}
    return Model(shaken(keras.Model([numbers, ids], score)), feeds, outputs=("score",))
