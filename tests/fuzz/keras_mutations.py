"""Files of Keras made wrong: their zip, their descriptions, their weights."""

from __future__ import annotations

import io
import random
import shutil
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from byte_mutations import mutated_bytes
from json_mutations import mutated_json

Rng = random.Random

_TYPES = ("f4", "f8", "f2", "i8", "u1", "S3", "?", "c8")
_SHAPES = ((), (0,), (1,), (3, 2), (1, 1, 1, 1, 1), (2**40,), (2**20, 2**20))


def mutated_archive(rng: Rng, sources: Sequence[Path], target: Path) -> None:
    """Write one of the ``.keras`` files *sources*, made wrong, to *target*."""
    source, other = rng.choice(sources), rng.choice(sources)
    if rng.random() < 0.2:
        target.write_bytes(mutated_bytes(rng, source.read_bytes(), other.read_bytes()))
        return
    members, others = _members(source), _members(other)
    name = rng.choice((*members, "config.json", "config.json"))
    match rng.randrange(12):
        case 0:
            del members[name]
        case 1:
            new = rng.choice(("../a", "/a", "a/../../b", "CONFIG.JSON", ".", "x" * 300, "assets/a"))
            members[new] = members.pop(name)
        case 2:
            members[name] = others.get(name, b"")
        case 3:
            members["config.json"] = others["config.json"]
        case 4:
            members[name] = rng.choice((b"", rng.randbytes(99), *others.values()))
        case 5 | 6:
            members["model.weights.h5"] = _mutated_weights(rng, members["model.weights.h5"])
        case _:
            content = members[name]
            change = mutated_json if name.endswith(".json") else _mutated_weights
            members[name] = change(rng, content)
    _write(rng, target, members)


def _members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _write(rng: Rng, path: Path, members: dict[str, bytes]) -> None:
    kind = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", kind) as archive:
        warnings.simplefilter("ignore")  # of the same name twice
        for name, content in members.items():
            for _ in range(rng.choice((1,) * 20 + (2,))):
                archive.writestr(name, content)


def _mutated_weights(rng: Rng, content: bytes) -> bytes:
    if rng.random() < 0.2:
        return mutated_bytes(rng, content, content)
    buffer = io.BytesIO(content)
    try:
        with h5py.File(buffer, "r+") as file:
            _change(rng, file)
    except OSError:  # this member is no HDF5
        return mutated_bytes(rng, content, content)
    return buffer.getvalue()


def mutated_hdf5(rng: Rng, sources: Sequence[Path], target: Path) -> None:
    """Write one of the ``.h5`` files *sources*, made wrong, to *target*."""
    source, other = rng.choice(sources), rng.choice(sources)
    if rng.random() < 0.25:
        target.write_bytes(mutated_bytes(rng, source.read_bytes(), other.read_bytes()))
        return
    shutil.copyfile(source, target)
    with h5py.File(target, "r+") as file:
        if rng.random() < 0.4:
            _change_description(rng, file)
        else:
            for _ in range(rng.choice((1, 1, 2, 3))):
                _change(rng, file)


def _change_description(rng: Rng, file: Any) -> None:
    text = file.attrs["model_config"]
    text = text.encode() if isinstance(text, str) else bytes(text)
    changed = mutated_json(rng, text)
    kinds = (np.void, np.bytes_) if len(changed) < 60000 else ()
    value: Any = changed.decode(errors="replace").replace("\0", "0")
    if kinds and rng.random() < 0.1:
        value = rng.choice(kinds)(changed)
    file.attrs["model_config"] = value


def _change(rng: Rng, file: Any) -> None:
    """Change a group, a weight or an attribute of an open HDF5 file."""
    objects: list[Any] = [file]
    file.visititems(lambda _, each: objects.append(each))
    each = rng.choice(objects)
    names = [o.name for o in objects if o.name and o.name != "/"]
    match rng.randrange(8):
        case 0 if names:
            del file[rng.choice(names)]
        case 1 if len(names) > 1:
            _link(rng, file, *rng.sample(names, 2))
        case 2 if names:
            _other_weight(rng, file, rng.choice(names))
        case 3 if names:
            name = rng.choice(names)
            file.move(name, f"{name}x")
        case _ if len(each.attrs):
            _change_attribute(rng, each)
        case _ if names:
            _other_weight(rng, file, rng.choice(names))


def _link(rng: Rng, file: Any, name: str, target: str) -> None:
    del file[name]
    kinds = (h5py.SoftLink(target), h5py.SoftLink(name), h5py.ExternalLink("a.h5", target))
    with _forgiving():
        # a hard link upwards makes a circle
        file[name] = rng.choice((*kinds, file["/"], file.get(target, file["/"])))


def _other_weight(rng: Rng, file: Any, name: str) -> None:
    with _forgiving():
        del file[name]
        shape = rng.choice(_SHAPES)
        options = {"chunks": True} if np.prod(shape, dtype=float) > 2**20 else {}
        file.create_dataset(name, shape, rng.choice(_TYPES), **options)


def _change_attribute(rng: Rng, each: Any) -> None:
    name = rng.choice(sorted(each.attrs))
    values = (
        0,
        -1,
        2**63 - 1,
        "a",
        "",
        b"\xff",
        [1.5],
        np.zeros((3, 0)),
        ["a", "b"],
        h5py.Empty("f"),
    )
    match rng.randrange(3):
        case 0:
            del each.attrs[name]
        case 1:
            each.attrs[name] = rng.choice(values)
        case _:
            value = each.attrs[name]
            if isinstance(value, np.ndarray) and value.ndim and value.size:
                each.attrs[name] = value[rng.sample(range(len(value)), rng.randint(1, len(value)))]
            else:
                each.attrs[name] = rng.choice(values)


class _forgiving:  # noqa: N801
    """Ignores what HDF5 itself refuses to hold."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        return kind is not None and issubclass(kind, OSError | RuntimeError | ValueError | KeyError)
