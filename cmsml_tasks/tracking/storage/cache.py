"""What was once computed from a file, kept as long as the file does not change.

One small JSON file an entry, in ``$CMSML_CACHE``, else ``~/.cache/cmsml_tasks``. Losing it costs
time and nothing else, so that whatever is wrong with it (no home, no space, torn) is passed over.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from cmsml_tasks.tracking.storage.stat_signatures import is_settled, signature


def cache_folder() -> Path:
    """Return the folder of the cache, which need not exist."""
    place = os.environ.get("CMSML_CACHE")
    if place:
        return Path(place).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / "cmsml_tasks"


def place_of(kind: str, key: str) -> Path:
    """Return where the entry of *kind* (a short word) with *key* (any text) lies."""
    name = hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()
    return cache_folder() / kind / name[:2] / f"{name[2:32]}.json"


def recall(kind: str, key: str) -> Any:
    """Return the JSON value kept under *key*; None where there is none."""
    try:
        entry = json.loads(place_of(kind, key).read_bytes())
        return entry["value"] if entry["key"] == key else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def keep(kind: str, key: str, value: Any) -> None:
    """Keep the JSON *value* under *key*, in place of what is there."""
    place = place_of(kind, key)
    sibling = place.with_name(f".{place.name}.{os.getpid()}")
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            # a new file: a link that others have put there is not followed
            with open(sibling, "x", encoding="utf-8") as file:
                json.dump({"key": key, "value": value}, file)
            os.replace(sibling, place)
        finally:
            sibling.unlink(missing_ok=True)


def computed_from(kind: str, path: str | os.PathLike[str], compute: Callable[[str], Any]) -> Any:
    """Return ``compute(path)``, a JSON value, from the cache where *path* has not changed since.

    Raises:
        OSError: there is nothing at *path*, or it cannot be read.
    """
    name = os.path.abspath(path)
    before = signature(name)
    entry = recall(kind, name)
    if isinstance(entry, dict) and entry.get("signature") == before:
        return entry["result"]
    result = compute(name)
    if is_settled(before) and signature(name) == before:
        keep(kind, name, {"signature": before, "result": result})
    return result
