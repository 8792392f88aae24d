"""Digests of what the definitions of a module say, however they are formatted.

Written without ``ast.dump``, whose text depends on the version of Python.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import warnings
from typing import Any

_WITHOUT_MEANING = {"ctx", "type_ignores", "kind", "type_comment"}
_MOVABLE_DECORATORS = {"property", "staticmethod", "classmethod"}
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def definitions(source: str | bytes | ast.Module) -> dict[str, str]:
    """Return a digest of each definition of a module, equal in all versions of Python.

    A function is found under its name, a method under ``Class.method``. What is left of a class
    (bases, decorators, attributes) is under ``Class``, what is left of the module under the empty
    name. Definitions of the same name share one digest; those below an ``if``, ``try`` or ``with``
    and those within a function belong to what is around them. Comments, docstrings and formatting
    do not count.

    Raises:
        SyntaxError: *source* is not Python; as ``ast.parse``, also any other of its errors.
    """
    found: dict[str, list[Any]] = {}
    rest = _without_definitions(syntax_tree(source).body, "", found)
    return {name: _digest(nodes) for name, nodes in found.items()} | {"": _digest(rest)}


def syntax_tree(source: str | bytes | ast.Module) -> ast.Module:
    """Return the tree of a *source*, without the warnings that its import would give.

    Raises:
        SyntaxError: *source* is not Python; as ``ast.parse``, also any other of its errors.
    """
    if isinstance(source, ast.Module):
        return source
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def _without_definitions(
    body: list[ast.stmt], prefix: str, found: dict[str, list[Any]]
) -> list[Any]:
    """Move the definitions of a *body* to *found*; return the other statements.

    Of a definition that runs code where it stands the name remains.
    """
    rest: list[Any] = []
    for statement in body:
        if not isinstance(statement, _Function | ast.ClassDef):
            rest.append(statement)
            continue
        name = prefix + statement.name
        nodes = found.setdefault(name, [])
        if isinstance(statement, ast.ClassDef):
            shell: Any = copy.copy(statement)
            shell.body = _without_definitions(statement.body, f"{name}.", found)
            nodes.append(shell)
        else:
            nodes.append(statement)
        if _runs_where_it_stands(statement):
            rest.append(statement.name)
    return rest


def _runs_where_it_stands(definition: _Function | ast.ClassDef) -> bool:
    if not all(
        isinstance(decorator, ast.Name) and decorator.id in _MOVABLE_DECORATORS
        for decorator in definition.decorator_list
    ):
        return True
    if isinstance(definition, ast.ClassDef):
        return bool(definition.bases or definition.keywords)
    defaults = [*definition.args.defaults, *filter(None, definition.args.kw_defaults)]
    return not all(isinstance(default, ast.Constant) for default in defaults)


def _digest(nodes: list[Any]) -> str:
    return hashlib.sha256(_written(nodes).encode("ascii")).hexdigest()[:16]


def _written(nodes: list[Any]) -> str:
    """Return *nodes* as text, without recursion: a sum of 2,000 terms is 2,000 levels deep."""
    text: list[str] = []
    left: list[Any] = [nodes]
    while left:
        item = left.pop()
        if isinstance(item, str):
            text.append(item)
        elif isinstance(item, list):
            text.append("[")
            left.append("]")
            left.extend(_item(value) for value in reversed(item) if not _is_idle(value))
        else:
            text.append(f"{type(item).__name__}(")
            left.append(")")
            for name in reversed(item._fields):
                value = None if name in _WITHOUT_MEANING else _field(item, name)
                if value is not None:
                    left += [_item(value), f" {name}="]
    return "".join(text)


def _item(value: Any) -> Any:
    """Return what is still to be walked as it is, anything else as text."""
    if isinstance(value, ast.AST | list):
        return value
    # ascii, since repr asks what is printable; hex, since a decimal may not have 4,300 digits
    return f"{type(value).__name__}:{hex(value) if type(value) is int else ascii(value)},"


def _field(node: ast.AST, name: str) -> Any:
    """Return a field of a *node*, None where it says nothing."""
    value = getattr(node, name, None)
    if isinstance(node, ast.JoinedStr) and name == "values":
        value = _joined(node)
    elif name == "format_spec" and isinstance(value, ast.JoinedStr) and not _joined(value):
        return None
    if isinstance(value, list) and all(map(_is_idle, value)):
        return None
    return value


def _joined(node: ast.JoinedStr) -> list[ast.expr]:
    """Return the parts of an f-string, its texts merged: versions of Python split them at will."""
    parts: list[ast.expr] = []
    for part in node.values:
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            before = parts[-1] if parts else None
            if isinstance(before, ast.Constant) and isinstance(before.value, str):
                parts[-1] = ast.Constant(before.value + part.value)
            elif part.value:
                parts.append(part)
        else:
            parts.append(part)
    return parts


def _is_idle(value: Any) -> bool:
    """Tell whether this is a statement that does nothing: ``pass``, ``...`` or a docstring."""
    if isinstance(value, ast.Expr) and isinstance(value.value, ast.Constant):
        return value.value.value is ... or isinstance(value.value.value, str)
    return isinstance(value, ast.Pass)
