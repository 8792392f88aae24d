"""The four steps from a traced object to its frozen graph, in their order."""

from __future__ import annotations

from cmsml_tasks.conversion.canonical.canonical_form import canonical
from cmsml_tasks.conversion.folding import folded
from cmsml_tasks.conversion.freezing.freeze import freeze
from cmsml_tasks.conversion.freezing.frozen_graph import Frozen, filled
from cmsml_tasks.conversion.freezing.import_check import check_importable
from cmsml_tasks.conversion.freezing.inlining import flat_graph
from cmsml_tasks.conversion.graph_def.nodes import GraphDef
from cmsml_tasks.conversion.graph_def.size_limit import check_size
from cmsml_tasks.conversion.traced.traced_object import Traced


def frozen_graph(traced: Traced) -> Frozen:
    """Return the frozen graph in canonical form; its weights have not been read yet.

    Raises:
        ConversionError: the object cannot be frozen, or is too large for a GraphDef; the message
            says why.

    """
    traced.refuse_unclear()
    skeleton = traced.skeleton
    flat = folded(flat_graph(skeleton), skeleton)
    frozen = canonical(freeze(flat, skeleton), skeleton.inputs, skeleton.outputs, skeleton.origin)
    check_size(frozen.nbytes)
    check_importable(frozen)
    return frozen


def frozen_graph_def(traced: Traced) -> GraphDef:
    """Return the frozen graph in canonical form, weights included.

    Raises:
        ConversionError: the object cannot be frozen, or is too large for a GraphDef.

    """
    return filled(frozen_graph(traced))
