"""A real XRootD server on this machine, with events of every format."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sysconfig
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import uproot
from needs import skip_without

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


def missing_for_outputs():
    """What the tests of remote outputs lack here, or None."""
    for program in ("xrootd", "xrdfs"):
        if shutil.which(program) is None:
            return f"the program {program} is not installed (tests/pools/xrootd.sh install)"
    if not gfal2_files():
        return "the Python module gfal2 is not installed (tests/pools/xrootd.sh install)"
    for plugin in ("file", "http", "xrootd"):
        if not gfal2_plugins(plugin):
            return f"gfal2-plugin-{plugin} is not installed (tests/pools/xrootd.sh install)"
    return None


def gfal2_plugins(name):
    """The plugin of gfal2 of that name, as the system's package installs it."""
    return sorted(Path("/usr/lib").glob(f"*/gfal2-plugins/libgfal_plugin_{name}.so"))


def gfal2_files():
    """The module gfal2 as the system's packages install it, for the Python that runs the tests."""
    tag = sysconfig.get_config_var("SOABI")
    return sorted(Path("/usr/lib/python3/dist-packages").glob(f"gfal2.{tag}.so"))


class Server:
    """An XRootD server with an empty store, which can go away and come back."""

    def __init__(self, **variables):
        self.base = Path(tempfile.mkdtemp(prefix="xrootd-"))
        self.store = self.base / "data" / "store"
        self.store.mkdir(parents=True)
        share(self.base)
        given = {"XRD_BASE": str(self.base), "XRD_PORT": str(free_port()), **variables}
        self._environment = {**os.environ, **given}
        self.urls = []

    def up(self):
        command = [SERVER, "up"]
        up = subprocess.run(command, env=self._environment, capture_output=True, text=True)
        assert up.returncode == 0, up.stderr
        self.urls = [f"{url}/store" for url in up.stdout.split()]

    def crash(self):
        """Let it crash, as it does by itself at times; it is started again."""
        pid = int((self.base / "admin" / "xrootd.pid").read_text())
        os.kill(pid, signal.SIGSEGV)

    def down(self):
        subprocess.run([SERVER, "down"], env=self._environment, check=True)


@contextmanager
def running(server):
    """The server, up, and gone afterwards."""
    try:
        server.up()
        yield server
    finally:
        server.down()
        shutil.rmtree(server.base)


@contextmanager
def serving(**variables):
    """Folder and URL of an empty store on an XRootD server; variables as in pools/xrootd.sh."""
    skip_without(missing())
    with running(Server(**variables)) as server:
        yield server.store, server.urls[0]


@contextmanager
def serving_outputs(**variables):
    """A server whose store can be written, over XRootD and over WebDAV; see `Server`."""
    skip_without(missing_for_outputs())
    with running(Server(XRD_HTTP_PORT=str(free_port()), **variables)) as server:
        server.store.chmod(0o777)
        # the module alone, since what else the system's Python has would take this one's place
        server.gfal2 = server.base / "gfal2"
        server.gfal2.mkdir()
        (server.gfal2 / gfal2_files()[0].name).symlink_to(gfal2_files()[0])
        yield server


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
