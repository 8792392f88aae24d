"""Expressions over the columns of a file: ``"(M > 80) & (M < 100)"``, ``"sum(Jet_pt > 30)"``.

Written like Python, but read by this package alone: nothing else can be called or reached.

- names of columns (with dots, if they have some; ``column('odd-name')`` for any other), numbers,
  ``True``, ``False`` and ``pi``
- ``+ - * / // % **``; comparisons (``80 < M < 100`` too); ``and or not``, or ``& | ^ ~`` with each
  comparison in brackets
- on integers ``& | ^ << >>`` test bits: ``(flag & 2) != 0``
- element by element: ``abs sqrt exp log log2 log10 log1p expm1 sin cos tan sinh cosh tanh arcsin
  arccos arctan arcsinh floor ceil sign isnan isinf isfinite``, of two arguments ``arctan2 hypot
  minimum maximum``, of three ``where(condition, yes, no)``
- over the elements of a jagged column in each event: ``sum any all count max min``
- ``Muon_pt[0]`` is the first element in each event, missing where there is none;
  ``Jet_pt[Jet_btag > 2]`` keeps some elements, ``Jet_pt[:3]`` at most the first three

Conditions (of ``and or not``, ``where``, ``any``, ``all``, ``[...]`` and of a selection) are true
or false. Numbers are none: ``nJet != 0``. True and false count as 1 and 0 in arithmetic.

A value is missing where an event has no such element, where the file has an empty field or a null,
and for ``max`` and ``min`` of an empty list. What is computed from it is missing, too, as is all
that is computed from a list that is null. It compares as NaN: every comparison is false but ``!=``,
a missing condition is false, and its ``not`` is true; what comes out is still known to be missing
(and so it is behind a comparison with NaN), except where the rest decides alone:
``(nJet == 0) | (Jet_pt[0] < 30)`` is true without jets, whatever ``Jet_pt[0]``.
``isnan`` is true for what is missing, ``isfinite`` false, and so ``where(isfinite(x), x, 0)``
replaces it.

Integers are exact or refused: division by an integer that is 0, and what 64 bits cannot hold, is an
error where it decides, with the number of events.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cmsml_tasks.errors import DataError, SettingsError
from cmsml_tasks.recipes.expressions.syntax import check, tree_of

if TYPE_CHECKING:
    from cmsml_tasks.recipes.expressions.values import Value


@dataclass(frozen=True)
class Expression:
    """A checked expression.

    Attributes:
        text: as the user wrote it.
        tree: what it means.
        columns: the columns that it needs.
    """

    text: str
    tree: ast.expr
    columns: frozenset[str]

    def evaluate(self, table: Mapping[str, Any]) -> Value:
        """Return its value for the columns in *table*, as readers give them or `Value`.

        Raises:
            DataError: the columns are not of a shape or type that the expression can use.
        """
        from cmsml_tasks.recipes.expressions.evaluation import evaluated
        from cmsml_tasks.recipes.expressions.values import UnfitError

        try:
            return evaluated(self.tree, table)
        except (UnfitError, ArithmeticError) as error:
            raise DataError(
                f"'{self.text}' cannot be computed from these columns: {error}"
            ) from error


def parse(text: str, what: str) -> Expression:
    """Return *text* as an expression.

    Args:
        text: the expression.
        what: whose expression it is, for the message, such as ``target of HZZ``.

    Raises:
        SettingsError: not an expression, or something in it is not allowed.
    """
    text = str(text).strip()
    try:
        tree = tree_of(text)
    except SettingsError as error:
        raise SettingsError(f"{what}: '{text}' {error}") from error.__cause__
    try:
        columns = check(tree, text)
    except SettingsError as error:
        raise SettingsError(f"{what}: '{text}': {error}") from None
    return Expression(text, tree, frozenset(columns))
