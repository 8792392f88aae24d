"""A real XRootD server on this machine, with events of every format."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot

SERVER = Path(__file__).parent / "pools" / "xrootd.sh"
COLUMNS = {"x": np.arange(2000.0), "event": np.arange(2000), "label": np.arange(2000) % 2}


def missing():
    """What the tests lack here, or None."""
    for program in ("xrootd", "xrdfs"):
        if shutil.which(program) is None:
            return f"the program {program} is not installed (tests/pools/xrootd.sh install)"
    for package in ("XRootD", "fsspec_xrootd"):
        if importlib.util.find_spec(package) is None:
            return f"the Python package {package} is not installed (cmsml_tasks[xrootd])"
    return None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(**variables):
    """Folder and URL of an empty store on an XRootD server; variables as in pools/xrootd.sh."""
    reason = missing()
    if reason:
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    base = Path(tempfile.mkdtemp(prefix="xrootd-"))
    store = base / "data" / "store"
    store.mkdir(parents=True)
    share(base)
    given = {"XRD_BASE": str(base), "XRD_PORT": str(free_port()), **variables}
    environment = {**os.environ, **given}
    up = subprocess.run([SERVER, "up"], env=environment, capture_output=True, text=True)
    try:
        assert up.returncode == 0, up.stderr
        yield store, f"{up.stdout.strip()}/store"
    finally:
        subprocess.run([SERVER, "down"], env=environment, check=True)
        shutil.rmtree(base)


def share(folder):
    """The server does not run as root, so others must be able to read."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)


@contextmanager
def running_server():
    """URL of a folder on an XRootD server, with the same events in every format."""
    with serving() as (store, url):
        with uproot.recreate(store / "a.root") as file:
            file.mktree("Events", {name: column.dtype for name, column in COLUMNS.items()})
            file["Events"].extend(COLUMNS)
        shutil.copy(store / "a.root", store / "b.root")
        (store / "broken.root").write_bytes((store / "a.root").read_bytes()[:3000])
        pq.write_table(pa.table(COLUMNS), store / "a.parquet")
        np.savez(store / "a.npz", **COLUMNS)
        rows = zip(*(column.tolist() for column in COLUMNS.values()), strict=True)
        lines = [",".join(COLUMNS), *(",".join(map(str, row)) for row in rows)]
        (store / "a.csv").write_text("\n".join(lines))
        share(store)
        yield url
