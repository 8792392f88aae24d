"""Parquet files, with pyarrow: flat columns, lists, and the fields of records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cmsml_tasks.errors import DataError
from cmsml_tasks.recipes.reading.common import named, not_numeric, of_awkward, open_binary


@dataclass(frozen=True)
class Leaf:
    """What Parquet keeps as one column: a column of numbers, lists of them, or one such field."""

    fields: tuple[str, ...]
    kind: Any

    @property
    def name(self) -> str:
        """Name as NanoAOD would have it: ``Jet_pt`` for the field pt of Jet."""
        return "_".join(self.fields)


def read(path: str, wanted: Sequence[str], tree: str | None) -> dict[str, Any]:
    """Return the columns *wanted*; see `cmsml_tasks.recipes.reading`."""
    with open_binary(path) as stream:
        file = pq.ParquetFile(stream)
        leaves = [
            leaf for field in file.schema_arrow for leaf in _leaves(field.type, (field.name,))
        ]
        places = named(path, wanted, [leaf.name for leaf in leaves], "column")
        table = file.read(columns=[_stored(file, leaves, place) for place in places.values()])
    return {name: _column(path, name, leaves[place], table) for name, place in places.items()}


def _stored(file: Any, leaves: Sequence[Leaf], place: int) -> str:
    """Return what to ask for; a part of a column of an extension type cannot be had."""
    whole = leaves[place].fields[0]
    is_extension = isinstance(file.schema_arrow.field(whole).type, pa.BaseExtensionType)
    stored: str = whole if is_extension else file.schema.column(place).path
    return stored


def _leaves(kind: Any, fields: tuple[str, ...]) -> Iterator[Leaf]:
    """Yield the leaves of a column in the order in which Parquet stores them."""
    while True:
        if isinstance(kind, pa.BaseExtensionType):
            kind = kind.storage_type
        elif pa.types.is_map(kind):
            yield from _leaves(kind.key_type, (*fields, "key"))
            kind, fields = kind.item_type, (*fields, "value")
        elif pa.types.is_nested(kind) and hasattr(kind, "value_type"):
            kind = kind.value_type
        else:
            break
    if not pa.types.is_struct(kind):
        yield Leaf(fields, kind)
        return
    for field in kind:
        yield from _leaves(field.type, (*fields, field.name))


def _column(path: str, name: str, leaf: Leaf, table: Any) -> Any:
    import awkward as ak

    kind = leaf.kind
    usable = pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)
    if not usable and not pa.types.is_null(kind):
        raise not_numeric(path, name, str(kind))
    column = _plain(table[leaf.fields[0]])
    try:
        array = ak.from_arrow(column)
    except MemoryError:
        raise
    except Exception as error:  # pyarrow has read it: the file is whole, its type is the matter
        raise DataError(
            f"{path}: column '{name}' is of the Arrow type {column.type}, which awkward cannot "
            "read; write it as numbers or plain lists, as in "
            "pyarrow.array(column.to_pylist(), pyarrow.list_(pyarrow.float64()))"
        ) from error
    for field in leaf.fields[1:]:
        array = array[field]
    return of_awkward(path, name, array)


def _plain(column: Any) -> Any:
    """Return *column* as what it is stored as, where its type is none that awkward knows."""
    kind = column.type
    if not isinstance(kind, pa.BaseExtensionType) or kind.extension_name == "awkward":
        return column
    return pa.chunked_array([chunk.storage for chunk in column.chunks], kind.storage_type)
