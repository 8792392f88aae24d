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
        (folder / "rows.bin").write_text("x")

    def read(self, folder):
        from pyarrow import fs

        fs.LocalFileSystem().open_input_file(f"{folder}/rows.bin").read()


class HiddenInHdf5(Way):
    """Files that others link to."""

    files = ["first.h5"]

    def make(self, folder):
        import h5py

        with h5py.File(folder / "second.h5", "w") as file:
            file["x"] = ROWS["x"]
        with h5py.File(folder / "first.h5", "w") as file:
            file["linked"] = h5py.ExternalLink("second.h5", "x")

    def read(self, folder):
        import h5py

        with h5py.File(folder / "first.h5") as file:
            assert len(file["linked"][()]) == 2
