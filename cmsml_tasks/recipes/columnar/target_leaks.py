"""Features that give the answer away are refused before a file is opened."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from cmsml_tasks.errors import SettingsError
from cmsml_tasks.recipes.columnar.features import Column
from cmsml_tasks.recipes.expressions.expression import Expression
from cmsml_tasks.recipes.expressions.syntax import substituted


def check_leaks(
    columns: Sequence[Column],
    definitions: Mapping[str, Expression],
    target: Expression | None,
    event: str | None,
    owner: str,
) -> None:
    """Check that no feature is the target or the number of the event, by whatever definition.

    Raises:
        SettingsError: one is.
    """
    trees: dict[str, ast.expr] = {}
    for name, expression in definitions.items():
        trees[name] = substituted(expression.tree, trees)
    answer = None if target is None else _text(target.tree, trees)
    number = None if event is None else _text(ast.Name(event), trees)
    for column in columns:
        text = _text(column.expression.tree, trees)
        if text == answer:
            raise SettingsError(
                f"feature '{column.name}' of {owner} is its target; the network would see its own "
                "answer: drop the feature"
            )
        if text == number:
            raise SettingsError(
                f"feature '{column.name}' of {owner} is its event number, which says nothing about "
                "the physics and can be learnt by heart: drop the feature"
            )


def _text(tree: ast.expr, definitions: Mapping[str, ast.expr]) -> str:
    return ast.unparse(substituted(tree, definitions))
