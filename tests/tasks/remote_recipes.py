"""A recipe that reads from a remote server, and imports Keras at the top."""

import keras

from cmsml_tasks import EventRecipe


class RemoteRecipe(EventRecipe):
    """Learns nothing sensible from one column."""

    files = ["$REMOTE_STORE/[ab].root"]
    target = "label"
    features = ["x"]
    event = "event"

    epochs: int = 1

    def build(self, data):
        features = keras.Input(data.input_shape, name="features")
        return keras.Model(features, keras.layers.Dense(1, "sigmoid")(data.normalize(features)))
