"""A network of my own. Change a line, run the same command, and only what that touches runs again.

law run ValidateGraph --version v1 --recipe network
"""

from cmsml_tasks.recipes.demo import DimuonResonance


class Network(DimuonResonance):
    """Resonance against Drell-Yan, on the events of the demo.

    For events of your own derive from ``cmsml_tasks.EventRecipe``, and say where they are::

        samples = {"background": ["background_*.root"], "signal": ["signal_*.root"]}
        tree = "Events"
        weight = "genWeight"
        event = "event"
    """

    features = ("mu1_pt", "mu1_eta", "mu2_pt", "mu2_eta", "delta_phi", "met")

    # settings: --settings hidden_units=64, --scan hidden_units=16:32:64
    hidden_units: int = 32
    epochs: int = 10

    def build(self, data):
        """Return the network, not yet trained; raw values go in, also in C++."""
        import keras  # inside: a recipe can be looked at without TensorFlow

        features = keras.Input(data.input_shape, name="features")
        x = data.normalize(features)
        x = keras.layers.Dense(self.hidden_units, activation="relu")(x)
        return keras.Model(features, keras.layers.Dense(1, "sigmoid", name="score")(x))
