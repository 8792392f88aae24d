"""The definitions of a module, and what runs when it is imported: what they say and use."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any, TypedDict

from cmsml_tasks.tracking.source_code.acting import Acts, acts_of
from cmsml_tasks.tracking.source_code.import_order import (
    Function,
    Item,
    Piece,
    imported_once,
    items_of,
    merge,
    sequence_of,
)
from cmsml_tasks.tracking.source_code.imports import star_import
from cmsml_tasks.tracking.source_code.names_used import Names, bindings, names_in
from cmsml_tasks.tracking.source_code.syntax import digest, syntax_tree


class Part(TypedDict):
    """What a piece of code says, as a digest, what it uses, see `Names`, and what it imports."""

    digest: str
    uses: list[str]
    imports: list[str]


class Effects(TypedDict):
    """What a body does at import beside binding names of its own, see `Acts`."""

    surely: bool
    calls: list[str]
    bases: list[str]
    imports: list[str]


class Definition(TypedDict):
    """A function or class at the top of a module, or all that share a name.

    Attributes:
        parts: a function by its name; a method by ``Class.method``, and what is left of the class
            (bases, decorators, attributes) by ``Class``.
        acts: whether it does more, where it stands, than to define: what is decorated does.
        body: of a class, what else it does.
        bases: of a class, as uses.
        metaclass: of a class, as uses.
        members: names that are bound in the body of a class.
    """

    parts: dict[str, Part]
    acts: bool
    body: Effects
    bases: list[str]
    metaclass: list[str]
    members: list[str]


class Module(TypedDict):
    """What a source says, in JSON; names of modules in it are as written.

    Attributes:
        at_import: what runs when it is imported, but definitions.
        perhaps: what of these and of its imports does something in the project, see `Sequence`.
        effects: what all of it does for others.
        definitions: those at its top, by name.
        bound: its other names, with what they stand for where that is imported.
        by_use: digests of what those of them stand for that count where they are used.
        stars: modules of which it imports all names.
    """

    at_import: Part
    perhaps: list[str]
    effects: Effects
    definitions: dict[str, Definition]
    bound: dict[str, list[str]]
    by_use: dict[str, str]
    stars: list[str]


def module_of(source: str | bytes | ast.Module) -> Module:
    """Return what the *source* of a module says, equal in all versions of Python.

    Definitions below an ``if``, ``try`` or ``with`` and those within a function belong to what is
    around them. Comments, docstrings and formatting do not count, nor does what is there for type
    checkers or for ``__main__`` alone.

    Raises:
        SyntaxError: *source* is not Python; as ``ast.parse``, also any other of its errors.
    """
    items = items_of(syntax_tree(source))
    by_use = imported_once(items)
    sequence = sequence_of(items, by_use)
    at_import = Piece(sequence.says, Names())
    bound: dict[str, set[str]] = {}
    groups: dict[str, list[Item]] = {}
    for item in items:
        if item.name:
            groups.setdefault(item.name, []).append(item)
        else:
            at_import.names.add(item.evaluated)
    for names in [at_import.names, *_of_functions(items)]:
        for name, targets in names.bound.items():
            bound.setdefault(name, set()).update(targets)
    others = [item.node for item in items if not isinstance(item.node, ast.ClassDef)]
    functions = {each.name: set[str]() for each in others if isinstance(each, Function)}
    acts = [acts_of(others, bound | functions, bound), *(item.body for item in items)]
    stars = {star_import(item.node) for item in items}
    return Module(
        at_import=_part(at_import),
        perhaps=sequence.perhaps,
        effects=_effects(acts),
        definitions={name: _definition(group) for name, group in sorted(groups.items())},
        bound={name: sorted(targets) for name, targets in sorted(bound.items())},
        by_use={name: digest(sorted(bound[name])) for name in sorted(by_use)},
        stars=sorted(filter(None, stars)),
    )


def definitions(source: str | bytes | ast.Module) -> dict[str, str]:
    """Return the digest of each part of a module by its name, of what runs at import under ""."""
    module = module_of(source)
    return {
        "": module["at_import"]["digest"],
        **{
            name: part["digest"]
            for definition in module["definitions"].values()
            for name, part in definition["parts"].items()
        },
    }


def _of_functions(items: list[Item]) -> list[Names]:
    """Return what functions bind in the module, by ``global``."""
    return [piece.names for item in items for piece in item.pieces.values()]


def _definition(group: list[Item]) -> Definition:
    pieces: dict[str, Piece] = {}
    bases, metaclass, members = set[str](), set[str](), set[str]()
    for item in group:
        for name, piece in item.pieces.items():
            merge(pieces.setdefault(name, Piece([], Names())), piece)
        if isinstance(item.node, ast.ClassDef):
            bases |= names_in(item.node.bases, {}).uses
            metaclass |= names_in(
                (each.value for each in item.node.keywords if each.arg == "metaclass"), {}
            ).uses
            members |= set(bindings(item.node.body))
    return Definition(
        parts={name: _part(piece) for name, piece in pieces.items()},
        acts=any(item.acts for item in group),
        body=_effects(item.body for item in group),
        bases=sorted(bases),
        metaclass=sorted(metaclass),
        members=sorted(members),
    )


def _effects(acts: Iterable[Acts]) -> Effects:
    """Return what all of *acts* do, in JSON."""
    acts = list(acts)
    return Effects(
        surely=any(each.surely for each in acts),
        calls=sorted({use for each in acts for use in each.calls}),
        bases=sorted({use for each in acts for use in each.bases}),
        imports=sorted({name for each in acts for name in each.imports}),
    )


def _part(piece: Piece) -> Part:
    says: list[Any] = piece.says
    names = piece.names
    return Part(
        digest=digest(says), uses=sorted(names.uses | names.hints), imports=sorted(names.imports)
    )
