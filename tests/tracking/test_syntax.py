import ast
import json
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from needs import skip_without

from cmsml_tasks.tracking.source_code import (
    acting,
    import_order,
    imports,
    names_used,
    searching,
    syntax,
)
from cmsml_tasks.tracking.source_code import definitions as of_modules
from cmsml_tasks.tracking.source_code.definitions import definitions, module_of
from cmsml_tasks.tracking.source_code.imports import absolute_name

REPOSITORY = Path(__file__).parents[2]
SOURCES = sorted((REPOSITORY / "cmsml_tasks").rglob("*.py"))

MODULE = """
import numpy as np

SCALE = 2

def scale(x, by=SCALE):
    def inner(y):
        return y * by
    return inner(x)

class Jets(Base, order=1):
    pt: float = 1.0

    @property
    def mass(self):
        return self._mass

    @mass.setter
    def mass(self, value):
        self._mass = value

    class Flavour:
        def name(self):
            return f"jet {self.id:{self.width}} of"
"""

PINNED = {
    "": "d70f0966033f250f",
    "scale": "62e495d888e23953",
    "Jets": "f01a9333a9b11a31",
    "Jets.mass": "74d0b3ec53b9fe7b",
    "Jets.Flavour": "ba20c942e29c3a88",
    "Jets.Flavour.name": "df9e3a379406250d",
}


def changed(before, after):
    """Names of the definitions whose digests differ between two sources."""
    old, new = definitions(before), definitions(after)
    return {name for name in {*old, *new} if old.get(name) != new.get(name)}


def test_each_definition_has_its_name():
    names = {"", "scale", "Jets", "Jets.mass", "Jets.Flavour", "Jets.Flavour.name"}
    assert set(definitions(MODULE)) == names
    assert all(re.fullmatch("[0-9a-f]{16}", digest) for digest in definitions(MODULE).values())
    assert set(definitions("")) == {""}


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("as np", "as xp", ""),
        ("SCALE = 2", "SCALE = 3", ""),
        ("by=SCALE", "by=2 * SCALE", "scale"),
        ("y * by", "y / by", "scale"),
        ("(Base, order=1)", "(Base, order=2)", "Jets"),
        ("pt: float", "pt: int", "Jets"),
        ("return self._mass", "return 2 * self._mass", "Jets.mass"),
        ("= value", "= -value", "Jets.mass"),
        ("jet {", "jets {", "Jets.Flavour.name"),
        ("self.width", "self.length", "Jets.Flavour.name"),
    ],
)
def test_an_edit_changes_what_it_lies_in_and_nothing_else(old, new, name):
    assert MODULE.count(old) == 1
    assert changed(MODULE, MODULE.replace(old, new)) == {name}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x = (1)"),
        ("x = 1  # one", "x = 1"),
        ("x = 'a'", 'x = "a"'),
        ("x = 'a' 'b'", "x = 'ab'"),
        ("x = f'a{b}' 'c'", "x = f'a' f'{b}c'"),
        ("x = f'{a!r:}'", "x = f'{ a !r}'"),
        ("x = u'a'", "x = 'a'"),
        ("x = 0x10", "x = 1_6"),
        ("x = [1, 2]", "x = [\n    1,\n    2,\n]"),
        ("x = 1; y = 2", "x = 1\n\n\ny = 2"),
        ("'''Doc.'''\nx = 1", "x = 1"),
        ("x = 1\n'''What it is.'''", "x = 1"),
        ("def f(): ...", "def f():\n    '''Doc.'''\n    pass"),
        ("if x:\n    y\nelse:\n    pass", "if x:\n    y"),
        ("class A:\n    '''Doc.'''\n    b = 1", "class A:\n    b = 1"),
        ("def f(a, b): return a", "def f(\n    a,\n    b,\n):\n    return (a)"),
        ("def f(): a\ndef g(): b", "def g(): b\ndef f(): a"),
    ],
)
def test_formatting_does_not_count(one, other):
    assert definitions(one) == definitions(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("x = 0.0", "x = -0.0"),
        ("x = 'a'", "x = b'a'"),
        ("x = None", "x = ..."),
        ("x = 1", "x: int = 1"),
        ("x = 'a'", "x = a"),
        ("x = f'{a}'", "x = f'{a!r}'"),
        ("x = f'{a}'", "x = f'{a:d}'"),
        ("x = f'{a}b'", "x = f'b{a}'"),
        ("a = 1; b = 2", "b = 2; a = 1"),
        ("a, b = c", "a = b = c"),
        ("x = {**a, 'b': c}", "x = {'b': c, **a}"),
        ("x = {**a}", "x = {None: a}"),
        ("x = a - b - c", "x = a - (b - c)"),
        ("def f(): x", "async def f(): x"),
        ("def f(a, *, b): x", "def f(*, a, b): x"),
        ("def f(a=1, b=2): x", "def f(a, b=2): x"),
        ("def f(*, a=1, b): x", "def f(*, a, b=1): x"),
        ("def f(a): x", "def f(a: int): x"),
        ("def f(): x", "@g\ndef f(): x"),
        ("def f(): yield 'a'", "def f(): 'a'"),
        ("def f(): a\ndef f(): b", "def f(): b\ndef f(): a"),
        ("def f(): a\ndef f(): b", "def f(): b"),
        ("@g\ndef f(): a\n@g\ndef h(): b", "@g\ndef h(): b\n@g\ndef f(): a"),
        ("a = 1\ndef f(b=a): b\na = 2", "a = 1\na = 2\ndef f(b=a): b"),
        ("class A: x = 1", "class A: x: 1"),
        ("if a: b", "while a: b"),
        ("from . import a", "from .. import a"),
        ("import a as b", "import b as a"),
    ],
)
def test_meaning_counts(one, other):
    assert definitions(one) != definitions(other)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_source_written_anew_from_its_tree_has_the_same_digests(path):
    source = path.read_text(encoding="utf-8")
    assert definitions(ast.unparse(ast.parse(source))) == definitions(source)


@pytest.mark.parametrize(
    "value",
    [" + ".join(["a"] * 2500), "a" + ".b" * 2000, f"0x{'f' * 6000}", r"'\d'", r"'\ud800'"],
    ids=["deep sum", "deep attribute", "long integer", "unknown escape", "lone surrogate"],
)
def test_whatever_python_reads_has_a_digest(value):
    assert changed(f"x = {value}", "x = 1") == {""}


def test_bytes_are_read_in_their_encoding():
    text = "# coding: latin-1\nx = 'é'"
    assert definitions(text.encode("latin-1")) == definitions(text)


def test_what_is_no_python_is_refused():
    with pytest.raises(SyntaxError):
        definitions("def f(:")


def test_digests_stay_what_they_were():
    """They are in manifests: other digests of unchanged code make every task run again."""
    assert definitions(MODULE) == PINNED


def other_interpreters():
    """One interpreter for each other version of Python from 3.11 on that works here."""
    candidates = [shutil.which(f"python3.{minor}") for minor in range(11, 16)]
    candidates += map(str, Path.home().glob(".pyenv/versions/3.1[1-5].*/bin/python3"))
    found = {}
    for path in filter(None, candidates):
        # pyenv's stand-ins on PATH may lead nowhere
        asked = subprocess.run([path, "--version"], capture_output=True, text=True)
        if asked.returncode == 0:
            found[asked.stdout.strip()] = path
    found.pop(f"Python {platform.python_version()}", None)
    return found


DIGESTS = """
import importlib.util, json, sys
for folder in json.loads(sys.argv[1]):
    spec = importlib.util.spec_from_file_location(*folder)
    module = sys.modules[folder[0]] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
module_of = sys.modules["cmsml_tasks.tracking.source_code.definitions"].module_of
print(json.dumps([
    module_of(source)
    for source in (open(path, "rb").read() for path in sys.stdin.read().split())
]))
"""


def unpacked_interpreters(folder):
    """A newer Python from Debian's packages."""
    script = Path(__file__).parents[1] / "pools" / "python.sh"
    done = subprocess.run([script, folder], capture_output=True, text=True)
    if done.returncode:
        skip_without(f"there is no other Python of version 3.11 or later: {done.stderr}")
    return {"Debian's": done.stdout.strip()}


def test_all_versions_of_python_see_the_same(tmp_path):
    interpreters = other_interpreters() or unpacked_interpreters(tmp_path / "python")
    (tmp_path / "strings.py").write_text(
        "a = f'{b:{c}{d}}' f'{e = }' '' f'{{}}{g!s:^2}' rf'{h:\\d}' f''\n" + MODULE
    )
    paths = [tmp_path / "strings.py", *SOURCES, Path(ast.__file__), Path(json.__file__)]
    # the files alone, since the package is not installed there
    modules = [("cmsml_tasks", str(tmp_path / "empty.py"))]
    needed = (syntax, imports, searching, names_used, acting, import_order, of_modules)
    modules += [(module.__name__, module.__file__) for module in needed]
    (tmp_path / "empty.py").touch()
    expected = [module_of(path.read_bytes()) for path in paths]
    for version, interpreter in interpreters.items():
        printed = subprocess.run(
            [interpreter, "-c", DIGESTS, json.dumps(modules)],
            input="\n".join(map(str, paths)),
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        ).stdout
        assert json.loads(printed) == expected, version


def imported_modules(source, module, is_package):
    """Absolute names of all that a module imports, at once or when its functions are called."""
    found = module_of(source)
    parts = [part for each in found["definitions"].values() for part in each["parts"].values()]
    names = {name for part in [found["at_import"], *parts] for name in part["imports"]}
    return sorted(filter(None, (absolute_name(name, module, is_package) for name in names)))


def test_imports_are_found_wherever_they_are():
    source = """
import a.b, c as d
from e import f
from . import g
from ..h import i
from .. import above
from j import *
import importlib
def lazily():
    from k.l import m
    importlib.import_module("n.o")
    importlib.import_module(".q", "r.s")
    importlib.import_module(".t", __package__)
    importlib.import_module(name)
    __import__("u")
"""
    assert imported_modules(source, "top.package.module", False) == [
        *["a.b", "c", "e", "e.f", "importlib", "j", "k.l", "k.l.m", "n.o", "r.s.q", "top"],
        *["top.above", "top.h", "top.h.i", "top.package", "top.package.g", "top.package.t", "u"],
    ]


def test_relative_imports_depend_on_where_they_stand():
    assert imported_modules("from .a import b", "top.package", True) == [
        "top.package.a",
        "top.package.a.b",
    ]
    assert imported_modules("from .a import b", "top.module", False) == ["top.a", "top.a.b"]
    assert imported_modules("from .a import b\nfrom ..... import c", "alone", False) == []


def test_imports_for_type_checkers_are_left_out():
    source = """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import a
elif typing.TYPE_CHECKING:
    import b
else:
    import c
if not TYPE_CHECKING:
    import d
"""
    assert imported_modules(source, "module", False) == ["c", "d", "typing", "typing.TYPE_CHECKING"]
