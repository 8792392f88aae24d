"""Which operations have no place in a frozen graph."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cmsml_tasks.runtimes.runtime import Node

_VARIABLE = re.compile(
    r"^(Variable|VariableV2|AutoReloadVariable|TemporaryVariable|DestroyTemporaryVariable"
    r"|VarHandleOp|_VarHandlesOp|VarIsInitializedOp|IsVariableInitialized|VariableShape"
    r"|ReadVariableOp|_ReadVariablesOp|ResourceGather(Nd)?)$"
)
_TRAINING = re.compile(
    r"^(Resource)?(Sparse)?Apply[A-Z]|^Assign|^ResourceScatter|^ResourceStridedSliceAssign"
)
# These are stateful by definition, yet leave nothing behind when a run has ended, or only refer
# to functions, whose own nodes are looked at.
_HARMLESS = re.compile(
    r"^(HashTable|HashTableV2|InitializeTable|InitializeTableV2|LookupTable\w+"
    r"|TensorArray\w*|Stack\w*|GuaranteeConst"
    r"|StatefulPartitionedCall|PartitionedCall|If|While|Case)$"
)
_TALKATIVE = re.compile(r"^(Assert|Print|PrintV2|CheckNumericsV2)$")
_SEEDED = re.compile(r"^Stateless(Random|Truncated|Parameterized|Multinomial)\w*$")


def is_variable(node: Node) -> bool:
    """Tell whether *node* holds or reads a variable."""
    return bool(_VARIABLE.match(node.op))


def is_training(node: Node) -> bool:
    """Tell whether *node* makes sense in a training only: it changes weights or statistics."""
    return (
        node.training
        or bool(_TRAINING.match(node.op))
        or (node.reference and not is_variable(node))
    )


def is_stateful(node: Node) -> bool:
    """Tell whether *node* remembers something, draws random numbers or reaches outside."""
    if is_variable(node) or _HARMLESS.match(node.op) or _TALKATIVE.match(node.op):
        return False
    return node.stateful


def remarks(nodes: Iterable[Node]) -> list[str]:
    """Name what is allowed but worth knowing."""
    nodes = tuple(nodes)
    found = []
    for pattern, what in (
        (_TALKATIVE, "checks or prints at run time"),
        (_SEEDED, "draws random numbers from a seed of its own"),
    ):
        names = [node.name for node in nodes if pattern.match(node.op)]
        if names:
            found.append(f"{what}: {', '.join(names[:5])}{' ...' if len(names) > 5 else ''}")
    return found
