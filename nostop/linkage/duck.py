"""DuckDB inside this process: no network, no extensions fetched, nothing written to disk."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

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
#: Up to so many rows one database is kept for all that is asked of them.
FEW = 20_000
#: The database that is used again while `reused` lasts: opening one takes longer than a lookup may.
_KEPT: ContextVar[duckdb.DuckDBPyConnection | None] = ContextVar("_KEPT", default=None)


@contextmanager
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a fresh in-memory database, closed afterwards; or the kept one, left as it was."""
    kept = _KEPT.get()
    if kept is None:
        with duckdb.connect(":memory:", config=SETTINGS) as open_connection:
            yield open_connection
        return
    kept.begin()
    try:
        yield kept
    finally:
        kept.rollback()


def kept_open(threads: int = 1) -> duckdb.DuckDBPyConnection:
    """Return a fresh in-memory database for `reused`; for a few rows, one thread is fastest."""
    return duckdb.connect(":memory:", config={**SETTINGS, "threads": str(threads)})


@contextmanager
def reused(database: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let everything in here ask this one database instead of opening its own."""
    token = _KEPT.set(database)
    try:
        yield
    finally:
        _KEPT.reset(token)


@contextmanager
def kept_for(rows: int) -> Iterator[None]:
    """Keep one database for whatever is asked in here of a few rows, of which the answer takes less
    time than opening it. Of many rows it would hold too much at once."""
    if rows > FEW or _KEPT.get() is not None:
        yield
        return
    with kept_open() as database, reused(database):
        yield


def query(sql: str, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the answer of one query over the named tables."""
    with connection() as database:
        for name, table in tables.items():
            database.register(name, table.to_arrow())
        answer: pl.DataFrame = database.sql(sql).pl()
        return answer
