"""Attention, and the transformers made of it."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from zoo.registry import Model, rows, shaken, zoo

L = keras.layers

JETS = rows(2, 5, 4)
TRACKS = rows(2, 3, 4, seed=8)
PRESENT = np.array([[True, True, False, True, False], [True, False, True, True, True]])


def of_two(layer: Any, **options: Any) -> Model:
    jets, tracks = keras.Input((5, 4), name="jets"), keras.Input((3, 4), name="tracks")
    attended = L.Dense(2, name="score")(layer([tracks, jets], **options))
    model = shaken(keras.Model([jets, tracks], attended))
    return Model(model, {"jets": JETS, "tracks": TRACKS}, outputs=("score",))


@zoo
def attention_of_luong() -> Model:
    return of_two(L.Attention(use_scale=True))


@zoo
def attention_concatenated_causal() -> Model:
    return of_two(L.Attention(score_mode="concat"), use_causal_mask=True)


@zoo
def attention_additive() -> Model:
    return of_two(L.AdditiveAttention())


@zoo
def attention_multi_head_with_scores() -> Model:
    jets = keras.Input((None, 4), name="jets")
    present = keras.Input((None,), dtype="bool", name="present")
    attend = L.MultiHeadAttention(2, 3, name="jet_1")
    mask = keras.ops.logical_and(present[:, None, :], present[:, :, None])
    attended, scores = attend(jets, jets, attention_mask=mask, return_attention_scores=True)
    model = shaken(keras.Model([jets, present], {"attended": attended, "scores": scores}))
    return Model(model, {"jets": JETS, "present": PRESENT}, outputs=("attended", "scores"))


@zoo
def attention_multi_head_flash() -> Model:
    """The path through one fused function, taken where no scores are asked for."""
    jets, tracks = keras.Input((5, 4), name="jets"), keras.Input((3, 4), name="tracks")
    attended = L.MultiHeadAttention(2, 3, dropout=0.1)(tracks, jets, use_causal_mask=True)
    model = shaken(keras.Model({"jets": jets, "tracks": tracks}, attended))
    return Model(model, {"jets": JETS, "tracks": TRACKS})


@zoo
def attention_grouped_queries() -> Model:
    jets = keras.Input((5, 4), name="jets")
    attended = L.GroupQueryAttention(3, 4, 2)(jets, jets)
    return Model(shaken(keras.Model(jets, attended)), {"jets": JETS})


@zoo
def particle_transformer() -> Model:
    """Blocks of attention, with pair features as a bias, then a class token."""
    jets = keras.Input((None, 4), name="particles")
    x = L.Dense(6, name="track_embedding_1")(jets)
    for number in (1, 2):
        normalised = L.LayerNormalization(name=f"pre_norm_{number}")(x)
        attended = L.MultiHeadAttention(2, 3, name=f"self_attention_{number}")(
            normalised, normalised
        )
        x = L.Add()([x, attended])
        forward = L.Dense(12, "gelu", name=f"forward_{number}")(L.LayerNormalization()(x))
        x = x + L.Dense(6)(forward)
    pooled = L.GlobalAveragePooling1D()(x)
    model = shaken(keras.Model(jets, L.Dense(3, "softmax", name="classes")(pooled)))
    return Model(model, {"particles": JETS}, outputs=("classes",))
