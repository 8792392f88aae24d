"""Names of tensors on the command line: ``found=wanted,...`` for some, ``a,b`` for all."""

from __future__ import annotations

from cmsml_tasks.errors import SettingsError
from cmsml_tasks.tensor_names import RULE, Names, can_name


def parse_names(option: str, text: str) -> Names | None:
    """Return the names in *text*: a list for all tensors, a mapping for some, None for none.

    Raises:
        SettingsError: it is neither of the two, or a name is impossible or there twice.
    """
    if not text:
        return None
    items = [item.strip() for item in text.split(",")]
    pairs = [item.split("=") for item in items]
    if len({len(pair) for pair in pairs}) != 1 or len(pairs[0]) > 2:
        raise SettingsError(
            f"{option} {text!r} cannot be read; either rename some, 'found=wanted,other=name', or "
            "give a name for each, in their order, 'a,b'"
        )
    for name in [pair[-1].strip() for pair in pairs]:
        # an operation may be picked by its first output
        if not can_name(name.partition(":")[0] if len(pairs[0]) == 1 else name):
            raise SettingsError(f"{option} {text!r}: {name!r} cannot be a name; {RULE}")
    if len(pairs[0]) == 1:
        _refuse_twice(option, text, items)
        return items
    found, wanted = [pair[0].strip() for pair in pairs], [pair[1].strip() for pair in pairs]
    if "" in found:
        raise SettingsError(f"{option} {text!r} does not say what to rename; write 'found=wanted'")
    _refuse_twice(option, text, found)
    _refuse_twice(option, text, wanted)
    return dict(zip(found, wanted, strict=True))


def serialize_names(names: Names | None) -> str:
    """Return the text that is read back as *names*."""
    if isinstance(names, dict):
        return ",".join(f"{found}={wanted}" for found, wanted in names.items())
    return ",".join(names or ())


def _refuse_twice(option: str, text: str, names: list[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SettingsError(f"{option} {text!r} has '{twice}' twice; every name can be there once")
