from collections.abc import Iterator
from pathlib import Path

import pytest
import ways_of_libraries
import ways_of_python
import ways_of_tensorflow
from ways import WAYS

from cmsml_tasks.observing.observed import Observed
from cmsml_tasks.processes.isolated import call_isolated, call_observed

MODULES = [ways_of_python, ways_of_libraries, ways_of_tensorflow]
OF_MODULE = {
    module.__name__: [name for name, way in WAYS.items() if type(way).__module__ == module.__name__]
    for module in MODULES
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory) -> dict[str, tuple[Path, dict[str, str], Observed]]:
    """For each module: the folder of its ways, what went wrong, and what was seen."""
    found = {}
    for module, names in OF_MODULE.items():
        folder = tmp_path_factory.mktemp(module).resolve()
        arguments = {"module": module, "folder": str(folder), "ways": names}
        call_isolated("ways:make", **arguments)
        found[module] = (folder, *call_observed("ways:read", **arguments))
    return found


def _below(folder: Path, paths: dict[str, str | None]) -> list[str]:
    def names() -> Iterator[str]:
        for path, digest in paths.items():
            if Path(path).is_relative_to(folder):
                yield f"{Path(path).relative_to(folder)}{'' if digest else '?'}"

    return sorted(names())


def _all(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module, names in OF_MODULE.items() for name in names]
)
def test_way_of_reading(seen, module, name):
    folder, wrong, observed = seen[module]
    assert wrong.get(name) is None
    way = WAYS[name]
    expected = _all(folder / name) if way.files is None else way.files
    assert _below(folder / name, observed.files) == sorted(expected)
    assert _below(folder / name, observed.folders) == sorted(way.folders)


@pytest.mark.parametrize("module", list(OF_MODULE))
def test_nothing_else_counts(seen, module):
    folder, _, observed = seen[module]
    assert [path for path in observed.files if not Path(path).is_relative_to(folder)] == []
    assert [path for path in observed.folders if not Path(path).is_relative_to(folder)] == []
    assert observed.variables == {}
    assert observed.urls == []


def test_what_is_noticed_without_names(seen):
    assert seen["ways_of_python"][2].unseen == []
    assert seen["ways_of_libraries"][2].unseen == []
    assert seen["ways_of_tensorflow"][2].unseen == WAYS["HiddenInAGraph"].unseen
