"""Which names a piece of a module uses, and which modules it imports, found without running it."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from cmsml_tasks.tracking.imports import (
    imported_names,
    is_for_type_checkers,
    names_imported_as,
    star_import,
)

COMPUTED = "*"
"""Stands among uses for whatever the module has: the name is not known before it runs."""
SUBCLASSES = "*subclasses"
"""Stands among uses for all classes that are derived from another one."""
_COMPUTING = {"eval", "exec", "globals"}
# what leads from an object to all names of its module
_TO_ALL_NAMES = {"__subclasses__", "__globals__", "getmodule"}
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_Targets = dict[str, set[str]]


@dataclass
class Names:
    """What a piece of a module uses, imports, and binds in the module.

    A use is a name of the module with the attributes that follow, ``blocks.dense``, or what was
    imported within a function, ``package.blocks:dense``, the origin as it is written there. A
    module that is used by itself ends in the colon, and `COMPUTED` stands for any name.
    """

    uses: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)
    bound: _Targets = field(default_factory=dict)
    """What the names that are bound stand for where that is imported; else nothing."""

    def add(self, other: Names) -> None:
        """Take in what *other* has."""
        self.uses |= other.uses
        self.imports |= other.imports
        for name, targets in other.bound.items():
            self.bound.setdefault(name, set()).update(targets)


def names_in(nodes: Iterable[ast.AST]) -> Names:
    """Return the names in *nodes*, which stand at the level of the module."""
    nodes = list(nodes)
    reader = _Reader()
    reader.names.bound = _bindings(nodes).names
    reader.read(nodes)
    return reader.names


def names_bound(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names that *nodes* bind in the module, class or function that they stand in."""
    return set(_bindings(nodes).names)


@dataclass
class _Scope:
    """What names stand for within a function, class or comprehension; None is the module."""

    parent: _Scope | None
    names: _Targets
    of_module: Collection[str] = ()
    is_class: bool = False


class _Reader:
    def __init__(self) -> None:
        self.names = Names()
        # no recursion: a sum of 2,000 terms is 2,000 levels deep
        self._left: list[tuple[ast.AST, _Scope | None]] = []

    def read(self, nodes: Sequence[ast.AST]) -> None:
        self._later(nodes, None)
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

    def _function(self, node: _Function, scope: _Scope | None) -> None:
        self._later(evaluated_with(node), scope)
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
        attributes: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            attributes.insert(0, inner.attr)
            inner = inner.value
        if "__subclasses__" in attributes:
            self.names.uses.add(SUBCLASSES)
        if not _TO_ALL_NAMES.isdisjoint([*attributes, getattr(inner, "id", "")]) or (
            attributes[1:] and _is_modules(inner, attributes)
        ):
            self.names.uses.add(COMPUTED)
        if not isinstance(inner, ast.Name):
            self._later([inner], scope)
            return
        if scope is not None and scope.is_class and not isinstance(inner.ctx, ast.Load):
            return
        targets = _looked_up(inner.id, scope)
        if targets is None:
            self.names.uses.add(".".join([inner.id, *attributes]))
            self.names.uses.update([COMPUTED] if inner.id in _COMPUTING else [])
        self.names.uses.update(with_attributes(target, attributes) for target in targets or ())

    def _statement(self, node: ast.AST, scope: _Scope | None) -> None:
        self.names.imports.update(imported_names(node))
        if isinstance(node, ast.Call):
            self._call(node, at_module=scope is None or scope.is_class)
        elif (
            isinstance(node, ast.Subscript)
            and isinstance(node.value, ast.Attribute)
            and _is_modules(node.value.value, [node.value.attr])
        ):
            self.names.uses.add(COMPUTED)
        star = star_import(node)
        if star:
            self.names.uses.add(f"{star}:")
        self._later(ast.iter_child_nodes(node), scope)

    def _call(self, node: ast.Call, at_module: bool) -> None:
        function = node.func
        name = getattr(function, "attr", getattr(function, "id", ""))
        if name in ("import_module", "__import__"):
            known = list(imported_names(node))
            self.names.uses.update(f"{module}:" for module in known)
            if not known:
                self.names.uses.add(COMPUTED)
        elif name in ("locals", "vars") and not node.args and at_module:
            self.names.uses.add(COMPUTED)


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
    yield from (each.annotation for each in _arguments(node) if each.annotation)
    if not isinstance(node, ast.Lambda) and node.returns:
        yield node.returns


def _arguments(node: _Function) -> Iterator[ast.arg]:
    found = node.args
    yield from [*found.posonlyargs, *found.args, *found.kwonlyargs]
    yield from filter(None, (found.vararg, found.kwarg))


def _type_parameters(node: ast.AST) -> _Targets:
    return {parameter.name: set() for parameter in getattr(node, "type_params", ())}


def _is_modules(value: ast.expr, attributes: Sequence[str]) -> bool:
    """Tell whether this is an attribute of ``sys.modules``, or that itself."""
    return isinstance(value, ast.Name) and value.id == "sys" and attributes[0] == "modules"


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

    names: _Targets = field(default_factory=dict)
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
