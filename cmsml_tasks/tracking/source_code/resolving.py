"""Where a use of a name leads, over the modules of a project."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from cmsml_tasks.tracking.source_code.definitions import Module
from cmsml_tasks.tracking.source_code.imports import absolute_name
from cmsml_tasks.tracking.source_code.module_files import Project
from cmsml_tasks.tracking.source_code.names_used import COMPUTED, SUBCLASSES, with_attributes

_TO_ALL_NAMES = {"__dict__", "__getattribute__", "__getattr__", "__dir__"}
_Tried = set[tuple[str, tuple[str, ...]]]


class Kind(enum.Enum):
    """What a name leads to."""

    DEFINITION = enum.auto()
    IMPORT = enum.auto()
    """An import that counts where it is used; what it stands for follows."""
    MODULE = enum.auto()
    """All that is in a module: it is handed on, or nobody can tell where the name is bound."""
    FOREIGN = enum.auto()
    """What is not of the project; its name may have dots."""


class Place(NamedTuple):
    """Where a name leads: a *name* at the top of a *module*, and *attributes* asked of it."""

    kind: Kind
    module: str
    name: str = ""
    attributes: Sequence[str] = ()


class Resolver:
    """Follows names from module to module.

    Args:
        project: tells which modules count.
        module_of: returns what one of these says.
    """

    def __init__(self, project: Project, module_of: Callable[[str], Module]) -> None:
        self._project = project
        self._module_of = module_of

    def places(self, module: str, use: str) -> Iterator[Place]:
        """Yield where a *use* in a module may lead: nowhere for builtins and what is assigned."""
        if ":" in use:
            yield from self._outside(module, use, set())
        else:
            yield from self._inside(module, use.split("."), set())

    def is_of_project(self, module: str, use: str) -> bool:
        """Tell whether what a *use* in a module means may be of the project: no library's."""
        return use in (COMPUTED, SUBCLASSES) or self._may_be_ours(module, use, set())

    def _may_be_ours(self, module: str, use: str, tried: set[str]) -> bool:
        found = self._module_of(module)
        first = use.partition(".")[0]
        if ":" in use or first in found["definitions"] or first in found["bound"]:
            kinds = {place.kind for place in self.places(module, use)} - {Kind.IMPORT}
            # nowhere: it was assigned
            return not kinds or kinds != {Kind.FOREIGN}
        tried.add(module)
        stars = {self.absolute(star, module) for star in found["stars"]} - tried
        return any(self._may_be_ours(star, use, tried) for star in stars if self._project.has(star))

    def bases(self, module: str, uses: Iterable[str]) -> Iterator[Place]:
        """Yield the classes of the project among the *uses* in a module."""
        for use in uses:
            for place in self.places(module, use):
                if place.kind is Kind.DEFINITION:
                    yield place

    def absolute(self, name: str, module: str) -> str:
        """Return the *name* of a module as *module* writes it; empty where there is none."""
        return absolute_name(name, module, self._project.is_package(module)) or ""

    def _inside(self, module: str, names: Sequence[str], tried: _Tried) -> Iterator[Place]:
        found = self._module_of(module)
        first, *rest = names
        if first in found["definitions"]:
            yield Place(Kind.DEFINITION, module, first, rest)
        if first in found["by_use"]:
            yield Place(Kind.IMPORT, module, first)
        for target in found["bound"].get(first, ()):
            yield from self._outside(module, with_attributes(target, rest), tried)

    def _outside(self, module: str, use: str, tried: _Tried) -> Iterator[Place]:
        origin, _, path = use.partition(":")
        name = self.absolute(origin, module)
        if name:
            yield from self._attribute(name, path.split(".") if path else [], tried)

    def _attribute(self, module: str, names: Sequence[str], tried: _Tried) -> Iterator[Place]:
        if (module, tuple(names)) in tried:
            # as in a package that says `from . import module`
            if names and self._project.has(f"{module}.{names[0]}"):
                yield from self._attribute(f"{module}.{names[0]}", names[1:], tried)
            return
        tried.add((module, tuple(names)))
        if not self._project.has(module):
            if names and self._project.may_be_namespace(module):
                yield from self._attribute(f"{module}.{names[0]}", names[1:], tried)
            else:
                yield Place(Kind.FOREIGN, module, ".".join(names))
            return
        found = self._module_of(module)
        if not names or names[0] in _TO_ALL_NAMES:
            yield Place(Kind.MODULE, module)
        elif names[0] in found["definitions"] or names[0] in found["bound"]:
            yield from self._inside(module, names, tried)
        elif self._project.has(f"{module}.{names[0]}"):
            yield from self._attribute(f"{module}.{names[0]}", names[1:], tried)
        elif not found["stars"] and not names[0].startswith("__"):
            # what stars bring counts anyway
            yield Place(Kind.MODULE, module)
