"""The council's council tax accounts: fixed width, no birth dates, no National Insurance numbers,
names in capitals."""

import polars as pl

from nostop.synth.days import days_before
from nostop.synth.views.feed import (
    Feed,
    Seen,
    day_text,
    mention,
    no_bad_rows,
    present,
    references,
    with_bad_rows,
)

SOURCE = "council_tax"
#: Name and width of each field, in order; positions count characters.
FIELDS = {
    "account": 10,
    "uprn": 12,
    "band": 1,
    "liable1_forename": 20,
    "liable1_surname": 25,
    "liable2_forename": 20,
    "liable2_surname": 25,
    "discount": 4,
    "annual_pence": 8,
    "address": 35,
    "town": 20,
    "postcode": 8,
    "tenure": 1,
    "liable_from": 8,
    "as_at": 8,
}
_DAY = "%Y%m%d"
_AS_AT_DAYS_BEFORE = 30
_TENURE = {
    "owned_outright": "O",
    "mortgage": "M",
    "private_rent": "P",
    "council_rent": "L",
    "housing_association_rent": "H",
}
_TENURE_UNKNOWN_PERCENT = 9
_ONE_NAME_ONLY_PERCENT = 14
_NO_ACCOUNT_PER_1000 = 12
_FAULTS = {
    "liable_from": ("20240231",),
    "annual_pence": ("0012,500", "  £12500"),
    "band": ("Z",),
    "tenure": ("Q",),
}


def view(seen: Seen) -> Feed:
    """Return the council's file: one line for each account, with one or two liable people."""
    rows = _accounts(seen)
    for place in ("1", "2"):
        written = seen.written(SOURCE, rows[f"liable{place}"].drop_nulls(), f"liable{place}")
        written = written.select(
            pl.col("person_id").alias(f"liable{place}"),
            pl.col("first_name").str.to_uppercase().alias(f"liable{place}_forename"),
            pl.col("surname").str.to_uppercase().alias(f"liable{place}_surname"),
        )
        rows = rows.join(
            written, on=f"liable{place}", how="left", validate="m:1", maintain_order="left"
        )
    mentions = pl.concat(
        [
            rows.select(mention(pl.col("account"), "liable1")),
            rows.select(mention(pl.col("account") + "#liable2", "liable2")),
        ]
    )
    feed = Feed(SOURCE, "council_tax.txt", _as_text(rows, seen), present(mentions), no_bad_rows())
    return with_bad_rows(feed, _FAULTS, seen.shapes, seen.chance)


def _accounts(seen: Seen) -> pl.DataFrame:
    rng = seen.chance.part("council tax accounts")
    households = seen.district.households.filter(pl.col("tenure") != "other")
    households = households.filter(
        pl.Series(rng.integers(0, 1000, len(households)) >= _NO_ACCOUNT_PER_1000)
    )
    sharing = pl.col("household_type").str.ends_with("sharers")
    liable = seen.people.filter((pl.col("role") == "adult") & ((pl.col("slot") == 0) | sharing))
    liable = liable.group_by("household_id", maintain_order=True).agg(
        pl.col("person_id").get(0).alias("liable1"),
        pl.col("person_id").get(1, null_on_oob=True).alias("liable2"),
    )
    rows = households.join(
        liable, on="household_id", how="left", validate="1:1", maintain_order="left"
    )
    accounts = references("CT", len(rows), seen.chance.seed + 37)
    one_name = pl.Series(rng.integers(0, 100, len(rows)) < _ONE_NAME_ONLY_PERCENT)
    unknown = pl.Series(rng.integers(0, 100, len(rows)) < _TENURE_UNKNOWN_PERCENT)
    code = pl.col("tenure").replace_strict(_TENURE)
    return rows.with_columns(
        account=accounts,
        liable2=pl.when(~one_name).then("liable2"),
        tenure=pl.when(unknown).then(pl.lit("")).otherwise(code),
        since=days_before(seen.day(60), rng.integers(0, 6000, len(rows))),
    ).sort("account")


def _as_text(rows: pl.DataFrame, seen: Seen) -> pl.DataFrame:
    return rows.with_columns(
        band=pl.col("council_tax_band").str.to_uppercase(),
        discount="council_tax_discount",
        annual_pence=pl.col("council_tax").cast(pl.String).str.zfill(8),
        address=pl.col("address_line_1").str.to_uppercase(),
        town=pl.col("town").str.to_uppercase(),
        liable_from=day_text(pl.col("since"), _DAY),
        as_at=pl.lit(seen.day(_AS_AT_DAYS_BEFORE).strftime(_DAY)),
    ).select(*FIELDS)


def fixed_lines(rows: pl.DataFrame) -> pl.Series:
    """Return one line of text for each account, each field cut and filled to its width."""
    fields = [
        pl.col(name).fill_null("").str.slice(0, width).str.pad_end(width)
        for name, width in FIELDS.items()
    ]
    return rows.select(pl.concat_str(fields).alias("line")).to_series()
