"""Which expressions look a name up that nobody knows before they run, however they are spelled."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from contextlib import suppress

from cmsml_tasks.tracking.source_code.syntax import syntax_tree

# what leads from an object to all names of its module
_TO_ALL_NAMES = {"__subclasses__", "__globals__", "f_globals", "getmodule"}
_SEARCHING = {"eval", "exec", "globals", "__builtins__"}
_LOADED = "sys:modules"
_IMPORTING = {"importlib:import_module", "importlib:__import__", "builtins:__import__"}
RESOLVING = "pkgutil:resolve_name"
# where nothing tells what else these may be
_USUAL = {"sys", "builtins", "importlib", "pkgutil"}


def usual_target(name: str) -> str:
    """Return what a *name* that a module does not bind stands for, as an imported one."""
    return f"{name}:" if name in _USUAL else f"builtins:{name}"


def is_search(name: str, attributes: Collection[str], targets: Collection[str]) -> bool:
    """Tell whether any name of a module may be meant.

    Args:
        name: that the expression begins with; empty where that is no name.
        attributes: that are asked of it.
        targets: what both may stand for, as ``module:name.attribute``.
    """
    return not _TO_ALL_NAMES.isdisjoint([name, *attributes]) or any(
        target.partition(":")[2] in _SEARCHING
        if target.startswith("builtins:")
        else target in (RESOLVING, *_IMPORTING) or f"{target}.".startswith(f"{_LOADED}.")
        for target in targets
    )


def is_importing(targets: Collection[str]) -> bool:
    """Tell whether what is called imports the module whose name it is given."""
    return not _IMPORTING.isdisjoint(targets)


def is_told(text: object) -> bool:
    """Tell whether *text* names what leads to all names, as in ``getattr(x, "__globals__")``."""
    return isinstance(text, str) and text in _TO_ALL_NAMES


def asked_whether_loaded(node: ast.Compare) -> Iterator[ast.expr]:
    """Yield where names are looked for, as in ``"keras" in sys.modules``."""
    for operation, where in zip(node.ops, node.comparators, strict=True):
        if isinstance(operation, ast.In | ast.NotIn):
            yield where


def quoted(annotation: ast.expr) -> Iterator[ast.stmt]:
    """Yield what the texts in an *annotation* say as annotations; no ``Literal``."""
    left: list[ast.AST] = [annotation]
    while left:
        node = left.pop()
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
                said = syntax_tree(f"({node.value})").body
                yield from said
                left.extend(said)
        elif not (isinstance(node, ast.Subscript) and _last_name(node.value) == "Literal"):
            left.extend(ast.iter_child_nodes(node))


def _last_name(node: ast.expr) -> str:
    return str(getattr(node, "attr", getattr(node, "id", "")))
