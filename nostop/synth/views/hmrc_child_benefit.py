"""HMRC Child Benefit: one row for each child in an award; the family's weekly amount stands on
each row."""

import polars as pl

from nostop.synth.views.feed import (
    Feed,
    Seen,
    day_text,
    mention,
    no_bad_rows,
    pounds_text,
    references,
    with_bad_rows,
)

SOURCE = "hmrc_child_benefit"
_DAY = "%Y-%m-%d"
_AS_AT_DAYS_BEFORE = 18
_STATUS = {"in_payment": "PAID", "opted_out": "OPTED_OUT", "pending": "PENDING", "ended": "ENDED"}
_NOT_CHECKED_PERCENT = 30
_FAULTS = {
    "child_dob": ("2019-02-31", "31/02/2019"),
    "weekly_amount": ("12,50", "£5"),
    "status": ("PAYED",),
}
_COLUMNS = [
    "claim_ref",
    "child_no",
    "claimant_nino",
    "claimant_forename",
    "claimant_surname",
    "claimant_dob",
    "claimant_addr1",
    "claimant_postcode",
    "child_forename",
    "child_surname",
    "child_dob",
    "status",
    "weekly_amount",
    "start",
    "end",
    "right_to_reside",
    "as_at",
]


def view(seen: Seen) -> Feed:
    """Return HMRC's Child Benefit file, eldest child first within a claim."""
    rows = _with_children(seen)
    rows = seen.with_mention(rows, SOURCE, "claimant", role="")
    rows = seen.with_mention(rows, SOURCE, "child", validate="1:1")
    key = pl.concat_str("claim_ref", pl.col("child_no").cast(pl.String), separator="/")
    mentions = pl.concat(
        [rows.select(mention(key, "claimant_id")), rows.select(mention(key + "#child", "child_id"))]
    )
    feed = Feed(SOURCE, "hmrc_child_benefit.csv", _as_text(rows, seen), mentions, no_bad_rows())
    return with_bad_rows(feed, _FAULTS, seen.shapes, seen.chance)


def _with_children(seen: Seen) -> pl.DataFrame:
    awards = seen.awards.filter(pl.col("scheme") == "child_benefit").rename(
        {"person_id": "claimant_id"}
    )
    refs = references("CHB", len(awards), seen.chance.seed + 31)
    unchecked = (
        seen.chance.part("right to reside").integers(0, 100, len(awards)) < _NOT_CHECKED_PERCENT
    )
    claimants = seen.people.select(
        "person_id", "benefit_unit_id", "lives_in_uk", "has_recourse_to_public_funds"
    )
    awards = awards.with_columns(claim_ref=refs, unchecked=pl.Series(unchecked)).join(
        claimants, left_on="claimant_id", right_on="person_id", how="left", validate="1:1"
    )
    born_by_then = pl.col("age_days") > _AS_AT_DAYS_BEFORE
    children = seen.people.filter((pl.col("role") == "child") & born_by_then).sort(
        "benefit_unit_id", "born_on", "person_id"
    )
    children = children.select("benefit_unit_id", child_id="person_id")
    rows = awards.join(
        children, on="benefit_unit_id", how="inner", validate="1:m", maintain_order="left_right"
    ).sort("claim_ref", maintain_order=True)
    return rows.with_columns(child_no=1 + pl.int_range(pl.len()).over("claim_ref"))


def _as_text(rows: pl.DataFrame, seen: Seen) -> pl.DataFrame:
    right = (
        pl.when(pl.col("unchecked"))
        .then(pl.lit(None, pl.String))
        .when(~pl.col("has_recourse_to_public_funds"))
        .then(pl.lit("N"))
        .when("lives_in_uk")
        .then(pl.lit("Y"))
    )
    return rows.with_columns(
        child_no=pl.col("child_no").cast(pl.String),
        claimant_forename="claimant_first_name",
        claimant_dob=day_text(pl.col("claimant_born_on"), _DAY),
        claimant_addr1="claimant_address_line_1",
        child_forename="child_first_name",
        child_dob=day_text(pl.col("child_born_on"), _DAY),
        status=pl.col("status").replace_strict(_STATUS),
        weekly_amount=pounds_text(pl.col("amount")),
        start=day_text(pl.col("starts_on"), _DAY),
        end=day_text(pl.col("ends_on"), _DAY),
        right_to_reside=right,
        as_at=pl.lit(seen.day(_AS_AT_DAYS_BEFORE).strftime(_DAY)),
    ).select(_COLUMNS)
