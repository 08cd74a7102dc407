"""Column types that keep the same values on SQLite and PostgreSQL.

SQLite's STRICT tables know INTEGER, REAL, TEXT, BLOB and ANY only, so there dates and times are ISO
text and truth values are 0 or 1; PostgreSQL gets its own types. Python sees no difference.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Dialect,
    Integer,
    LargeBinary,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeEngine


class _IsoDate(sqlite.DATE):
    """A date that a STRICT table accepts."""


class _IsoTime(sqlite.DATETIME):
    """A time that a STRICT table accepts."""


class _ZeroOrOne(Boolean):
    """A truth value that a STRICT table accepts."""


@compiles(_IsoDate, "sqlite")
@compiles(_IsoTime, "sqlite")
def _as_text(element: Any, compiler: Any, **options: Any) -> str:  # noqa: ANN401, ARG001 - the hook's own signature
    return "TEXT"


@compiles(_ZeroOrOne, "sqlite")
def _as_integer(element: Any, compiler: Any, **options: Any) -> str:  # noqa: ANN401, ARG001 - the hook's own signature
    return "INTEGER"


# The ignores: SQLAlchemy's constructors of these two have no annotations.
_ISO_DATE = _IsoDate()  # type: ignore[no-untyped-call]
_ISO_TIME = _IsoTime()  # type: ignore[no-untyped-call]


class UtcTime(TypeDecorator[datetime]):
    """A moment. It must say its zone when it comes in, and goes out in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(_ISO_TIME)
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the hook's own signature
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


TEXT = Text()
WHOLE = BigInteger().with_variant(Integer(), "sqlite")
DAY = Date().with_variant(_ISO_DATE, "sqlite")
YES_NO = Boolean().with_variant(_ZeroOrOne(), "sqlite")
MOMENT = UtcTime()
BYTES = LargeBinary()
