"""What counts as the code of `jets.Jets`, and what does not; each case is an edit of a project."""

import pytest

from cmsml_tasks.tracking.source_code.code_digests import code_changes, code_of

JETS = """
import numpy as np

import blocks
import package.layers as layers
from base import Base
from package import norm, shift

SCALE = 2


def scale(x, by=SCALE):
    return by * x


NORM = scale(1)


def plot(x):
    return x


class Jets(Base):
    features = ["pt"]

    def build(self, data):
        from deep import leaf

        x = blocks.dense(norm(data))
        return leaf(layers.soft(x)) + shift.by(np.pi)

    def train(self, model):
        return self.own(model)

    def own(self, model):
        return model


class Other(Base):
    def build(self, data):
        return plot(data)
"""
BLOCKS = """
def dense(x):
    return _width(x)


def _width(x):
    return 1


def unused(x):
    return _unused()


def _unused():
    return 2
"""
FILES = {
    "jets.py": JETS,
    "blocks.py": BLOCKS,
    "base.py": "class Base:\n    def load(self): return read()\n\ndef read(): return 1\n",
    "deep.py": "def leaf(x): return x\n\ndef lonely(): import never\n",
    "package/__init__.py": "from .inner import norm\nfrom . import layers\n",
    "package/inner.py": "def norm(x): return x\n\ndef other(): return 1\n",
    "package/layers.py": "def soft(x): return x\n\ndef hard(x): return x\n",
    "package/shift.py": "def by(x): return x\n\ndef back(x): return x\n",
    "never.py": "",
}
ROOTS = ["jets:Jets"]


class Project:
    def __init__(self, folder):
        self.folder = folder
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def edit(self, name, old, new):
        text = (self.folder / name).read_text()
        assert text.count(old) == 1, f"{old} is in {name} {text.count(old)} times"
        self.write(name, text.replace(old, new))

    def add(self, name, text):
        self.write(name, (self.folder / name).read_text() + text)


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setenv("CMSML_CACHE", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(tmp_path / "project")
    return Project(tmp_path / "project")


@pytest.fixture
def changes(project):
    """Return what an edit of the project makes of the code, in words."""

    def found():
        return code_changes(before, code_of(ROOTS), ROOTS)

    before = code_of(ROOTS)
    return found


def test_what_counts_is_what_is_reached(project):
    code = code_of(ROOTS)
    assert {module: set(parts) for module, parts in code.items()} == {
        "jets": {
            *["", "Jets", "Jets.build", "Jets.train", "Jets.own", "scale"],
            *["Base", "norm", "shift"],
        },
        "blocks": {"", "dense", "_width"},
        "base": {"", "Base", "Base.load", "read"},
        "deep": {"", "leaf"},
        "package": {"", "norm"},
        "package.inner": {"", "norm"},
        "package.layers": {"", "soft"},
        "package.shift": {"", "by"},
    }


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("jets.py", "def plot(x):\n    return x", "def plot(x):\n    return 2 * x"),
        ("jets.py", "def plot(x):\n    return x", ""),
        ("jets.py", "return plot(data)", "return None"),
        ("jets.py", "class Other(Base)", "class Another(Base)"),
        ("jets.py", "import norm, shift", "import norm, other, shift"),
        ("jets.py", "features = [\"pt\"]", "features = ['pt']  # in GeV"),
        ("blocks.py", "def unused(x):\n    return _unused()", ""),
        ("blocks.py", "return 2", "return 3"),
        ("deep.py", "import never", "import sys"),
        ("package/inner.py", "def other(): return 1", "def another(): return 2"),
        ("package/layers.py", "def hard(x): return x", ""),
    ],
)  # fmt: skip
def test_what_is_not_reached_does_not_count(project, changes, name, old, new):
    project.edit(name, old, new)
    assert changes() == []


NEW = [
    "def draw(x):\n    import matplotlib\n    return plot(x)\n",
    "def draw(x, colour='red', sizes=(1, 2), where=NORM):\n    return scale(x)\n",
    "async def draw(x: Jets) -> Other:\n    return eval('x')\n",
    "class Third(Jets):\n    features = ['eta']\n    epochs: int = 3\n    def build(self): ...\n",
    "class Third(Base):\n    @staticmethod\n    def draw(): return globals()\n",
    "class Third(Base):\n    @cached\n    def draw(self): return 1\n",
    "if __name__ == '__main__':\n    plot(Other())\n",
    "def draw():\n    global SCALES\n    SCALES = 3\n",
]


@pytest.mark.parametrize("text", NEW)
@pytest.mark.parametrize("name", ["jets.py", "blocks.py"])
def test_what_is_added_beside_does_not_count(project, changes, name, text):
    project.add(name, text)
    assert changes() == []


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("jets.py", "features = [\"pt\"]", "features = ['eta']", ["Jets changed"]),
        ("jets.py", "return model\n", "return 2 * model\n", ["Jets.own changed"]),
        ("jets.py", "return by * x", "return by + x",
         ["jets (outside of functions) -> scale changed"]),
        ("jets.py", "SCALE = 2", "SCALE = 3", ["jets (outside of functions) changed"]),
        ("jets.py", "import numpy as np", "import cupy as np",
         ["jets (outside of functions) changed"]),
        ("blocks.py", "return 1", "return 2",
         ["Jets.build -> blocks.dense -> blocks._width changed"]),
        ("blocks.py", "return _width(x)", "return _unused(x)",
         ["Jets.build -> blocks.dense changed",
          "Jets.build -> blocks.dense -> blocks._unused now used",
          "Jets.build -> blocks.dense -> blocks._width no longer used"]),
        ("base.py", "def read(): return 1", "def read(): return 2",
         ["Jets -> base.Base.load -> base.read changed"]),
        ("deep.py", "def leaf(x): return x", "def leaf(x): return -x",
         ["Jets.build -> deep.leaf changed"]),
        ("package/inner.py", "def norm(x): return x", "def norm(x): return -x",
         ["Jets.build -> package.inner.norm changed"]),
        ("package/layers.py", "def soft(x): return x", "def soft(x): return -x",
         ["Jets.build -> package.layers.soft changed"]),
        ("package/shift.py", "def by(x): return x", "def by(x): return -x",
         ["Jets.build -> package.shift.by changed"]),
        ("package/__init__.py", "import norm", "import other as norm",
         ["Jets.build -> package.norm changed",
          "Jets.build -> package.inner.other now used",
          "Jets.build -> package.inner.norm no longer used"]),
        ("package/__init__.py", "from . import layers", "from . import inner, layers",
         []),
        ("package/__init__.py", "from . import layers", "from . import layers\nimport never",
         ["of module never new", "package (outside of functions) changed"]),
    ],
)  # fmt: skip
def test_what_is_reached_counts_with_its_way(project, changes, name, old, new, words):
    project.edit(name, old, new)
    assert changes() == [f"code {each}" for each in words]


ACTING = [
    "import json\n",
    "scale(2)\n",
    "for each in range(3):\n    print(each)\n",
    "try:\n    def draw(): return 1\nexcept ImportError: pass\n",
    "@register\ndef draw(): return 1\n",
    "@register('draw')\nclass Draw: pass\n",
    "class Draw(Base, key='draw'): pass\n",
    "class Draw(metaclass=Registry): pass\n",
    "class Draw(made(Base)): pass\n",
    "class Draw(Base):\n    register('draw')\n",
    "def draw(x=register('draw')): return 1\n",
    "def draw(x: register('draw')): return 1\n",
]


@pytest.mark.parametrize("text", ACTING)
@pytest.mark.parametrize("name", ["jets.py", "blocks.py"])
def test_what_acts_at_import_counts(project, changes, name, text):
    project.add(name, text)
    assert f"code {name[:-3]} (outside of functions) changed" in changes()


def test_the_body_of_what_is_decorated_counts_and_what_it_uses(project):
    project.add("blocks.py", "@register\ndef kept(x):\n    return _unused()\n")
    before = code_of(ROOTS)
    project.edit("blocks.py", "return 2", "return 3")
    assert code_changes(before, code_of(ROOTS), ROOTS) == [
        "code blocks.kept -> blocks._unused changed"
    ]


@pytest.mark.parametrize(
    "notices",
    [
        "class Root:\n    def __init_subclass__(cls): KNOWN.append(cls)\n",
        "class Meta(type):\n    pass\n\nclass Root(metaclass=Meta): pass\n",
    ],
)
def test_classes_count_whose_base_takes_notice_of_them(project, notices):
    project.add("base.py", f"KNOWN = []\n{notices}\nclass Nearer(Root): pass\n")
    project.add("blocks.py", "import base\nclass Layer(base.Nearer):\n    width = 1\n")
    before = code_of(ROOTS)
    project.edit("blocks.py", "width = 1", "width = 2")
    assert code_changes(before, code_of(ROOTS), ROOTS) == ["code blocks.Layer changed"]


FIRST = "x = blocks.dense(norm(data))"
WHOLE = [
    (FIRST, f"{FIRST}; getattr(blocks, data)(data)"),
    (FIRST, f"{FIRST}; vars(blocks)"),
    (FIRST, f"import blocks as b; {FIRST}; self.use(b)"),
    (FIRST, f"import importlib; importlib.import_module('blocks'); {FIRST}"),
    ("SCALE = 2", "SCALE = 2\nDENSE = blocks\n"),
    ("import blocks\n", "import blocks\nfrom blocks import *\n"),
    ("blocks.dense(", "blocks.made_by_setattr("),
]


@pytest.mark.parametrize(("old", "new"), WHOLE)
def test_a_module_counts_as_a_whole_where_nobody_can_tell(project, old, new):
    project.edit("jets.py", old, new)
    assert {"dense", "_width", "unused", "_unused"} <= set(code_of(ROOTS)["blocks"])


@pytest.mark.parametrize(
    "text",
    [
        "eval(x)", "exec(x)", "globals()[x]", "sys.modules[__name__]", "sys.modules.get(x)",
        "__import__(x)", "importlib.import_module(x)", "Base.__subclasses__()",
        "[(lambda: globals())() for _ in x]",
    ],
)  # fmt: skip
def test_the_own_module_counts_as_a_whole_where_it_is_searched(project, text):
    project.edit("blocks.py", "return 1", f"return {text}")
    assert {"dense", "_width", "unused", "_unused"} <= set(code_of(ROOTS)["blocks"])


@pytest.mark.parametrize(
    "text", ["locals()", "vars(x)", "x in sys.modules", "model.eval()", "x.exec()"]
)
def test_what_looks_like_it_is_no_search(project, text):
    project.edit("blocks.py", "return 1", f"return {text}")
    assert set(code_of(ROOTS)["blocks"]) == {"", "dense", "_width"}


def test_a_module_that_gives_names_of_its_own_counts_as_a_whole(project):
    project.add("blocks.py", "def __getattr__(name): return unused\n")
    assert "unused" not in code_of(ROOTS)["blocks"]
    project.edit("jets.py", "blocks.dense", "blocks.thick")
    assert {"__getattr__", "unused", "_unused"} <= set(code_of(ROOTS)["blocks"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def scale(): 1\nNORM = scale()\ndef scale(): 2\n",
         "def scale(): 1\ndef scale(): 2\nNORM = scale()\n"),
        # through another one
        ("def f(): scale()\ndef scale(): 1\nNORM = f()\ndef scale(): 2\n",
         "def f(): scale()\ndef scale(): 1\ndef scale(): 2\nNORM = f()\n"),
        ("a = 1\ndef scale(by=a): by\na = 2\nNORM = scale()\n",
         "a = 1\na = 2\ndef scale(by=a): by\nNORM = scale()\n"),
        ("class A: 1\nclass B(A): pass\nclass A: 2\nNORM = B()\n",
         "class A: 1\nclass A: 2\nclass B(A): pass\nNORM = B()\n"),
        ("@a\ndef f(): pass\n@a\ndef g(): pass\n", "@a\ndef g(): pass\n@a\ndef f(): pass\n"),
        ("x()\n@a\ndef f(): pass\n", "@a\ndef f(): pass\nx()\n"),
        ("from a import f\nf()\ndef f(): 1\n", "from a import f\ndef f(): 1\nf()\n"),
        ("f = 1\ndef f(): 1\ng = f\n", "def f(): 1\nf = 1\ng = f\n"),
        ("from a import f\nfrom b import f\ng = f\n", "from b import f\nfrom a import f\ng = f\n"),
        ("def f(): 1\neval('f()')\ndef f(): 2", "def f(): 1\ndef f(): 2\neval('f()')"),
        ("from a import *\nclass B(A): 1\nfrom b import *\nx = B",
         "from a import *\nfrom b import *\nclass B(A): 1\nx = B"),
    ],
)  # fmt: skip
def test_the_order_of_what_runs_counts(project, one, other):
    project.write("blocks.py", BLOCKS + one)
    before = code_of(ROOTS)
    project.write("blocks.py", BLOCKS + other)
    assert code_changes(before, code_of(ROOTS), ROOTS)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def f(): 1\ndef g(): f()\n", "def g(): f()\ndef f(): 1\n"),
        ("def f(): 1\nx = 2\n", "x = 2\ndef f(): 1\n"),
        ("def f(): 1\ndef g(): 2\nx = f() + g()\n", "def g(): 2\ndef f(): 1\nx = f() + g()\n"),
        ("class A: pass\nclass B(A): pass\nx = 1\n", "x = 1\nclass A: pass\nclass B(A): pass\n"),
        ("def f(): 1\ny = 2\nx = f()\n", "y = 2\ndef f(): 1\nx = f()\n"),
    ],
)
def test_the_order_of_what_nothing_sees_does_not_count(project, one, other):
    project.write("blocks.py", BLOCKS + one)
    before = code_of(ROOTS)
    project.write("blocks.py", BLOCKS + other)
    assert code_changes(before, code_of(ROOTS), ROOTS) == []


def test_a_name_that_is_local_is_not_the_module_s(project, changes):
    project.edit("blocks.py", "return 1", "plot = [unused for unused in x]; return plot")
    project.add("blocks.py", "def plot(): return 1\n")
    assert changes() == ["code Jets.build -> blocks.dense -> blocks._width changed"]


def test_imports_for_type_checkers_are_not_followed(project):
    project.add(
        "blocks.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import never\n"
    )
    assert "never" not in code_of(ROOTS)


def test_a_root_that_is_made_by_a_call_counts_with_what_makes_it(project):
    project.write(
        "made.py", "from blocks import dense\n\ndef make():\n    return dense\n\nJets = make()\n"
    )
    assert set(code_of(["made:Jets"])["blocks"]) == {"", "dense", "_width"}


TASKS = """
import law

from cmsml_tasks.tracking import TrackedTask
from mixed import Mixed
from steps import Points


class Toy(TrackedTask):
    def where(self):
        return 1


class Fit(Toy, law.LocalWorkflow):
    def requires(self):
        from later import Late

        return Points.req(self), Late(version=self.version)

    def run(self):
        return 1


class Report(Toy):
    def run(self):
        return 2
"""
STEPS = """
import law
from mixed import Mixed

class Points(Mixed, law.Task):
    def run(self): return used()

    @staticmethod
    def scale(x): return x

def used(): pass
"""


@pytest.fixture
def tasks(project):
    project.write("mixed.py", "class Mixed:\n    @staticmethod\n    def mix(): return 1\n")
    project.write("own.py", TASKS)
    project.write("steps.py", STEPS)
    project.write(
        "later.py", "from own import Toy\nclass Late(Toy):\n    def run(self): return 3\n"
    )
    return project


def test_other_tasks_do_not_count_where_they_are_required(tasks):
    assert {module: set(parts) for module, parts in code_of(["own:Fit"]).items()} == {
        "own": {
            *["", "Fit", "Fit.requires", "Fit.run", "Toy", "Toy.where", "Points", "TrackedTask"]
        },
        "steps": {""},
        "mixed": {""},
        "later": {""},
    }


@pytest.mark.parametrize(
    ("new", "module", "parts"),
    [
        ("Points.scale(1)", "steps", {"", "Points", "Points.run", "Points.scale", "Mixed", "used"}),
        ("Points.mix()", "mixed", {"", "Mixed", "Mixed.mix"}),
        ("Points.task_family, Points(a=1), isinstance(self, Points)", "steps", {""}),
        ("Report.run(self)", "steps", {""}),
    ],
)
def test_a_task_of_which_something_is_used_counts(tasks, new, module, parts):
    tasks.edit("own.py", "return 1\n\n\nclass Report", f"return {new}\n\n\nclass Report")
    code = code_of(["own:Fit"])
    assert set(code[module]) == parts
    assert ("Report" in code["own"]) is new.startswith("Report.run")


def test_a_task_counts_where_it_is_a_base_and_where_its_module_does(tasks):
    tasks.edit("own.py", "class Report(Toy)", "class Report(Points)")
    assert {"Points", "Points.run", "used"} <= set(code_of(["own:Report"])["steps"])
    assert {"Fit", "Report", "Toy"} <= set(code_of(["own"])["own"])


ANY_NAME = {
    "submodule of a package that is handed on": {
        "jets.py": "import pk.a\nclass Jets:\n    def build(self, k): return getattr(pk, k).f()\n",
        "pk/__init__.py": "",
        "pk/a.py": "def f(): return 1\n",
    },
    "submodule that its package imports": {
        "jets.py": "import pk\nclass Jets:\n    def build(self, k): return getattr(pk, k).f()\n",
        "pk/__init__.py": "from .a import other\n",
        "pk/a.py": "other = 1\ndef f(): return 1\n",
    },
    "classes that are derived elsewhere": {
        "jets.py": "import pk.a\nimport base\n"
        "class Jets:\n    def build(self, k): return base.get(k)\n",
        "base.py": "class Base: pass\n"
        "def get(k): return {c.__name__: c for c in Base.__subclasses__()}[k]().f()\n",
        "pk/__init__.py": "",
        "pk/a.py": "from base import Base\nclass A(Base):\n    def f(self): return 1\n",
    },
    "dictionary of a module": {
        "jets.py": "from pk import a\nclass Jets:\n    def build(self, k): a.__dict__[k]()\n",
        "pk/__init__.py": "",
        "pk/a.py": "def f(): return 1\n",
    },
}


@pytest.mark.parametrize("files", ANY_NAME.values(), ids=ANY_NAME)
def test_what_is_asked_for_by_any_name(tmp_path, monkeypatch, files):
    monkeypatch.syspath_prepend(tmp_path)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    before = code_of(["jets:Jets"])
    source = tmp_path / "pk" / "a.py"
    source.write_text(source.read_text().replace("return 1", "return 22"))
    assert any(
        "pk.a" in line for line in code_changes(before, code_of(["jets:Jets"]), ["jets:Jets"])
    )
