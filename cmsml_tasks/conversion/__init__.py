"""TensorFlow objects in, frozen graphs with a signature out; usable without any workflow.

Names load on first use: a graph is judged (`effects`) where no TensorFlow is imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmsml_tasks.lazy import lazy_names

if TYPE_CHECKING:
    from cmsml_tasks.conversion.api import (
        ChangedNameWarning,
        MissingWeightsWarning,
        ReachesOutsideWarning,
        load_frozen_graph,
        load_graph,
        load_graph_def,
        save_frozen_graph,
        save_graph,
    )
    from cmsml_tasks.conversion.description import describe
    from cmsml_tasks.conversion.freezing.frozen_graph import Frozen
    from cmsml_tasks.conversion.graph_files.reading import read_graph
    from cmsml_tasks.conversion.graph_files.writing import write_graph
    from cmsml_tasks.conversion.interface.signature import Signature, TensorInfo
    from cmsml_tasks.conversion.keras_session import get_session
    from cmsml_tasks.conversion.model_files.keras_writing import (
        has_own_objects,
        modules_of_trained,
        save_model,
    )
    from cmsml_tasks.conversion.model_files.open_model import open_model
    from cmsml_tasks.conversion.pipeline import frozen_graph, frozen_graph_def
    from cmsml_tasks.conversion.sources.dispatch import trace
    from cmsml_tasks.conversion.traced.traced_object import Traced

__all__ = [
    "ChangedNameWarning",
    "Frozen",
    "MissingWeightsWarning",
    "ReachesOutsideWarning",
    "Signature",
    "TensorInfo",
    "Traced",
    "describe",
    "frozen_graph",
    "frozen_graph_def",
    "get_session",
    "has_own_objects",
    "load_frozen_graph",
    "load_graph",
    "load_graph_def",
    "modules_of_trained",
    "open_model",
    "read_graph",
    "save_frozen_graph",
    "save_graph",
    "save_model",
    "trace",
    "write_graph",
]

__getattr__ = lazy_names(
    __name__,
    {
        "ChangedNameWarning": "api",
        "Frozen": "freezing.frozen_graph",
        "MissingWeightsWarning": "api",
        "ReachesOutsideWarning": "api",
        "Signature": "interface.signature",
        "TensorInfo": "interface.signature",
        "Traced": "traced.traced_object",
        "describe": "description",
        "frozen_graph": "pipeline",
        "frozen_graph_def": "pipeline",
        "get_session": "keras_session",
        "has_own_objects": "model_files.keras_writing",
        "load_frozen_graph": "api",
        "load_graph": "api",
        "load_graph_def": "api",
        "modules_of_trained": "model_files.keras_writing",
        "open_model": "model_files.open_model",
        "read_graph": "graph_files.reading",
        "save_frozen_graph": "api",
        "save_graph": "api",
        "save_model": "model_files.keras_writing",
        "trace": "sources.dispatch",
        "write_graph": "graph_files.writing",
    },
)
