"""A C++ program that loads graphs as CMSSW does, with the C++ library of a TensorFlow wheel."""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from cmsml_tasks.runtimes.child import ChildRuntime, Loaded, Request
from cmsml_tasks.runtimes.compiling import Library, check_compiler, compiled, own_library
from cmsml_tasks.runtimes.environments import Environment, runtimes_folder
from cmsml_tasks.runtimes.runtime import BatchRun, RuntimeUnavailableError
from cmsml_tasks.runtimes.session import dtype_of_name

if TYPE_CHECKING:
    from cmsml_tasks.runtimes.runtime import Arrays

_DATA_TYPES = {
    "float32": 1,
    "float64": 2,
    "int32": 3,
    "uint8": 4,
    "int16": 5,
    "int8": 6,
    "string": 7,
    "complex64": 8,
    "int64": 9,
    "bool": 10,
    "bfloat16": 14,
    "uint16": 17,
    "complex128": 18,
    "float16": 19,
    "uint32": 22,
    "uint64": 23,
    "float8_e5m2": 24,
    "float8_e4m3fn": 25,
}
"""Numbers of TensorFlow's types; the program tells those that its TensorFlow does not know."""
_NAMES = {number: name for name, number in _DATA_TYPES.items()}


@dataclass(frozen=True, kw_only=True)
class CppRuntime(ChildRuntime):
    """Evaluates graphs in a C++ program, which is compiled when it is needed for the first time.

    Args:
        release: TensorFlow release of an environment, None for the TensorFlow of this Python.
        root: folder of environments and compiled programs.
    """

    release: str | None = None
    root: Path = field(default_factory=runtimes_folder)

    @property
    def name(self) -> str:
        """The word for this runtime in reports."""
        return "cpp" if self.release is None else f"cpp-{self.release}"

    def check(self) -> None:
        """Look whether compiler and library are there."""
        check_compiler(self.name)
        self._library()

    def _library(self) -> Library:
        if self.release is None:
            return own_library(self.name)
        environment = Environment(self.release, self.root)
        record = environment.record
        if record is None:
            raise RuntimeUnavailableError(
                f"runtime '{self.name}' needs the environment {environment.name}, which is not "
                f"there; make it: {environment.install_command}"
            )
        return Library(record["tensorflow"], environment.package)

    def _command(self) -> tuple[str, ...]:
        return (str(compiled(self._library(), self.root, self.name)),)

    def _environment(self, program: str) -> dict[str, str]:
        # one program serves all installations of a version, so that it cannot know the folder
        variables = super()._environment(program)
        places = [str(self._library().package), variables.get("LD_LIBRARY_PATH", "")]
        return {**variables, "LD_LIBRARY_PATH": os.pathsep.join(filter(None, places))}

    def _ask(self, folder: Path, request: Request, first: int) -> None:
        with open(folder / "request", "wb") as file:
            _write_text(file, request.graph.encode())
            _write_numbers(file, self.intra_op_threads, first, len(request.optimize))
            _write_numbers(file, *request.optimize, len(request.outputs))
            for name in request.outputs:
                _write_text(file, name.encode())

    def _write_inputs(self, folder: Path, number: int, feed: Arrays) -> None:
        with open(folder / f"inputs-{number:05d}", "wb") as file:
            write_tensors(file, feed)

    def _read_loaded(self, folder: Path) -> Loaded | None:
        try:
            with open(folder / "loaded", "rb") as file:
                texts = [_read_text(file).decode(errors="replace") for _ in range(3)]
        except FileNotFoundError:
            return None
        program, failure, numbers = texts
        names = tuple(_NAMES.get(int(number), number) for number in numbers.split())
        return Loaded(program, failure or None, multiplied=names)

    def _read_batch(self, folder: Path, number: int, request: Request) -> BatchRun | None:
        outputs = folder / f"outputs-{number:05d}"
        if outputs.exists():
            with open(outputs, "rb") as file:
                return BatchRun(outputs=read_tensors(file))
        error = folder / f"error-{number:05d}"
        if error.exists():
            with open(error, "rb") as file:
                return BatchRun(error=_read_text(file).decode(errors="replace"))
        return None


def write_tensors(file: IO[bytes], arrays: Mapping[str, Any]) -> None:
    """Write *arrays* as ``run_graph.cc`` describes it."""
    _write_numbers(file, len(arrays))
    for name, given in arrays.items():
        array = np.asarray(given)
        words = array.dtype.kind in "SUO"
        _write_text(file, name.encode())
        # a type without a number is told by the program, as one that it does not know
        number = _DATA_TYPES.get("string" if words else array.dtype.name, 0)
        _write_numbers(file, number, array.ndim, *array.shape)
        if words:
            for item in array.ravel().tolist():
                _write_text(file, item.encode() if isinstance(item, str) else bytes(item))
        else:
            file.write(array.tobytes())


def read_tensors(file: IO[bytes]) -> dict[str, np.ndarray[Any, np.dtype[Any]]]:
    """Read what the program wrote."""
    arrays: dict[str, np.ndarray[Any, np.dtype[Any]]] = {}
    for _ in range(_read_number(file)):
        name = _read_text(file).decode()
        number, rank = _read_number(file), _read_number(file)
        shape = [_read_number(file) for _ in range(rank)]
        count = int(np.prod(shape, dtype=np.int64))
        word = _NAMES[number]
        if word == "string":
            items = np.empty(count, dtype=object)
            items[:] = [_read_text(file) for _ in range(count)]
            arrays[name] = items.reshape(shape)
            continue
        dtype = _dtype(word)
        content = file.read(count * dtype.itemsize)
        arrays[name] = np.frombuffer(content, dtype).reshape(shape)
    return arrays


def _dtype(name: str) -> np.dtype[Any]:
    try:
        return np.dtype(name)
    except TypeError:
        return dtype_of_name(name)


def _write_numbers(file: IO[bytes], *numbers: int) -> None:
    file.write(struct.pack(f"={len(numbers)}q", *numbers))


def _write_text(file: IO[bytes], text: bytes) -> None:
    _write_numbers(file, len(text))
    file.write(text)


def _read_number(file: IO[bytes]) -> int:
    return int(struct.unpack("=q", file.read(8))[0])


def _read_text(file: IO[bytes]) -> bytes:
    return file.read(_read_number(file))
