"""From the log of a work to what it has read, looked at once more at its end."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable, Sequence
from contextlib import suppress
from typing import Any

from cmsml_tasks.observing.log import signature
from cmsml_tasks.observing.observed import Observed, digest_of_names

# as given, for addresses, and without links
_FORMS: tuple[Callable[[str], str], ...] = (str, os.path.abspath, os.path.realpath)


def settle(
    events: Iterable[Sequence[Any]],
    *,
    leaving_out: Iterable[str],
    unlisted: Iterable[str],
    given: Container[str],
    digest: Callable[[str], str],
) -> Observed:
    """Return what *events* amount to now.

    Args:
        events: as the log has them, oldest first.
        leaving_out: absolute paths of files and folders that do not count, nor what lies below;
            URLs of files.
        unlisted: absolute paths of folders in which names come and go: that they are listed, or
            one below them, does not count, but what is read there does.
        given: names of variables that the work was started with, whatever is around.
        digest: gives the SHA-256 of the file at a path.
    """
    settling = _Settling(leaving_out, unlisted, given, digest)
    for kind, *rest in events:
        getattr(settling, kind)(*rest)
    return settling.observed()


class _Settling:
    """Takes the events by their names, and asks what has become of what they tell."""

    def __init__(
        self,
        leaving_out: Iterable[str],
        unlisted: Iterable[str],
        given: Container[str],
        digest: Callable[[str], str],
    ) -> None:
        self._unlisted = {form(path) for path in unlisted for form in _FORMS}
        self._apart = {form(path) for path in leaving_out for form in _FORMS}
        self._given = given
        self._digest = digest
        self._made: set[str] = set()
        self._moved: set[str] = set()
        self._files: dict[str, list[int] | None] = {}
        self._folders: dict[str, str | None] = {}
        self._variables: dict[str, str | None] = {}
        self._urls: set[str] = set()
        self._unseen: set[str] = set()
        self._sources: dict[str, str] = {}
        self._named: set[str] = set()

    def read(self, path: str, real: str, found: list[int] | None) -> None:
        if counts := self._counting(path, real):
            self._files.setdefault(counts, found)

    def listed(self, path: str, real: str, names: str | None) -> None:
        if counts := self._counting(path, real):
            self._folders.setdefault(counts, names)

    def moved(self, path: str, real: str) -> None:
        if counts := self._counting(path, real):
            self._moved.add(counts)

    def made(self, path: str) -> None:
        self._made.add(path)

    def asked(self, name: str, value: str | None) -> None:
        if name not in self._given:
            self._variables.setdefault(name, value)

    def url(self, url: str) -> None:
        if url not in self._apart:
            self._urls.add(url)

    def unseen(self, what: str) -> None:
        self._unseen.add(what)

    def imported(self, path: str, content: str) -> None:
        # two processes of one work may have imported two versions, of which neither is the one
        known = self._sources.setdefault(path, content)
        self._sources[path] = content if known == content else ""

    def named(self, path: str) -> None:
        self._named.add(path)

    def _counting(self, path: str, real: str) -> str | None:
        """Return the path that counts, which is behind a link where this work made the link."""
        if _is_below(path, self._apart) or _is_below(real, self._apart):
            return None
        if not _is_below(path, self._made):
            return path
        return None if _is_below(real, self._made) else real

    def observed(self) -> Observed:
        changed: set[str] = set()
        files, folders = {}, {}
        for path, found in sorted(self._files.items()):
            # what was looked for in vain and then made is the work's own
            if found is not None or not _is_below(path, self._made):
                with suppress(PermissionError):  # it could not be read before, either
                    files[path] = self._content(path, found, changed)
        # what was there may come again with other content
        files |= {path: None for path in self._moved - set(files) if not os.path.lexists(path)}
        for path, names in sorted(self._folders.items()):
            if _is_below(path, self._unlisted):
                continue
            if names is not None or not _is_below(path, self._made):
                folders[path] = self._names(path, names, changed)
        variables = dict(sorted(self._variables.items()))
        return Observed(
            files,
            folders,
            variables,
            changed=sorted(changed),
            urls=sorted(self._urls),
            unseen=sorted(self._unseen),
            sources=self._sources,
            named=sorted(self._named & set(self._sources)),
        )

    def _content(self, path: str, found: list[int] | None, changed: set[str]) -> str | None:
        content = now = None
        with suppress(FileNotFoundError, NotADirectoryError):
            os.stat(path)
            content = self._digest(path) if found else None
            now = signature(os.stat(path))  # later than the digest, which may take its time
        # what the work itself writes after it has read it is no surprise
        if now != found and not _is_below(path, self._made):
            changed.add(path)
        return content

    def _names(self, path: str, names: str | None, changed: set[str]) -> str | None:
        try:
            found = os.listdir(path)
        except OSError:
            found = None
        now = None if found is None else digest_of_names(found)
        if now == names:
            return names
        others = [name for name in found or () if os.path.join(path, name) not in self._made]
        if found is None or digest_of_names(others) != names:
            changed.add(path)
            return names  # as they were for the work
        return now if names else None


def _is_below(path: str, folders: set[str]) -> bool:
    """Tell whether *path* is one of *folders* or lies below one."""
    while path not in folders:
        above = os.path.dirname(path)
        if above == path:
            return False
        path = above
    return True
