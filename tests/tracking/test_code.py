import subprocess
import sys
import time

import pytest

from cmsml_tasks.errors import UserError
from cmsml_tasks.tracking.source_code.code_digests import code_changes, code_of
from cmsml_tasks.tracking.source_code.module_files import CodeError
from cmsml_tasks.tracking.storage.cache import cache_folder
from cmsml_tasks.tracking.storage.stat_signatures import is_settled, signature

LOUD = "raise RuntimeError('this module was imported')\n"


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write modules into a folder on the module search path, which is returned."""
    monkeypatch.setenv("CMSML_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "project"
    monkeypatch.syspath_prepend(folder)

    def write_modules(files, below=""):
        for name, source in files.items():
            path = folder / below / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(LOUD + source)
        return folder

    return write_modules


def test_the_own_modules_that_a_root_imports_count(write):
    write(
        {
            "jets.py": "import json, numpy, no_such\nfrom helpers import scale\n",
            "helpers.py": "def scale(x):\n    from deeper.below import leaf\n    leaf",
            "deeper/__init__.py": "from . import sibling\n",
            "deeper/below.py": "from ..too import high\nleaf = 1\n",
            "deeper/sibling.py": "import jets\n",
            "deeper/unused.py": "",
            "unused.py": "",
        }
    )
    code = code_of(["jets"])
    assert set(code) == {"jets", "helpers", "deeper", "deeper.below", "deeper.sibling"}
    assert set(code["helpers"]) == {"", "scale"}
    assert code_of(["jets", "unused"]) == code | code_of(["unused"])
    assert not [name for name in code if name in sys.modules]


def test_modules_of_namespace_packages_count(write):
    write({"space/jets.py": "from space.inner import helpers", "space/inner/helpers.py": ""})
    assert set(code_of(["space.jets"])) == {"space.jets", "space.inner.helpers"}


def test_an_installed_root_makes_its_whole_package_count(write, monkeypatch):
    files = {
        "my_analysis/__init__.py": "",
        "my_analysis/jets.py": "from my_analysis import helpers\nimport other_package\n",
        "my_analysis/helpers.py": "",
        "other_package.py": "",
        "shared_space/mine/jets.py": "from . import helpers\nimport shared_space.theirs\n",
        "shared_space/mine/__init__.py": "",
        "shared_space/mine/helpers.py": "",
        "shared_space/theirs.py": "",
    }
    folder = write(files, below="site-packages")
    monkeypatch.syspath_prepend(folder / "site-packages")
    assert set(code_of(["my_analysis.jets"])) == {
        "my_analysis",
        "my_analysis.jets",
        "my_analysis.helpers",
    }
    assert set(code_of(["shared_space.mine.jets"])) == {
        "shared_space.mine",
        "shared_space.mine.jets",
        "shared_space.mine.helpers",
    }
    write({"script.py": "import my_analysis.jets\n"})
    assert set(code_of(["script"])) == {"script"}


def test_of_cmsml_tasks_only_a_root_counts(write):
    write({"jets.py": "import cmsml_tasks.recipes.recipe\n"})
    assert set(code_of(["jets", "cmsml_tasks.recipes.demo"])) == {
        "jets",
        "cmsml_tasks.recipes.demo",
    }


@pytest.mark.parametrize(
    ("root", "message"),
    [
        ("__main__", "cannot track .* '__main__': .* script or notebook .*; move it to a file"),
        ("no_such.module", "'no_such.module': it has no source file .*; .* PYTHONPATH"),
        ("sys", "'sys': it has no source file"),
    ],
)
def test_a_root_without_file_is_refused(write, root, message):
    with pytest.raises(CodeError, match=message) as caught:
        code_of([root])
    assert isinstance(caught.value, UserError)


def test_a_module_that_is_no_python_is_named_and_not_remembered(write):
    folder = write({"jets.py": "import helpers", "helpers.py": "def f(:"})
    unreadable = {"": {"digest": "unreadable: invalid syntax (line 2)"}}
    assert code_of(["jets"])["helpers"] == unreadable
    (folder / "helpers.py").write_bytes(b"\xff")
    assert code_of(["jets"])["helpers"][""]["digest"].startswith("unreadable: ")
    (folder / "helpers.py").write_text("x = 1")
    assert "unreadable" not in str(code_of(["jets"])["helpers"])
    assert "unreadable" not in "".join(path.read_text() for path in cache_folder().rglob("*.json"))


def test_edits_are_noticed_as_soon_as_they_are_written(write):
    folder = write({"jets.py": "import helpers\ndef f(): helpers.f()", "helpers.py": ""})
    seen = []
    for number in range(10, 30):
        (folder / "helpers.py").write_text(f"def f(): return {number}")
        seen.append(code_of(["jets"])["helpers"]["f"]["digest"])
    assert len(set(seen)) == 20


def test_formatting_gives_equal_code(write):
    folder = write({"jets.py": "def f(x): return x"})
    before = code_of(["jets"])
    (folder / "jets.py").write_text(f"# why\n{LOUD}\ndef f(\n    x,\n):\n    return (x)\n")
    assert code_of(["jets"]) == before


def test_an_unchanged_file_is_not_parsed_again(write):
    folder = write({"jets.py": "def f(): x"})
    path = folder / "jets.py"
    while not is_settled(signature(path)):
        time.sleep(0.1)
    code = code_of(["jets"])
    (entry,) = cache_folder().rglob("*.json")
    digest = code["jets"]["f"]["digest"]
    entry.write_text(entry.read_text().replace(digest, "0123456789abcdef"))
    assert code_of(["jets"])["jets"]["f"]["digest"] == "0123456789abcdef"


def test_changes_in_words(write):
    folder = write(
        {
            "jets.py": "import helpers, old\n"
            "class Jets:\n def build(self): helpers.scale(1)\n def old(self): b",
            "helpers.py": "def scale(x): return half(x)\ndef half(x): return x / 2\ndef other(): 0",
            "old.py": "",
        }
    )
    roots = ["jets:Jets"]
    before = code_of(roots)
    assert code_changes(before, before, roots) == []
    write(
        {
            "jets.py": "import helpers, new\n"
            "class Jets:\n def build(self): helpers.scale(2)\n def new(self): helpers.other()",
            "helpers.py": "def scale(x): return third(x)\ndef third(x): return x / 3\n"
            "def other(): 0",
            "new.py": "",
        }
    )
    assert code_changes(before, code_of(roots), roots) == [
        "code Jets.build changed",
        "code Jets.new added",
        "code Jets.old removed",
        "code jets (outside of functions) changed",
        "code Jets.build -> helpers.scale changed",
        "code Jets.new -> helpers.other now used",
        "code Jets.build -> helpers.scale -> helpers.third now used",
        "code Jets.build -> helpers.scale -> helpers.half no longer used",
        "code of module new new",
        "code of module old no longer used",
    ]
    (folder / "helpers.py").write_text("def scale(x: x")
    assert "code of module helpers unreadable: '(' was never closed (line 1)" in code_changes(
        before, code_of(roots), roots
    )


@pytest.mark.parametrize(
    "recorded",
    [
        {"jets": {"": "f82cb9e9a88814cb", "f": "87e89e89024f366a"}},
        {"jets": {"": {}}},
        {"jets": {"": {"digest": 1}}},
    ],
)
def test_code_that_was_recorded_as_whole_modules_is_stale_and_says_why(write, recorded):
    write({"jets.py": "def f(): pass"})
    assert code_changes(recorded, code_of(["jets"]), ["jets"]) == [
        "code is compared in another way than when this was made; --accept it if nothing changed"
    ]


def test_importing_it_imports_nothing_heavy():
    script = "import sys, cmsml_tasks.tracking.source_code.code_digests; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    heavy = {"tensorflow", "keras", "numpy", "law", "luigi", "pydantic"}
    assert heavy.isdisjoint(done.stdout.split())
