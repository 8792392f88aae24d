"""What code reaches by name, from some roots on, over the modules of the user's project.

All that runs at the import of a module counts: its statements, and the definitions that act where
they stand. Of the other definitions those count that something counted uses by name. A class counts
as a whole, since nobody can tell which method is called. Where the name is not known before the
code runs (``globals()``, a module that is handed on, ``import *``), the whole module counts.

Other tasks do not count where a task only names them, to require them: their outputs do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from cmsml_tasks.tracking.source_code.definitions import Definition, Module, Part
from cmsml_tasks.tracking.source_code.import_effects import ImportEffects
from cmsml_tasks.tracking.source_code.module_files import Project
from cmsml_tasks.tracking.source_code.names_used import COMPUTED, SUBCLASSES
from cmsml_tasks.tracking.source_code.resolving import Kind, Place, Resolver

_TASK_PACKAGES = ("law", "luigi", "b2luigi")
_TASK_ENDINGS = ("Task", "Workflow")
_OUR_TASKS = ("cmsml_tasks.tasks", "cmsml_tasks.tracking")


class Reached(NamedTuple):
    """A part of a module that counts: a function, a method, the rest of a class; "" at import.

    Attributes:
        module: name of the module.
        name: name of the part.
        digest: of what it says.
        by: what uses it, ``module:part``; empty for a root, and for what an import runs.
    """

    module: str
    name: str
    digest: str
    by: str


def reached_from(
    roots: Iterable[str], project: Project, read: Callable[[str], Module]
) -> Iterator[Reached]:
    """Yield all that counts for the *roots*, nearest first.

    Args:
        roots: ``module:Class``, ``module:function``, or by its name a whole module.
        project: tells which modules count.
        read: returns what the source of one of these says.
    """
    walk = _Walk(project, read)
    for root in roots:
        walk.begin(root)
    return walk.run()


class _Walk:
    def __init__(self, project: Project, read: Callable[[str], Module]) -> None:
        self._project = project
        self._read = read
        self._resolver = Resolver(project, self._module)
        self._modules: dict[str, Module] = {}
        self._whole: set[str] = set()
        self._known: set[tuple[str, str]] = set()
        self._left: deque[tuple[str, str, str]] = deque()
        self._tasks: dict[tuple[str, str], bool] = {}
        self._effects = ImportEffects(project, self._resolver, self._module, self._is_task)
        self._asks_for_derived = False

    def begin(self, root: str) -> None:
        module, _, path = root.partition(":")
        name = path.partition(".")[0]
        self._import(module)
        found = self._module(module)
        if name in found["definitions"]:
            self._add(module, name, "")
        elif name:
            self._follow(module, f"{module}:{name}", "")
        else:
            for each in found["definitions"]:
                self._add(module, each, "")
            self._take_whole(module, "")

    def run(self) -> Iterator[Reached]:
        while self._left:
            module, name, by = self._left.popleft()
            found = self._module(module)
            if name in found["by_use"]:
                yield Reached(module, name, found["by_use"][name], by)
                continue
            if name:
                definition = found["definitions"][name]
                for place in self._bases(module, definition):
                    self._add(place.module, place.name, f"{module}:{name}")
                for part_name, part in definition["parts"].items():
                    yield from self._part(module, part_name, part, by)
                continue
            yield from self._part(module, "", self._effects.at_import(module), by)
            if self._asks_for_derived:
                self._add_derived(module)
            for each in found["definitions"]:
                if self._effects.of_definition(module, each):
                    self._go_to(Place(Kind.DEFINITION, module, each), "")

    def _part(self, module: str, name: str, part: Part, by: str) -> Iterator[Reached]:
        yield Reached(module, name, part["digest"], by)
        for imported in part["imports"]:
            self._import(self._resolver.absolute(imported, module))
        for use in part["uses"]:
            self._follow(module, use, f"{module}:{name}")

    def _module(self, name: str) -> Module:
        if name not in self._modules:
            self._modules[name] = self._read(name)
            self._import(name)
        return self._modules[name]

    def _import(self, name: str) -> None:
        """Take in what an import of *name* runs: parent packages and the module."""
        for module in self._project.modules_on_the_way(name):
            self._add(module, "", "")
            above = module.rpartition(".")[0]
            if above in self._whole:
                self._take_whole(module, "")

    def _add(self, module: str, name: str, by: str) -> None:
        if (module, name) not in self._known:
            self._known.add((module, name))
            self._left.append((module, name, by))

    def _follow(self, module: str, use: str, by: str) -> None:
        if use == COMPUTED:
            self._take_whole(module, by)
            return
        if use == SUBCLASSES:
            self._take_derived()
            return
        for place in self._resolver.places(module, use):
            self._go_to(place, by)

    def _go_to(self, place: Place, by: str) -> None:
        if place.kind is Kind.MODULE:
            self._take_whole(place.module, by)
        elif place.kind is Kind.IMPORT:
            self._add(place.module, place.name, by)
        elif place.kind is Kind.DEFINITION:
            used = self._used_of_task(place) if self._is_task(place) else [place]
            for each in used:
                self._add(each.module, each.name, by)

    def _take_whole(self, module: str, by: str) -> None:
        if module not in self._whole:
            self._whole.add(module)
            found = self._module(module)
            for name in [*found["definitions"], *found["bound"]]:
                self._follow(module, name, by)
            # an imported submodule is an attribute of its package
            for below in [each for each, _ in self._known if each.startswith(f"{module}.")]:
                self._take_whole(below, by)

    def _take_derived(self) -> None:
        """Count each class with a base in the project: something asks for all of them."""
        if not self._asks_for_derived:
            self._asks_for_derived = True
            for module in [each for each, name in self._known if not name]:
                self._add_derived(module)

    def _add_derived(self, module: str) -> None:
        for name, definition in self._module(module)["definitions"].items():
            if definition["bases"] and self._bases(module, definition):
                self._go_to(Place(Kind.DEFINITION, module, name), "")

    # classes

    def _bases(self, module: str, definition: Definition) -> list[Place]:
        """Return the classes of the project that a class is derived from."""
        return list(self._resolver.bases(module, definition["bases"]))

    def _used_of_task(self, place: Place) -> list[Place]:
        """Return the class that has what is used of a task, itself or a base; none if nothing is.

        What law and luigi give a task is used to require it.
        """
        if not place.attributes:
            return []
        left, seen = [place], set[tuple[str, str]]()
        while left:
            each = left.pop(0)
            definition = self._module(each.module)["definitions"][each.name]
            if place.attributes[0] in definition["members"]:
                return [each]
            if (each.module, each.name) not in seen:
                seen.add((each.module, each.name))
                left += self._bases(each.module, definition)
        return []

    def _is_task(self, place: Place) -> bool:
        if place.kind is Kind.FOREIGN:
            ours = place.module.startswith(_OUR_TASKS)
            theirs = place.module.partition(".")[0] in _TASK_PACKAGES
            return ours or (theirs and place.name.endswith(_TASK_ENDINGS))
        if place.kind is not Kind.DEFINITION:
            return False
        key = place.module, place.name
        if key not in self._tasks:
            self._tasks[key] = False  # where classes go in circles
            uses = self._module(key[0])["definitions"][key[1]]["bases"]
            bases = (base for use in uses for base in self._resolver.places(place.module, use))
            self._tasks[key] = any(map(self._is_task, bases))
        return self._tasks[key]
