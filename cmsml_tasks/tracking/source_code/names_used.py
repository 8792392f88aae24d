"""Which names a piece of a module uses, and which modules it imports, found without running it."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from cmsml_tasks.tracking.source_code.imports import (
    imported_names,
    is_for_type_checkers,
    names_imported_as,
    star_import,
    told_module,
)
from cmsml_tasks.tracking.source_code.searching import (
    RESOLVING,
    asked_whether_loaded,
    is_importing,
    is_search,
    is_told,
    quoted,
    usual_target,
)

COMPUTED = "*"
"""Stands among uses for whatever the module has: the name is not known before it runs."""
SUBCLASSES = "*subclasses"
"""Stands among uses for all classes that are derived from another one."""
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
Targets = dict[str, set[str]]


@dataclass
class Names:
    """What a piece of a module uses, imports, and binds in the module.

    A use is a name of the module with the attributes that follow, ``blocks.dense``, or what was
    imported within a function, ``package.blocks:dense``, the origin as it is written there. A
    module that is used by itself ends in the colon, and `COMPUTED` stands for any name.
    """

    uses: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)
    bound: Targets = field(default_factory=dict)
    """What the names that are bound stand for where that is imported; else nothing."""
    hints: set[str] = field(default_factory=set)
    """Uses in quoted annotations: whoever asks for types evaluates them, and nothing before."""

    def add(self, other: Names) -> None:
        """Take in what *other* has."""
        self.uses |= other.uses
        self.imports |= other.imports
        self.hints |= other.hints
        for name, targets in other.bound.items():
            self.bound.setdefault(name, set()).update(targets)


def names_in(nodes: Iterable[ast.AST], around: Targets) -> Names:
    """Return the names in *nodes*, which stand at the level of the module.

    Args:
        nodes: what to read.
        around: what names of the module stand for where that is imported, see `bindings`.
    """
    nodes = list(nodes)
    reader = _Reader(around)
    reader.names.bound = _bindings(nodes).names
    reader.read(nodes)
    return reader.names


def bindings(nodes: Iterable[ast.AST]) -> Targets:
    """Return the names that *nodes* bind in the module, class or function that they stand in.

    With what they stand for where that is imported.
    """
    return _bindings(nodes).names


@dataclass
class _Scope:
    """What names stand for within a function, class or comprehension; None is the module."""

    parent: _Scope | None
    names: Targets
    of_module: Collection[str] = ()
    is_class: bool = False


class _Reader:
    def __init__(self, around: Targets) -> None:
        self.names = Names()
        self._around = around
        # no recursion: a sum of 2,000 terms is 2,000 levels deep
        self._left: list[tuple[ast.AST, _Scope | None]] = []
        self._hints: list[tuple[ast.AST, _Scope | None]] = []
        self._no_search: set[ast.AST] = set()

    def read(self, nodes: Sequence[ast.AST]) -> None:
        self._later(nodes, None)
        self._read()
        evaluated, self.names.uses = self.names.uses, set()
        self._left, self._hints = self._hints, []
        self._read()
        self.names.hints, self.names.uses = self.names.uses, evaluated

    def _read(self) -> None:
        while self._left:
            node, scope = self._left.pop()
            if isinstance(node, ast.If) and is_for_type_checkers(node.test):
                self._later(node.orelse, scope)
            elif isinstance(node, _Function):
                self._function(node, scope)
            elif isinstance(node, ast.ClassDef):
                self._class(node, scope)
            elif isinstance(node, _Comprehension):
                self._comprehension(node, scope)
            elif isinstance(node, ast.Attribute | ast.Name):
                self._chain(node, scope)
            else:
                self._statement(node, scope)

    def _later(self, nodes: Iterable[ast.AST | None], scope: _Scope | None) -> None:
        self._left.extend((node, scope) for node in nodes if node is not None)

    def _hint(self, annotation: ast.expr, scope: _Scope | None) -> None:
        self._hints.extend((each, scope) for each in quoted(annotation))

    def _function(self, node: _Function, scope: _Scope | None) -> None:
        self._later(evaluated_with(node), scope)
        for annotation in _annotations(node):
            self._hint(annotation, scope)
        body = node.body if isinstance(node.body, list) else [node.body]
        bound = _bindings(body)
        for name in bound.of_module & set(bound.names):
            self.names.bound.setdefault(name, set()).update(bound.names.pop(name))
        for name in bound.around & set(bound.names):
            self.names.uses.update(bound.names.pop(name))
        arguments = {argument.arg: set[str]() for argument in _arguments(node)}
        inner = {**bound.names, **arguments, **_type_parameters(node)}
        self._later(body, _Scope(scope, inner, bound.of_module))

    def _class(self, node: ast.ClassDef, scope: _Scope | None) -> None:
        self._later([*node.decorator_list, *node.bases, *node.keywords], scope)
        bound = _bindings(node.body).names
        imported = {name: targets for name, targets in bound.items() if targets}
        # attributes, which are used in ways that nobody can tell
        self.names.uses.update(*imported.values())
        # other names may be those of the module, as in `scale = scale`
        inner = _Scope(scope, imported | _type_parameters(node), is_class=True)
        self._later(node.body, inner)

    def _comprehension(self, node: _Comprehension, scope: _Scope | None) -> None:
        first, *others = node.generators
        self._later([first.iter], scope)
        inner = _Scope(scope, _bindings(each.target for each in node.generators).names)
        self._later([first.target, *first.ifs, *others], inner)
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._later(parts, inner)

    def _chain(self, node: ast.Attribute | ast.Name, scope: _Scope | None) -> None:
        inner, attributes = _taken_apart(node)
        if "__subclasses__" in attributes:
            self.names.uses.add(SUBCLASSES)
        if not isinstance(inner, ast.Name):
            self._search(node, scope)
            self._later([inner], scope)
            return
        if scope is not None and scope.is_class and not isinstance(inner.ctx, ast.Load):
            return
        if node not in self._no_search:
            self._search(node, scope)
        targets = _looked_up(inner.id, scope)
        if targets is None:
            self.names.uses.add(".".join([inner.id, *attributes]))
        self.names.uses.update(with_attributes(target, attributes) for target in targets or ())

    def _search(self, node: ast.expr, scope: _Scope | None) -> None:
        """Note where an expression looks for names that nobody knows."""
        inner, attributes = _taken_apart(node)
        if is_search(getattr(inner, "id", ""), attributes, self._targets(node, scope)):
            self.names.uses.add(COMPUTED)

    def _targets(self, node: ast.expr, scope: _Scope | None) -> set[str]:
        """Return what a name with its attributes stands for where that is imported, or built in."""
        inner, attributes = _taken_apart(node)
        if not isinstance(inner, ast.Name):
            return set()
        targets = _looked_up(inner.id, scope)
        if targets is None:
            targets = self._around.get(inner.id) or {usual_target(inner.id)}
        return {with_attributes(target, attributes) for target in targets}

    def _statement(self, node: ast.AST, scope: _Scope | None) -> None:
        self.names.imports.update(imported_names(node))
        if isinstance(node, ast.Call):
            self._call(node, scope)
        elif isinstance(node, ast.Compare):
            self._no_search.update(asked_whether_loaded(node))
        elif isinstance(node, ast.AnnAssign):
            self._hint(node.annotation, scope)
        elif isinstance(node, ast.Constant) and is_told(node.value):
            self.names.uses.update([COMPUTED, SUBCLASSES][: 1 + (node.value == "__subclasses__")])
        star = star_import(node)
        if star:
            self.names.uses.add(f"{star}:")
        self._later(ast.iter_child_nodes(node), scope)

    def _call(self, node: ast.Call, scope: _Scope | None) -> None:
        function = node.func
        name = getattr(function, "attr", getattr(function, "id", ""))
        targets = self._targets(function, scope)
        texts = [each.value if isinstance(each, ast.Constant) else None for each in node.args]
        if name in ("import_module", "__import__") or is_importing(targets):
            self._no_search.add(function)
            module = told_module(node)
            self.names.imports.update([module] if module else [])
            self.names.uses.add(f"{module}:" if module else COMPUTED)
        elif RESOLVING in targets and texts and isinstance(texts[0], str):
            self._no_search.add(function)
            module, colon, _ = texts[0].partition(":")
            outermost, _, path = module.partition(".")
            self.names.imports.add(module)
            self.names.uses.add(texts[0] if colon else f"{outermost}:{path}")
        elif name == "getattr" and texts[1:] and isinstance(texts[1], str):
            self._search(ast.Attribute(node.args[0], texts[1], ast.Load()), scope)
        elif name in ("locals", "vars") and not node.args and (scope is None or scope.is_class):
            self.names.uses.add(COMPUTED)


def _taken_apart(node: ast.expr) -> tuple[ast.expr, list[str]]:
    """Return ``a`` and ``["b", "c"]`` of ``a.b.c``."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.insert(0, node.attr)
        node = node.value
    return node, attributes


def with_attributes(target: str, attributes: Sequence[str]) -> str:
    """Return the use of *attributes* of an imported *target*: ``a:`` and ``b`` give ``a:b``."""
    if not attributes:
        return target
    return target + ("" if target.endswith(":") else ".") + ".".join(attributes)


def evaluated_with(node: _Function) -> Iterator[ast.expr]:
    """Yield what is evaluated where a function is defined: not its body."""
    yield from getattr(node, "decorator_list", ())
    yield from node.args.defaults
    yield from filter(None, node.args.kw_defaults)
    yield from _annotations(node)


def _annotations(node: _Function) -> Iterator[ast.expr]:
    yield from (each.annotation for each in _arguments(node) if each.annotation)
    if not isinstance(node, ast.Lambda) and node.returns:
        yield node.returns


def _arguments(node: _Function) -> Iterator[ast.arg]:
    found = node.args
    yield from [*found.posonlyargs, *found.args, *found.kwonlyargs]
    yield from filter(None, (found.vararg, found.kwarg))


def _type_parameters(node: ast.AST) -> Targets:
    return {parameter.name: set() for parameter in getattr(node, "type_params", ())}


def _looked_up(name: str, scope: _Scope | None) -> set[str] | None:
    """Return what an inner *name* stands for where that is imported; None for the module's."""
    innermost = scope
    while scope is not None and name not in scope.of_module:
        if name in scope.names and (scope is innermost or not scope.is_class):
            return scope.names[name]
        scope = scope.parent
    return None


@dataclass
class _Bindings:
    """What names are bound in a scope, and which of these are said to lie outside of it."""

    names: Targets = field(default_factory=dict)
    of_module: set[str] = field(default_factory=set)
    around: set[str] = field(default_factory=set)


def _bindings(nodes: Iterable[ast.AST]) -> _Bindings:
    found = _Bindings()
    left: list[ast.AST] = list(nodes)
    while left:
        node = left.pop()
        if isinstance(node, ast.If) and is_for_type_checkers(node.test):
            left.extend(node.orelse)
            continue
        for name, target in _bound_by(node):
            found.names.setdefault(name, set()).update([target] if target else [])
        if isinstance(node, ast.Global):
            found.of_module.update(node.names)
        elif isinstance(node, ast.Nonlocal):
            found.around.update(node.names)
        left.extend(_in_the_same_scope(node))
    return found


def _bound_by(node: ast.AST) -> Iterator[tuple[str, str | None]]:
    yield from names_imported_as(node)
    name = None
    if isinstance(node, _Definition | ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        name = node.name
    elif isinstance(node, ast.MatchMapping):
        name = node.rest
    elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        name = node.id
    if name:
        yield name, None


def _in_the_same_scope(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, _Definition):
        yield from node.decorator_list
    elif isinstance(node, _Comprehension):
        # its own names stay within, but those of `:=`
        for part in ast.iter_child_nodes(node):
            yield from [part.iter, *part.ifs] if isinstance(part, ast.comprehension) else [part]
    elif not isinstance(node, ast.Lambda):
        yield from ast.iter_child_nodes(node)
