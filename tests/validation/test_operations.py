import pytest

from cmsml_tasks.runtimes import Node
from cmsml_tasks.validation.operations import is_stateful, is_training, is_variable, remarks


def verdict(op: str, **facts: bool) -> str:
    node = Node("node", op, **facts)
    verdicts = {"variable": is_variable, "training": is_training, "stateful": is_stateful}
    return " ".join(word for word, test in verdicts.items() if test(node))


@pytest.mark.parametrize("op", ["VariableV2", "VarHandleOp", "ReadVariableOp", "ResourceGather"])
def test_variables(op: str) -> None:
    assert verdict(op, stateful=True) == "variable"


@pytest.mark.parametrize(
    ("op", "stateful"),
    [
        ("ApplyGradientDescent", False),
        ("SparseApplyAdagrad", False),
        ("ResourceSparseApplyFtrl", True),
        ("Assign", False),
        ("AssignAddVariableOp", True),
    ],
)
def test_operations_of_a_training(op: str, stateful: bool) -> None:
    assert "training" in verdict(op, stateful=stateful)


def test_what_takes_a_variable_of_tensorflow_1_changes_it() -> None:
    assert verdict("ScatterAdd", reference=True) == "training"
    assert verdict("IsVariableInitialized", reference=True) == "variable"


def test_batch_norm_is_judged_by_its_mode() -> None:
    assert verdict("FusedBatchNormV3", training=True) == "training"
    assert verdict("FusedBatchNormV3", training=False) == ""


@pytest.mark.parametrize("op", ["RandomUniform", "PyFunc", "MutableHashTableV2", "SaveV2"])
def test_what_remembers_or_reaches_outside(op: str) -> None:
    assert verdict(op, stateful=True) == "stateful"


@pytest.mark.parametrize(
    "op",
    [
        "HashTableV2",
        "InitializeTableV2",
        "LookupTableFindV2",
        "TensorArrayV3",
        "If",
        "While",
        "StatefulPartitionedCall",
        "Assert",
        "Print",
    ],
)
def test_what_frozen_graphs_may_hold(op: str) -> None:
    assert verdict(op, stateful=True) == ""


def test_tables_from_a_file_do_not_stand_alone() -> None:
    assert verdict("InitializeTableFromTextFileV2", stateful=True) == "stateful"


def test_remarks() -> None:
    nodes = [Node(f"p{n}", "PrintV2", stateful=True) for n in range(7)]
    nodes += [Node("r", "StatelessRandomUniformV2")]
    assert remarks(nodes) == [
        "checks or prints at run time: p0, p1, p2, p3, p4 ...",
        "draws random numbers from a seed of its own: r",
    ]
    assert remarks([Node("m", "MatMul")]) == []
