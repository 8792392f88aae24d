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
