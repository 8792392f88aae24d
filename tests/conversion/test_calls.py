"""What a frozen graph keeps of the functions that were called."""

from __future__ import annotations

from typing import Any

import pytest
import tensorflow as tf
from call_cases import CALLS, SPEC, Weights, calling

from cmsml_tasks.conversion import frozen_graph_def, trace
from cmsml_tasks.errors import ConversionError

STAY = {"mapped": "MapDefun", "sized": "MapDefun", "counted": "For"}


@pytest.mark.parametrize("name", CALLS)
def test_only_what_cannot_be_inlined_stays_a_function(name: str) -> None:
    graph_def = frozen_graph_def(trace(calling(name)))
    calls = [
        node.op for node in graph_def.node if any(v.HasField("func") for v in node.attr.values())
    ]
    assert calls == ([STAY[name]] if name in STAY else [])
    assert bool(graph_def.library.function) == (name in STAY)


@pytest.mark.parametrize("name", STAY)
def test_functions_that_stay_have_names_arguments_and_attributes_without_a_past(name: str) -> None:
    first = frozen_graph_def(trace(calling(name)))
    for _ in range(3):
        calling("mapped").get_concrete_function()  # counters go on
    second = frozen_graph_def(trace(calling(name)))
    assert first.SerializeToString(deterministic=True) == second.SerializeToString(
        deterministic=True
    )
    names = [function.signature.name for function in first.library.function]
    assert names == ["function", *(f"function_{n}" for n in range(1, len(names)))]
    for function in first.library.function:
        arguments = function.signature.input_arg
        assert [a.name for a in arguments] == [f"arg_{n}" for n in range(len(arguments))]
        assert not function.attr
        assert not function.arg_attr
        for node in function.node_def:
            assert not [name for name in node.attr if name.startswith("_")]
            assert node.op not in ("ReadVariableOp", "ResourceGather")
            # a default that an older TensorFlow may not know
            assert "grad_a" not in node.attr


@pytest.mark.parametrize("name", STAY)
def test_frozen_graph_with_functions_stays_the_same_when_frozen_again(name: str) -> None:
    graph_def = frozen_graph_def(trace(calling(name)))
    assert frozen_graph_def(trace(graph_def)) == graph_def


def test_variable_that_is_changed_in_a_function_that_stays() -> None:
    weights = Weights()
    inner = tf.function(lambda row: row + weights.b.assign_add(row)).get_concrete_function(
        tf.TensorSpec((4,))
    )

    def call(x: Any) -> Any:
        return tf.raw_ops.MapDefun(
            arguments=[x], captured_inputs=inner.captured_inputs, f=inner,
            output_types=[tf.float32], output_shapes=[[4]],
        )[0]  # fmt: skip

    with pytest.raises(ConversionError, match="changes a variable or other state"):
        frozen_graph_def(trace(tf.function(call, input_signature=[SPEC])))
