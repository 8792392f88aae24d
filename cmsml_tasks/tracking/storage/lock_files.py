"""The files that locks are taken on: whose they are, and what else may lie in their place."""

from __future__ import annotations

import fcntl
import functools
import os
import pwd
import socket
import stat
from contextlib import suppress
from pathlib import Path

from cmsml_tasks.errors import UserError

_MOST_CHARACTERS = 200
# to hold a lock it is enough to read the file, which may be somebody else's; and the system may
# refuse O_CREAT where a file of others is there
_WAYS = (os.O_RDWR | os.O_CREAT, os.O_RDWR, os.O_RDONLY)


def open_lock_file(path: Path) -> int | None:
    """Return a descriptor of the file at *path*, made where there is none, that may be read-only.

    Returns:
        None where it was removed meanwhile; the next try will make it.

    Raises:
        UserError: something else lies there, such as a link, or its owner alone may read it.
        OSError: the folder cannot be written.
    """
    refusal: PermissionError | None = None
    for way in _WAYS:
        try:
            descriptor = os.open(path, way | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
        except PermissionError as error:
            refusal = refusal or error
        except FileNotFoundError:
            if refusal is None:
                raise
            if os.access(path.parent, os.W_OK):
                return None
            raise refusal from None
        except OSError:
            _refuse_what_is_no_file(path)
            raise
        else:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                return descriptor
            os.close(descriptor)
            _refuse_what_is_no_file(path)
    if not path.exists():
        assert refusal is not None
        raise refusal
    raise UserError(
        f"{path} is a lock that user {_owner(path.lstat())} alone may read; if no command of "
        "theirs runs, remove it"
    )


def _refuse_what_is_no_file(path: Path) -> None:
    with suppress(FileNotFoundError):
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            what = "a link" if stat.S_ISLNK(found.st_mode) else "no ordinary file"
            raise UserError(
                f"{path}, of user {_owner(found)}, is {what}, where a lock has to be; nothing was "
                "done with it; remove it"
            )


def sign(descriptor: int, folder: Path) -> None:
    """Write down that this process holds the lock, for the messages of those that wait."""
    words = f"user {_name(os.getuid())}, host {socket.gethostname()}, process {os.getpid()}\n"
    # a full disk is no reason against a lock
    with suppress(OSError):
        os.pwrite(descriptor, words.encode(), 0)
        os.ftruncate(descriptor, len(words.encode()))
    # who may remove the file may also open it, whatever the user's umask keeps from others
    with suppress(OSError):
        os.fchmod(descriptor, 0o644 | folder.stat().st_mode & 0o022)


def can_be_signed(descriptor: int) -> bool:
    """Tell whether the file can be written: that of somebody else may be one that can be read."""
    return fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY


def holder(descriptor: int) -> str:
    """Return who holds the lock: ``"user anna, host lx3, process 4711"``, or whose file it is."""
    written = os.pread(descriptor, _MOST_CHARACTERS, 0).decode(errors="replace")
    words = "".join(character for character in written if character.isprintable())
    return words or f"user {_owner(os.fstat(descriptor))}"


def _owner(found: os.stat_result) -> str:
    return _name(found.st_uid)


@functools.cache
def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
