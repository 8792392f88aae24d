"""What of a module runs when it is imported, and in which order.

A statement says which definitions stood before it, of those that it may call; a definition says
what ran before it, of what it evaluates where it stands: decorators, bases, defaults, the body of a
class. So a definition can be moved, and others can be added, as long as nothing that runs sees it.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from cmsml_tasks.tracking.source_code.acting import Acts, acts_of_class, calls_in, is_decorated
from cmsml_tasks.tracking.source_code.imports import (
    import_without,
    is_for_type_checkers,
    names_imported_as,
    names_of_import,
    star_import,
)
from cmsml_tasks.tracking.source_code.names_used import (
    COMPUTED,
    Names,
    Targets,
    bindings,
    evaluated_with,
    names_in,
)
from cmsml_tasks.tracking.source_code.syntax import is_idle

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef
_STAR = "*"


@dataclass
class Piece:
    """What a function, a method or the rest of a class says, and what it uses."""

    says: list[Any]
    names: Names


@dataclass
class Item:
    """A statement of a module, or a definition with its *name*.

    Attributes:
        node: its tree.
        evaluated: what is used where it stands.
        name: of a definition.
        acts: whether it does more, where it stands, than to define, or seems to: to register, say.
        body: of a class, what its definition does.
        pieces: of a definition, by ``function``, ``Class`` and ``Class.method``.
    """

    node: ast.stmt
    evaluated: Names
    name: str = ""
    acts: bool = True
    body: Acts = field(default_factory=Acts)
    pieces: dict[str, Piece] = field(default_factory=dict)

    def may_act(self) -> bool:
        """Tell whether a class acts where a name in it is of the project."""
        body = self.body
        return not self.acts and bool(body.bases or body.calls or body.imports)


@dataclass
class Sequence:
    """What runs at import, in its order.

    Attributes:
        says: all of it, to be digested.
        perhaps: what else does something where it leads into the project, behind how much of *says*
            it stands: ``3 Class``, or the import of a module, ``1 package:module``.
    """

    says: list[Any] = field(default_factory=list)
    perhaps: list[str] = field(default_factory=list)


def items_of(tree: ast.Module) -> list[Item]:
    """Return what stands at the top of a module, but for what an import does not run."""
    body = list(_run_at_import(tree.body))
    around = bindings(body)
    return [
        _definition(node, around)
        if isinstance(node, Definition)
        else Item(node, names_in([node], around))
        for node in body
    ]


def _definition(node: Definition, around: Targets) -> Item:
    body = acts_of_class(node, around) if isinstance(node, ast.ClassDef) else Acts()
    return Item(
        node,
        names_in(_evaluated(node), around),
        node.name,
        _acts(node, body),
        body,
        dict(_pieces(node, "", around)),
    )


def _run_at_import(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        if isinstance(statement, ast.If) and _is_never_true(statement.test):
            yield from _run_at_import(statement.orelse)
        elif not is_idle(statement):
            yield statement


def _is_never_true(test: ast.expr) -> bool:
    return is_for_type_checkers(test) or (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
        and isinstance(test.ops[0], ast.Eq)
        and isinstance(test.comparators[0], ast.Constant)
        and test.comparators[0].value == "__main__"
    )


def _pieces(node: ast.stmt, prefix: str, around: Targets) -> Iterator[tuple[str, Piece]]:
    assert isinstance(node, Definition)
    name = prefix + node.name
    if not isinstance(node, ast.ClassDef):
        yield name, Piece([node], _names_within(node, around))
        return
    rest, marked = copy.copy(node), copy.copy(node)
    rest.body = [each for each in node.body if not isinstance(each, Definition)]
    named = _first_names(names_in(rest.body, around))
    body: list[Any] = []
    merged: dict[str, Piece] = {}
    for each in node.body:
        if not isinstance(each, Definition):
            body.append(each)
            continue
        if each.name in named or _evaluates(each):
            # marks where it stands
            body.append(each.name)
        for inner, piece in _pieces(each, f"{name}.", around):
            merge(merged.setdefault(inner, Piece([], Names())), piece)
    marked.body = body
    yield name, Piece([marked], _names_within(rest, around))
    yield from merged.items()


def _names_within(node: Definition, around: Targets) -> Names:
    names = names_in([node], around)
    del names.bound[node.name]
    return names


def merge(into: Piece, other: Piece) -> None:
    """Add the *other* piece of the same name."""
    into.says += other.says
    into.names.add(other.names)


def _evaluates(node: Definition) -> bool:
    """Tell whether a definition evaluates anything where it stands that may not be constant."""
    if isinstance(node, ast.ClassDef):
        return bool(node.decorator_list or node.bases or node.keywords)
    defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
    return is_decorated(node) or not all(isinstance(each, ast.Constant) for each in defaults)


def _acts(node: Definition, body: Acts) -> bool:
    if is_decorated(node):
        return True
    if isinstance(node, ast.ClassDef):
        return body.surely or bool(node.keywords) or calls_in(node.bases)
    return calls_in(evaluated_with(node))


def _evaluated(node: Definition) -> Iterator[ast.AST]:
    """Yield what is evaluated where a definition stands."""
    if not isinstance(node, ast.ClassDef):
        yield from evaluated_with(node)
        return
    yield from [*node.decorator_list, *node.bases, *node.keywords]
    for each in node.body:
        if isinstance(each, Definition):
            yield from _evaluated(each)
        else:
            yield each


def imported_once(items: list[Item]) -> set[str]:
    """Return the names that ``from a import b`` alone binds: they count for who uses them."""
    counts = Counter[str]()
    for item in items:
        counts.update([item.name] if item.name else list(item.evaluated.bound))
        for piece in item.pieces.values():
            counts.update(list(piece.names.bound))
    return {name for item in items for name in names_of_import(item.node) if counts[name] == 1}


def sequence_of(items: list[Item], by_use: Container[str]) -> Sequence:
    """Return what runs at import.

    Each definition is told what stood before it, as far as that matters.

    Args:
        items: of the module.
        by_use: imported names that do not count by themselves.
    """
    statements = [item for item in items if not item.name]
    within: dict[str, set[str]] = {}
    for item in items:
        if item.name:
            used = within.setdefault(item.name, set())
            used.update(*(_first_names(piece.names) for piece in item.pieces.values()))
    of_module = {name for item in statements for name in item.evaluated.bound} | {_STAR}
    has_stars = any(star_import(item.node) for item in statements)
    defined, touched = Counter[str](), Counter[str]()
    found = Sequence()
    sequence = found.says
    for item in items:
        names = _with_what_they_call(item, within)
        if names and has_stars:
            names.add(_STAR)
        before: list[Any] = [f"{name} {defined[name]}" for name in sorted(names & set(within))]
        if isinstance(item.node, ast.ImportFrom):
            sequence.append(import_without(item.node, by_use))
            found.perhaps += [
                f"{len(sequence)} {target}"
                for name, target in names_imported_as(item.node)
                if name in by_use
            ]
        elif not item.name:
            sequence += [item.node, before]
        else:
            before += [f"{name} ran {touched[name]}" for name in sorted(names & of_module)]
            item.pieces[item.name].says += [before] if before else []
            defined[item.name] += 1
            sequence += [item.name] if item.acts else []
            found.perhaps += [f"{len(sequence)} {item.name}"] if item.may_act() else []
        if item.acts:
            touched.update(names)
    return found


def _with_what_they_call(item: Item, within: dict[str, set[str]]) -> set[str]:
    """Return the names that an item sees where it stands, with those in what it may call.

    Args:
        item: the item.
        within: names that are used in the definitions of the module, by the names of these.
    """
    left = _first_names(item.evaluated)
    left |= set() if item.name else set(item.evaluated.bound)
    names: set[str] = set()
    while left:
        name = left.pop()
        if name == COMPUTED:
            left |= set(within) - names
        elif name not in names:
            names.add(name)
            left |= within.get(name, set())
    return names


def _first_names(names: Names) -> set[str]:
    """Return the names of the module among the uses, without attributes."""
    return {use.partition(".")[0] for use in names.uses if ":" not in use}
