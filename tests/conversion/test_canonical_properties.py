"""Random graphs: the canonical form changes no number, and does not depend on how it is spelled."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from random_graphs import WIDTH, built, respelled

from cmsml_tasks.conversion import Traced, frozen_graph_def, trace
from cmsml_tasks.conversion.checks.importing import imported_graph
from cmsml_tasks.conversion.graph_def.nodes import by_name, reachable
from cmsml_tasks.conversion.sources.unoptimised import session_as_written


def traced_in_order(graph_def: Any, outputs: list[str]) -> Traced:
    """Trace with outputs called by position and inputs in the order of their names."""
    skeleton = trace(graph_def, output_names=outputs).skeleton
    ports = tuple(
        dataclasses.replace(port, name=f"result_{index}")
        for index, port in enumerate(skeleton.outputs)
    )
    inputs = tuple(sorted(skeleton.inputs, key=lambda port: port.name))
    skeleton = dataclasses.replace(skeleton, inputs=inputs, outputs=ports)
    return Traced(skeleton, lambda arrays: arrays)


def values(graph_def: Any, fetches: list[str]) -> list[Any]:
    own = type(graph_def)()
    own.CopyFrom(graph_def)  # an import adds default attributes to what it is given
    graph = imported_graph(own)
    rows = np.random.default_rng(1).normal(size=(2, 4, WIDTH)).astype("float32")
    names = {node.name for node in graph_def.node}
    feeds = {f"{n}:0": v for n, v in zip(("x", "met_1"), rows, strict=True) if n in names}
    with session_as_written(graph) as session:
        return session.run(fetches, feeds)


def serialized(graph_def: Any) -> bytes:
    return graph_def.SerializeToString(deterministic=True)


@settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    seed=st.integers(0, 2**32),
    steps=st.integers(1, 12),
    control_flow_v2=st.booleans(),
    other=st.integers(0, 2**32),
)
# a loop beside a branch, of whose value the name was taken for a scope of the loop
@example(2305, 5, True, 0)
def test_random_graphs(seed: int, steps: int, control_flow_v2: bool, other: int) -> None:
    graph_def, outputs, given_names = built(seed, steps, control_flow_v2)
    canonical = frozen_graph_def(traced_in_order(graph_def, outputs))
    results = [f"result_{index}" for index in range(len(outputs))]

    before, after = values(graph_def, outputs), values(canonical, [f"{r}:0" for r in results])
    for a, b in zip(before, after, strict=True):
        assert a.tobytes() == b.tobytes()

    again = frozen_graph_def(traced_in_order(canonical, results))
    assert serialized(again) == serialized(canonical)

    spelled = frozen_graph_def(traced_in_order(*respelled(graph_def, outputs, other)))
    assert serialized(spelled) == serialized(canonical)

    # what the author named is there under this name, unless it is the output itself
    ends = {output.partition(":")[0] for output in outputs}
    needed = reachable(by_name(graph_def), ends) - ends
    assert given_names & needed <= {node.name for node in canonical.node}


@pytest.mark.parametrize("name", ["jet_1", "jet_2", "Encoder_3", "b_7"])
def test_scopes_with_numbers_of_their_own_stay(name: str) -> None:
    found: set[str] = set()
    for seed in range(8):
        graph_def, outputs, _ = built(seed, 10, False)
        canonical = frozen_graph_def(trace(graph_def, output_names=outputs))
        found |= {part for node in canonical.node for part in node.name.split("/")}
    assert name in found
