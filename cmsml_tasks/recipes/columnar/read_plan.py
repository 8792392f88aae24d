"""What a recipe reads from each of its files, as a value that knows no recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cmsml_tasks.recipes.columnar.features import Column
from cmsml_tasks.recipes.expressions.expression import Expression


@dataclass(frozen=True)
class ReadPlan:
    """What is read from every file, and what becomes of it.

    Attributes:
        owner: whose plan it is, for messages.
        columns: the features, in their order.
        definitions: new columns by name, in their order.
        target: the class; None where the file decides.
        weight: weight of an event; None for 1.
        selection: which events are used; None for all.
        event: column of the event number.
        tree: name of the tree in ROOT files; None for the only one.
        padding: stands for a feature that an event does not have.
    """

    owner: str
    columns: Sequence[Column]
    definitions: Mapping[str, Expression]
    target: Expression | None
    weight: Expression | None
    selection: Expression | None
    event: str | None
    tree: str | None
    padding: float

    @property
    def expressions(self) -> list[Expression]:
        """All of them."""
        parts = [self.target, self.weight, self.selection]
        expressions = [part for part in parts if part is not None]
        expressions += self.definitions.values()
        return expressions + [column.expression for column in self.columns]

    @property
    def wanted(self) -> set[str]:
        """Names of the columns that the files must have."""
        names = {name for expression in self.expressions for name in expression.columns}
        event = {self.event} if self.event else set()
        return names - set(self.definitions) | event
