"""Which modules a source may import, found without running it."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator


def absolute_name(name: str, module: str, is_package: bool) -> str | None:
    """Return *name*, relative to *module* if it begins with dots; None where that is above all."""
    bare = name.lstrip(".")
    level = len(name) - len(bare)
    if not level:
        return name
    package = module.split(".")
    package = package[: max(0, len(package) - level + is_package)]
    return ".".join([*package, bare] if bare else package) if package else None


def imported_names(node: ast.AST) -> Iterator[str]:
    """Yield what an import *node* may import, with relative names as written."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        origin = _origin(node)
        yield origin
        stem = origin if origin.endswith(".") else f"{origin}."
        yield from (stem + alias.name for alias in node.names if alias.name != "*")


def told_module(call: ast.Call) -> str:
    """Return the module that a *call* of ``import_module`` names; empty where it is computed."""
    words = [*call.args, *(keyword.value for keyword in call.keywords)]
    texts = [word.value if isinstance(word, ast.Constant) else None for word in words]
    name, package = [*texts, None, None][:2]
    if isinstance(name, str) and name.startswith(".") and isinstance(package, str):
        name = absolute_name(name, package, True)
    return name if isinstance(name, str) else ""


def names_imported_as(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield each name that an import binds, and what it stands for: ``module:name``.

    A module by itself ends in the colon.
    """
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.asname:
                yield alias.asname, f"{alias.name}:"
            else:
                outermost = alias.name.partition(".")[0]
                yield outermost, f"{outermost}:"
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            if alias.name != "*":
                yield alias.asname or alias.name, f"{_origin(node)}:{alias.name}"


def names_of_import(node: ast.stmt) -> list[str]:
    """Return the names that a ``from a import b`` binds, for which nothing but *a* need run."""
    if not isinstance(node, ast.ImportFrom) or node.module == "__future__":
        return []
    return [alias.asname or alias.name for alias in node.names if alias.name != "*"]


def import_without(node: ast.ImportFrom, names: Container[str]) -> list[str]:
    """Return what an import says but for *names* that it binds."""
    kept = [alias for alias in node.names if (alias.asname or alias.name) not in names]
    return [_origin(node), *(f"{alias.name} as {alias.asname}" for alias in kept)]


def star_import(node: ast.AST) -> str | None:
    """Return the module whose every name a *node* imports, as written."""
    if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
        return _origin(node)
    return None


def _origin(node: ast.ImportFrom) -> str:
    return "." * node.level + (node.module or "")


def is_for_type_checkers(test: ast.expr) -> bool:
    """Tell whether the *test* of an ``if`` is true for type checkers alone."""
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"
