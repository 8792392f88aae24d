import sys

import pytest

from cmsml_tasks.errors import ConversionError
from cmsml_tasks.exporting.own_modules import loaded_modules, modules_of


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a folder with modules that can be imported, which are forgotten afterwards."""
    (tmp_path / "a_package").mkdir()
    for name in ("a_recipe", "some_layers", "a_package/__init__", "a_package/below"):
        (tmp_path / f"{name}.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    before = dict(sys.modules)
    yield tmp_path
    for name in sys.modules.keys() - before.keys():
        del sys.modules[name]


def test_modules_of_the_project_in_the_order_of_their_import(project):
    before = set(loaded_modules("a_recipe", sys.path))
    import some_layers  # noqa: F401, I001
    import a_package.below  # noqa: F401
    import a_recipe  # noqa: F401

    found = [
        name for name in loaded_modules("a_recipe", sys.path) if name not in before - {"a_recipe"}
    ]
    assert found == ["a_recipe", "some_layers", "a_package", "a_package.below"]


def test_modules_that_another_process_does_not_find_are_left_out(project, monkeypatch):
    search = list(sys.path)
    (project / "plugins").mkdir()
    (project / "plugins" / "plugged_in.py").write_text("")
    monkeypatch.syspath_prepend(str(project / "plugins"))
    import plugged_in  # noqa: F401

    assert "plugged_in" in loaded_modules("a_recipe", sys.path)
    assert "plugged_in" not in loaded_modules("a_recipe", search)


def test_modules_that_a_history_names(project):
    named = {"modules": ["a_recipe", "some_layers", "a_package.below"]}
    assert modules_of(named, "a_recipe", "history.json") == named["modules"]
    assert modules_of({}, "a_recipe", "history.json") == ["a_recipe"]
    assert "some_layers" not in sys.modules


@pytest.mark.parametrize("name", ["this", "no_such_module", "numpy", 3, "../evil"])
def test_a_history_cannot_have_anything_imported(project, name):
    with pytest.raises(ConversionError, match="which is no module of this project") as raised:
        modules_of({"modules": [name]}, "a_recipe", "history.json")
    assert repr(name) in str(raised.value)
