"""Which files hold which events: globs, variables of the environment, samples and their scales."""

from __future__ import annotations

import glob
import math
import os
import re
import stat
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cmsml_tasks.errors import DataError, SettingsError, did_you_mean
from cmsml_tasks.processes.xrootd_client import check_client
from cmsml_tasks.recipes.reading import is_a_folder

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))")


@dataclass(frozen=True)
class Source:
    """Globs whose events share a label and a scale; label None: the target expression tells."""

    globs: tuple[str, ...]
    label: int | None = None
    scale: float = 1.0


@dataclass(frozen=True)
class SourceFile:
    """One file of a source."""

    path: str
    label: int | None
    scale: float


def sources_of_samples(samples: Mapping[str, Any], owner: str) -> list[Source]:
    """Return the sources of *samples*, labelled by their place in `class_names`.

    A sample is a glob, a list of globs, ``{"files": globs, "scale": number}``, or a list with
    such dicts among the globs.

    Raises:
        SettingsError: the samples are of another form.
    """
    if not isinstance(samples, Mapping) or len(samples) < 2:
        raise SettingsError(
            f"samples of {owner} must name at least two classes: "
            'samples = {"signal": ["signal_*.root"], "background": ["background_*.root"]}'
        )
    names = class_names(samples)
    return [
        source
        for name, sample in samples.items()
        for source in _sources_of_sample(sample, names.index(name), f"sample '{name}' of {owner}")
    ]


def class_names(samples: Mapping[str, Any]) -> list[str]:
    """Return the names of the labels 0, 1, ...: the samples in their order.

    Of two, the first has label 1: it is the one that a single score stands for.
    """
    names = list(samples)
    return names[::-1] if len(names) == 2 else names


def _sources_of_sample(sample: Any, label: int, where: str) -> list[Source]:
    entries = [sample] if isinstance(sample, str | os.PathLike | Mapping) else sample
    if not isinstance(entries, list | tuple) or not entries:
        raise SettingsError(f"{where} must be a list of globs, not {sample!r}")
    plain = [entry for entry in entries if not isinstance(entry, Mapping)]
    sources = [Source(globs_of(plain, where), label)] if plain else []
    for entry in entries:
        if not isinstance(entry, Mapping):
            continue
        for key in entry:
            if key not in ("files", "scale"):
                near = did_you_mean(str(key), ["files", "scale"])
                raise SettingsError(f"{where} has an unknown key {key!r}{near}")
        scale = entry.get("scale", 1.0)
        if (
            isinstance(scale, bool)
            or not isinstance(scale, int | float)
            or not 0 < scale < math.inf
        ):
            raise SettingsError(f"{where}: scale {scale!r} must be a number above 0")
        sources.append(Source(globs_of(entry.get("files", ()), where), label, float(scale)))
    return sources


def globs_of(globs: Any, where: str) -> tuple[str, ...]:
    """Return *globs*, one or a list of them, as a tuple of texts.

    Raises:
        SettingsError: they are something else, or none.
    """
    if isinstance(globs, str | os.PathLike):
        globs = [globs]
    valid = isinstance(globs, list | tuple) and all(
        isinstance(item, str | os.PathLike) and os.fspath(item) for item in globs
    )
    if not valid or not globs:
        raise SettingsError(f"{where} must be a list of globs, such as ['data/*.root']: {globs!r}")
    return tuple(os.fspath(item) for item in globs)


def find_files(sources: Sequence[Source]) -> list[SourceFile]:
    """Return the files of *sources*, those of each glob sorted by name.

    Local paths are absolute; a relative glob starts from the current directory. ``~``, ``$NAME``
    and ``${NAME:-default}`` are replaced; a file that is called like a glob is that file. URLs stay
    as they are, and those with ``*``, ``?`` or ``[`` are listed with fsspec.

    Raises:
        DataError: a glob without any file, an unset variable, a folder, or a file that would count
            twice, by whatever names.
    """
    found: dict[Hashable, tuple[str, str]] = {}
    files = []
    for source in sources:
        for pattern in source.globs:
            for path in files_of(pattern):
                key = _identity(path)
                if key in found:
                    raise _counts_twice(path, pattern, *found[key])
                found[key] = (path, pattern)
                files.append(SourceFile(path, source.label, source.scale))
    return files


def _identity(path: str) -> Hashable:
    """Return what two names of one file have in common.

    Raises:
        DataError: it is a folder.
    """
    scheme, _, rest = path.rpartition("://")
    if scheme not in ("", "file", "local"):
        return scheme, re.sub("/+", "/", rest)
    try:
        status = os.stat(rest)
    except OSError:  # whoever reads it says what is the matter
        return rest
    if stat.S_ISDIR(status.st_mode):
        raise DataError(f"{path}: {is_a_folder(path)}")
    # size and time, for file systems that give one number to several files
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _counts_twice(path: str, pattern: str, first: str, first_pattern: str) -> DataError:
    found = f"'{pattern}'" if pattern == first_pattern else f"'{first_pattern}' and '{pattern}'"
    same = "it is" if path == first else f"the same file as {first},"
    return DataError(f"{path}: would count twice: {same} found by {found}; name it once")


def files_of(pattern: str) -> list[str]:
    """Return the files that one glob finds, as `find_files` does.

    Raises:
        DataError: there is none, or a variable of the environment is not set.
    """
    text = _VARIABLE.sub(lambda match: _variable(match, pattern), pattern)
    if "://" in text:
        paths = _remote_glob(text) if glob.has_magic(text.partition("://")[2]) else [text]
    else:
        text = os.path.abspath(os.path.expanduser(text))
        paths = _local_glob(text)
    if not paths:
        shown = text if text == pattern else f"{text} (from '{pattern}')"
        raise DataError(f"no file matches {shown}{_hint(text)}")
    return paths


def _local_glob(text: str) -> list[str]:
    """Return the files that match, or the one that is called so.

    Raises:
        DataError: both are there.
    """
    paths = sorted(glob.glob(text, recursive=True))
    if not glob.has_magic(text) or not os.path.lexists(text):
        return paths
    if set(paths) - {text}:
        raise DataError(
            f"{text}: is the name of a file, and a glob that finds others, such as {paths[0]}; "
            f"the file alone is written {glob.escape(text)}"
        )
    return [text]


def _variable(match: re.Match[str], pattern: str) -> str:
    name = match[1] or match[3]
    value = os.environ.get(name) or match[2]
    if not value:
        raise DataError(
            f"'{pattern}': the environment variable {name} is not set; "
            f"set it, or give a default: ${{{name}:-data/*.root}}"
        )
    return value


def _remote_glob(url: str) -> list[str]:
    check_client(url)
    try:
        import fsspec

        filesystem, path = fsspec.core.url_to_fs(url)
        return sorted(filesystem.unstrip_protocol(name) for name in filesystem.glob(path))
    except (ImportError, ValueError) as error:
        raise DataError(
            f"{url}: listing remote files needs more packages ({error}); "
            "pip install 'cmsml_tasks[xrootd]', or name the files one by one"
        ) from error
    except OSError as error:
        raise DataError(f"{url}: cannot be listed: {error}") from error


def _hint(text: str) -> str:
    """Say which folder of a local path is missing, where one is, or that a bracket is a glob."""
    if "://" in text:
        return ""
    brackets = re.sub(r"\[", "[[]", text)
    if brackets != text and glob.glob(brackets, recursive=True):
        return f" ([ begins a set of letters; for the bracket itself write [[], as in {brackets})"
    folder = os.path.dirname(text)
    while glob.has_magic(folder):
        folder = os.path.dirname(folder)
    if os.path.isdir(folder):
        return f" (there is a folder {folder}, but no such file in it)"
    return f" (there is no folder {folder})"
