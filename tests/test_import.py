import subprocess
import sys

import pytest

import cmsml_tasks

HEAVY = ("tensorflow", "keras", "uproot", "awkward", "pyarrow", "law", "luigi", "numpy")


@pytest.mark.parametrize(
    ("module", "may_import"),
    [
        ("cmsml_tasks", ()),
        ("cmsml_tasks.recipes", ()),
        ("cmsml_tasks.runtimes", ()),
        ("cmsml_tasks.validation", ()),
        ("cmsml_tasks.tasks", ("law", "luigi")),
    ],
)
def test_import_is_light(module, may_import):
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = {name.partition(".")[0] for name in done.stdout.split()}
    assert not imported & (set(HEAVY) - set(may_import))


def test_public_names_exist():
    for name in cmsml_tasks.__all__:
        assert getattr(cmsml_tasks, name).__name__
    assert set(cmsml_tasks.__all__) <= set(dir(cmsml_tasks))
    with pytest.raises(AttributeError, match="save_grap"):
        cmsml_tasks.save_grap  # noqa: B018


@pytest.mark.parametrize(("before", "frozen"), [("", False), ("import law.cli.run; ", True)])
def test_only_a_command_of_law_leaves_what_is_loaded_out_of_the_search_for_garbage(before, frozen):
    # tools that ask the collector who holds an object, such as Hypothesis, are misled by it
    code = f"import gc; {before}import cmsml_tasks.tasks.base; print(gc.get_freeze_count() > 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(frozen)]
