"""DuckDB inside this process: no network, no extensions fetched, nothing written to disk."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import duckdb
import polars as pl

#: Spilling is off (`temp_directory` empty), since spilled files would hold personal data.
SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "memory_limit": "5GB",
    "temp_directory": "",
    "threads": "2",
}


@contextmanager
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a fresh in-memory database, closed afterwards."""
    with duckdb.connect(":memory:", config=SETTINGS) as open_connection:
        yield open_connection


def query(sql: str, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the answer of one query over the named tables."""
    with connection() as database:
        for name, table in tables.items():
            database.register(name, table.to_arrow())
        answer: pl.DataFrame = database.sql(sql).pl()
        return answer
