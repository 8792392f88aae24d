"""What code does at import beside binding names of its own: it registers, fills a table, counts.

Where that depends on whose a function is (one of the project may register what it is given, one of
a library gives a value), there are uses to be looked up.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from cmsml_tasks.tracking.source_code.imports import imported_names, is_for_type_checkers
from cmsml_tasks.tracking.source_code.names_used import Targets, bindings, evaluated_with, names_in
from cmsml_tasks.tracking.source_code.syntax import is_idle

_MOVABLE_DECORATORS = {"property", "staticmethod", "classmethod"}
# they call, or change, what they are given
_GO_BETWEENS = {"delattr", "filter", "map", "next", "reduce", "setattr", "setitem", "type"}
# other than a name, they give what nobody else has; what a call of the project gives, acts anyhow
_NEW = (
    *(ast.Constant, ast.JoinedStr, ast.Dict, ast.List, ast.Set, ast.Call, ast.BinOp),
    *(ast.DictComp, ast.ListComp, ast.SetComp),
)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Acts:
    """What a body does where it stands.

    Attributes:
        surely: it acts, whosever the names in it are.
        calls: uses that act where they are of the project.
        bases: those of classes, which may take notice of these.
        imports: modules, as written.
    """

    surely: bool = False
    calls: set[str] = field(default_factory=set)
    bases: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)

    def add(self, other: Acts) -> None:
        """Take in what *other* does."""
        self.surely |= other.surely
        self.calls |= other.calls
        self.bases |= other.bases
        self.imports |= other.imports


def acts_of(body: Sequence[ast.stmt], bound: Targets, around: Targets) -> Acts:
    """Return what the *body* of a class or module does.

    Args:
        body: its statements.
        bound: the names that it binds, with what they stand for where that is imported.
        around: those of the module.
    """
    own = {name for name, targets in bound.items() if not targets}
    reader = _Reader(body, own, around)
    reader.read(body)
    return reader.acts


def acts_of_class(node: ast.ClassDef, around: Targets) -> Acts:
    """Return what the definition of a class does, see `acts_of`."""
    acts = acts_of(node.body, bindings(node.body), around)
    evaluated = [*node.bases, *(each.value for each in node.keywords), *node.decorator_list]
    reader = _Reader([], set(), around)
    reader.called([*_decorators(node), *(each.value for each in node.keywords)])
    reader.read(evaluated)
    acts.add(reader.acts)
    acts.bases |= names_in(node.bases, around).uses
    return acts


def is_decorated(node: _Function | ast.ClassDef) -> bool:
    """Tell whether a definition has decorators that may do more than to change its kind."""
    return any(True for _ in _decorators(node))


def calls_in(expressions: Iterable[ast.expr]) -> bool:
    """Tell whether *expressions* do more than to look names up."""
    return any(
        isinstance(node, ast.Call | ast.NamedExpr | ast.Await | ast.Yield)
        for expression in expressions
        for node in ast.walk(expression)
    )


def _decorators(node: _Function | ast.ClassDef) -> Iterator[ast.expr]:
    for decorator in node.decorator_list:
        if not (isinstance(decorator, ast.Name) and decorator.id in _MOVABLE_DECORATORS):
            yield decorator


class _Reader:
    def __init__(self, body: Sequence[ast.stmt], own: set[str], around: Targets) -> None:
        self.acts = Acts()
        self._around = around
        self._own = own
        self._of_others = _names_of_others(body)
        self._functions = {each.name: each for each in body if isinstance(each, _Function)}
        self._known: set[str] = set()
        self._left: list[ast.AST] = []

    def read(self, nodes: Iterable[ast.AST]) -> None:
        self._left.extend(nodes)
        while self._left:
            node = self._left.pop()
            if isinstance(node, ast.If) and is_for_type_checkers(node.test):
                self._left.extend(node.orelse)
            elif isinstance(node, _Function):
                self.called(_decorators(node))
                self._left.extend(evaluated_with(node))
            elif isinstance(node, ast.ClassDef):
                self.acts.add(acts_of_class(node, self._around))
            elif not isinstance(node, ast.Lambda):
                self._statement(node)
                self._left.extend(ast.iter_child_nodes(node))

    def _statement(self, node: ast.AST) -> None:
        if isinstance(node, ast.Call):
            self._call(node)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self.acts.imports.update(imported_names(node))
        elif isinstance(node, ast.With | ast.AsyncWith):
            self.called(item.context_expr for item in node.items)
        elif isinstance(node, ast.Attribute | ast.Subscript):
            self.acts.surely |= not isinstance(node.ctx, ast.Load) and self._is_of_others(node)
        elif isinstance(node, ast.AugAssign):
            self.acts.surely |= self._is_of_others(node.target)
        elif isinstance(node, ast.Expr | ast.Global):
            self.acts.surely |= not is_idle(node)

    def _call(self, node: ast.Call) -> None:
        function = node.func
        name = getattr(function, "attr", getattr(function, "id", ""))
        if isinstance(function, ast.Name) and name in self._functions:
            body = self._functions.pop(name).body
            self._own |= set(bindings(body))
            self._left.extend(body)
        self.called([function])
        if name in _GO_BETWEENS:
            self.acts.calls |= names_in(node.args, self._around).uses

    def called(self, functions: Iterable[ast.expr]) -> None:
        for function in functions:
            chain, root = _taken_apart(function)
            text = ast.unparse(chain) if root and root not in self._own else ""
            if text and text not in self._known:
                self._known.add(text)
                self.acts.calls |= names_in([chain], self._around).uses

    def _is_of_others(self, node: ast.expr) -> bool:
        """Tell whether what is changed here is known by other names than those of the body."""
        _, root = _taken_apart(node)
        is_own = root in self._own and root not in self._of_others
        return not is_own and root not in ("", "locals", "vars")


def _taken_apart(node: ast.expr) -> tuple[ast.expr, str]:
    """Return ``a.b`` and ``a`` of ``a.b(1).c[2]``; no name where it begins with none."""
    chain = node
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        if isinstance(node, ast.Attribute):
            node = node.value
        else:
            node = chain = node.func if isinstance(node, ast.Call) else node.value
    return chain, node.id if isinstance(node, ast.Name) else ""


def _names_of_others(body: Sequence[ast.stmt]) -> set[str]:
    """Return the names in *body* for what may have another name outside of it."""
    found, bound, changed = set[str](), Counter[str](), Counter[str]()
    for node in (node for statement in body for node in ast.walk(statement)):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound[node.id] += 1
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            changed[node.target.id] += 1
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            found |= set(bindings([node.target]))
        elif isinstance(node, ast.withitem) and node.optional_vars:
            found |= set(bindings([node.optional_vars]))
        elif isinstance(node, ast.Assign) and not isinstance(node.value, _NEW):
            found |= set(bindings(node.targets))
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and not isinstance(node.value, _NEW):
            found |= set(bindings([node.target]))
    return found | {name for name in changed if changed[name] == bound[name]}
