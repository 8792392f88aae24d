"""The user's own code that a task rests on, and what changed in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cmsml_tasks.tracking.source_code.definitions import Effects, Module, Part, module_of
from cmsml_tasks.tracking.source_code.imported import source_as_imported
from cmsml_tasks.tracking.source_code.module_files import Project, module_file
from cmsml_tasks.tracking.source_code.reach import reached_from
from cmsml_tasks.tracking.storage.cache import computed_from

Code = dict[str, dict[str, dict[str, str]]]
"""Of each module by name, of each part that counts: its ``digest``, and ``by`` what it is used,
``module:part``. The part "" is what an import runs."""

_KIND = "code-3"  # to be counted up whenever the digests of unchanged sources change
_UNREADABLE = "unreadable: "
_OTHERWISE = (
    "code is compared in another way than when this was made; --accept it if nothing changed"
)


def root_of(definition: type) -> str:
    """Return the root that stands for a class, with all that it reaches."""
    return f"{definition.__module__}:{definition.__qualname__}"


def module_of_root(root: str) -> str:
    """Return the module that a root is, or lies in."""
    return root.partition(":")[0]


def code_of(roots: Sequence[str]) -> Code:
    """Return the code of the *roots*, and of all that they reach by name, as it is on disk.

    A root is ``module:Class``, or a whole ``module``. The project is all that is no library, and
    the whole packages of the *roots*, wherever they lie; of cmsml_tasks only the *roots* count. No
    module is imported. Modules that cannot be found are left out; one that is no valid Python has
    its error in place of a digest.

    Raises:
        CodeError: there is no source file of one of the *roots*.
    """
    return _code_of(roots, lambda name: None)


def code_as_imported(roots: Sequence[str]) -> Code:
    """Return the code of the *roots* as this process has imported it, see `code_of`.

    What it has not imported is as on disk.

    Raises:
        CodeError: there is no source file of one of the *roots*.
    """
    return _code_of(roots, source_as_imported)


def counts_wholly(module: str, code: Code) -> bool:
    """Tell whether all that is in a *module* of *code* is in that, and not a part of it alone."""
    path = module_file(module)
    if path is None:
        return False
    found = _read(path, None)
    parts = {name for each in found["definitions"].values() for name in each["parts"]}
    return code[module].keys() >= parts | found["by_use"].keys()


def edited_since_import(roots: Sequence[str]) -> list[str]:
    """Return what of the code of the *roots* was edited since this process imported it, by name.

    Raises:
        CodeError: there is no source file of one of the *roots*.
    """
    now = code_of(roots)
    if all(source_as_imported(module) is None for module in now):
        return []
    before = code_as_imported(roots)
    return [
        _name(module, part, ())
        for module in dict.fromkeys([*now, *before])
        for part in dict.fromkeys([*now.get(module, ()), *before.get(module, ())])
        if _digest(before, module, part) != _digest(now, module, part)
    ]


def _code_of(roots: Sequence[str], imported: Callable[[str], bytes | None]) -> Code:
    project = Project([module_of_root(root) for root in roots])

    def read(name: str) -> Module:
        path = project.file(name)
        assert path is not None, f"{name} has no source"
        return _read(path, imported(name))

    code: Code = {}
    for each in reached_from(roots, project, read):
        by = {"by": each.by} if each.by else {}
        code.setdefault(each.module, {})[each.name] = {"digest": each.digest, **by}
    return code


def _digest(code: Mapping[str, Mapping[str, Any]], module: str, part: str) -> str:
    found: str = code.get(module, {}).get(part, {}).get("digest", "")
    return found


def code_changes(
    recorded: Mapping[str, Mapping[str, Any]],
    current: Mapping[str, Mapping[str, Any]],
    roots: Iterable[str],
) -> list[str]:
    """Return in words how the *current* code differs from the *recorded*, the *roots* first.

    What changed is named with the way by which it is reached: ``Jets.build -> blocks.dense``.
    """
    if not all(map(_is_of_this_kind, recorded.values())):
        return [_OTHERWISE]
    first = list(dict.fromkeys(map(module_of_root, roots)))
    lines: list[str] = []
    for module in [*first, *sorted({*recorded, *current} - set(first))]:
        before, after = recorded.get(module), current.get(module)
        if before is None and after is None:
            continue
        if after is None:
            lines.append(f"code of module {module} no longer used")
        elif before is None:
            lines.append(f"code of module {module} new")
        elif before != after and _digest(current, module, "").startswith(_UNREADABLE):
            lines.append(f"code of module {module} {_digest(current, module, '')}")
        else:
            for part, what in _differences(before, after):
                code = current if part in after else recorded
                lines.append(f"code {_chain(code, module, part, first)} {what}")
    return lines


def _is_of_this_kind(parts: Mapping[str, Any]) -> bool:
    """Tell whether a module was recorded part by part as it is reached, and not as a whole."""
    return all(
        isinstance(part, Mapping) and isinstance(part.get("digest"), str) for part in parts.values()
    )


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    parts = dict.fromkeys([*after, *before])
    for part in sorted(parts, key=lambda part: not part):
        was, now = before.get(part), after.get(part)
        if was and now:
            if was["digest"] != now["digest"]:
                yield part, "changed"
            continue
        of_class = part.partition(".")[0]
        is_member = of_class != part and of_class in before and of_class in after
        if now:
            yield part, "added" if is_member else "now used"
        else:
            yield part, "removed" if is_member else "no longer used"


def _chain(
    code: Mapping[str, Mapping[str, Any]], module: str, part: str, first: Sequence[str]
) -> str:
    """Return the way from a root to a part, as names."""
    ways = [f"{module}:{part}"]
    while by := code.get(module, {}).get(part, {}).get("by", ""):
        if by in ways:
            break
        ways.append(by)
        module, _, part = by.partition(":")
    places = [way.partition(":") for way in reversed(ways)]
    return " -> ".join(_name(module, part, first) for module, _, part in places)


def _name(module: str, part: str, first: Sequence[str]) -> str:
    if not part:
        return f"{module} (outside of functions)"
    return part if module in first else f"{module}.{part}"


def _read(path: Path, imported: bytes | None) -> Module:
    try:
        if imported is not None:
            return module_of(imported)
        found: Module = computed_from(_KIND, path, lambda name: module_of(Path(name).read_bytes()))
        return found
    except SyntaxError as error:
        return _unreadable(f"{error.msg} (line {error.lineno})")
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        return _unreadable(str(error))


def _unreadable(why: str) -> Module:
    part = Part(digest=f"{_UNREADABLE}{why}", uses=[], imports=[])
    effects = Effects(surely=True, calls=[], bases=[], imports=[])
    return Module(
        at_import=part,
        perhaps=[],
        effects=effects,
        definitions={},
        bound={},
        by_use={},
        stars=[],
    )
