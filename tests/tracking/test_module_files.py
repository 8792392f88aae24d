import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

import cmsml_tasks
from cmsml_tasks.tracking.source_code.module_files import is_library, module_file

LOUD = "raise RuntimeError('this module was imported')\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder on the module search path."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def written(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(LOUD)
    return path


def test_modules_are_found_without_being_imported(folder):
    package = written(folder / "quiet_analysis" / "__init__.py")
    nested = written(folder / "quiet_analysis" / "jets" / "__init__.py")
    module = written(folder / "quiet_analysis" / "jets" / "tagger.py")
    single = written(folder / "quiet_script.py")
    assert module_file("quiet_analysis") == package
    assert module_file("quiet_analysis.jets") == nested
    assert module_file("quiet_analysis.jets.tagger") == module
    assert module_file("quiet_script") == single
    assert not [name for name in sys.modules if name.startswith("quiet_")]


def test_namespace_packages_have_no_file_but_their_modules_do(folder, monkeypatch):
    one = written(folder / "quiet_space" / "inner" / "one.py")
    other_folder = folder / "elsewhere"
    monkeypatch.syspath_prepend(other_folder)
    other = written(other_folder / "quiet_space" / "other.py")
    assert module_file("quiet_space") is None
    assert module_file("quiet_space.inner") is None
    assert module_file("quiet_space.inner.one") == one
    assert module_file("quiet_space.other") == other


WITHOUT_SOURCE = ["sys", "time", "_json", "__main__", "no_such", "no_such.module"]
WITHOUT_SOURCE += ["json.no_such", "json.loads.x", "quiet_compiled", "", ".", "json."]


@pytest.mark.parametrize("name", WITHOUT_SOURCE)
def test_modules_without_source_have_no_file(folder, name):
    (folder / f"quiet_compiled{sysconfig.get_config_var('EXT_SUFFIX')}").touch()
    (folder / "time.py").touch()
    assert module_file(name) is None


def test_loaded_modules_are_found_where_they_were_loaded_from(folder, monkeypatch):
    written(folder / "json" / "decoder.py")
    assert module_file("json") == Path(json.__file__)
    assert module_file("json.decoder") == Path(json.decoder.__file__)
    monkeypatch.setattr(json, "__file__", str(folder / "gone.py"))
    assert module_file("json.decoder") == Path(json.decoder.__file__)


def test_a_module_that_loads_lazily_is_not_woken_up(folder):
    path = written(folder / "quiet_lazy.py")
    script = f"""
import importlib.util, sys
from cmsml_tasks.tracking.source_code.module_files import module_file
sys.path.insert(0, {str(folder)!r})
spec = importlib.util.find_spec("quiet_lazy")
spec.loader = importlib.util.LazyLoader(spec.loader)
module = sys.modules["quiet_lazy"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
print(module_file("quiet_lazy"))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == str(path), done.stderr


def test_modules_of_an_editable_install_are_found(folder, monkeypatch):
    class Finder:
        """As setuptools installs it: it knows the package, whose folder is on no path."""

        def find_spec(self, name, path=None, target=None):
            if name == "quiet_editable":
                from importlib.util import spec_from_file_location

                return spec_from_file_location(name, package)
            return None

    package = written(folder / "clone" / "quiet_editable" / "__init__.py")
    module = written(folder / "clone" / "quiet_editable" / "jets.py")
    assert module_file("quiet_editable.jets") is None
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])
    assert module_file("quiet_editable") == package
    assert module_file("quiet_editable.jets") == module


def test_libraries(tmp_path):
    assert is_library(Path(json.__file__))
    assert is_library(Path(np.__file__))
    assert is_library(Path(cmsml_tasks.__file__))
    assert is_library(Path(cmsml_tasks.__file__).parent / "recipes" / "demo.py")
    assert is_library(tmp_path / "lib" / "dist-packages" / "module.py")
    assert is_library(Path("~/.local/lib/python3.11/site-packages/module.py").expanduser())
    assert not is_library(tmp_path / "module.py")
    assert not is_library(Path(__file__))
    assert not is_library(Path(cmsml_tasks.__file__).parents[1] / "cmsml_tasks_of_mine.py")
