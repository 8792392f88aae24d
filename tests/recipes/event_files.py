"""Files of events in each format."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import uproot


def write_root(path, columns, tree="Events"):
    with uproot.recreate(path) as file:
        file.mktree(tree, {name: ak.Array(column).type.content for name, column in columns.items()})
        file[tree].extend(columns)


def write_parquet(path, columns):
    table = {
        name: ak.to_arrow(ak.Array(column), extensionarray=False)
        for name, column in columns.items()
    }
    pq.write_table(pa.table(table), path)


def write_npz(path, columns):
    np.savez(path, **columns)


def write_csv(path, columns):
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    lines = [",".join(columns), *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")


WRITERS = {"root": write_root, "parquet": write_parquet, "npz": write_npz, "csv": write_csv}
