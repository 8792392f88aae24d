"""The embedded demo, the default recipe; `cmsml_tasks.recipes.dimuon` makes its events."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from cmsml_tasks.recipes.event_recipe import EventRecipe

if TYPE_CHECKING:
    from cmsml_tasks.recipes.events import Data

EVENTS_PER_CLASS = 12000


class DimuonResonance(EventRecipe):
    """Heavy resonance against Drell-Yan, from ten kinematic features of a muon pair."""

    target = "is_signal"
    features = (
        "mu1_pt",
        "mu1_eta",
        "mu2_pt",
        "mu2_eta",
        "delta_phi",
        "mu1_iso",
        "mu2_iso",
        "met",
        "met_dphi",
        "n_jets",
    )
    event = "event"
    code_modules = ("cmsml_tasks.recipes.dimuon",)

    epochs: int = 20
    hidden_units: int = 64
    layers: int = 2

    def build(self, data: Data) -> Any:
        """Return a small multilayer perceptron on the raw features."""
        import keras

        features = keras.Input(data.input_shape, name="features")
        x = data.normalize(features)
        for _ in range(self.layers):
            x = keras.layers.Dense(self.hidden_units, activation="relu")(x)
        score = keras.layers.Dense(1, activation="sigmoid", name="score")(x)
        return keras.Model(features, score)

    @classmethod
    def generate(cls, path: str | os.PathLike[str]) -> None:
        """Write the events to *path* as NPZ: the same bytes every time."""
        import numpy as np

        from cmsml_tasks.recipes.dimuon import simulate

        with open(path, "wb") as file:
            np.savez(file, allow_pickle=False, **simulate(EVENTS_PER_CLASS))
