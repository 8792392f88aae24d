"""Imports go one way: no circle anywhere, and no room knows one above it."""

import pytest
from imports import circles, imports

FLOORS = """
endings filenames forks lazy observed only_loaded quiet shapes shown temporary tensor_names version
canonical_form errors keeping terminal
files module_names xrootd_client command_line
conversion observing recipes runtimes
isolated validation
tracking
batch exporting
tasks training
"""
"""Rooms and files at the top of the package, from the ground up; each knows those below it alone.

The package's face, which names what users import, stands above all that it names.
"""
FLOOR_OF = {
    room: number for number, line in enumerate(FLOORS.strip().splitlines()) for room in line.split()
}


def arrows_between_rooms() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for module, imported in imports().items():
        room = module.partition(".")[0]
        if room:
            others = {other.partition(".")[0] for other in imported} - {room}
            found.setdefault(room, set()).update(others)
    return found


def test_no_module_reaches_itself():
    arrows = {module: set(imported) for module, imported in imports().items()}
    assert len(arrows) > 200
    assert circles(arrows) == []


def test_every_room_has_its_floor():
    assert sorted(FLOOR_OF) == sorted(arrows_between_rooms())


@pytest.mark.parametrize("room", FLOOR_OF)
def test_a_room_imports_from_below(room):
    above = {
        other
        for other in arrows_between_rooms()[room]
        if not other or FLOOR_OF[other] >= FLOOR_OF[room]
    }
    assert not above, f"{room} imports {above}, which do not lie below it"


def test_what_finds_circles_finds_them():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert circles({"a": {"b"}, "b": set()}) == []
