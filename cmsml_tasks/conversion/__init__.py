"""TensorFlow objects in, frozen graphs with a signature out; usable without any workflow."""

from cmsml_tasks.conversion.api import (
    ChangedNameWarning,
    MissingWeightsWarning,
    load_frozen_graph,
    load_graph,
    save_frozen_graph,
    save_graph,
)
from cmsml_tasks.conversion.description import describe
from cmsml_tasks.conversion.freezing import Frozen
from cmsml_tasks.conversion.keras_archive import has_own_objects, save_model
from cmsml_tasks.conversion.reading import read_graph
from cmsml_tasks.conversion.saved import open_model
from cmsml_tasks.conversion.session import get_session
from cmsml_tasks.conversion.signature import Signature, TensorInfo
from cmsml_tasks.conversion.sources import trace
from cmsml_tasks.conversion.traced import Traced
from cmsml_tasks.conversion.writing import write_graph

__all__ = [
    "ChangedNameWarning",
    "Frozen",
    "MissingWeightsWarning",
    "Signature",
    "TensorInfo",
    "Traced",
    "describe",
    "get_session",
    "has_own_objects",
    "load_frozen_graph",
    "load_graph",
    "open_model",
    "read_graph",
    "save_frozen_graph",
    "save_graph",
    "save_model",
    "trace",
    "write_graph",
]
