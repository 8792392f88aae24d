"""Which classes and imports of a project do something when they run, over its modules.

A function, a decorator or a base of the project may take notice of what it is given; one of a
library gives a value, as far as anybody here can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from cmsml_tasks.tracking.source_code.definitions import Effects, Module, Part
from cmsml_tasks.tracking.source_code.module_files import Project
from cmsml_tasks.tracking.source_code.resolving import Kind, Place, Resolver
from cmsml_tasks.tracking.source_code.syntax import digest


class ImportEffects:
    """Answers, once each, what does something at import.

    Args:
        project: tells which modules count.
        resolver: follows names in these.
        module_of: returns what one of them says.
        is_task: tells which classes are tasks; these do not count, so that their order does not.
    """

    def __init__(
        self,
        project: Project,
        resolver: Resolver,
        module_of: Callable[[str], Module],
        is_task: Callable[[Place], bool],
    ) -> None:
        self._project = project
        self._resolver = resolver
        self._module_of = module_of
        self._is_task = is_task
        self._registering: dict[tuple[str, str], bool] = {}
        self._acting: dict[str, bool] = {}

    def of_definition(self, module: str, name: str) -> bool:
        """Tell whether a definition does more, where it stands, than to define."""
        definition = self._module_of(module)["definitions"][name]
        body = definition["body"]
        return (
            definition["acts"]
            or self._does(module, body)
            or any(self._project.has(each) for each in self._absolute(module, body["imports"]))
        )

    def of_import(self, module: str) -> bool:
        """Tell whether an import of a module does anything that other modules may see."""
        if module not in self._acting:
            self._acting[module] = False  # where modules go in circles
            effects = self._module_of(module)["effects"]
            self._acting[module] = self._does(module, effects) or any(
                self.of_import(each)
                for name in self._absolute(module, effects["imports"])
                for each in self._project.modules_on_the_way(name)
            )
        return self._acting[module]

    def at_import(self, module: str) -> Part:
        """Return what an import of a module runs, and the order of what does something in it."""
        found = self._module_of(module)
        part = found["at_import"]
        steps = [step.split(" ") for step in found["perhaps"]]
        acting = [name for _, name in steps if self._acts(module, name)]
        told = [step for step in steps if step[1] in acting and _is_open(step, steps, acting)]
        if not told:
            return part
        return Part(
            digest=digest([part["digest"], *map(" ".join, told)]),
            uses=part["uses"],
            imports=part["imports"],
        )

    def _acts(self, module: str, name: str) -> bool:
        origin, colon, imported = name.partition(":")
        if not colon:
            is_task = self._is_task(Place(Kind.DEFINITION, module, name))
            return not is_task and self.of_definition(module, name)
        submodule = f"{self._resolver.absolute(origin, module)}.{imported}"
        return self._project.has(submodule) and self.of_import(submodule)

    def _does(self, module: str, effects: Effects) -> bool:
        return (
            effects["surely"]
            or any(self._resolver.is_of_project(module, use) for use in effects["calls"])
            or self._is_noticed(module, effects["bases"])
        )

    def _absolute(self, module: str, names: Iterable[str]) -> list[str]:
        found = (self._resolver.absolute(name, module) for name in names)
        return [name for name in found if name]

    def _registers(self, module: str, name: str) -> bool:
        """Tell whether a base of the class takes notice of each class that is derived from it."""
        key = module, name
        if key not in self._registering:
            self._registering[key] = False
            definition = self._module_of(module)["definitions"][name]
            self._registering[key] = self._is_noticed(module, definition["bases"])
        return self._registering[key]

    def _is_noticed(self, module: str, bases: Iterable[str]) -> bool:
        return any(map(self._takes_notice, self._resolver.bases(module, bases)))

    def _takes_notice(self, base: Place) -> bool:
        definition = self._module_of(base.module)["definitions"][base.name]
        return (
            "__init_subclass__" in definition["members"]
            or any(self._resolver.bases(base.module, definition["metaclass"]))
            or self._registers(base.module, base.name)
        )


def _is_open(step: Sequence[str], steps: Iterable[Sequence[str]], acting: Iterable[str]) -> bool:
    """Tell whether the rest does not say when a step runs: it says where a package is imported."""
    place, name = step
    package, colon, _ = name.partition(":")
    stem = package + colon
    return (
        not colon
        or sum(each.startswith(stem) for each in acting) > 1
        or any(other.startswith(stem) for where, other in steps if where != place)
    )
