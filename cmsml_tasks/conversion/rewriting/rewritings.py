"""Where TensorFlow's remapper, with oneDNN on, makes another calculation of a graph.

The remapper looks for patterns of operations and puts one fused operation in the place of each. It
compares nodes and not their outputs, reads the first output of some whichever is meant, and takes
some numbers in the graph for granted. All that stands here was measured in TensorFlow 2.12, 2.15,
2.17 and 2.21; ``docs/canonical_form.md`` lists it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tensorflow.core.framework import types_pb2

from cmsml_tasks.conversion.graph_def.nodes import NodeDef
from cmsml_tasks.conversion.rewriting.patterns import Match, Op, Place, matches
from cmsml_tasks.conversion.rewriting.reads import Chain, Read, Reads

_X, _GAMMA, _BETA = Place("x"), Place("gamma"), Place("beta")
_AXES, _EPSILON = Place("axes", constant=True), Place("epsilon", constant=True)
_ADD = "Add|AddV2"
_BATCH_NORM = "FusedBatchNorm|FusedBatchNormV2|FusedBatchNormV3"
_MOST_FACTORS = 16  # one behind the other; TensorFlow multiplies them with each other first
_FUSED_EPSILON = np.float32(1e-3)


@dataclass(frozen=True)
class Rewriting:
    """One fused operation of the remapper.

    Attributes:
        pattern: what it stands for.
        wrong: yields the reads through which a match gives other numbers than the graph. They have
            to come from other nodes than they do.
    """

    pattern: Op
    wrong: Callable[[Match, Reads], Iterator[Read]]


def wrong_reads(node: NodeDef, reads: Reads) -> Iterator[Read]:
    """Yield what has to be read from another node, so that what ends in *node* stays right."""
    for rewriting in _REWRITINGS:
        for match in matches(rewriting.pattern, node, reads):
            yield from rewriting.wrong(match, reads)
    if node.op == "Maximum":
        yield from _wrong_in_leaky_relu(node, reads)


def _mixed(chains: tuple[Chain, ...], reads: Reads) -> Iterator[Read]:
    """Yield the reads of later outputs of nodes of which different outputs are read."""
    everything = [read for chain in chains for read in chain]
    for read in everything:
        others = (other for other in everything if other.port != read.port)
        if read.port and any(reads.alike(read.node, other.node) for other in others):
            yield read


def _later(*chains: Chain) -> Iterator[Read]:
    """Yield the reads of any output but the first."""
    yield from (read for chain in chains for read in chain if read.port)


def _of_one_node(chains: tuple[Chain, ...], reads: Reads) -> bool:
    """Tell whether one node, or its twins, lies on all of the ways."""
    first, *others = chains
    return any(
        all(any(reads.alike(read.node, other.node) for other in chain) for chain in others)
        for read in first
    )


def _wrong_gate(match: Match, reads: Reads) -> Iterator[Read]:
    """``x * sigmoid(x)``, ``x * tanh(softplus(x))``: both are read where the inner one is."""
    yield from _mixed(match["x"], reads)
    # behind a convolution, both become the first output of a normalisation
    one, other = (reads.source(chain) for chain in match["x"])
    if one.op in _BATCH_NORM.split("|") and reads.alike(one.name, other.name):
        yield from _later(*match["x"])


def _wrong_mish(match: Match, reads: Reads) -> Iterator[Read]:
    """``mish(y + z)`` behind a convolution, the sum an ``AddN``: an error from 2.15 on."""
    total = reads.source(match["sum"][0])
    summands = (reads.source(reads.chain(total, index)) for index in reads.data(total))
    if any(summand.op == "BiasAdd" for summand in summands):
        yield match["sum"][0][0]


def _wrong_normalisation(match: Match, reads: Reads) -> Iterator[Read]:
    """A normalisation as ``tf.nn.moments`` and ``tf.nn.batch_normalization`` write it."""
    axes = reads.value(match["axes"][0])
    if not _of_one_node(match["x"], reads) or not _is_fused(axes, match["x"][0], reads):
        return
    if axes is None or not _is_fused_rightly(match, axes, reads):
        yield _of_squares(match, reads)
    elif axes.size == 1:
        yield from _mixed(match["x"], reads)
    else:
        yield from _later(*match["x"])  # of instances: the first output is read


def _is_fused(axes: NDArray[np.generic] | None, x: Chain, reads: Reads) -> bool:
    """Tell whether TensorFlow looks at a normalisation over *axes* at all."""
    if axes is None:
        return True
    shape, numbers = reads.shape(x[-1].node, x[-1].port), axes.flatten().tolist()
    if shape is None:
        return min(numbers, default=-1) >= 0
    rank = len(shape)
    if rank in (2, 3):
        return numbers == [rank - 1]
    return rank in (4, 5) and numbers in ([*range(1, rank - 1)], [*range(2, rank)])


def _is_fused_rightly(match: Match, axes: NDArray[np.generic], reads: Reads) -> bool:
    """Tell whether a normalisation has what TensorFlow takes for granted."""
    gamma, beta, epsilon = (reads.value(match[name][0]) for name in ("gamma", "beta", "epsilon"))
    if gamma is None or beta is None or epsilon is None:
        return False
    in_rows = gamma.shape == beta.shape and gamma.ndim == 1 and gamma.size > 1
    if axes.size == 1:
        placed = bool(np.all(epsilon.astype(np.float32) == _FUSED_EPSILON))
    else:
        placed = axes.tolist() == list(range(1, axes.size + 1))
    return in_rows and placed and _is_single(reads.source(match["squares"][0]))


def _wrong_scaled_difference(match: Match, reads: Reads) -> Iterator[Read]:
    """``(x - mean) * rsqrt(variance + epsilon) * gamma + beta``: not done for constant *gamma*."""
    if _of_one_node(match["x"], reads) and not reads.is_constant(match["gamma"][0][-1].node):
        yield _of_squares(match, reads)


def _of_squares(match: Match, reads: Reads) -> Read:
    """Return the read of *x* from which the squared difference to its mean is computed."""
    squares = reads.source(match["squares"][0])
    means = {chain[0] for chain in match["mean"]}
    first, second = reads.read(squares, 0), reads.read(squares, 1)
    return second if first in means else first


def _is_single(node: NodeDef) -> bool:
    return bool(node.attr["T"].type == types_pb2.DT_FLOAT)


def _later_in(*places: str) -> Callable[[Match, Reads], Iterator[Read]]:
    def wrong(match: Match, _: Reads) -> Iterator[Read]:
        for place in places:
            yield from _later(*match[place])

    return wrong


def _tanh_of_softplus(inner: Op | Place) -> Op:
    return Op("Tanh", (Op("Softplus", (inner,)),))


_MEAN = Op("Mean", (_X, _AXES), name="mean")
_SQUARES = Op("SquaredDifference", (_X, _MEAN), name="squares")
_DEVIATION = Op("Rsqrt", (Op(_ADD, (Op("Mean", (_SQUARES,)), _EPSILON)),))
_SCALE = Op("Mul", (_DEVIATION, Place("gamma", constant=True)), name="scale")
_SHIFT = Op("Sub", (Place("beta", constant=True), Op("Mul", (_SCALE, _MEAN))))
_NORMALISED = Op(_ADD, (Op("Mul", (_X, _SCALE)), _SHIFT))
_SCALED = Op("Mul", (Op("Mul", (Op("Sub", (_X, _MEAN)), _DEVIATION)), _GAMMA))
_FUSED = Op("Mul", (Op("Reshape", (Op(_BATCH_NORM, (Op("Reshape", ()),)),)), _GAMMA))
_SUM = Op("AddN", (), name="sum")
_PRODUCT = Op("Mul", (Op("BatchMatMulV2", ()), Place("factor")))

_REWRITINGS = (
    Rewriting(Op("Mul", (Op("Sigmoid", (_X,)), _X)), _wrong_gate),
    Rewriting(Op("Mul", (_tanh_of_softplus(_X), _X)), _wrong_gate),
    Rewriting(Op("Mul", (_tanh_of_softplus(_SUM), _SUM)), _wrong_mish),
    Rewriting(_NORMALISED, _wrong_normalisation),
    Rewriting(Op(_ADD, (_SCALED, _BETA)), _wrong_scaled_difference),
    Rewriting(Op(_ADD, (_FUSED, _BETA)), _later_in("gamma", "beta")),
    Rewriting(Op(_ADD, (_PRODUCT, Place("addend"))), _later_in("factor", "addend")),
    Rewriting(Op("Relu", (Op(_BATCH_NORM, (), name="norm"),)), _later_in("norm")),
)


def _wrong_in_leaky_relu(maximum: NodeDef, reads: Reads) -> Iterator[Read]:
    """``maximum(x, alpha * x)``: the first output is read, and alpha taken to be at most 1."""
    for plain, scaled in ((0, 1), (1, 0)):
        x = reads.chain(maximum, plain)
        for times_x, alpha in itertools.islice(_scaled(maximum, scaled, reads), _MOST_FACTORS):
            if _of_one_node((x, times_x), reads):
                yield from _wrong_in_multiple(x, times_x, _is_slope(alpha, maximum, x, reads))
                break


def _wrong_in_multiple(x: Chain, times_x: Chain, is_slope: bool) -> Iterator[Read]:
    later_x, later_times_x = list(_later(x)), list(_later(times_x))
    if is_slope:
        yield from later_x + later_times_x
    elif later_times_x and not later_x:
        # were all outputs of a node read through a Snapshot, one would be put before the node
        yield from later_times_x
    else:
        yield x[0]


@dataclass(frozen=True)
class _Factor:
    """A constant of which all elements are *number*, which is infinite if it is not known."""

    number: float
    rank: int

    def times(self, other: _Factor) -> _Factor:
        return _Factor(self.number * other.number, max(self.rank, other.rank))


def _is_slope(alpha: _Factor, maximum: NodeDef, x: Chain, reads: Reads) -> bool:
    """Tell whether *alpha* can be that of a LeakyRelu."""
    shape = reads.shape(x[-1].node, x[-1].port) if alpha.rank else None
    adds_dimensions = alpha.rank > (0 if shape is None else len(shape))
    # of other types than single precision it ends the process in 2.12
    return alpha.number <= 1 and not adds_dimensions and _is_single(maximum)


def _scaled(reader: NodeDef, index: int, reads: Reads) -> Iterator[tuple[Chain, _Factor]]:
    """Yield the way of what an input is a multiple of, from the multiplication on, and the factor.

    A multiple of a multiple comes twice, that of the multiple first.
    """
    alpha = _Factor(1.0, 0)
    way = reads.chain(reader, index)
    while (found := _factor(reads.source(way), reads)) is not None:
        index, factor = found
        way = reads.chain(reads.source(way), index)
        alpha = alpha.times(factor)
        yield way, alpha


def _factor(node: NodeDef, reads: Reads) -> tuple[int, _Factor] | None:
    """Return which input *node* multiplies by a constant with equal elements, and the constant."""
    sources = [reads.read(node, index) for index in reads.data(node)]
    tensors = {(source.node, source.port) for source in sources}
    if node.op in {"Add", "AddV2", "AddN"} and len(sources) > 1 and len(tensors) == 1:
        return 0, _Factor(float(len(sources)), 0)
    if node.op not in {"Div", "Mul", "RealDiv"}:
        return None
    for index, other in ((0, 1), (1, 0)) if node.op == "Mul" else ((0, 1),):
        if reads.is_constant(sources[other].node):
            value = reads.value(reads.chain(node, other))
            if value is None:
                return index, _Factor(np.inf, 0)
            numbers = set(value.astype(np.float64).flat)
            if len(numbers) == 1:
                (number,) = numbers
                inverse = np.inf if not number else 1 / number
                return index, _Factor(number if node.op == "Mul" else inverse, value.ndim)
    return None
