"""Ways of Python itself, and of libraries that open files through it."""

import contextlib
import ctypes
import glob
import gzip
import importlib.resources
import importlib.util
import json
import multiprocessing
import os
import pickle
import pkgutil
import runpy
import shutil
import sqlite3
import subprocess
import sys
import sysconfig
import tempfile
import time
import zipfile
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

from ways import Way


class Open(Way):
    def read(self, folder):
        with open(f"{folder}/net.json") as file:
            json.load(file)


class PathText(Way):
    def read(self, folder):
        (folder / "net.json").read_text()


class Bytes(Way):
    def read(self, folder):
        with open(os.fsencode(folder / "net.json"), "rb") as file:
            file.read()


class Relative(Way):
    def read(self, folder):
        (folder / "made").mkdir()
        with contextlib.chdir(folder / "made"):
            Path("../net.json").read_text()


class Descriptor(Way):
    def read(self, folder):
        number = os.open(folder / "net.json", os.O_RDONLY)
        with open(number) as file:
            file.read()


class Threads(Way):
    def read(self, folder):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(Path.read_text, [folder / "net.json"] * 4))


class Fork(Way):
    def read(self, folder):
        if (child := os.fork()) == 0:
            (folder / "net.json").read_text()
            os._exit(0)
        os.waitpid(child, 0)


class ForkedPool(Way):
    def read(self, folder):
        forking = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(1, mp_context=forking) as pool:
            pool.submit(Path.read_text, folder / "net.json").result()


class SpawnedPool(Way):
    def read(self, folder):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            pool.apply(Path.read_text, [folder / "net.json"])


class ForkServer(Way):
    def read(self, folder):
        with multiprocessing.get_context("forkserver").Pool(1) as pool:
            pool.apply(Path.read_text, [folder / "net.json"])


class Exec(Way):
    def read(self, folder):
        exec("open(path).read()", {"path": folder / "net.json"})


class Link(Way):
    files = ["link.json"]

    def make(self, folder):
        super().make(folder)
        (folder / "link.json").symlink_to("net.json")

    def read(self, folder):
        (folder / "link.json").read_text()


class LinkOfItsOwn(Way):
    """What a link points to counts, where the link is the work's own."""

    def read(self, folder):
        (folder / "mine.json").symlink_to(folder / "net.json")
        (folder / "mine.json").read_text()


class HardLinkOfItsOwn(Way):
    """The same file under a name that the work has made."""

    def read(self, folder):
        os.link(folder / "net.json", folder / "mine.json")
        (folder / "mine.json").read_text()
        os.link(folder / "mine.json", folder / "again.json")
        (folder / "again.json").read_text()


class Moved(Way):
    """What was there before and is moved away, which may come again."""

    files = ["a.json?", "b.json?", "folder/c.json?"]

    def make(self, folder):
        (folder / "folder").mkdir()
        for name in (*self.files, "old.log"):
            (folder / name.rstrip("?")).write_text("{}")

    def read(self, folder):
        os.replace(folder / "a.json", folder / "mine.json")
        (folder / "mine.json").read_text()
        (folder / "b.json").read_text()
        shutil.move(folder / "b.json", folder / "done.json")
        (folder / "folder").rename(folder / "moved")
        (folder / "moved" / "c.json").read_text()
        (folder / "made.json").write_text("{}")
        (folder / "made.json").rename(folder / "made too.json")
        (folder / "old.log").rename(folder / "older.log")
        (folder / "old.log").write_text("rotated")


class Copied(Way):
    def read(self, folder):
        shutil.copy(folder / "net.json", folder / "copy.json")
        (folder / "copy.json").read_text()


class LookedForInVain(Way):
    files = ["other.json?"]

    def read(self, folder):
        with contextlib.suppress(FileNotFoundError):
            (folder / "other.json").read_text()


class AskedForInVain(Way):
    files = ["a?", "b?", "c?", "d?", "e?"]

    def read(self, folder):
        assert not (folder / "a").exists()
        assert not (folder / "b").is_file()
        assert not os.path.exists(f"{folder}/c")
        assert not os.path.isdir(f"{folder}/d".encode())
        with contextlib.suppress(FileNotFoundError):
            os.stat(folder / "e")
        assert os.path.exists(folder)
        assert not (folder / "made").exists()
        (folder / "made").mkdir(exist_ok=True)
        assert shutil.which("asked", path=str(folder)) is None
        os.makedirs(folder / "deep" / "er", exist_ok=True)
        assert os.stat in os.supports_dir_fd
        assert pickle.loads(pickle.dumps(os.stat)) is os.stat


class CacheOfItsOwn(Way):
    """A file that is looked for in vain, made, and read."""

    files = []

    def read(self, folder):
        try:
            (folder / "cache.json").read_text()
        except FileNotFoundError:
            (folder / "cache.json").write_text("{}")
            (folder / "cache.json").read_text()


class MadeByItself(Way):
    files = []

    def read(self, folder):
        (folder / "made.txt").write_text("made")
        (folder / "made.txt").read_text()
        os.replace(folder / "made.txt", folder / "moved.txt")
        (folder / "moved.txt").read_text()
        (folder / "deep" / "er").mkdir(parents=True)
        (folder / "deep" / "er" / "made.txt").write_text("made")
        os.listdir(folder / "deep")
        with tempfile.TemporaryDirectory(dir=folder) as place:
            subprocess.run(["cp", folder / "net.json", place], check=True)
            Path(place, "net.json").read_text()  # made by a child, in a folder that is new
            os.listdir(place)


class Appended(Way):
    files = ["read.log"]

    def make(self, folder):
        (folder / "only.log").write_text("before\n")
        (folder / "read.log").write_text("before\n")

    def read(self, folder):
        with open(folder / "only.log", "a") as file:
            file.write("")
        with open(folder / "read.log", "a+") as file:
            file.seek(0)
            file.read()


class Lock(Way):
    files = []

    def read(self, folder):
        os.close(os.open(folder / "lock", os.O_RDWR | os.O_CREAT))
        with open(folder / "other.lock", "a"):
            pass


class Listed(Way):
    files = []
    folders = ["listed", "scanned", "globbed", "iterated", "gone?"]

    def make(self, folder):
        for name in self.folders:
            if not name.endswith("?"):
                (folder / name).mkdir()
                (folder / name / "some.json").write_text("{}")

    def read(self, folder):
        os.listdir(folder / "listed")
        with os.scandir(folder / "scanned") as entries:
            list(entries)
        glob.glob(f"{folder}/globbed/*.json")
        list((folder / "iterated").glob("*"))
        with contextlib.suppress(FileNotFoundError):
            os.listdir(folder / "gone")


class Walked(Way):
    files = ["a/some.json"]
    folders = [".", "a"]

    def make(self, folder):
        (folder / "a").mkdir()
        (folder / "a" / "some.json").write_text("{}")

    def read(self, folder):
        for parent, _, names in os.walk(folder):
            for name in names:
                Path(parent, name).read_text()


class WalkedByDescriptor(Way):
    files = []
    folders = [".", "a"]

    def make(self, folder):
        (folder / "a").mkdir()

    def read(self, folder):
        list(os.fwalk(folder))


class Emptied(Way):
    """Folders that the work removes, of a run before."""

    files = []

    def make(self, folder):
        (folder / "old" / "older").mkdir(parents=True)
        (folder / "old" / "older" / "x").write_text("x")

    def read(self, folder):
        shutil.rmtree(folder / "old")


class Gzip(Way):
    files = ["net.json.gz"]

    def make(self, folder):
        with gzip.open(folder / "net.json.gz", "wt") as file:
            file.write("{}")

    def read(self, folder):
        with gzip.open(folder / "net.json.gz", "rt") as file:
            json.load(file)


class Zip(Way):
    files = ["nets.zip"]

    def make(self, folder):
        with zipfile.ZipFile(folder / "nets.zip", "w") as archive:
            archive.writestr("net.json", "{}")

    def read(self, folder):
        with zipfile.ZipFile(folder / "nets.zip") as archive:
            archive.read("net.json")


class Pickle(Way):
    files = ["scaler.pkl"]

    def make(self, folder):
        (folder / "scaler.pkl").write_bytes(pickle.dumps([1.0]))

    def read(self, folder):
        with open(folder / "scaler.pkl", "rb") as file:
            pickle.load(file)


class Database(Way):
    files = ["runs.db", "by_url.db"]

    def make(self, folder):
        for name in self.files:
            with contextlib.closing(sqlite3.connect(folder / name)) as database:
                database.execute("create table runs (number)")

    def read(self, folder):
        sqlite3.connect(folder / "runs.db").close()
        sqlite3.connect(f"file:{folder}/by_url.db?mode=ro", uri=True).close()
        sqlite3.connect(":memory:").close()


class SettingsInPython(Way):
    """Python that is run and not imported, and so no code that anybody tracks."""

    files = ["exec.py", "path.py"]

    def make(self, folder):
        for name in self.files:
            (folder / name).write_text("units = 4\n")

    def read(self, folder):
        exec((folder / "exec.py").read_text())
        runpy.run_path(str(folder / "path.py"))


class Module(Way):
    """A module: its source is code, what it reads when it is imported counts."""

    files = ["net.json", "opened.py"]

    def make(self, folder):
        super().make(folder)
        (folder / "opened.py").write_text("")
        (folder / "reading.py").write_text(
            "import inspect, sys\n"
            "from pathlib import Path\n"
            "NET = Path(__file__).with_name('net.json').read_text()\n"
            "def source(): return inspect.getsource(sys.modules[__name__])\n"
        )

    def read(self, folder):
        sys.path.insert(0, str(folder))
        import opened
        import reading

        reading.source()
        Path(opened.__file__).read_text()
        sys.path.remove(str(folder))


class Resource(Way):
    files = ["package_of_data/a.json", "package_of_data/b.json"]

    def make(self, folder):
        (folder / "package_of_data").mkdir()
        for name in ("__init__.py", "a.json", "b.json"):
            (folder / "package_of_data" / name).write_text("")

    def read(self, folder):
        sys.path.insert(0, str(folder))
        pkgutil.get_data("package_of_data", "a.json")
        importlib.resources.files("package_of_data").joinpath("b.json").read_text()
        sys.path.remove(str(folder))


class ImportOfALibrary(Way):
    """Files that a library reads for itself while it is imported."""

    files = ["again.json", "read_later.json"]

    def make(self, folder):
        package = folder / "site-packages" / "a_library"
        package.mkdir(parents=True)
        for name in ("own.json", "again.json", "read_later.json"):
            (folder / name).write_text("{}")
        (package / "__init__.py").write_text(
            "from pathlib import Path\n"
            "HERE = Path(__file__).parents[2]\n"
            "(HERE / 'own.json').read_text()\n"
            "(HERE / 'again.json').read_text()\n"
            "def later(): (HERE / 'read_later.json').read_text()\n"
            "def ask(): return __import__('os').environ.get('ASKED_BY_A_LIBRARY')\n"
        )

    def read(self, folder):
        sys.path.insert(0, str(folder / "site-packages"))
        import a_library

        a_library.later()
        a_library.ask()
        (folder / "again.json").read_text()
        sys.path.remove(str(folder / "site-packages"))


class Libraries(Way):
    """Compiled code of one's own, loaded by hand and imported."""

    files = ["libown.so", f"compiled{sysconfig.get_config_var('EXT_SUFFIX')}"]

    def make(self, folder):
        (folder / "own.c").write_text("int PyInit_compiled(void) { return 0; }\n")
        for name in self.files:
            command = ["gcc", "-shared", "-fPIC", "-o", folder / name, folder / "own.c"]
            subprocess.run(command, check=True)

    def read(self, folder):
        ctypes.CDLL(folder / "libown.so")
        ctypes.CDLL("libc.so.6")
        spec = importlib.util.spec_from_file_location("compiled", folder / self.files[1])
        with contextlib.suppress(SystemError):  # it makes no module
            importlib.util.module_from_spec(spec)


class NotFiles(Way):
    files = []

    def read(self, folder):
        Path("/proc/self/status").read_text()
        Path("/etc/hosts").read_text()
        os.listdir("/sys")
        os.mkfifo(folder / "fifo")
        os.close(os.open(folder, os.O_RDONLY))
        with contextlib.suppress(OSError):
            Path("x" * 5000).read_text()
        with contextlib.suppress(ValueError):
            Path("nul\0").read_text()
        reader, writer = os.pipe()
        os.close(writer)
        os.close(reader)
        time.sleep(0)


class Memmap(Way):
    files = ["rows.dat", "rows.npy", "rows.npz", "rows.txt"]

    def make(self, folder):
        import numpy as np

        rows = np.arange(4.0)
        rows.tofile(folder / "rows.dat")
        np.save(folder / "rows.npy", rows)
        np.savez(folder / "rows.npz", rows)
        np.savetxt(folder / "rows.txt", rows)

    def read(self, folder):
        import numpy as np

        np.memmap(folder / "rows.dat", mode="r")
        np.fromfile(folder / "rows.dat")
        np.load(folder / "rows.npy", mmap_mode="r")
        np.load(folder / "rows.npz")
        np.loadtxt(folder / "rows.txt")


class HiddenFromUs(Way):
    """What the documentation calls unseen."""

    files = []

    def make(self, folder):
        for name in ("command.json", "c.json", "there.json", "attached.db"):
            (folder / name).write_text("")

    def read(self, folder):
        subprocess.run(["cat", folder / "command.json"], check=True)
        libc = ctypes.CDLL("libc.so.6")
        libc.fopen.restype = ctypes.c_void_p
        assert libc.fopen(bytes(folder / "c.json"), b"r")
        assert (folder / "there.json").exists()
        with contextlib.closing(sqlite3.connect(":memory:")) as database:
            database.execute(f"attach '{folder}/attached.db' as other")
