"""Expressions over the columns of a file: ``"(M > 80) & (M < 100)"``, ``"sum(Jet_pt > 30)"``.

Written like Python, but read by this file alone: nothing else can be called or reached.

- names of columns (with dots, if they have some; ``column('odd-name')`` for any other), numbers,
  ``True``, ``False`` and ``pi``
- ``+ - * / // % **``, comparisons (``80 < M < 100`` too), ``& | ^ ~`` or ``and or not``
- element by element: ``abs sqrt exp log log2 log10 log1p expm1 sin cos tan sinh cosh tanh arcsin
  arccos arctan arcsinh floor ceil sign isnan isinf isfinite``, of two arguments ``arctan2 hypot
  minimum maximum``, of three ``where(condition, yes, no)``
- over the elements of a jagged column in each event: ``sum any all count max min``
- ``Muon_pt[0]`` is the first element in each event, missing where there is none;
  ``Jet_pt[Jet_btag > 2]`` keeps some elements, ``Jet_pt[:3]`` at most the first three
"""

from __future__ import annotations

import ast
import copy
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cmsml_tasks.errors import DataError, SettingsError, did_you_mean

ELEMENTWISE = {
    **dict.fromkeys(("sqrt", "exp", "log", "log2", "log10", "log1p", "expm1"), 1),
    **dict.fromkeys(("sin", "cos", "tan", "arcsin", "arccos", "arctan"), 1),
    **dict.fromkeys(("sinh", "cosh", "tanh", "arcsinh"), 1),
    **dict.fromkeys(("floor", "ceil", "sign", "isnan", "isinf", "isfinite"), 1),
    **dict.fromkeys(("arctan2", "hypot", "minimum", "maximum"), 2),
    "abs": 1,
    "where": 3,
}
REDUCTIONS = ("sum", "any", "all", "count", "max", "min")
ARGUMENTS = {**ELEMENTWISE, **dict.fromkeys(REDUCTIONS, 1)}

_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.And: operator.and_,
    ast.Or: operator.or_,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
    ast.Not: operator.invert,
}


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

    def evaluate(self, table: Mapping[str, Any]) -> Any:
        """Return its value for the columns in *table*.

        One-dimensional columns are numpy arrays, jagged ones awkward arrays; so is the result, an
        awkward array too where elements can be missing. A constant expression gives a number.

        Raises:
            DataError: the columns are not of a shape or type that the expression can use.
        """
        import numpy as np

        try:
            with np.errstate(all="ignore"):  # what becomes NaN or infinite is reported by row
                return _evaluate(self.tree, table)
        except (TypeError, ValueError, IndexError, ArithmeticError) as error:
            reason = str(error).strip().splitlines()[0]
            raise DataError(
                f"'{self.text}' cannot be computed from these columns: {reason}"
            ) from error


def parse(text: str, what: str) -> Expression:
    """Return *text* as an expression.

    Args:
        text: the expression.
        what: whose expression it is, for the message, such as ``target of HZZ``.

    Raises:
        SettingsError: not an expression, or something in it is not allowed.
    """
    try:
        tree = ast.parse(str(text).strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        reason = getattr(error, "msg", str(error))
        raise SettingsError(f"{what}: '{text}' is not an expression: {reason}") from error
    columns: set[str] = set()
    try:
        _check(tree, columns)
    except SettingsError as error:
        raise SettingsError(f"{what}: '{text}': {error}") from None
    return Expression(str(text).strip(), tree, frozenset(columns))


def substituted(tree: ast.expr, definitions: Mapping[str, ast.expr]) -> ast.expr:
    """Return a copy of *tree* with every column that has a definition replaced by it.

    However a column is written, ``pt`` or ``column('pt')``, it becomes the same name.
    """

    class Substitution(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> Any:
            name = _column_name(node)
            if name is None:
                return self.generic_visit(node)
            return definitions.get(name, ast.Name(name))

    result: ast.expr = Substitution().visit(copy.deepcopy(tree))
    return result


def _check(node: ast.AST, columns: set[str]) -> None:
    """Walk through what is allowed, collect the columns, refuse all else."""
    name = _column_name(node)
    if name is not None:
        columns.add(name)
        return
    match node:
        case ast.Name(id="pi") | ast.Constant(value=bool() | int() | float()):
            return
        case ast.Call():
            _check_call(node)
            children: list[ast.AST] = list(node.args)
        case ast.Subscript(value=value, slice=index):
            _check_index(index)
            children = [value] if isinstance(index, ast.Constant | ast.Slice) else [value, index]
        case ast.BinOp(left=left, right=right, op=op) if type(op) in _OPERATORS:
            children = [left, right]
        case ast.UnaryOp(operand=operand):
            children = [operand]
        case ast.BoolOp(values=values):
            children = list(values)
        case ast.Compare(left=left, comparators=others) if all(
            type(op) in _OPERATORS for op in node.ops
        ):
            children = [left, *others]
            _check_precedence(children)
        case _:
            raise SettingsError(
                f"'{ast.unparse(node)}' is not allowed; an expression has columns, numbers, "
                "arithmetic, comparisons, & | ~, indices, and functions such as sqrt and sum"
            )
    for child in children:
        _check(child, columns)


def _column_name(node: ast.AST) -> str | None:
    """Return the column that *node* stands for: a name, with dots, or ``column('...')``."""
    match node:
        case ast.Name(id=name) if name != "pi":
            return name
        case ast.Attribute(value=value, attr=attribute):
            parent = _column_name(value)
            return f"{parent}.{attribute}" if parent else None
        case ast.Call(
            func=ast.Name(id="column"), args=[ast.Constant(value=str() as name)], keywords=[]
        ):
            return name
    return None


def _check_call(node: ast.Call) -> None:
    name = ast.unparse(node.func)
    if name not in ARGUMENTS:
        raise SettingsError(f"there is no function '{name}'" + did_you_mean(name, ARGUMENTS))
    if len(node.args) != ARGUMENTS[name] or node.keywords:
        wanted = ARGUMENTS[name]
        raise SettingsError(
            f"'{ast.unparse(node)}' must have {wanted} argument{'s' * (wanted > 1)}"
        )


def _check_index(index: ast.expr) -> None:
    match index:
        case ast.Constant(value=int() as number) if not isinstance(number, bool):
            return
        case ast.Slice(lower=None, upper=ast.Constant(value=int() as number), step=None):
            if number >= 1:
                return
        case ast.Compare() | ast.BinOp() | ast.UnaryOp(op=ast.Invert() | ast.Not()):
            return
        case ast.BoolOp() | ast.Name() | ast.Attribute() | ast.Call():
            return
    raise SettingsError(
        f"index [{ast.unparse(index)}] is not allowed; write [0] for the first element of each "
        "event, [:2] for the first two, [condition] for those that fulfil it"
    )


def _check_precedence(compared: list[ast.AST]) -> None:
    for part in compared:
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.BitAnd | ast.BitOr):
            text = ast.unparse(part)
            raise SettingsError(
                f"& and | bind tighter than comparisons, so this compares with '{text}'; put each "
                "comparison in brackets: (a > 1) & (b < 2)"
            )


def _evaluate(node: ast.AST, table: Mapping[str, Any]) -> Any:
    name = _column_name(node)
    if name is not None:
        return table[name]
    match node:
        case ast.Name():
            return 3.141592653589793
        case ast.Constant(value=value):
            return value
        case ast.Call(func=ast.Name(id=function), args=arguments):
            return _call(function, [_evaluate(argument, table) for argument in arguments])
        case ast.Subscript(value=value, slice=index):
            return _index(_evaluate(value, table), index, table, ast.unparse(node))
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_evaluate(left, table), _evaluate(right, table))
        case ast.UnaryOp(op=op, operand=operand):
            value = _evaluate(operand, table)
            return (
                _not(value) if isinstance(op, ast.Invert | ast.Not) else _OPERATORS[type(op)](value)
            )
        case ast.BoolOp(op=op, values=values):
            return _joined(_OPERATORS[type(op)], [_evaluate(value, table) for value in values])
        case ast.Compare(left=left, ops=ops, comparators=others):
            sides = [_evaluate(side, table) for side in (left, *others)]
            pairs = zip(ops, sides, sides[1:], strict=False)
            return _joined(operator.and_, [_OPERATORS[type(op)](a, b) for op, a, b in pairs])
    raise AssertionError(f"unchecked expression {ast.dump(node)}")


def _joined(combine: Callable[[Any, Any], Any], values: list[Any]) -> Any:
    result = values[0]
    for value in values[1:]:
        result = combine(result, value)
    return result


def _not(value: Any) -> Any:
    import numpy as np

    if isinstance(value, bool):
        return not value
    kind = str(value.type.content if is_awkward(value) else np.asarray(value).dtype)
    if "bool" not in kind:
        raise TypeError(f"~ needs true or false, not {kind}; compare first, as in x != 0")
    return operator.invert(value)


def _call(function: str, arguments: list[Any]) -> Any:
    import numpy as np

    if function in REDUCTIONS:
        return _reduce(function, arguments[0])
    if function == "where":
        if any(is_awkward(argument) for argument in arguments):
            import awkward as ak

            return ak.where(*arguments)
        return np.where(*arguments)
    return getattr(np, function)(*arguments)


def _reduce(function: str, value: Any) -> Any:
    if dimensions(value) < 2:
        raise TypeError(
            f"{function}() works on the elements in each event, but here is only one value per "
            "event"
            + (
                f"; for the larger of two write {function}imum(a, b)"
                if function in ("max", "min")
                else ""
            )
        )
    import awkward as ak

    return getattr(ak, function)(value, axis=-1)


def _index(value: Any, index: ast.expr, table: Mapping[str, Any], text: str) -> Any:
    if dimensions(value) < 2:
        raise TypeError(f"{text}: there is only one value per event, which has no index")
    import awkward as ak

    match index:
        case ast.Constant(value=int() as number):
            element = ak.pad_none(value, number + 1, axis=1)[:, number]
            # Optional by type even where this file happens to lack none.
            return ak.mask(element, ak.is_none(element), valid_when=False)
        case ast.Slice(upper=ast.Constant(value=number)):
            return value[:, :number]
    keep = _evaluate(index, table)
    if dimensions(keep) < 2:
        raise TypeError(f"{text}: the condition must have one value per element, not per event")
    return value[keep]


def is_awkward(value: Any) -> bool:
    """Whether *value* is an awkward array, without importing awkward."""
    return type(value).__module__.partition(".")[0] == "awkward"


def dimensions(value: Any) -> int:
    """Return the number of axes: 0 for a number, 1 for one value per event, more for jagged."""
    return int(getattr(value, "ndim", 0))
