"""Z candidates among the muon pairs of a CMS file: one screen from the ROOT file to a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmsml_tasks import EventRecipe

if TYPE_CHECKING:
    from cmsml_tasks.recipes import Data


class ZCandidate(EventRecipe):
    """Tells pairs of leading muons with a mass near that of the Z boson from all others."""

    files = ("${HZZ_FILES:-data/uproot-HZZ.root}",)
    tree = "events"
    define = {
        "Muon_pt": "hypot(Muon_Px, Muon_Py)",
        "Muon_eta": "arcsinh(Muon_Pz / Muon_pt)",
        "Muon_phi": "arctan2(Muon_Py, Muon_Px)",
        "Jet_pt": "hypot(Jet_Px, Jet_Py)",
        "E": "Muon_E[0] + Muon_E[1]",
        "Px": "Muon_Px[0] + Muon_Px[1]",
        "Py": "Muon_Py[0] + Muon_Py[1]",
        "Pz": "Muon_Pz[0] + Muon_Pz[1]",
        "M": "sqrt(E**2 - Px**2 - Py**2 - Pz**2)",
    }
    selection = "NMuon >= 2"
    target = "(M > 80) & (M < 100)"
    weight = "EventWeight"
    balance_classes = True
    folds_by_checksum = True  # the file has no event number
    features = {
        "muon_pt": "Muon_pt[:2]",
        "muon_eta": "Muon_eta[:2]",
        "muon_iso": "Muon_Iso[:2]",
        "muon_cos_dphi": "cos(Muon_phi[0] - Muon_phi[1])",
        "jet_pt": "Jet_pt[:2]",
        "n_jets": "NJet",
        "met": "hypot(MET_px, MET_py)",
    }

    epochs: int = 20
    batch_size: int = 64
    hidden_units: tuple[int, ...] = (32, 32)

    def build(self, data: Data) -> Any:
        """Return a multilayer perceptron on the raw features."""
        import keras

        features = keras.Input(data.input_shape, name="features")
        x = data.normalize(features)
        for units in self.hidden_units:
            x = keras.layers.Dense(units, activation="relu")(x)
        score = keras.layers.Dense(1, activation="sigmoid", name="score")(x)
        return keras.Model(features, score)
