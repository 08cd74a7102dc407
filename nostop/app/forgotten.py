"""Leaves people who were erased out of what the feeds bring: the feeds are not ours, and go on
holding them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from nostop.app.opened import VARIABLE, opened
from nostop.app.sending import DATABASE
from nostop.feeds import FeedBatch
from nostop.model import SettingsError
from nostop.store.erasure import Secret, erased_keys

SECRET = "NOSTOP_ERASURE_KEY"  # noqa: S105 - the name of the variable
_KEY = ["source", "record_id"]
_OF_A_RECORD = ("records", "facts", "awards", "relations", "contacts", "set_aside")


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The keyed hashes of records of people who were erased, and the key."""

    keys: frozenset[str]
    secret: Secret | None = field(repr=False)

    def among(self, records: pl.DataFrame) -> pl.DataFrame:
        """Return `source` and `record_id` of those records whose person was erased."""
        rows = records.select(_KEY).drop_nulls().unique(maintain_order=True)
        if self.secret is None:
            return rows.clear()
        found = [self.secret.record_key(*row) in self.keys for row in rows.iter_rows()]
        return rows.filter(pl.Series(found, dtype=pl.Boolean))

    def without(self, batch: FeedBatch) -> FeedBatch:
        """Return what a feed brought without the records of people who were erased.

        Those they are related to become people of whom something is set aside, so that nobody
        reads an absence for them: somebody's partner is not single because the other is erased.
        """
        gone = self.among(pl.concat([batch.records, batch.set_aside]))
        if not gone.height:
            return batch
        tables = {name: _without(getattr(batch, name), gone, _KEY) for name in _OF_A_RECORD}
        other = ["source", "other_record_id"]
        tables["relations"] = _without(tables["relations"], gone, other)
        touched = tables["records"].join(_related(batch.relations, gone), on=_KEY, how="semi")
        new = _without(touched, tables["set_aside"], _KEY)
        tables["set_aside"] = pl.concat([tables["set_aside"], new]).sort(_KEY)
        return replace(batch, **tables)


def forgotten(out: Path, environment: Mapping[str, str]) -> Forgotten:
    """Return whom runs into a folder leave out: by its own database, and by the store.

    Raises:
        SettingsError: somebody was erased and the key is not set: they would come back.
        StoreError: a database cannot be opened, or the key is too short.
    """
    database, url, secret = out / DATABASE, environment.get(VARIABLE), environment.get(SECRET)
    urls = [f"sqlite:///{database}"] if database.is_file() else []
    keys: frozenset[str] = frozenset()
    for each in [*urls, url] if url else urls:
        with opened(each) as engine:
            keys |= erased_keys(engine)
    if keys and not secret:
        raise SettingsError(
            f"erasure: people were erased from here, and feeds may still hold them: set {SECRET} "
            "as it was, or they would come back"
        )
    return Forgotten(keys, Secret(secret) if keys and secret else None)


def _without(table: pl.DataFrame, gone: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    return table.join(gone, left_on=columns, right_on=_KEY, how="anti", maintain_order="left")


def _related(relations: pl.DataFrame, gone: pl.DataFrame) -> pl.DataFrame:
    """Return the records that are related to any that is gone, on either side."""
    other = ["source", "other_record_id"]
    to = relations.join(gone, left_on=other, right_on=_KEY, how="semi").select(_KEY)
    of = relations.join(gone, on=_KEY, how="semi").select("source", record_id="other_record_id")
    return pl.concat([to, of]).drop_nulls().unique()
