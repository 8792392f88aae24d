"""The toy project with its outputs on a storage element, seen from both sides."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from toy_project import Project


@dataclass
class RemoteProject(Project):
    """Toy tasks on a real server; ``store`` is the folder that it serves."""

    served: Path = Path()
    url: str = ""
    gfal2: Path = Path()

    @classmethod
    def on(cls, server, url: str, folder: Path) -> RemoteProject:
        """Return a project whose store is a folder of its own below *url*."""
        own = Project.new(folder).folder
        name = f"{folder.parent.name}-{url.partition(':')[0]}"
        return cls(own, server.store / name, f"{url}/{name}", server.gfal2)

    @property
    def store(self) -> Path:
        return self.served

    def environment(self, **variables: str) -> dict[str, str]:
        given = super().environment()
        path = os.pathsep.join([given["PYTHONPATH"], str(self.gfal2)])
        return {**given, "PYTHONPATH": path, "TOY_STORE": self.url, **variables}

    def names(self) -> list[str]:
        """Return the files in the store, hidden ones too."""
        return sorted(self.times())

    def age(self) -> None:
        """Make all files an hour old, so that looks at them are kept.

        The server keeps a checksum by the second of the file's time, so that later changes have to
        come in another second than the file was written in.
        """
        for path in self.store.rglob("*"):
            if path.is_file():
                written = path.stat().st_mtime
                os.utime(path, (written - 3600, written - 3600))
                while time.time() < int(written) + 1:
                    time.sleep(0.05)
