"""What an import does beside defining counts, and its order; what it only defines does not."""

import pytest
from code_project import Sources

JETS = """
import nets
import numpy as np
from tables import SIZES, CLASSES

class Jets:
    def build(self):
        return SIZES, CLASSES
"""
TABLES = """
SIZES, CLASSES = {}, []

def register(name):
    def kept(made):
        SIZES[name] = made
        return made
    return kept

def keep(name, value):
    SIZES[name] = value
    return value

def notice(cls):
    CLASSES.append(cls)

class Noticed:
    __init_subclass__ = classmethod(notice)

class Told:
    def __set_name__(self, owner, name):
        CLASSES.append(owner)

class Inner(type): pass
"""
NETS = """
import functools
import logging
import numpy as np
import tables
from dataclasses import dataclass, field
from tables import SIZES, Noticed, Told, keep, register

WIDTHS = [1]

"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.setenv("CMSML_CACHE", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(tmp_path / "project")
    return lambda files: Sources(tmp_path / "project", files)


@pytest.mark.parametrize(
    "body",
    [
        "@staticmethod\n    @register('m')\n    def m(): return 5",
        "@tables.register('m')\n    def m(self): return 5",
        "SIZES['a'] = 5",
        "SIZES['a'] += 5",
        "WIDTHS += [5]",
        "WIDTHS[0] = 5",
        "del SIZES[5]",
        "tables.SIZES['a'] = 5",
        "tables.width = 5",
        "np.width = 5",
        "x = keep('b', 5)",
        "x: int = tables.keep('b', 5)",
        "x = [keep(name, 5) for name in 'ab']",
        "x = list(map(keep, 'ab', [5, 5]))",
        "x = setattr(tables, 'width', 5)",
        "x = SIZES.setdefault('b', 5)",
        "table = SIZES\n    table['b'] = 5",
        "for table in [SIZES]:\n        table['b'] = 5",
        "for i in range(3):\n        SIZES[i] = 5",
        "for i in range(3):\n        print(5)",
        "if WIDTHS:\n        SIZES['a'] = 5",
        "with Told():\n        x = 5",
        "def fill(n):\n        SIZES[n] = n\n    x = fill(5)",
        "def m(self, x=keep('b', 5)): pass",
        "def m(self, x: keep('b', 5)): pass",
        "a = Told(5)",
        "class Within(Noticed):\n        x = 5",
        "class Within:\n        SIZES['a'] = 5",
        "class Within(metaclass=tables.Inner):\n        x = 5",
        "class Within(made(5)): SIZES['a'] = 1",
        "global WIDTHS\n    WIDTHS = 5",
        "import other\n    x = 5",
        "x = eval('keep(1, 5)')",
    ],
)
def test_what_the_body_of_a_class_does_counts(write, body):
    files = {"jets.py": JETS, "tables.py": TABLES, "other.py": ""}
    sources = write({**files, "nets.py": f"{NETS}class Nets:\n    {body}\n"})
    assert sources.changes("nets.py", "class Nets:", "class Nets:\n    more = 1")


@pytest.mark.parametrize(
    "body",
    [
        "features = ['pt', 5]",
        "x: int = 5",
        "x: int = field(default=5)",
        "x = np.linspace(0, 1, 5)",
        "x = tuple(range(5))",
        "x = logging.getLogger('5')",
        "x = WIDTHS[0] + 5",
        "x = {}\n    x['a'] = 5",
        "x = [1]\n    x += [5]",
        "x = 1\n    x += 5",
        "if np:\n        x = 5",
        "def f(n): return n\n    x = f(5)",
        "x = lambda self: keep('a', 5)",
        "@functools.cache\n    def m(self): return 5",
        "@property\n    def m(self): return 5\n    @m.setter\n    def m(self, x): keep('a', x)",
        "class Within:\n        x = 5",
        "import numpy\n    x = 5",
        "def m(self): return keep('a', 5)",
    ],
)
def test_what_it_only_defines_does_not(write, body):
    files = {"jets.py": JETS, "tables.py": TABLES}
    sources = write({**files, "nets.py": f"{NETS}class Nets:\n    {body}\n"})
    assert sources.changes("nets.py", "5", "50") == []


def test_a_base_of_a_base_that_takes_notice(write):
    nets = NETS + "class Near(Noticed): pass\n\nclass Far(Near):\n    def go(self): return 5\n"
    sources = write({"jets.py": JETS, "tables.py": TABLES, "nets.py": nets})
    assert sources.changes("nets.py", "return 5", "return 6") == ["code nets.Far.go changed"]


def test_tasks_beside_with_parameters_of_ones_own(write):
    text = (
        "import luigi\nfrom tables import Width\nfrom cmsml_tasks.tracking import TrackedTask\n"
        "class Jets(TrackedTask):\n    width = Width()\n"
        "class Other(luigi.Task):\n    width = Width(default=5)\n"
    )
    tables = "import luigi\nclass Width(luigi.IntParameter):\n    def parse(self, x): pass\n"
    sources = write({"jets.py": text, "tables.py": tables})
    assert sources.changes("jets.py", "class Other", "class Another") == []
    assert sources.changes("jets.py", "=5", "=6") == []


NOTED = "class {0}(Noticed): pass\n"
KEPT = "class {0}:\n    x = keep('{0}', 5)\n"


@pytest.mark.parametrize("text", [NOTED, KEPT])
def test_the_order_of_classes_that_act_counts(write, text):
    one, other = text.format("One"), text.format("Other")
    sources = write({"jets.py": JETS, "tables.py": TABLES, "nets.py": NETS + one + other})
    assert sources.changes("nets.py", one + other, other + one) == [
        "code nets (outside of functions) changed"
    ]


PACKAGE = {
    "jets.py": "import tables\n{}\nclass Jets:\n    def build(self): return tables.SIZES\n",
    "tables.py": TABLES,
    "package/__init__.py": "def f(): return 1\n",
    "package/wide.py": "from tables import SIZES\nSIZES['wide'] = 1\n",
    "package/deep.py": "import tables\n@tables.register('deep')\ndef deep(): return 1\n",
    "package/over.py": "from . import deep\n",
    "package/plain.py": "import numpy as np\nX = np.zeros(3)\ndef f(): return X\nY = f()\n",
    "package/quiet.py": "class A:\n    x = 1\n",
    "other.py": "from tables import keep\nkeep('other', 1)\n",
}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("from package import wide, deep", "from package import deep, wide"),
        ("from package import wide\nfrom package import deep",
         "from package import deep\nfrom package import wide"),
        ("from package import wide, over as x", "from package import over as x, wide"),
        ("from package import f\nimport other\nfrom package import wide",
         "from package import wide\nimport other\nfrom package import f"),
        ("from package import deep\nclass A:\n    x = tables.keep(1, 1)",
         "class A:\n    x = tables.keep(1, 1)\nfrom package import deep"),
    ],
)  # fmt: skip
def test_the_order_of_imported_modules_that_act_counts(write, one, other):
    sources = write({**PACKAGE, "jets.py": PACKAGE["jets.py"].format(one)})
    assert sources.changes("jets.py", one, other) == ["code jets (outside of functions) changed"]


def test_the_order_in_a_package_counts(write):
    jets = PACKAGE["jets.py"].format("import package")
    sources = write({**PACKAGE, "jets.py": jets, "package/__init__.py": "from . import wide, deep"})
    assert sources.changes("package/__init__.py", "wide, deep", "deep, wide") == [
        "code package (outside of functions) changed"
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("from package import quiet, plain", "from package import plain, quiet"),
        ("from package import wide, plain", "from package import plain, wide"),
        ("from package import wide, f", "from package import f, wide"),
        ("from package import quiet\nfrom package import plain",
         "from package import plain\nfrom package import quiet"),
    ],
)  # fmt: skip
def test_the_order_of_other_imports_does_not(write, one, other):
    sources = write({**PACKAGE, "jets.py": PACKAGE["jets.py"].format(one)})
    assert sources.changes("jets.py", one, other) == []
