"""What is true of the invented district, as tables to measure a run against."""

import polars as pl

from nostop.synth.synthetic import Synthetic
from nostop.synth.views.feed import Feed

README = """# The truth: no stage may read it

These tables say who is who, what is true of everybody, what the rule packs give on the full true
circumstances, and who claims. They exist to measure a run from outside: how many records were
linked rightly, how many unclaimed awards were found. A stage that read them would be marking its
own homework, so none may. Everybody in them is invented.

| File | One row for each |
|---|---|
| people.parquet | person, with every fact known |
| benefit_units.parquet | benefit unit |
| households.parquet | household |
| awards.parquet | award or claim, as it truly stands |
| determinations.parquet | subject and scheme: what the packs give, and whether it is claimed |
| record_map.parquet | record that the feeds hold (source, record_id): whose it is |
| bad_rows.parquet | planted fault that strict parsing must set aside (source, file, line, column) |
"""


def truth_tables(synthetic: Synthetic) -> dict[str, pl.DataFrame]:
    """Return the tables of `truth/` by name, each sorted by its key."""
    situation = synthetic.situation
    awards = situation.awards if situation.awards is not None else pl.DataFrame()
    return {
        "people": situation.people.sort("person_id"),
        "benefit_units": situation.benefit_units.sort("benefit_unit_id"),
        "households": situation.households.sort("household_id"),
        "awards": awards.sort(pl.all(), nulls_last=True),
        "determinations": synthetic.determinations.sort(
            "scheme", "benefit_unit_id", "person_id", "household_id"
        ),
        "record_map": pl.concat([_records(feed) for feed in synthetic.feeds]).sort(
            "source", "record_id"
        ),
        "bad_rows": pl.concat([_bad_rows(feed) for feed in synthetic.feeds]).sort("source", "line"),
    }


def _records(feed: Feed) -> pl.DataFrame:
    """Return source, record_id, person_id of the records that strict parsing keeps."""
    kept = feed.mentions.join(feed.bad, on="row", how="anti")
    return kept.select(pl.lit(feed.source).alias("source"), "record_id", "person_id")


def _bad_rows(feed: Feed) -> pl.DataFrame:
    """Return where the planted faults stand; a CSV's header is line 1, the fixed-width file has
    none."""
    first = 2 if feed.file.endswith(".csv") else 1
    return feed.bad.select(
        pl.lit(feed.source).alias("source"),
        pl.lit(feed.file).alias("file"),
        (pl.col("row") + first).alias("line"),
        "column",
    )
