"""Parquet files, with pyarrow: flat columns and lists; a missing value becomes NaN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cmsml_tasks.recipes.reading.common import jagged, not_numeric, open_binary, require


def read(path: str, wanted: Sequence[str], tree: str | None) -> dict[str, Any]:
    """Return the columns *wanted*; see `cmsml_tasks.recipes.reading`."""
    with open_binary(path) as stream:
        file = pq.ParquetFile(stream)
        require(path, wanted, file.schema_arrow.names, "column")
        table = file.read(columns=list(wanted))
    return {name: _column(path, name, table[name].combine_chunks()) for name in wanted}


def _column(path: str, name: str, array: Any) -> Any:
    if isinstance(array, pa.ChunkedArray):  # older pyarrow: no chunk at all stays chunked
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    kind = array.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        counts = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
        return jagged(_column(path, name, pc.list_flatten(array)), counts)
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        raise not_numeric(path, name, str(kind))
    if array.null_count:
        array = array.cast(pa.float64())
    return array.to_numpy(zero_copy_only=False)
