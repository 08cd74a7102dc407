"""What earlier runs into a folder knew of each feed, to hold the next file against."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from nostop import store
from nostop.app.results import LINKS
from nostop.app.sending import DATABASE
from nostop.feeds import FeedDeclaration, LastTime


def last_times(out: Path, declarations: Iterable[FeedDeclaration]) -> dict[str, LastTime]:
    """Return what is known of each feed that an earlier run into `out` used.

    Args:
        out: the folder of a run's results; it need not be there.

    Raises:
        StoreError: its database cannot be used safely.
    """
    rows = _last_rows(out / DATABASE)
    asked = [d.id for d in declarations if d.contract.known_records_at_least is not None]
    records = _last_records(out / LINKS, asked)
    sources = sorted({*rows, *records})
    return {source: LastTime(rows.get(source), records.get(source)) for source in sources}


def _last_rows(database: Path) -> dict[str, int]:
    if not database.is_file():
        return {}
    engine = store.open_store(f"sqlite:///{database}")
    try:
        store.upgrade(engine)
        return store.last_rows(engine)
    finally:
        engine.dispose()


def _last_records(links: Path, sources: list[str]) -> dict[str, pl.Series]:
    if not (sources and links.is_file()):
        return {}
    known = pl.scan_parquet(links).select("source", "record_id")
    mine = known.filter(pl.col("source").is_in(sources)).collect()
    return {source: mine.filter(source=source)["record_id"] for source in sources}
