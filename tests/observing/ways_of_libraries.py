"""Ways of libraries that open files in C, TensorFlow's apart."""

from ways import Way

ROWS = {"x": [1.0, 2.0]}


def _table():
    import pyarrow

    return pyarrow.table(ROWS)


class Hdf5(Way):
    files = ["rows.h5", "both.h5", "low.h5"]

    def make(self, folder):
        import h5py

        for name in self.files:
            with h5py.File(folder / name, "w") as file:
                file["x"] = ROWS["x"]

    def read(self, folder):
        import io

        import h5py

        with h5py.File(folder / "rows.h5") as file:
            file["x"][()]
        with h5py.File(folder / "both.h5", "r+") as file:
            file["x"][()]
        h5py.h5f.open(bytes(folder / "low.h5"), h5py.h5f.ACC_RDONLY)
        with h5py.File(io.BytesIO(), "w") as file:
            file["x"] = 1
        with h5py.File(folder / "memory.h5", "w", driver="core", backing_store=False) as file:
            file["x"] = 1
        for mode in ("a", "r"):
            with h5py.File(folder / "made.h5", mode) as file:
                list(file)


class Hdf5Linked(Way):
    """Files that HDF5 itself opens, since others refer to them."""

    files = ["first.h5", "linked.h5", "source.h5", "raw.bin"]

    def make(self, folder):
        import h5py
        import numpy as np

        for name in ("linked.h5", "source.h5"):
            with h5py.File(folder / name, "w") as file:
                file["x"] = ROWS["x"]
        self.refer(folder / "first.h5", "linked.h5", "source.h5", folder / "raw.bin")
        np.array(ROWS["x"]).tofile(folder / "raw.bin")

    def refer(self, path, linked, source, raw):
        import h5py

        layout = h5py.VirtualLayout((2,), dtype=float)
        layout[:] = h5py.VirtualSource(source, "x", shape=(2,))
        with h5py.File(path, "w") as file:
            file["linked"] = h5py.ExternalLink(linked, "x")
            file.create_virtual_dataset("virtual", layout)
            file.create_dataset("own", data=ROWS["x"])
            file.create_dataset("raw", (2,), dtype=float, external=[(bytes(raw), 0, 16)])[:] = 1

    def read(self, folder):
        import h5py

        for name in ("made.h5", "first.h5"):
            if name == "made.h5":
                self.refer(folder / name, "linked.h5", "source.h5", folder / "made.bin")
            with h5py.File(folder / name) as file:
                assert {len(values[()]) for values in file.values()} == {2}


class Hdf5OpenFile(Way):
    """A file that Python opened."""

    files = ["rows.h5"]

    def make(self, folder):
        import h5py

        with h5py.File(folder / "rows.h5", "w") as file:
            file["x"] = ROWS["x"]

    def read(self, folder):
        import h5py

        with open(folder / "rows.h5", "rb") as opened, h5py.File(opened) as file:
            file["x"][()]


class Parquet(Way):
    files = ["table.parquet", "file.parquet", "metadata.parquet", "schema.parquet", "url.parquet"]

    def make(self, folder):
        from pyarrow import parquet

        for name in self.files:
            parquet.write_table(_table(), folder / name)

    def read(self, folder):
        from pyarrow import parquet

        parquet.read_table(folder / "table.parquet")
        parquet.ParquetFile(source=folder / "file.parquet").read()
        parquet.read_metadata(str(folder / "metadata.parquet"))
        parquet.read_schema(folder / "schema.parquet")
        parquet.read_table(f"file://{folder}/url.parquet")
        parquet.write_table(_table(), folder / "made.parquet")
        parquet.read_table(folder / "made.parquet")


class ParquetOpened(Way):
    """Files that are open already, and what lies in memory."""

    files = ["opened.parquet", "mapped.parquet", "dataset.parquet"]

    def make(self, folder):
        from pyarrow import parquet

        for name in self.files:
            parquet.write_table(_table(), folder / name)

    def read(self, folder):
        import pyarrow
        from pyarrow import parquet

        with open(folder / "opened.parquet", "rb") as file:
            assert parquet.read_table(file).num_rows == 2
        with pyarrow.memory_map(str(folder / "mapped.parquet")) as file:
            assert parquet.read_table(file).num_rows == 2
        with open(folder / "dataset.parquet", "rb") as file:
            content = file.read()
        opened = parquet.ParquetDataset(pyarrow.BufferReader(content))
        assert opened.read().num_rows == 2


class ArrowBelow(Way):
    """Paths below a folder that is a filesystem of its own."""

    files = ["a/a.parquet", "a/b.parquet", "a/c.parquet", "a/d.orc"]

    def make(self, folder):
        from pyarrow import orc, parquet

        (folder / "a").mkdir()
        for name in self.files[:3]:
            parquet.write_table(_table(), folder / name)
        orc.write_table(_table(), folder / "a" / "d.orc")

    def read(self, folder):
        from pyarrow import dataset, fs, orc, parquet

        outer = fs.SubTreeFileSystem(str(folder), fs.LocalFileSystem())
        below = fs.SubTreeFileSystem("a", outer)
        parquet.read_table("a.parquet", filesystem=below)
        parquet.ParquetFile("b.parquet", filesystem=below).read()
        dataset.dataset("c.parquet", filesystem=below).to_table()
        orc.read_table("d.orc", filesystem=below)
        parquet.write_table(_table(), "a/made.parquet", filesystem=outer)
        parquet.read_table(folder / "a" / "made.parquet")


class ParquetFolder(Way):
    files = ["many/a.parquet", "many/b.parquet", "list/c.parquet"]

    def make(self, folder):
        from pyarrow import parquet

        for name in self.files:
            (folder / name).parent.mkdir(exist_ok=True)
            parquet.write_table(_table(), folder / name)

    def read(self, folder):
        from pyarrow import parquet

        parquet.read_table(folder / "many")
        parquet.ParquetDataset([str(folder / "list" / "c.parquet")]).read()
        parquet.write_to_dataset(_table(), folder / "made")
        parquet.read_table(folder / "made")


class ArrowDataset(Way):
    files = ["a/a.parquet", "b/b.parquet"]

    def make(self, folder):
        from pyarrow import parquet

        for name in self.files:
            (folder / name).parent.mkdir(exist_ok=True)
            parquet.write_table(_table(), folder / name)

    def read(self, folder):
        from pyarrow import dataset

        parts = [dataset.dataset(folder / name) for name in ("a", "b")]
        dataset.dataset(parts).to_table()
        dataset.write_dataset(_table(), folder / "made", format="parquet")
        dataset.dataset(folder / "made").to_table()


class Feather(Way):
    files = ["rows.feather"]

    def make(self, folder):
        from pyarrow import feather

        feather.write_feather(_table(), folder / "rows.feather")

    def read(self, folder):
        from pyarrow import feather

        feather.read_table(folder / "rows.feather")
        feather.write_feather(_table(), str(folder / "made.feather"))
        feather.read_table(folder / "made.feather")


class Orc(Way):
    files = ["table.orc", "file.orc"]

    def make(self, folder):
        from pyarrow import orc

        for name in self.files:
            orc.write_table(_table(), folder / name)

    def read(self, folder):
        from pyarrow import orc

        orc.read_table(folder / "table.orc")
        orc.ORCFile(folder / "file.orc").read()


class ArrowText(Way):
    files = ["rows.csv", "slowly.csv", "rows.json"]

    def make(self, folder):
        (folder / "rows.csv").write_text("x\n1\n")
        (folder / "slowly.csv").write_text("x\n1\n")
        (folder / "rows.json").write_text('{"x": 1}\n')

    def read(self, folder):
        import pyarrow.json
        from pyarrow import csv

        csv.read_csv(folder / "rows.csv")
        csv.open_csv(input_file=str(folder / "slowly.csv")).read_all()
        pyarrow.json.read_json(folder / "rows.json")
        csv.write_csv(_table(), folder / "made.csv")
        csv.read_csv(folder / "made.csv")


class ArrowFile(Way):
    files = ["rows.arrow", "mapped.arrow", "opened.arrow", "input.arrow"]

    def make(self, folder):
        import pyarrow

        for name in self.files:
            with (
                pyarrow.OSFile(str(folder / name), "wb") as sink,
                pyarrow.ipc.new_file(sink, _table().schema) as writer,
            ):
                writer.write_table(_table())

    def read(self, folder):
        import pyarrow

        pyarrow.ipc.open_file(str(folder / "rows.arrow")).read_all()
        with pyarrow.memory_map(str(folder / "mapped.arrow")) as source:
            pyarrow.ipc.open_file(source).read_all()
        with pyarrow.OSFile(str(folder / "opened.arrow")) as source:
            assert isinstance(source, pyarrow.OSFile)
            pyarrow.ipc.open_file(source).read_all()
        pyarrow.input_stream(str(folder / "input.arrow")).read()
        with pyarrow.OSFile(str(folder / "made"), "wb") as sink:
            sink.write(b"made")
        pyarrow.input_stream(str(folder / "made")).read()


class Awkward(Way):
    files = ["rows.parquet", "rows.feather"]

    def make(self, folder):
        from pyarrow import feather, parquet

        parquet.write_table(_table(), folder / "rows.parquet")
        feather.write_feather(_table(), folder / "rows.feather")

    def read(self, folder):
        import awkward as ak

        ak.from_parquet(folder / "rows.parquet")
        ak.from_feather(folder / "rows.feather")


class Root(Way):
    files = ["events.root", "mapped.root", "threads.root"]

    def make(self, folder):
        import numpy as np
        import uproot

        for name in self.files:
            with uproot.recreate(folder / name) as file:
                file["events"] = {"x": np.array(ROWS["x"])}

    def read(self, folder):
        import uproot
        from uproot.source.file import MemmapSource, MultithreadedFileSource

        sources = {"events": {}, "mapped": {"handler": MemmapSource}}
        sources["threads"] = {"handler": MultithreadedFileSource}
        for name, options in sources.items():
            with uproot.open(folder / f"{name}.root", **options) as file:
                file["events"].arrays(library="np")


class HiddenInArrow(Way):
    """What the documentation calls unseen."""

    files = []

    def make(self, folder):
        from pyarrow import parquet

        (folder / "rows.bin").write_text("x")
        parquet.write_table(_table(), folder / "rows.parquet")

    def read(self, folder):
        from pyarrow import dataset, fs

        local = fs.LocalFileSystem()
        local.open_input_file(f"{folder}/rows.bin").read()
        parquet = dataset.ParquetFileFormat()
        part = parquet.make_fragment(f"{folder}/rows.parquet", local)
        part.to_table()
        paths, rest = [part.path], {"schema": part.physical_schema, "format": parquet}
        dataset.FileSystemDataset.from_paths(paths, filesystem=local, **rest).to_table()
