"""Small models of every kind that Keras and TensorFlow build for inference."""

from zoo import (
    attention,
    convolutions,
    dense,
    functions,
    operations,
    precision,
    preprocessing,
    random_gates,
    recurrent,
    rewritten,
    sessions,
    structure,
    subclassed,
    tf_keras_models,
)
from zoo.registry import ZOO, Model

__all__ = [
    "ZOO",
    "Model",
    "attention",
    "convolutions",
    "dense",
    "functions",
    "operations",
    "precision",
    "preprocessing",
    "random_gates",
    "recurrent",
    "rewritten",
    "sessions",
    "structure",
    "subclassed",
    "tf_keras_models",
]
