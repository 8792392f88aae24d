"""Small models of every kind that Keras and TensorFlow build for inference."""

from zoo import (
    attention,
    convolutions,
    dense,
    operations,
    precision,
    preprocessing,
    recurrent,
    structure,
    subclassed,
)
from zoo.registry import ZOO, Model

__all__ = [
    "ZOO",
    "Model",
    "attention",
    "convolutions",
    "dense",
    "operations",
    "precision",
    "preprocessing",
    "recurrent",
    "structure",
    "subclassed",
]
