"""A database: the rows of one SELECT as one Parquet file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import ClassVar

import pyarrow as pa  # type: ignore[import-untyped]  # it has no types
from pyarrow import parquet
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from connectors.transports._database import Reading
from connectors.transports._landing import Part, disk
from connectors.transports._manners import STRICT, Patience, Watch, of, own, persist, secret
from connectors.transports._sql_values import Value, as_text, mark_of, value_of
from nostop.model import FetchError
from nostop.ports import Bookmark, Fetched

#: What may hide a second statement: a quoted text or name, or a comment.
_HIDING = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_BOUND = re.compile(r"(?<![:\w]):([a-z_]\w*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SqlSince:
    """Asks only for what changed since the last fetch: `:since` in the statement.

    Attributes:
        column: the column of the result whose greatest value the next `:since` is.
        start: the first `:since`: a date or time, a whole number, or text, as the column has it.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = STRICT

    column: str
    start: int | date | str


@dataclass(frozen=True, slots=True)
class Sql:
    """Fetches the rows of one SELECT from PostgreSQL or SQLite, read-only, in one transaction.

    Every value is text in one form (dates as 2026-05-01, times in UTC, numbers with their digits),
    null stays null, and rows keep the order of the statement's ORDER BY; the connector `parquet`
    reads the file. A fetch that breaks off begins again: half of two readings is no reading.

    Attributes:
        url_env: the environment variable that holds the address, such as
            `postgresql://user:password@host/database` or `sqlite:///file.db`.
        statement: one SELECT, or WITH ... SELECT.
        save_as: the file's name.
        chunk_rows: read, and held in memory, at a time.
        bytes_at_most: a larger file is not taken.
    """

    url_env: str
    statement: str
    save_as: str
    since: SqlSince | None = None
    chunk_rows: int = 50_000
    patience: Patience = field(default_factory=Patience)
    bytes_at_most: int = 8 * 1024**3

    def __post_init__(self) -> None:
        bound = set(_BOUND.findall(_bare(self.statement)))
        if bound != ({"since"} if self.since else set()):
            raise FetchError(
                "statement: ':since' stands in it exactly when the setting since is there, and no "
                "other parameter does"
            )

    def fetch(self, folder: Path, bookmark: Bookmark) -> Fetched:
        """Bring the statement's rows; with `since`, nothing where there are no new ones.

        Raises:
            FetchError: the database cannot be reached, refuses, or breaks off, or the statement is
                not one that only reads.
        """
        watch = Watch(f"the database of {self.url_env}", self.patience)
        url = _address(self.url_env)
        name = of(url.host, url.port, url.database, self.statement)
        begun = own(bookmark, name).get("since")
        asked: dict[str, Value] = {}
        if self.since:
            asked["since"] = value_of(begun) if begun else self.since.start
        with Part(folder, self.save_as, self.bytes_at_most) as part:
            rows, last = persist(lambda: self._read(url, asked, part, watch), watch)
            mark = {"of": name} | ({"since": last} if last else {"since": begun} if begun else {})
            if self.since and not rows:
                part.discard()
                return Fetched((), mark)
            return Fetched((part.finish(),), mark)

    def _read(
        self, url: URL, asked: Mapping[str, Value], part: Part, watch: Watch
    ) -> tuple[int, str | None]:
        """Write every row, and return how many there were and the next `:since`."""
        part.begin()
        count, greatest = 0, None
        with Reading(url, watch) as reading:
            names = reading.begin(_HIDING.sub(_unbound, self.statement), asked)
            self._check(names, watch)
            schema = pa.schema([(name, pa.string()) for name in names])
            with disk(part.target), parquet.ParquetWriter(part, schema) as file:
                while rows := reading.some(self.chunk_rows):
                    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
                    texts = [
                        pa.array(as_text(name, values, watch.source), pa.string())
                        for name, values in columns.items()
                    ]
                    file.write_batch(pa.record_batch(texts, schema=schema))
                    count += len(rows)
                    if self.since:
                        held = columns[self.since.column]
                        greatest = mark_of(self.since.column, held, greatest, watch.source)
        return count, greatest

    def _check(self, names: list[str], watch: Watch) -> None:
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise FetchError(f"{watch.source}: the statement gives {twice} twice: name them apart")
        if self.since and self.since.column not in names:
            raise FetchError(
                f"{watch.source}: the statement does not give the column of since, "
                f"'{self.since.column}'"
            )


def _bare(statement: str) -> str:
    """Return a statement without what may hide another.

    Raises:
        FetchError: it is no single SELECT or WITH.
    """
    bare = _HIDING.sub(" ", statement).strip().removesuffix(";")
    if not re.match(r"(select|with)\b", bare, re.IGNORECASE) or ";" in bare:
        raise FetchError("statement: write one statement that begins with SELECT or WITH")
    return bare


def _unbound(hidden: re.Match[str]) -> str:
    """Return a quoted text or a comment so that a colon in it is no parameter for SQLAlchemy."""
    return hidden[0].replace(":", r"\:")


def _address(variable: str) -> URL:
    try:
        url = make_url(secret(variable))
    except ArgumentError:
        url = None
    kind = url.get_backend_name() if url else ""
    if url is None or kind not in ("postgresql", "sqlite"):
        raise FetchError(
            f"the environment variable {variable} holds no address of a database: write "
            "postgresql://USER:PASSWORD@HOST/DATABASE or sqlite:///FILE"
        )
    return url.set(drivername="postgresql+psycopg") if kind == "postgresql" else url
