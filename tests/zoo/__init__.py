"""Small models of every kind that Keras and TensorFlow build for inference."""

from zoo import convolutions, dense, recurrent
from zoo.registry import ZOO, Model

__all__ = ["ZOO", "Model", "convolutions", "dense", "recurrent"]
