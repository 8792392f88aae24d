"""What an expression may be written with, found before a file is opened."""

from __future__ import annotations

import ast
import copy
import keyword
import math
import re
from collections.abc import Mapping
from typing import Any

from cmsml_tasks.errors import SettingsError, did_you_mean

QUESTIONS = ("isnan", "isinf", "isfinite")
ELEMENTWISE = {
    **dict.fromkeys(("sqrt", "exp", "log", "log2", "log10", "log1p", "expm1"), 1),
    **dict.fromkeys(("sin", "cos", "tan", "arcsin", "arccos", "arctan"), 1),
    **dict.fromkeys(("sinh", "cosh", "tanh", "arcsinh"), 1),
    **dict.fromkeys(("floor", "ceil", "sign", "abs", *QUESTIONS), 1),
    **dict.fromkeys(("arctan2", "hypot", "minimum", "maximum"), 2),
    "where": 3,
}
REDUCTIONS = ("sum", "any", "all", "count", "max", "min")
ARGUMENTS = {**ELEMENTWISE, **dict.fromkeys(REDUCTIONS, 1)}

_CONSTANTS = {"pi": str(math.pi), "True": "(1 == 1)", "False": "(1 == 0)"}
"""Names that stand for the same in all events, and how else to write that."""
_BITS = (ast.BitAnd, ast.BitOr, ast.BitXor)
_BINARY = (
    *(ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow),
    *(*_BITS, ast.LShift, ast.RShift),
)
_COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_FROM_C = {"&&": "and", "||": "or", "!": "not"}


def tree_of(text: str) -> ast.expr:
    """Return what *text* means, with the names of columns as they are written.

    Raises:
        SettingsError: it is not an expression.
    """
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = getattr(error, "msg", None) or str(error) or "nested too deeply"
        raise SettingsError(f"is not an expression: {reason}{_advice(text)}") from error
    if not text.isascii():
        _restore_names(tree, text)
    return tree


def check(tree: ast.expr, text: str) -> set[str]:
    """Return the columns that *tree*, the meaning of *text*, needs.

    Raises:
        SettingsError: something in it is not allowed.
    """
    columns: set[str] = set()
    _check(tree, text, columns)
    return columns


def substituted(tree: ast.expr, definitions: Mapping[str, ast.expr]) -> ast.expr:
    """Return a copy of *tree* with every column that has a definition replaced by it.

    However a column is written, ``pt`` or ``column('pt')``, it becomes the same name.
    """

    class Substitution(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> Any:
            name = column_name(node)
            if name is None:
                return self.generic_visit(node)
            return definitions.get(name, ast.Name(name))

    result: ast.expr = Substitution().visit(copy.deepcopy(tree))
    return result


def column_name(node: ast.AST) -> str | None:
    """Return the column that *node* stands for: a name, with dots, or ``column('...')``."""
    match node:
        case ast.Name(id=name) if name != "pi":
            return name
        case ast.Attribute(value=value, attr=attribute):
            parent = column_name(value)
            return f"{parent}.{attribute}" if parent else None
        case ast.Call(
            func=ast.Name(id="column"), args=[ast.Constant(value=str() as name)], keywords=[]
        ):
            return name
    return None


def by_name(name: str) -> str:
    """Return how a column is written that is no name of Python."""
    return f"column({name!r})"


def check_name(name: Any) -> None:
    """Check that *name*, of a new column, is one by which expressions can have the column.

    Raises:
        SettingsError: it is not, or it means something else there, as ``pi`` does.
    """
    try:
        tree = tree_of(name) if isinstance(name, str) else None
    except SettingsError:
        tree = None
    if tree is not None and column_name(tree) == name:
        return
    means = "a constant" if name in _CONSTANTS else "no name"
    if means == "no name" and keyword.iskeyword(name):
        means = "a word of Python"
    raise SettingsError(
        f"{name!r} is {means} in expressions; choose another name, of letters, digits and _"
    )


def constants(tree: ast.expr, text: str) -> dict[str, str]:
    """Return the constants in *tree*, the meaning of *text*, that could be meant as columns.

    These are ``pi``, ``True``, ``False``, and a number that is all of it, such as ``0``; each with
    another way to write it.
    """
    leaves = [node for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Constant)]
    names = {ast.unparse(node) for node in leaves} & set(_CONSTANTS)
    found = {name: _CONSTANTS[name] for name in sorted(names)}
    if isinstance(tree, ast.Constant) and not found:
        found[text] = f"+{text}"
    return found


def possible_names(tree: ast.expr, text: str) -> list[str]:
    """Return the parts of *text*, whose meaning is *tree*, that could be a name: ``B-tag``."""
    parts = [
        ast.get_source_segment(text, node) or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp)
    ]
    return [part for part in parts if re.fullmatch(r"[\w.:/#@$-]+", part)]


def _restore_names(tree: ast.expr, text: str) -> None:
    """Undo what Python does to names: it makes one Greek mu of two that look alike."""
    for node in ast.walk(tree):
        written = ast.get_source_segment(text, node) if isinstance(node, ast.expr) else None
        if isinstance(node, ast.Name) and written:
            node.id = written
        elif isinstance(node, ast.Attribute) and written:
            node.attr = written.rpartition(".")[2].strip()


def _advice(text: str) -> str:
    """Say what to write instead of what Python cannot read."""
    words = re.findall(r"(?<![\w.'\"])[^\W\d]\w*", text)
    reserved = [w for w in words if keyword.iskeyword(w) and w not in ("and", "or", "not")]
    numbered = re.findall(r"(?<![\w.'\"])(?!\d+[eE]\d+\b|0[xob])\d+[^\W\d]\w*", text)
    name = next(iter(reserved + numbered), None)
    if name is None and re.fullmatch(r"[\w.:/#@$-]*\w", text):
        name = text
    if name is not None:
        return f"; a branch of that name is written {by_name(name)}"
    for symbol, word in _FROM_C.items():
        if symbol in text.replace("!=", ""):
            return f"; write '{word}' in place of '{symbol}'"
    return ""


def _check(node: ast.AST, text: str, columns: set[str]) -> None:
    """Walk through what is allowed, collect the columns, refuse all else."""
    name = column_name(node)
    if name is not None:
        columns.add(name)
        return
    match node:
        case ast.Constant(value=int() as number) if number >= 2**64:
            raise SettingsError(
                f"{ast.unparse(node)} is beyond 64 bits; write decimals, as in 1e20"
            )
        case ast.Name(id="pi") | ast.Constant(value=bool() | int() | float()):
            return
        case ast.Call():
            _check_call(node)
            children: list[ast.expr] = list(node.args)
        case ast.Subscript(value=value, slice=index):
            _check_index(index)
            children = [value] if isinstance(index, ast.Constant | ast.Slice) else [value, index]
        case ast.BinOp(left=left, right=right, op=op) if isinstance(op, _BINARY):
            children = [left, right]
        case ast.UnaryOp(operand=operand):
            children = [operand]
        case ast.BoolOp(values=values):
            children = list(values)
        case ast.Compare(left=left, comparators=others) if all(
            isinstance(op, _COMPARISONS) for op in node.ops
        ):
            children = [left, *others]
            _check_precedence(children, text)
        case _:
            raise SettingsError(
                f"'{ast.unparse(node)}' is not allowed; an expression has columns, numbers, "
                "arithmetic, comparisons, & | ~, indices, and functions such as sqrt and sum"
            )
    for child in children:
        _check(child, text, columns)


def _check_call(node: ast.Call) -> None:
    name = ast.unparse(node.func)
    if name not in ARGUMENTS:
        raise SettingsError(f"there is no function '{name}'" + did_you_mean(name, ARGUMENTS))
    if len(node.args) != ARGUMENTS[name] or node.keywords:
        wanted = ARGUMENTS[name]
        of_two = f"; for that of two write {name}imum(a, b)" * (name in ("max", "min"))
        raise SettingsError(
            f"'{ast.unparse(node)}' must have {wanted} argument{'s' * (wanted > 1)}{of_two}"
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
        case ast.BoolOp() | ast.Name() | ast.Attribute() | ast.Call() | ast.Subscript():
            return
    raise SettingsError(
        f"index [{ast.unparse(index)}] is not allowed; write [0] for the first element of each "
        "event, [:2] for the first two, [condition] for those that fulfil it"
    )


def _check_precedence(compared: list[ast.expr], text: str) -> None:
    for part in compared:
        bits = isinstance(part, ast.BinOp) and isinstance(part.op, _BITS)
        if bits and not _in_brackets(part, text):
            written = ast.unparse(part)
            raise SettingsError(
                f"& and | bind tighter than comparisons, so this compares with '{written}'; put "
                "each comparison in brackets: (a > 1) & (b < 2), or the bits: (flag & 2) != 0"
            )


def _in_brackets(node: ast.expr, text: str) -> bool:
    """Whether *node* has brackets of its own around it, which its tree does not show."""
    lines = [line.encode() for line in text.splitlines(keepends=True)]
    start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    end = sum(map(len, lines[: (node.end_lineno or 1) - 1])) + (node.end_col_offset or 0)
    source = b"".join(lines)
    return source[:start].rstrip().endswith(b"(") and source[end:].lstrip().startswith(b")")
