"""Variables of the environment that the user's own code asks for."""

from __future__ import annotations

import os
import sys
from collections.abc import ItemsView, MutableMapping, ValuesView
from types import CodeType
from typing import TYPE_CHECKING, Any

from cmsml_tasks.observing.log import Log
from cmsml_tasks.observing.place_variables import says_where
from cmsml_tasks.observing.reads import harmless
from cmsml_tasks.observing.whose import Owner, asker

if TYPE_CHECKING:
    _Environ = os._Environ[Any]
else:
    _Environ = os._Environ

# they go through all variables: a copy for another process is no question
_COPYING = {
    method.__code__ for method in (ItemsView.__iter__, ValuesView.__iter__, MutableMapping.update)
}


def watch_environment(log: Log) -> None:
    """Note in *log* what is asked of ``os.environ`` and ``os.environb`` from now on."""
    _ObservedEnviron.asked = _Asked(log)
    # the objects stay the same, since others hold them already
    os.environ.__class__ = os.environb.__class__ = _ObservedEnviron


class _Asked:
    """The names whose values are noted, or were set by this work before it asked for them."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._settled: set[str] = set()
        self._copying: set[tuple[CodeType, int]] = set()

    @harmless
    def note(self, key: str | bytes, value: str | bytes | None) -> None:
        name = os.fsdecode(key)
        if name in self._settled or says_where(name) or not self._by_the_user():
            return
        self._settled.add(name)
        self._log.write("asked", name, None if value is None else os.fsdecode(value))

    @harmless
    def set(self, key: str | bytes) -> None:
        self._settled.add(os.fsdecode(key))

    @harmless
    def copied(self) -> None:
        """Note that the code that asks for all keys asks for their values next.

        ``dict(os.environ)`` and its like do both in one instruction.
        """
        frame = sys._getframe(3)
        self._copying.add((frame.f_code, frame.f_lasti))

    def _by_the_user(self) -> bool:
        frame = sys._getframe(4)  # below: __getitem__, the guard, note, this
        if frame.f_code in _COPYING or (frame.f_code, frame.f_lasti) in self._copying:
            return False
        return asker(frame) is Owner.USER


class _ObservedEnviron(_Environ):
    """The environment, with the same content, that tells which variables are asked for."""

    asked: _Asked

    def __getitem__(self, key: Any) -> Any:
        try:
            value = super().__getitem__(key)
        except KeyError:
            self.asked.note(key, None)
            raise
        self.asked.note(key, value)
        return value

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        self.asked.set(key)

    def __delitem__(self, key: Any) -> None:
        super().__delitem__(key)
        self.asked.set(key)

    def keys(self) -> Any:
        self.asked.copied()
        return super().keys()
