"""From the tree of an expression and the columns of a file to its value."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from cmsml_tasks.recipes.expressions import lists, operations
from cmsml_tasks.recipes.expressions.syntax import REDUCTIONS, column_name
from cmsml_tasks.recipes.expressions.values import UnfitError, Value

_ARITHMETIC: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_SHIFTS = {ast.LShift: operator.lshift, ast.RShift: operator.rshift}
_BITS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}
_WORDS = {ast.And: operator.and_, ast.Or: operator.or_}
_COMPARISONS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def evaluated(tree: ast.expr, table: Mapping[str, Any]) -> Value:
    """Return the value of *tree*, a checked one, for the columns in *table*.

    Raises:
        UnfitError: the columns are not of a shape or type that it can use.
        ArithmeticError: constants in it have no result.
    """
    with np.errstate(all="ignore"):  # what becomes NaN or infinite is reported by event
        return _Evaluation(table).of(tree)


class _Evaluation:
    """Walks through a tree that `cmsml_tasks.recipes.expressions.syntax` has checked."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.table = table

    def of(self, node: ast.expr) -> Value:
        name = column_name(node)
        if name is not None:
            return Value.of(self.table[name])
        match node:
            case ast.Name():
                return Value(math.pi)
            case ast.Constant(value=value):
                return Value(value)
            case ast.Call(func=ast.Name(id=function), args=arguments):
                return self.call(function, arguments, node)
            case ast.Subscript(value=listed, slice=index):
                return self.index(listed, index, ast.unparse(node))
            case ast.BinOp(left=left, op=op, right=right):
                return self.binary(left, op, right, node)
            case ast.UnaryOp(op=op, operand=operand):
                return self.unary(op, operand)
            case ast.BoolOp(op=op, values=values):
                return self.joined(_WORDS[type(op)], [self.condition(value) for value in values])
            case ast.Compare(left=left, ops=ops, comparators=others):
                return self.compared([left, *others], ops)
        raise AssertionError(f"unchecked expression {ast.dump(node)}")

    def condition(self, node: ast.expr) -> Value:
        return operations.condition(self.of(node), ast.unparse(node), comparison(node))

    def binary(self, left: ast.expr, op: ast.operator, right: ast.expr, whole: ast.expr) -> Value:
        kind, nodes = type(op), (left, right)
        a, b = map(self.of, nodes)
        names = [ast.unparse(node) for node in (left, right, whole)]
        if kind in _BITS:
            return operations.bits(_BITS[kind], a, b, names, [comparison(node) for node in nodes])
        if kind in _SHIFTS:
            return operations.shifted(_SHIFTS[kind], a, b, names)
        return operations.arithmetic(_ARITHMETIC[kind], a, b, names)

    def unary(self, op: ast.unaryop, operand: ast.expr) -> Value:
        if isinstance(op, ast.Not | ast.Invert):
            return operations.inverted(self.condition(operand))
        if isinstance(op, ast.UAdd):
            return operations.numbers(self.of(operand))
        return operations.negative(self.of(operand), ast.unparse(operand))

    def compared(self, sides: list[ast.expr], ops: list[ast.cmpop]) -> Value:
        values = [self.of(side) for side in sides]
        names = [ast.unparse(side) for side in sides]
        results = [
            operations.compared(_COMPARISONS[type(op)], values[i], values[i + 1], names[i : i + 2])
            for i, op in enumerate(ops)
        ]
        return self.joined(operator.and_, results)

    def joined(self, function: Callable[[Any, Any], Any], values: list[Value]) -> Value:
        result = values[0]
        for value in values[1:]:
            result = operations.logical(function, result, value, ["one side", "the other"])
        return result

    def call(self, function: str, arguments: list[ast.expr], whole: ast.expr) -> Value:
        names = [ast.unparse(argument) for argument in arguments]
        if function == "where":
            decides, yes, no = arguments
            return operations.chosen(self.condition(decides), self.of(yes), self.of(no), names)
        if function not in REDUCTIONS:
            return operations.applied(function, [self.of(node) for node in arguments], names)
        value = self.of(arguments[0])
        if not value.lists:
            raise UnfitError(_no_lists(function))
        if function in ("any", "all"):
            value = operations.condition(value, names[0], comparison(arguments[0]))
        return lists.reduced(function, value, ast.unparse(whole))

    def index(self, node: ast.expr, index: ast.expr, whole: str) -> Value:
        value = self.of(node)
        if not value.lists:
            raise UnfitError(f"{whole}: there is only one value per event, which has no index")
        match index:
            case ast.Constant(value=int() as number):
                return lists.element(value, number, whole)
            case ast.Slice(upper=ast.Constant(value=int() as number)):
                return lists.first(value, number)
        keep = self.condition(index)
        if not 0 < len(keep.lists) <= len(value.lists):
            raise UnfitError(
                f"{whole}: the condition must have one value per element, not "
                + ("several" if keep.lists else "per event")
            )
        return lists.kept(value, keep, [ast.unparse(node), ast.unparse(index)])


def comparison(node: ast.expr) -> str:
    """Return the condition that is most likely meant where *node* is a number."""
    text = ast.unparse(node)
    has_bits = isinstance(node, ast.BinOp) and type(node.op) in _BITS
    return f"({text}) != 0" if has_bits else f"{text} != 0"


def _no_lists(function: str) -> str:
    larger = f"; for the larger of two write {function}imum(a, b)"
    return (
        f"{function}() works on the elements in each event, but here is only one value per event"
        + larger * (function in ("max", "min"))
    )
