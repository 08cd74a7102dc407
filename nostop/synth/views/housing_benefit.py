"""The council's pension-age Housing Benefit claims, in the manner of the Single Housing Benefit
Extract: one row a claim."""

import polars as pl

from nostop.synth.days import days_before
from nostop.synth.views.feed import (
    Feed,
    Seen,
    day_text,
    mention,
    no_bad_rows,
    pounds_text,
    present,
    references,
    with_bad_rows,
    yes_no,
)

SOURCE = "housing_benefit"
_DAY = "%d/%m/%Y"
_TENURE = {"council_rent": "1", "housing_association_rent": "2", "private_rent": "3"}
#: Savings need not be stated where Pension Credit opens the door to a full award.
_SAVINGS_LEFT_OUT_PERCENT = 30
_FAULTS = {
    "dob": ("31/02/1950",),
    "weekly_rent": ("12,50", "£5"),
    "tenure": ("9",),
    "status": ("PAID",),
}
_COLUMNS = [
    "claim_ref",
    "nino",
    "surname",
    "forename",
    "dob",
    "sex",
    "partner_nino",
    "partner_surname",
    "partner_forename",
    "partner_dob",
    "addr1",
    "town",
    "postcode",
    "uprn",
    "tenure",
    "weekly_rent",
    "weekly_service_charge",
    "bedrooms",
    "non_dependants",
    "capital",
    "other_pension_weekly",
    "has_pay",
    "has_self_employment",
    "has_other_pension",
    "award_weekly",
    "status",
    "start",
    "residence_ok",
    "assessed_on",
]


def view(seen: Seen) -> Feed:
    """Return the council's Housing Benefit file."""
    rows = _claims(seen)
    own = seen.written(SOURCE, rows["person_id"])
    rows = rows.join(own, on="person_id", how="left", validate="1:1", maintain_order="left")
    rows = seen.with_mention(rows, SOURCE, "partner")
    mentions = pl.concat(
        [
            rows.select(mention(pl.col("claim_ref"), "person_id")),
            rows.select(mention(pl.col("claim_ref") + "#partner", "partner_id")),
        ]
    )
    feed = Feed(SOURCE, "housing_benefit.csv", _as_text(rows), present(mentions), no_bad_rows())
    return with_bad_rows(feed, _FAULTS, seen.shapes, seen.chance)


def _claims(seen: Seen) -> pl.DataFrame:
    rng = seen.chance.part("housing benefit extract")
    awards = seen.awards.filter(pl.col("scheme") == "housing_benefit")
    awards = awards.select("person_id", "status", "amount", "starts_on")
    rows = awards.join(
        _units(seen), on="person_id", how="left", validate="1:1", maintain_order="left"
    )
    dwelling = ["household_id", "tenure", "rent", "service_charge", "bedrooms", "adults"]
    rows = rows.join(
        seen.district.households.select(dwelling),
        on="household_id",
        how="left",
        validate="m:1",
        maintain_order="left",
    )
    silent = pl.Series(rng.integers(0, 100, len(rows)) < _SAVINGS_LEFT_OUT_PERCENT)
    return rows.with_columns(
        claim_ref=references("HB", len(rows), seen.chance.seed + 41),
        capital=pl.when(~(silent & pl.col("with_credit"))).then("capital"),
        assessed_on=days_before(seen.day(10), rng.integers(0, 130, len(rows))),
    ).sort("claim_ref")


def _units(seen: Seen) -> pl.DataFrame:
    """Return one row for each benefit unit: its two adults, and what a claim asks of them."""
    adults = seen.people.filter(pl.col("role") == "adult")
    person, member = pl.col("person_id"), pl.col("member")
    paid = (pl.col("scheme") == "pension_credit") & (pl.col("status") == "in_payment")
    credit = seen.awards.filter(paid)["person_id"].to_list()
    return adults.group_by("benefit_unit_id").agg(
        person.filter(member == 0).first(),
        person.filter(member == 1).first().alias("partner_id"),
        pl.col("household_id").first(),
        pl.col("capital").sum(),
        pl.col("private_pension").sum(),
        (pl.col("gross_earnings") > 0).any().alias("has_pay"),
        (pl.col("self_employed_profit") > 0).any().alias("has_self_employment"),
        (pl.col("lives_in_uk") & pl.col("has_recourse_to_public_funds"))
        .all()
        .alias("residence_ok"),
        pl.len().alias("unit_adults"),
        person.is_in(credit).any().alias("with_credit"),
    )


def _as_text(rows: pl.DataFrame) -> pl.DataFrame:
    upper = {"surname": "surname", "partner_surname": "partner_surname"}
    return rows.with_columns(
        **{name: pl.col(column).str.to_uppercase() for name, column in upper.items()},
        forename="first_name",
        dob=day_text(pl.col("born_on"), _DAY),
        sex=pl.col("sex").str.slice(0, 1).str.to_uppercase(),
        partner_forename="partner_first_name",
        partner_dob=day_text(pl.col("partner_born_on"), _DAY),
        addr1="address_line_1",
        tenure=pl.col("tenure").replace_strict(_TENURE),
        weekly_rent=pounds_text(pl.col("rent")),
        weekly_service_charge=pounds_text(pl.col("service_charge")),
        bedrooms=pl.col("bedrooms").cast(pl.String),
        non_dependants=(pl.col("adults") - pl.col("unit_adults")).cast(pl.String),
        capital=pounds_text(pl.col("capital")),
        other_pension_weekly=pounds_text(pl.col("private_pension") * 12 // 52),
        has_pay=yes_no(pl.col("has_pay")),
        has_self_employment=yes_no(pl.col("has_self_employment")),
        has_other_pension=yes_no(pl.col("private_pension") > 0),
        award_weekly=pounds_text(pl.col("amount").fill_null(0)),
        status=pl.when(pl.col("status") == "ended").then(pl.lit("END")).otherwise(pl.lit("IP")),
        start=day_text(pl.col("starts_on"), _DAY),
        residence_ok=yes_no(pl.col("residence_ok")),
        assessed_on=day_text(pl.col("assessed_on"), _DAY),
    ).select(_COLUMNS)
