"""law's command line with its store on a storage element."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from command_line import Shell


@dataclass
class RemoteShell(Shell):
    """Runs law with a store on a server; ``store`` is the folder that it serves."""

    url: str = ""
    gfal2: Path = Path()

    def environment(self, **variables: str) -> dict[str, str]:
        given = super().environment()
        path = os.pathsep.join([given["PYTHONPATH"], str(self.gfal2)])
        cache = str(self.gfal2.parent / "cache" / self.store.name)
        places = {"PYTHONPATH": path, "CMSML_STORE": self.url, "CMSML_CACHE": cache}
        return {**given, **places, **variables}
