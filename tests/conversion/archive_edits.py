"""Files of Keras whose description is edited, as no Keras would write it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path


def edited(source: Path, target: Path, edit: Callable[[str], str]) -> None:
    """Write the ``.keras`` file *source* to *target*, with config.json changed by *edit*."""
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(target, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            if name == "config.json":
                text = content.decode()
                content = edit(text).encode()
                assert content != text.encode()
            after.writestr(name, content)
