"""What the modules of the package import of each other, read from their source."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import cmsml_tasks

PACKAGE = Path(cmsml_tasks.__file__).parent


def modules() -> dict[str, Path]:
    """Return the file of each module, by its name below the package; the face is ``""``."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@functools.cache
def imports() -> dict[str, dict[str, set[str]]]:
    """Return for each module the modules that it imports, with the names that it takes from each.

    Imports inside of functions and for type checkers count. The names are empty where the whole
    module is imported.
    """
    files = modules()
    return {module: _imported_by(module, path, set(files)) for module, path in files.items()}


def _imported_by(module: str, path: Path, known: set[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            taken = [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno}: imports are absolute here"
            taken = [(node.module, alias.name) for alias in node.names]
        else:
            continue
        for name, attribute in taken:
            top, _, below = name.partition(".")
            if top != PACKAGE.name:
                continue
            whole = ".".join(filter(None, (below, attribute)))
            imported, names = (whole, set()) if whole in known else (below, {attribute or ""})
            if imported != module:
                found.setdefault(imported, set()).update(names)
    return found


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of those that reach each other along *arrows*, each once."""
    reached = {name: _reached(name, arrows) for name in arrows}
    groups = {
        tuple(sorted(other for other in reached[name] if name in reached.get(other, ())))
        for name in arrows
        if name in reached[name]
    }
    return [list(group) for group in sorted(groups)]


def _reached(start: str, arrows: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    left = [start]
    while left:
        new = arrows.get(left.pop(), set()) - found
        found |= new
        left += new
    return found
