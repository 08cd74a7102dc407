"""Frames into tables and back, with the same values and types on every database."""

from collections.abc import Mapping
from typing import Any

import polars as pl
from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Date,
    Engine,
    LargeBinary,
    Select,
    Table,
    Text,
    insert,
    select,
)

from nostop.model import StoreError
from nostop.store.columns import UtcTime
from nostop.store.tables import Base

_TYPES: dict[type, pl.DataType] = {
    Text: pl.String(),
    BigInteger: pl.Int64(),
    Date: pl.Date(),
    Boolean: pl.Boolean(),
    UtcTime: pl.Datetime("us", "UTC"),
    LargeBinary: pl.Binary(),
}


def table_of(model: type[Base]) -> Table:
    """Return the table of a model."""
    return Base.metadata.tables[str(model.__tablename__)]


#: From so many rows on, they go to the driver as a table rather than one dictionary each.
MANY = 2000


def put(connection: Connection, model: type[Base], frame: pl.DataFrame) -> None:
    """Insert each row of `frame`, of which the columns have the names of the model's."""
    put_into(connection, table_of(model), frame)


def put_into(connection: Connection, table: Table, frame: pl.DataFrame) -> None:
    """Insert each row of `frame`, of which the columns have the names of the table's."""
    rows = frame.select(column.name for column in table.columns if column.name in frame.columns)
    if rows.height < MANY:
        if rows.height:
            connection.execute(insert(table), rows.to_dicts())
        return
    typed = check_types(table, rows)
    if connection.dialect.name == "postgresql":
        _copy(connection, table, typed)
    else:
        _insert_many(connection, table, typed)


def check_types(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows in the very types of the table's columns.

    Raises:
        StoreError: a column cannot be put into its type without losing something.
    """
    wanted = {name: _TYPES[type(table.c[name].type)] for name in rows.columns}
    try:
        return rows.with_columns(
            pl.col(name).cast(kind) for name, kind in wanted.items() if rows.schema[name] != kind
        )
    except pl.exceptions.PolarsError as error:
        raise StoreError(f"store: a column of {table.name} has another type") from error


def _copy(connection: Connection, table: Table, rows: pl.DataFrame) -> None:
    """Put rows into PostgreSQL by COPY."""
    names = ", ".join(f'"{name}"' for name in rows.columns)
    raw: Any = connection.connection.cursor()
    with raw, raw.copy(f'COPY "{table.name}" ({names}) FROM STDIN (FORMAT csv)') as copy:
        for part in rows.iter_slices(50_000):
            # Text is quoted and nothing else is, so that an empty text is no null.
            text = part.write_csv(include_header=False, quote_style="non_numeric")
            copy.write(text)


def _insert_many(connection: Connection, table: Table, rows: pl.DataFrame) -> None:
    """Put rows into SQLite as its STRICT tables keep them: days and times as text, yes as 1."""
    plain = rows.with_columns(
        pl.col(pl.Date).dt.to_string("%Y-%m-%d"),
        pl.col(pl.Datetime).dt.to_string("%Y-%m-%d %H:%M:%S%.6f"),
        pl.col(pl.Boolean).cast(pl.Int64),
    )
    names = ", ".join(f'"{name}"' for name in plain.columns)
    marks = ", ".join("?" * plain.width)
    raw: Any = connection.connection.cursor()
    # The names are of our own tables.
    raw.executemany(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', plain.iter_rows())  # noqa: S608
    raw.close()


def read_table(engine: Engine, model: type[Base]) -> pl.DataFrame:
    """Return a whole table, sorted by its key here: databases sort text in different ways."""
    table = table_of(model)
    with engine.begin() as connection:
        rows = read(connection, select(table))
    return rows.sort(column.name for column in table.primary_key.columns)


def read(
    connection: Connection,
    query: Select[Any],
    values: Mapping[str, object] | None = None,
    *,
    backwards: bool = False,
) -> pl.DataFrame:
    """Return the rows of a query.

    Args:
        values: of its parameters, where it has some.
        backwards: the last row first.
    """
    schema = {column.name: _TYPES[type(column.type)] for column in query.selected_columns}
    rows = [tuple(row) for row in connection.execute(query, values)]
    if backwards:
        rows.reverse()
    return pl.DataFrame(rows, schema=schema, orient="row")
