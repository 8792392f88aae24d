"""Names of operations on the command line."""

from __future__ import annotations

from cmsml_tasks.conversion.effects import check_allowed
from cmsml_tasks.errors import ConversionError, SettingsError


def parse_operations(text: str) -> tuple[str, ...]:
    """Return the operations in ``"B,A"``, sorted, each of them once.

    Raises:
        SettingsError: one can be none, or is known to reach outside of a graph.
    """
    names = tuple(sorted({name.strip() for name in text.split(",")})) if text else ()
    for name in names:
        if not name or len(name.split()) > 1:
            raise SettingsError(
                f"--allow-operations {text!r}: {name!r} is no name of an operation; give names "
                "such as MyOwnOp, with commas between them"
            )
    try:
        check_allowed(names)
    except ConversionError as error:
        raise SettingsError(str(error)) from error
    return names
