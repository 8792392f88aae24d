"""Imports go one way: no circle anywhere, and no room knows one above it."""

import re
from pathlib import Path

import pytest
from imports import circles, imports

DRAWINGS = re.findall(
    r"## `(cmsml_tasks[\w.]*)`\n\n```\n(.*?)```",
    (Path(__file__).parents[1] / "docs" / "rooms.md").read_text(),
    re.DOTALL,
)
HOUSES = [house.partition(".")[2] for house, _ in DRAWINGS]
"""What has rooms, by its name below the package, which is ``""`` itself."""
FLOOR_OF = {
    f"{house}.{room}".strip("."): -number
    for house, (_, drawing) in zip(HOUSES, DRAWINGS, strict=True)
    for number, line in enumerate(drawing.splitlines())
    for room in line.split()
}


def arrows_between_rooms(house: str) -> dict[str, set[str]]:
    """Return for each room of *house*, and each file beside them, those that it imports."""
    found: dict[str, set[str]] = {}
    for module, imported in imports().items():
        room = room_of(module, house)
        if room:
            others = {room_of(other, house) for other in imported}
            found.setdefault(room, set()).update(others - {room, ""})
    return found


def room_of(module: str, house: str) -> str:
    """Return the room of *house* that a module lies in; empty for what lies elsewhere."""
    above = f"{house}." if house else ""
    if not module.startswith(above):
        return ""
    return above + module.removeprefix(above).partition(".")[0]


def test_no_module_reaches_itself():
    arrows = {module: set(imported) for module, imported in imports().items()}
    assert len(arrows) > 200
    assert circles(arrows) == []


def test_nobody_imports_the_face_of_the_package():
    assert [module for module, imported in imports().items() if "" in imported] == []


@pytest.mark.parametrize("house", HOUSES)
def test_every_room_has_its_floor(house):
    arrows = arrows_between_rooms(house)
    assert set(arrows) <= set(FLOOR_OF)
    for room, others in arrows.items():
        above = {other for other in others if FLOOR_OF[other] >= FLOOR_OF[room]}
        assert not above, f"{room} imports {above}, which do not lie below it"


def test_no_floor_is_of_a_room_that_is_gone():
    rooms = {room for house in HOUSES for room in arrows_between_rooms(house)}
    assert set(FLOOR_OF) == rooms


def test_what_finds_circles_finds_them():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert circles({"a": {"b"}, "b": set()}) == []
