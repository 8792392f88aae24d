"""Digests of what a piece of a module says, however it is formatted.

Written without ``ast.dump``, whose text depends on the version of Python.
"""

from __future__ import annotations

import ast
import hashlib
import warnings
from collections.abc import Sequence
from typing import Any

_WITHOUT_MEANING = {"ctx", "type_ignores", "kind", "type_comment"}


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


def digest(nodes: Sequence[Any]) -> str:
    """Return a digest of *nodes* (trees, texts, numbers and lists of them), as they follow."""
    return hashlib.sha256(_written(list(nodes)).encode("ascii")).hexdigest()[:16]


def is_idle(value: Any) -> bool:
    """Tell whether this is a statement that does nothing: ``pass``, ``...`` or a docstring."""
    if isinstance(value, ast.Expr) and isinstance(value.value, ast.Constant):
        return value.value.value is ... or isinstance(value.value.value, str)
    return isinstance(value, ast.Pass)


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
            left.extend(_item(value) for value in reversed(item) if not is_idle(value))
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
    if isinstance(value, list) and all(map(is_idle, value)):
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
