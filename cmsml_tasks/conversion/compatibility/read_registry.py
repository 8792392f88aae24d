"""Writes down what an unpacked TensorFlow wheel can do: its operations and kernels.

``python read_registry.py unpacked/tensorflow out/2.9`` writes ``out/2.9.ops``, ``out/2.9.kernels``
(serialised OpList and KernelList) and ``out/2.9.version`` (version of the GraphDef). It asks the
wheel's libraries directly, so that nothing that TensorFlow depends on has to be there. Up to 2.7
they want the Python that the wheel was made for, any later one has the same answers for each: this
script runs from Python 3.7 on, alone. ``collect.py`` makes the table of what it wrote.
"""

from __future__ import annotations

import ctypes
import glob
import os
import re
import sys


class _Buffer(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("length", ctypes.c_size_t),
        ("deallocator", ctypes.c_void_p),
    ]


def _library(package: str) -> str:
    for pattern in ("libtensorflow_cc.so.*", "python/_pywrap_tensorflow_internal.so"):
        found = sorted(glob.glob(os.path.join(package, pattern)))
        if found:
            return found[0]
    raise SystemExit(f"{package} holds no TensorFlow library; give the folder from the wheel")


def _graph_version(package: str) -> str:
    for path in glob.glob(os.path.join(package, "include/tensorflow/core/public/*version.h")):
        with open(path, encoding="utf-8") as file:
            found = re.search(r"#define TF_GRAPH_DEF_VERSION (\d+)", file.read())
        if found:
            return found.group(1)
    raise SystemExit(f"{package} has no header with the version of the GraphDef")


def _write(path: str, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)


def main(package: str, out: str) -> None:
    """Write the registry of the TensorFlow in the folder *package* to files that begin *out*."""
    library = ctypes.CDLL(_library(package))
    library.TF_NewStatus.restype = ctypes.c_void_p
    for name in ("TF_GetAllOpList", "TF_GetAllRegisteredKernels"):
        getattr(library, name).restype = ctypes.POINTER(_Buffer)
    library.TF_GetAllRegisteredKernels.argtypes = [ctypes.c_void_p]
    operations = library.TF_GetAllOpList().contents
    kernels = library.TF_GetAllRegisteredKernels(library.TF_NewStatus()).contents
    _write(out + ".ops", ctypes.string_at(operations.data, operations.length))
    _write(out + ".kernels", ctypes.string_at(kernels.data, kernels.length))
    _write(out + ".version", _graph_version(package).encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
    sys.stdout.flush()
    os._exit(0)  # the libraries' destructors take long, and some crash
