"""What is known of the tensors of a graph once some of its inputs are constants.

Each node is looked at once, behind all that it reads. A loop is cut where it goes back, and what
it hands back is taken to be anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cmsml_tasks.conversion.folding.choices import chosen_input
from cmsml_tasks.conversion.folding.evaluation import LARGEST, evaluated
from cmsml_tasks.conversion.folding.regions import Region, around, covers, within
from cmsml_tasks.conversion.folding.same_shape import SameShapes
from cmsml_tasks.conversion.graph_def.nodes import (
    CONTROL_FLOW,
    GraphDef,
    NodeDef,
    by_name,
    is_stateful,
    node_of,
    output_count,
    reachable,
)
from cmsml_tasks.conversion.graph_def.ordering import depth_first
from cmsml_tasks.shapes import Shape

Tensor = tuple[str, int]
_SWITCHES = frozenset({"Switch", "_SwitchN"})


class Analysis:
    """What hangs on the nodes *fixed* of a graph.

    Attributes:
        nodes: the nodes by name.
        order: those that the roots need, each behind what it reads.
        values: tensors that are known, of those that hang on a fixed one.
        dead: nodes that never run, and outputs of switches that never get a value.
        handing_on: nodes that do no more than hand on, by their output, what they are given.
        folded: nodes that always run and whose one output is known, but for outputs of the graph,
            which nobody would find among constants.
    """

    def __init__(
        self,
        graph_def: GraphDef,
        fixed: Iterable[str],
        roots: Sequence[str],
        outputs: Sequence[Tensor],
        shape_of: Callable[[str], Shape],
    ) -> None:
        """Look at all that *roots* need.

        Args:
            graph_def: a flat graph.
            fixed: its constants that were inputs.
            roots: nodes that are needed.
            outputs: tensors that stay there, whatever is known of them.
            shape_of: gives what is known of the shape of a tensor.
        """
        self.nodes = by_name(graph_def)
        needed = reachable(self.nodes, roots)
        backwards = [n.name for n in graph_def.node if n.name in needed and _goes_back(n)]
        self.order = depth_first(self.nodes, [*roots, *backwards], self._forward)
        self.values: dict[Tensor, NDArray[Any]] = {}
        self.dead: set[str | Tensor] = set()
        self.handing_on: dict[str, tuple[int, str]] = {}
        self.folded: set[str] = set()
        self._same_as: dict[Tensor, Tensor] = {}
        self._hanging: set[Tensor] = set()
        self._fixed = frozenset(fixed)
        self._ends = frozenset(name for name, _ in outputs)
        # what is written anew has one output
        self._kept = frozenset(name for name, slot in outputs if slot)
        self._shape_of = shape_of
        self._same_shape = SameShapes(self.nodes, self.source, shape_of)
        self._regions: dict[str | Tensor, Region] = {}
        self._always: set[str] = set()  # run whatever is fed, with nothing before that has state
        for name in self.order:
            self._look_at(self.nodes[name])

    def source(self, reference: str) -> Tensor:
        """Return the tensor that a data *reference* means, or that which stands for it."""
        tensor = self._raw(reference)
        return self._same_as.get(tensor, tensor)

    def is_dead(self, reference: str) -> bool:
        """Tell whether nothing ever comes through *reference*."""
        if reference[0] == "^":
            return reference[1:] in self.dead
        return self.source(reference)[0] in self.dead or self.source(reference) in self.dead

    def _forward(self, node: NodeDef) -> list[str]:
        sources = [node_of(source) for source in node.input]
        if node.op != "Merge":
            return sources
        return [name for name in sources if not _goes_back(self.nodes[name])]

    def _look_at(self, node: NodeDef) -> None:
        data = data_of(node)
        controls = [source for source in node.input if source[0] == "^"]
        if node.op == "Merge":
            return self._look_at_merge(node, controls)
        if any(self.is_dead(source) for source in node.input):
            self.dead.add(node.name)
            return None
        region = within(self._region(source) for source in node.input)
        self._regions[node.name] = region
        if node.name in self._fixed:
            self._set(node.name, 0, np.asarray(tf.make_ndarray(node.attr["value"].tensor)))
        elif node.op in _SWITCHES:
            return self._look_at_switch(node, data)
        elif not self._choose(node, data, region):
            self._compute(node, data)
        calm = node.op not in CONTROL_FLOW and not is_stateful(node.op)
        if calm and all(node_of(source) in self._always for source in node.input):
            self._always.add(node.name)
            alone = output_count(node) == 1 and node.name not in self._ends
            if (node.name, 0) in self.values and alone:
                self.folded.add(node.name)
        return None

    def _look_at_switch(self, node: NodeDef, data: Sequence[str]) -> None:
        switched, answer = data
        outputs = range(2 if node.op == "Switch" else output_count(node))
        value = self._known(answer) if self._hangs(answer) else None
        covered = covers(self._region(answer), self._region(switched))
        if value is not None and value.ndim == 0 and covered and node.name not in self._kept:
            live = int(value) if 0 <= int(value) < len(outputs) else len(outputs) - 1
            self.dead.update((node.name, slot) for slot in outputs if slot != live)
            self._stand_for(node, live, switched)
            if all(node_of(source) in self._always for source in node.input):
                self._always.add(node.name)
            return
        asked = "{}:{}".format(*self.source(answer))
        for slot in outputs:
            inside = within([self._regions[node.name], frozenset({(asked, slot)})])
            self._regions[node.name, slot] = inside
            if self._hangs(switched):
                self._set(node.name, slot, self._known(switched))

    def _look_at_merge(self, node: NodeDef, controls: Sequence[str]) -> None:
        data = data_of(node)
        back = [source for source in data if _goes_back(self.nodes[node_of(source)])]
        ahead = [source for source in data if source not in back]
        live = [source for source in ahead if not self.is_dead(source)]
        if not live or any(self.is_dead(source) for source in controls):
            self.dead.add(node.name)
            return
        region = around(self._region(source) for source in live)
        self._regions[node.name] = within([region, *map(self._region, controls)])
        if back:
            if len(data) == 2 and self._hangs(live[0]) and self._returns_unchanged(node, back[0]):
                self._set(node.name, 0, self._known(live[0]))
        elif len(live) == 1 < len(ahead) and node.name not in self._kept:
            self._stand_for(node, 0, live[0])
            self._set(node.name, 1, np.array(data.index(live[0]), np.int32))
            if all(node_of(source) in self._always for source in (live[0], *controls)):
                self._always.add(node.name)

    def _choose(self, node: NodeDef, data: Sequence[str], region: Region) -> bool:
        """Let an input stand for *node* where constants choose it."""
        known = [self._known(source) if self._hangs(source) else None for source in data]
        if all(value is None for value in known):
            return False
        chosen = chosen_input(node, known, self._shape_of, self._same_shape)
        if chosen is None or not covers(region, self._region(chosen)):
            return False
        self._stand_for(node, 0, chosen)
        return True

    def _compute(self, node: NodeDef, data: Sequence[str]) -> None:
        if node.op == "Enter":
            if self._hangs(data[0]):
                self._set(node.name, 0, self._known(data[0]))
            return
        if node.op in CONTROL_FLOW or not any(self._hangs(source) for source in data):
            return
        inputs = [self._known(source) for source in data]
        known = [value for value in inputs if value is not None]
        outputs = evaluated(node, known) if len(known) == len(inputs) else None
        for slot, value in enumerate(outputs or ()):
            self._set(node.name, slot, value)

    def _stand_for(self, node: NodeDef, slot: int, source: str) -> None:
        """Let *source* stand for an output of *node*, unless *node* waits for something first."""
        self.handing_on[node.name] = slot, source
        self._set(node.name, slot, self._known(source))
        if all(s[1:] in self._always for s in node.input if s[0] == "^"):
            self._same_as[node.name, slot] = self.source(source)

    def _set(self, name: str, slot: int, value: NDArray[Any] | None) -> None:
        self._hanging.add((name, slot))
        if value is not None:
            self.values[name, slot] = value

    def _returns_unchanged(self, merge: NodeDef, back: str) -> bool:
        """Tell whether a loop hands *back* to its *merge* what that gave."""
        node = self.nodes[node_of(back)]
        while node.op in ("Identity", "NextIteration") and len(data_of(node)) == 1:
            name, _, slot = node.input[0].partition(":")
            node = self.nodes[name]
            if node.op == "Switch":
                return bool(slot == "1" and node_of(node.input[0]) == merge.name)
        return False

    def _known(self, reference: str) -> NDArray[Any] | None:
        for tensor in (self._raw(reference), self.source(reference)):
            if tensor in self.values:
                return self.values[tensor]
        node = self.nodes[self.source(reference)[0]]
        return _small_constant(node) if node.op == "Const" else None

    def _hangs(self, *references: str) -> bool:
        return any(self._raw(reference) in self._hanging for reference in references)

    def _region(self, reference: str) -> Region:
        if reference[0] == "^":
            return self._regions.get(reference[1:])
        tensor = self.source(reference)
        return self._regions.get(tensor, self._regions.get(tensor[0]))

    @staticmethod
    def _raw(reference: str) -> Tensor:
        name, _, slot = reference.partition(":")
        return name, int(slot or 0)


def data_of(node: NodeDef) -> list[str]:
    """Return the data inputs of *node*."""
    return [source for source in node.input if source[0] != "^"]


def _goes_back(node: NodeDef) -> bool:
    return bool(node.op == "NextIteration")


def _small_constant(node: NodeDef) -> NDArray[Any] | None:
    tensor = node.attr["value"].tensor
    elements = 1
    for dim in tensor.tensor_shape.dim:
        elements *= dim.size
    if not tensor.dtype or not 0 <= elements <= LARGEST:
        return None
    try:
        return np.asarray(tf.make_ndarray(tensor))
    except (TypeError, ValueError):
        return None  # no value of its type and shape: whoever imports the graph says so
