"""Tensors that have one shape, whatever it is: those that are made element by element of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cmsml_tasks.conversion.graph_def.nodes import NodeDef
from cmsml_tasks.shapes import Shape

Tensor = tuple[str, int]

_OF_ONE = {"Abs", "Cast", "Ceil", "Elu", "Erf", "Exp", "Floor", "Identity", "LeakyRelu", "Log"}
_OF_ONE |= {"OnesLike", "Relu", "Relu6", "Round", "Rsqrt", "Selu", "Sigmoid", "Sign", "Softplus"}
_OF_ONE |= {"Neg", "Softsign", "Sqrt", "Square", "StopGradient", "Tanh", "ZerosLike"}
_OF_TWO = {"Add", "AddV2", "Div", "Maximum", "Minimum", "Mul", "RealDiv", "Sub"}
_OF_TWO |= {"Equal", "Greater", "GreaterEqual", "Less", "LessEqual", "NotEqual"}
_DRAWN = {"RandomStandardNormal", "RandomUniform", "TruncatedNormal"}
_DEEPEST = 100


class SameShapes:
    """Where the shapes of tensors come from."""

    def __init__(
        self,
        nodes: Mapping[str, NodeDef],
        source: Callable[[str], Tensor],
        shape_of: Callable[[str], Shape],
    ) -> None:
        """Take the nodes, what stands for a reference, and what is known of shapes."""
        self._nodes, self._source, self._shape_of = nodes, source, shape_of
        self._origins: dict[Tensor, Tensor] = {}

    def __call__(self, one: str, other: str) -> bool:
        """Tell whether two tensors certainly have the same shape."""
        return self._origin(one) == self._origin(other)

    def _origin(self, reference: str, depth: int = 0) -> Tensor:
        """Return a tensor that has the shape of *reference*, as far back as one is found."""
        tensor = self._source(reference)
        if tensor not in self._origins and depth < _DEEPEST:
            self._origins[tensor] = self._found(tensor, depth + 1)
        return self._origins.get(tensor, tensor)

    def _found(self, tensor: Tensor, depth: int) -> Tensor:
        node = self._nodes[tensor[0]]
        if node.op in _OF_ONE or node.op == "BiasAdd":
            return self._origin(node.input[0], depth)
        if node.op in _DRAWN:
            shape = self._nodes[self._source(node.input[0])[0]]
            return self._origin(shape.input[0], depth) if shape.op == "Shape" else tensor
        if node.op in _OF_TWO:
            first, second = (self._origin(source, depth) for source in node.input[:2])
            if first == second:
                return first
            for shape, origin in zip(node.input[:2], (second, first), strict=True):
                if self._shape_of(shape) == ():
                    return origin
        return tensor
