"""Names that nobody knows before the code runs are recognised however they are asked for."""

import pytest
from code_project import ROOTS, Sources

from cmsml_tasks.tracking.source_code.code_digests import code_of, counts_wholly

SEARCHES = {
    "modules": ("import sys as s", "getattr(s.modules[__name__], name)()"),
    "modules by name": ("from sys import modules", "getattr(modules[__name__], name)()"),
    "modules renamed": ("from sys import modules as m", "vars(m.get(__name__))[name]()"),
    "modules assigned": ("import sys\nALL = sys.modules", "getattr(ALL[__name__], name)()"),
    "modules by getattr": ("import sys", "getattr(getattr(sys, 'modules')[__name__], name)()"),
    "frame": ("import inspect", "inspect.currentframe().f_globals[name]()"),
    "frame by getattr": ("import sys", "getattr(sys._getframe(), 'f_globals')[name]()"),
    "function": ("", "getattr(self.build, '__globals__')[name]()"),
    "attrgetter": ("import operator", "operator.attrgetter('__globals__')(self.build)[name]()"),
    "import": (
        "from importlib import import_module as im",
        "getattr(im(self.__module__), name)()",
    ),
    "import handed on": ("import importlib", "vars(self.call(importlib.import_module))[name]()"),
    "resolve_name": ("import pkgutil as p", "p.resolve_name(f'{__name__}:{name}')()"),
    "eval": ("import builtins", "builtins.eval(name)()"),
    "eval renamed": ("from builtins import eval as run", "run(name)()"),
    "eval by getattr": ("import builtins as b", "getattr(b, 'eval')(name)()"),
    "__builtins__": ("", "__builtins__['eval'](name)()"),
    "within a function": ("", "(__import__('sys'), self.own())"),
}
JETS = """
{}

def wide():
    return 5

class Jets:
    def build(self, name):
        return {}

    def own(self):
        import sys as mine
        return mine.modules[__name__]
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.setenv("CMSML_CACHE", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(tmp_path / "project")
    return lambda files: Sources(tmp_path / "project", files)


@pytest.mark.parametrize(("first", "expression"), SEARCHES.values(), ids=SEARCHES)
def test_the_own_module_counts_as_a_whole(write, first, expression):
    text = JETS.format(first, expression)
    if "own()" not in expression:
        text = text.replace("return mine.modules[__name__]", "return 1")
    changes = write({"jets.py": text}).changes("jets.py", "return 5", "return 50")
    assert changes[0].endswith("wide changed")


@pytest.mark.parametrize(
    ("first", "expression"),
    [
        ("import sys", "'keras' in sys.modules or 'numpy' not in sys.modules"),
        ("import mine as sys", "sys.modules[name]"),
        ("from mine import modules, eval", "modules[name]"),
        ("import importlib", "importlib.import_module('mine')"),
        ("from importlib import import_module as im", "im('mine')"),
        ("import pkgutil", "pkgutil.resolve_name('mine:f')"),
        ("", "getattr(self, 'modules')[name]"),
        ("", "[modules[0] for modules in name]"),
        ("class Program:\n    exec: str = 'root'\n    eval = True", "Program.exec"),
    ],
)
def test_what_looks_like_a_search_is_none(write, first, expression):
    text = JETS.format(first, expression).replace("mine.modules[__name__]", "mine.version")
    sources = write({"jets.py": text, "mine.py": "def f(): return 1\nmodules = {}\n"})
    assert sources.changes("jets.py", "return 5", "return 50") == []


@pytest.mark.parametrize(
    ("first", "expression", "parts"),
    [
        ("from importlib import import_module as im", "im('mine')", {"", "f", "g"}),
        ("import pkgutil", "pkgutil.resolve_name('mine:f')", {"", "f"}),
        ("import pkgutil", "pkgutil.resolve_name('mine.f')", {"", "f"}),
        ("from pkgutil import resolve_name as r", "r('mine')", {"", "f", "g"}),
    ],
)
def test_what_is_imported_by_a_name_that_stands_there(write, first, expression, parts):
    text = JETS.format(first, expression)
    write({"jets.py": text, "mine.py": "def f(): return 1\ndef g(): return 1\n"})
    assert set(code_of(ROOTS)["mine"]) == parts


def test_a_module_counts_wholly_or_in_part(write):
    text = JETS.format("import whole, part", "part.f(), vars(whole)")
    text = text.replace("mine.modules[__name__]", "1")
    mine = "from numpy import pi\nclass A:\n    def f(self): pass\n\ndef f(): return pi\n"
    write({"jets.py": text, "whole.py": mine, "part.py": mine})
    code = code_of(ROOTS)
    assert counts_wholly("whole", code)
    assert not counts_wholly("part", code)


LAYERS = """
from typing import Literal, Optional
from layers import L, M

class Jets:
    {}
"""


@pytest.mark.parametrize(
    "member",
    [
        "l: 'L | None' = None",
        "l: Optional['L']",
        "l: \"Optional['L']\"",
        "def build(self, l: 'L'): return l.units()",
        "def build(self) -> 'L': return self.l.units()",
    ],
)
def test_quoted_annotations_count_as_others_do(write, member):
    layers = "class L:\n    def units(self): return 1\n\nclass M:\n    def units(self): return 2\n"
    sources = write({"jets.py": LAYERS.format(member), "layers.py": layers})
    assert sources.changes("layers.py", "return 2", "return 3") == []
    (change,) = sources.changes("layers.py", "return 1", "return 4")
    assert change.endswith("layers.L.units changed")


@pytest.mark.parametrize("member", ["l: Literal['L'] = 'L'", "l = 'L'", "l: 'no name at all'"])
def test_texts_that_are_no_annotations_do_not_count(write, member):
    layers = "class L:\n    def units(self): return 1\n\nclass M: pass\n"
    sources = write({"jets.py": LAYERS.format(member), "layers.py": layers})
    assert sources.changes("layers.py", "return 1", "return 4") == []
