"""The user's own code that a task rests on, and what changed in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cmsml_tasks.errors import UserError
from cmsml_tasks.tracking.cache import computed_from
from cmsml_tasks.tracking.imports import absolute_name, import_names
from cmsml_tasks.tracking.project import is_library, module_file
from cmsml_tasks.tracking.syntax import definitions, syntax_tree

Code = dict[str, dict[str, str]]
"""Of each module by name, the digest of each of its definitions."""

_KIND = "code-1"  # to be counted up whenever the digests of unchanged sources change
_UNREADABLE = "unreadable: "


class CodeError(UserError):
    """Code that cannot be tracked, so that nobody would know when to run a task again."""


def code_of(roots: Sequence[str]) -> Code:
    """Return the code of the *roots* and of all modules of the user's project they may import.

    The project is all that is no library, and the whole packages of the *roots*, wherever they
    lie; of cmsml_tasks only the *roots* themselves count. No module is imported. Modules that
    cannot be found are left out; one that is no valid Python has its error in place of a digest.

    Raises:
        CodeError: there is no source file of one of the *roots*.
    """
    project = _Project(roots)
    code: Code = {}
    left = list(reversed(roots))
    while left:
        name = left.pop()
        path = project.file(name)
        if name in code or path is None:
            continue
        code[name], imports = _read(path)
        is_package = path.name == "__init__.py"
        names = (absolute_name(imported, name, is_package) for imported in imports)
        for imported in [name, *filter(None, names)]:
            left.extend(project.modules_on_the_way(imported))
    return code


def code_changes(
    recorded: Mapping[str, Mapping[str, str]],
    current: Mapping[str, Mapping[str, str]],
    roots: Iterable[str],
) -> list[str]:
    """Return in words how the *current* code differs from the *recorded*, the *roots* first."""
    first = list(roots)
    others = sorted({*recorded, *current} - set(first))
    lines: list[str] = []
    for module in [*first, *others]:
        before, after = recorded.get(module), current.get(module)
        if before is None and after is None:
            continue
        if after is None:
            lines.append(f"code of module {module} no longer used")
        elif before is None:
            lines.append(f"code of module {module} new")
        else:
            lines.extend(_module_changes(module, before, after, with_prefix=module not in first))
    return lines


def _module_changes(
    module: str, before: Mapping[str, str], after: Mapping[str, str], *, with_prefix: bool
) -> Iterator[str]:
    if before != after and after.get("", "").startswith(_UNREADABLE):
        yield f"code of module {module} {after['']}"
        return
    for name in dict.fromkeys([*after, *before]):
        if before.get(name) != after.get(name):
            what = "added" if name not in before else "removed" if name not in after else "changed"
            place = f"{module}.{name}" if with_prefix else name
            yield f"code {place if name else f'{module} (outside of functions)'} {what}"


class _Project:
    """The modules of the user's project, looked up once each."""

    def __init__(self, roots: Sequence[str]) -> None:
        self._files: dict[str, Path | None] = {}
        self._owned: dict[str, bool] = {}
        self._packages = {self._outermost_package(root) for root in roots}
        self._packages.discard("cmsml_tasks")

    def file(self, name: str) -> Path | None:
        if name not in self._files:
            self._files[name] = module_file(name)
        return self._files[name]

    def modules_on_the_way(self, name: str) -> Iterator[str]:
        """Yield what an import of *name* runs of the project: parent packages and the module."""
        if self._owned.get(name.partition(".")[0]) is False:
            return  # most imports are of libraries
        for module in _with_parents(name):
            path = self.file(module)
            if path is not None:
                if not self._owns(module, path):
                    return
                yield module

    def _owns(self, name: str, path: Path) -> bool:
        if name not in self._owned:
            packages = set(_with_parents(name))
            self._owned[name] = "cmsml_tasks" not in packages and (
                not packages.isdisjoint(self._packages) or not is_library(path)
            )
        return self._owned[name]

    def _outermost_package(self, root: str) -> str:
        """Return the outermost package of *root* that is no mere namespace, else *root*.

        Raises:
            CodeError: there is no source file of *root*.
        """
        if self.file(root) is None:
            raise CodeError(f"cannot track the code of module '{root}': {_why_not(root)}")
        return next(name for name in _with_parents(root) if self.file(name))


def _with_parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts) + 1)]


def _why_not(root: str) -> str:
    if root == "__main__":
        return (
            "what is defined in a script or notebook cannot be found by the next process; "
            "move it to a file that can be imported, e.g. my_analysis.py, and import it from there"
        )
    return (
        "it has no source file on the module search path; check its name, and add its folder to "
        "PYTHONPATH or install its package"
    )


def _read(path: Path) -> tuple[dict[str, str], list[str]]:
    """Return the digests of the definitions in a file, and what it imports."""
    try:
        found = computed_from(_KIND, path, _parsed)
    except SyntaxError as error:
        return {"": f"{_UNREADABLE}{error.msg} (line {error.lineno})"}, []
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        return {"": f"{_UNREADABLE}{error}"}, []
    return found["definitions"], found["imports"]


def _parsed(path: str) -> dict[str, Any]:
    tree = syntax_tree(Path(path).read_bytes())
    return {"definitions": definitions(tree), "imports": import_names(tree)}
