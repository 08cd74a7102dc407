"""Records for the tests of linking, built from literals.

Everybody is invented; NINOs begin QQ, which is never issued.
"""

from datetime import date

import polars as pl

from nostop.frames import SourceRecords
from nostop.linkage import link

BLANK = dict.fromkeys(SourceRecords.columns())
SCHEMA = {
    name: pl.Date if name in ("born_on", "seen_on") else pl.String
    for name in SourceRecords.columns()
}
HOME = {"uprn": "99900000001", "address_line_1": "1 Alder Road", "postcode": "ZZ1 1AA"}
AWAY = {"uprn": "99900000002", "address_line_1": "2 Birch Close", "postcode": "ZZ9 9ZZ"}


def record(
    key: str, name: str, born_on: str | None = None, **other: str | None
) -> dict[str, object]:
    """Return one source record: `key` is `source:record_id`, `name` is first name and surname."""
    source, record_id = key.split(":")
    first, _, surname = name.partition(" ")
    return {
        **BLANK,
        "source": source,
        "record_id": record_id,
        "first_name": first or None,
        "surname": surname or None,
        "born_on": None if born_on is None else date.fromisoformat(born_on),
        **other,
    }


def frame(*records: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(list(records), schema=SCHEMA)


def groups(links: pl.DataFrame) -> set[frozenset[str]]:
    """Return who is together: sets of `source:record_id`."""
    keyed = links.with_columns(key=pl.col("source") + ":" + pl.col("record_id"))
    return {frozenset(keys) for keys in keyed.group_by("person_id").agg("key")["key"].to_list()}


def linked(*records: dict[str, object]) -> set[frozenset[str]]:
    return groups(link(frame(*records)))


def together(*keys: str) -> frozenset[str]:
    return frozenset(keys)
