"""The toy project with its outputs on a storage element, seen from both sides."""

from __future__ import annotations

import os
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
        """Make all files an hour old, so that looks at them are kept."""
        for path in self.store.rglob("*"):
            if path.is_file():
                then = path.stat().st_mtime - 3600
                os.utime(path, (then, then))
