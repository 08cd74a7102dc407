"""Determinations -> one Parquet file, scheme after scheme: never all of them at once in memory."""

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # it has no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from nostop.frames import Determinations

_WORD = pa.dictionary(pa.int32(), pa.string())
_TYPES: dict[pl.DataType, pa.DataType] = {
    pl.Date(): pa.date32(),
    pl.Int64(): pa.int64(),
    pl.Boolean(): pa.bool_(),
    pl.Float64(): pa.float64(),
    pl.List(pl.String()): pa.large_list(_WORD),
}
#: Each row has its own: a dictionary of them would be tried, and dropped.
_IDS = ("benefit_unit_id", "person_id", "household_id")
_SCHEMA = pa.schema(
    (name, pa.large_string() if name in _IDS else _TYPES.get(column.dtype, _WORD))
    for name, column in Determinations.columns().items()
)
_REPEATED = [f"{name}.list.element" if pa.types.is_large_list(kind) else name
             for name, kind in zip(_SCHEMA.names, _SCHEMA.types, strict=True)
             if name not in _IDS]  # fmt: skip
ROWS_A_GROUP = 250_000


def write_determinations(schemes: Iterable[pl.DataFrame], path: Path) -> int:
    """Write rows of `decode.coded`, scheme by scheme, and return how many there are.

    Words are written as the numbers of a list that they are, and read back as words. One scheme is
    written while the next is put into words.
    """
    count = 0
    with (
        pq.ParquetWriter(
            path,
            _SCHEMA,
            compression="zstd",
            use_dictionary=_REPEATED,
            # Schemes are looked for; the rest only takes time.
            write_statistics=["scheme"],
            store_schema=False,
        ) as file,
        ThreadPoolExecutor(1) as beside,
    ):
        last: Future[None] | None = None
        for rows in schemes:
            table = _as_arrow(rows)
            if last is not None:
                last.result()
            last = beside.submit(file.write_table, table, ROWS_A_GROUP)
            count += rows.height
        if last is not None:
            last.result()
    return count


def _as_arrow(rows: pl.DataFrame) -> pa.Table:
    table = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
    columns = [_typed(column.combine_chunks()) for column in table.columns]
    return pa.Table.from_arrays(columns, schema=_SCHEMA)


def _typed(column: pa.Array) -> pa.Array:
    """Words of one type, whatever their list is; a cast would write them all out."""
    if pa.types.is_dictionary(column.type):
        numbers, words = column.indices.cast(pa.int32()), column.dictionary.cast(pa.string())
        return pa.DictionaryArray.from_arrays(numbers, words)
    if pa.types.is_large_list(column.type):
        return pa.LargeListArray.from_arrays(column.offsets, _typed(column.values))
    return column
