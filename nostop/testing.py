"""What a plugin author runs in their own tests: does a connector keep the promises of its seam?"""

from pathlib import Path

import polars as pl

from nostop.model import FeedError
from nostop.ports import Connector, RawTable

_REJECTED = {"line": pl.Int64, "column": pl.String, "reason": pl.String}


def check_connector(connector: Connector, location: Path) -> RawTable:
    """Read a good file and a missing one with a connector, and return what it read.

    Raises:
        AssertionError: says which promise of `nostop.ports.Connector` is not kept.
    """
    table, again = connector.read(location), connector.read(location)
    rows = table.rows.drop("_line", strict=False)
    _promise(dict.fromkeys(rows.columns, pl.String) == dict(rows.schema), "every column is text")
    _promise(table.rows.schema.get("_line") == pl.Int64, "rows have '_line' as Int64")
    lines = pl.concat([table.rows["_line"], table.rejected["line"]])
    _promise(
        lines.null_count() == 0 and lines.n_unique() == lines.len(), "each row has its own line"
    )
    _promise(bool((lines >= 1).all()), "lines count from 1")
    _promise(not rows.select((pl.all() == "").any()).row(0).count(True), "an empty value is null")
    _promise(dict(table.rejected.schema) == _REJECTED, f"rejected rows have {list(_REJECTED)}")
    _promise(len(table.sha256) == 64, "sha256 has 64 hexadecimal digits")
    same = table.sha256 == again.sha256 and table.rows.equals(again.rows)
    _promise(same, "the same source gives the same rows and sha256")
    _promise(_refuses(connector, location / "nothing-here"), "a missing source is a FeedError")
    return table


def _promise(kept: bool, promise: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not kept:
        raise AssertionError(f"not kept: {promise}")


def _refuses(connector: Connector, location: Path) -> bool:
    try:
        connector.read(location)
    except FeedError:
        return True
    return False
