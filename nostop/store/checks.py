"""What may go into the database. SQLite would take text where a number belongs, and a NUL in text.

Ids and words are opaque and plain, so that no name, address or e-mail can slip in. Errors say which
column and how many rows, and never a value.
"""

import re

import polars as pl

from nostop.model import StoreError
from nostop.ports import Receipt

ID = r"^[A-Za-z0-9_.:-]{1,100}$"
#: The name of a file of ours, or a version.
NAME = r"^[A-Za-z0-9_.:/+ -]{1,200}$"
SHA256 = r"^[0-9a-f]{64}$"
#: Free text of ours, such as why a feed is held: no NUL, which PostgreSQL cannot store.
NOTE = r"^[^\x00]{0,2000}$"
_REASON = re.compile(r"[a-z][a-z0-9_]{0,60}(: [A-Za-z][A-Za-z0-9_]{0,60})?")
WITHHELD = "withheld"


def check_text(frame: pl.DataFrame, table: str, patterns: dict[str, str]) -> pl.DataFrame:
    """Return `frame`, of which the text columns fit their patterns; null always fits.

    Raises:
        StoreError: a column has another type, or values that do not fit.
    """
    for column, pattern in patterns.items():
        if frame.schema[column] not in (pl.String(), pl.Null()):
            raise StoreError(f"store: {table}.{column} is {frame.schema[column]}, expected text")
        fits = pl.col(column).cast(pl.String).str.contains(f"(?s){pattern}")
        wrong = frame.filter(~fits).height
        if wrong:
            raise StoreError(f"store: {wrong} values of {table}.{column} are not fit to be stored")
    return frame


def check_id(value: str, name: str) -> str:
    """Return `value` if it is a plain id.

    Raises:
        StoreError: it is not.
    """
    if not re.fullmatch(ID.strip("^$"), value):
        raise StoreError(f"store: {name} is not a plain id of letters, digits and _ . : -")
    return value


def plain_reference(receipt: Receipt) -> str | None:
    """Return the channel's reference, or `withheld` where it is more than an id."""
    if receipt.reference is None or re.fullmatch(ID.strip("^$"), receipt.reference):
        return receipt.reference
    return WITHHELD


def plain_reason(receipt: Receipt) -> str | None:
    """Return why a message failed, or `withheld` where it is more than a word or two.

    A channel of somebody else's may quote the address it could not reach.
    """
    if receipt.reason is None or _REASON.fullmatch(receipt.reason):
        return receipt.reason
    return WITHHELD
