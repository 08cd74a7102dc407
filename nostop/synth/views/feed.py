"""What every view is made from and made into."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
import polars as pl

from nostop.synth.chance import Chance, scattered
from nostop.synth.circumstances import District
from nostop.synth.faults import Writer, bad_lines, miswrite
from nostop.synth.shapes import Shapes


@dataclass(frozen=True, slots=True)
class Seen:
    """The truth that departments look at: the district, all awards (`AWARD_COLUMNS`), and how the
    run is drawn."""

    district: District
    awards: pl.DataFrame
    shapes: Shapes
    names: Shapes
    chance: Chance
    effective_on: date

    @property
    def people(self) -> pl.DataFrame:
        """Everybody, in the order of person_id."""
        return self.district.people

    def writer(self, source: str) -> Writer:
        """Return who writes a source down."""
        return Writer.of(source, self.shapes, self.names, self.chance)

    def written(self, source: str, person_ids: pl.Series, role: str = "") -> pl.DataFrame:
        """Return person_id and the mention of each person named, as the source has it; one row
        for each person."""
        named = self.people.filter(pl.col("person_id").is_in(person_ids.unique().to_list()))
        return miswrite(named, self.writer(source), role)

    def with_mention(
        self,
        rows: pl.DataFrame,
        source: str,
        who: str,
        *,
        role: str | None = None,
        validate: Literal["m:1", "1:1"] = "m:1",
    ) -> pl.DataFrame:
        """Return the rows with the mention of the person in `<who>_id` beside them, as `<who>_...`
        columns; `role` is who they are to the source, `who` unless said."""
        written = self.written(
            source, rows[f"{who}_id"].drop_nulls(), who if role is None else role
        )
        return rows.join(
            written.select(pl.all().name.prefix(f"{who}_")),
            left_on=f"{who}_id",
            right_on=f"{who}_person_id",
            how="left",
            validate=validate,
            maintain_order="left",
        )

    def day(self, before: int) -> date:
        """Return the day so many days before the effective date."""
        return self.effective_on - timedelta(days=before)


@dataclass(frozen=True, slots=True)
class Feed:
    """One department's file as text columns, in file order.

    mentions: one row for each person mentioned: row (position in `rows`), record_id, person_id.
    bad: one row for each row with a planted fault: row, column.
    """

    source: str
    file: str
    rows: pl.DataFrame
    mentions: pl.DataFrame
    bad: pl.DataFrame


def no_bad_rows() -> pl.DataFrame:
    """Return an empty table of planted faults."""
    return pl.DataFrame(schema={"row": pl.Int64, "column": pl.String})


def mention(record_id: pl.Expr, person_id: str) -> list[pl.Expr]:
    """Return the columns of `Feed.mentions` for a frame in file order."""
    return [
        pl.int_range(pl.len(), dtype=pl.Int64).alias("row"),
        record_id.alias("record_id"),
        pl.col(person_id).alias("person_id"),
    ]


def references(prefix: str, count: int, seed: int) -> pl.Series:
    """Return `count` different references of a source: the prefix and eight digits."""
    numbers = pl.Series(scattered(count, 10**8, seed)).cast(pl.String)
    return prefix + numbers.str.zfill(8)


def present(mentions: pl.DataFrame) -> pl.DataFrame:
    """Return the mentions that name somebody."""
    return mentions.filter(pl.col("person_id").is_not_null())


def with_bad_rows(
    feed: Feed, faults: Mapping[str, tuple[str, ...]], shapes: Shapes, chance: Chance
) -> Feed:
    """Plant a fault in about one row in a thousand: `faults` gives for a column the texts that
    must be refused."""
    rng = chance.part(f"planted faults of {feed.source}")
    at = np.flatnonzero(bad_lines(len(feed.rows), feed.source, shapes, chance))
    columns = np.asarray(list(faults), dtype=object)[rng.integers(0, len(faults), len(at))]
    rows = feed.rows
    for column, texts in faults.items():
        here = at[columns == column]
        chosen = np.asarray(texts, dtype=object)[rng.integers(0, len(texts), len(here))]
        rows = rows.with_columns(rows[column].scatter(here, pl.Series(chosen, dtype=pl.String)))
    bad = pl.DataFrame(
        {"row": at, "column": pl.Series(columns, dtype=pl.String)},
        schema={"row": pl.Int64, "column": pl.String},
    )
    return Feed(feed.source, feed.file, rows, feed.mentions, bad)


def pounds_text(pence: pl.Expr) -> pl.Expr:
    """Return pence as pounds with two decimals: 15000 -> 150.00."""
    return pl.concat_str(
        (pence // 100).cast(pl.String), pl.lit("."), (pence % 100).cast(pl.String).str.zfill(2)
    )


def day_text(day: pl.Expr, form: str) -> pl.Expr:
    """Return a date as the source writes it."""
    return day.dt.strftime(form)


def yes_no(value: pl.Expr) -> pl.Expr:
    """Return Y or N; null stays empty."""
    return pl.when(value).then(pl.lit("Y")).when(~value).then(pl.lit("N"))
