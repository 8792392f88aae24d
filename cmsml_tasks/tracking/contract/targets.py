"""Where law's targets lie: a path, or the URL of a file on a server."""

from __future__ import annotations

from functools import cache
from typing import Any

import law

from cmsml_tasks.tracking.storage.places import Place, Url


def target_in(folder: Place, *parts: str) -> Any:
    """Return the target of a file below *folder*, which may be a URL."""
    if isinstance(folder, Url):
        system = _file_system(folder.text)
        return law.wlcg.WLCGFileTarget("/".join(parts), fs=system)
    return law.LocalFileTarget(str(folder.joinpath(*parts)))


@cache
def _file_system(url: str) -> Any:
    """Return law's file system at *url*; the section ``[wlcg_fs]`` of ``law.cfg`` has its options.

    law's package is loaded only where a store asks for it, because it takes its time.
    """
    law.contrib.load("wlcg")
    return law.wlcg.WLCGFileSystem(
        base=url, use_cache=False, create_file_dir=True, retries=1, retry_delay=1
    )


def paths_of(outputs: Any) -> list[str]:
    """Return absolute paths, or URLs, of what is in *outputs*, without optional ones.

    Raises:
        TypeError: a target is of a kind that tracking does not know.
    """
    paths = []
    for target in law.target.collection.flatten_collections(law.util.flatten(outputs)):
        if getattr(target, "optional", False):
            continue
        path = file_of(target)
        if path is None:
            raise TypeError(
                f"{target!r} is neither local nor a file of law.wlcg, and only those can be "
                "tracked; derive its task from law.Task instead of TrackedTask"
            )
        paths.append(path)
    return paths


def file_of(target: Any) -> str | None:
    """Return where *target* is: a local file or folder, a file on a server; else None."""
    if isinstance(target, law.LocalTarget):
        return str(target.abspath)
    return url_of(target) if is_remote_class(type(target)) else None


def url_of(target: Any) -> str:
    """Return the URL of a remote target, the same one each time."""
    return str(target.uri(random=False))


def is_remote_class(cls: type) -> bool:
    """Tell whether it is a class of files on a server; law's package is loaded by who makes one."""
    return hasattr(law, "wlcg") and issubclass(cls, law.wlcg.WLCGFileTarget)
