"""Files on storage elements through XRootD's client, which uproot and fsspec use."""

from __future__ import annotations

from types import ModuleType

from cmsml_tasks.observing.libraries.telling import tell
from cmsml_tasks.observing.reads import Reads


def watch_file(module: ModuleType, reads: Reads) -> None:
    """Watch ``XRootD.client.file``."""
    tell(module.File, "open", lambda self, url, *_, **__: reads.source(url))


def watch_copies(module: ModuleType, reads: Reads) -> None:
    """Watch ``XRootD.client.copyprocess``."""

    def added(_process: object, source: str, target: str, *_: object, **__: object) -> None:
        reads.source(source)
        reads.target(target)

    tell(module.CopyProcess, "add_job", added)
