"""Frames into tables and back, with the same values and types on every database."""

from typing import Any

import polars as pl
from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Date,
    Engine,
    Select,
    Table,
    Text,
    insert,
    select,
)

from nostop.store.columns import UtcTime
from nostop.store.tables import Base

_TYPES: dict[type, pl.DataType] = {
    Text: pl.String(),
    BigInteger: pl.Int64(),
    Date: pl.Date(),
    Boolean: pl.Boolean(),
    UtcTime: pl.Datetime("us", "UTC"),
}


def table_of(model: type[Base]) -> Table:
    """Return the table of a model."""
    return Base.metadata.tables[str(model.__tablename__)]


def put(connection: Connection, model: type[Base], frame: pl.DataFrame) -> None:
    """Insert each row of `frame`, of which the columns have the names of the model's."""
    table = table_of(model)
    rows = frame.select(column.name for column in table.columns if column.name in frame.columns)
    if rows.height:
        connection.execute(insert(table), rows.to_dicts())


def read_table(engine: Engine, model: type[Base]) -> pl.DataFrame:
    """Return a whole table, sorted by its key here: databases sort text in different ways."""
    table = table_of(model)
    with engine.begin() as connection:
        rows = read(connection, select(table))
    return rows.sort(column.name for column in table.primary_key.columns)


def read(connection: Connection, query: Select[Any]) -> pl.DataFrame:
    """Return the rows of a query."""
    schema = {column.name: _TYPES[type(column.type)] for column in query.selected_columns}
    rows = [tuple(row) for row in connection.execute(query)]
    return pl.DataFrame(rows, schema=schema, orient="row")
