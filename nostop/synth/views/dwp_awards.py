"""DWP: one row for each person and benefit award, in capitals, amounts in pounds, dates as
DD/MM/YYYY."""

import polars as pl

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

SOURCE = "dwp_awards"
_DAY = "%d/%m/%Y"
_AS_AT_DAYS_BEFORE = 21
_STATUS = {
    "in_payment": "IP",
    "nil_award": "NIL",
    "pending": "PEND",
    "opted_out": "OPT",
    "ended": "END",
}
_RESIDENCE_CHECKED = ["PC", "UC", "CA", "AA", "PIPDL", "PIPM", "DLAC", "DLAM"]
_CARE_HOME_ASKED = ["PC", "AA", "PIPDL", "PIPM", "DLAC", "DLAM"]
_IN_CAPITALS = {
    "forename": "first_name",
    "middle_names": "middle_names",
    "surname": "surname",
    "addr1": "address_line_1",
    "town": "town",
    "partner_forename": "partner_first_name",
    "partner_surname": "partner_surname",
}
_ASSESSED = {"lcw": "LCW", "lcwra": "LCWRA"}
_FAULTS = {
    "dob": ("31/02/1961", "00/00/0000"),
    "start": ("31/02/2024", "2024-13-01"),
    "amount": ("12,50", "£5"),
    "status": ("XP",),
    "benefit": ("ZZ",),
}
_COLUMNS = [
    "award_ref",
    "nino",
    "forename",
    "middle_names",
    "surname",
    "dob",
    "sex",
    "addr1",
    "town",
    "postcode",
    "benefit",
    "rate",
    "status",
    "amount",
    "freq",
    "start",
    "end",
    "partner_nino",
    "partner_forename",
    "partner_surname",
    "partner_dob",
    "residence",
    "public_funds",
    "custody",
    "care_home",
    "wca",
    "wca_from",
    "as_at",
]


def view(seen: Seen) -> Feed:
    """Return DWP's file. A couple's Pension Credit or Universal Credit is one row with the
    partner beside the claimant."""
    rows = _with_refs(_with_partners(seen), seen)
    own = seen.written(SOURCE, rows["person_id"])
    rows = rows.join(own, on="person_id", how="left", validate="m:1", maintain_order="left")
    rows = seen.with_mention(rows, SOURCE, "partner")
    mentions = pl.concat(
        [
            rows.select(mention(pl.col("award_ref"), "person_id")),
            rows.select(mention(pl.col("award_ref") + "#partner", "partner_id")),
        ]
    )
    feed = Feed(SOURCE, "dwp_awards.csv", _as_text(rows, seen), present(mentions), no_bad_rows())
    return with_bad_rows(feed, _FAULTS, seen.shapes, seen.chance)


def _with_partners(seen: Seen) -> pl.DataFrame:
    awards = seen.awards.filter(pl.col("code").is_not_null())
    facts = [
        "benefit_unit_id",
        "lives_in_uk",
        "has_recourse_to_public_funds",
        "in_prison",
        "in_care_home",
        "limited_capability",
        "limited_capability_since",
    ]
    awards = awards.join(
        seen.people.select("person_id", *facts),
        on="person_id",
        how="left",
        validate="m:1",
        maintain_order="left",
    )
    couples = (
        seen.people.filter(pl.col("member") < 2)
        .group_by("benefit_unit_id")
        .agg(
            pl.col("person_id").first().alias("one"),
            pl.col("person_id").last().alias("other"),
            pl.len(),
        )
    )
    couples = couples.filter(pl.col("len") == 2).drop("len")
    awards = awards.join(
        couples, on="benefit_unit_id", how="left", validate="m:1", maintain_order="left"
    )
    for_two = pl.col("code").is_in(["PC", "UC"])
    partner = (
        pl.when(for_two & (pl.col("one") == pl.col("person_id")))
        .then("other")
        .when(for_two)
        .then("one")
    )
    return awards.with_columns(partner_id=partner)


def _with_refs(awards: pl.DataFrame, seen: Seen) -> pl.DataFrame:
    refs = references("AW", len(awards), seen.chance.seed + 17)
    return awards.with_columns(award_ref=refs).sort("award_ref")


def _as_text(rows: pl.DataFrame, seen: Seen) -> pl.DataFrame:
    is_uc = pl.col("code") == "UC"
    weekly_or_monthly = pl.when(is_uc).then(pl.lit("M")).otherwise(pl.lit("W"))
    return rows.with_columns(
        **{name: pl.col(column).str.to_uppercase() for name, column in _IN_CAPITALS.items()},
        **_checks(is_uc),
        dob=day_text(pl.col("born_on"), _DAY),
        sex=pl.col("sex").str.slice(0, 1).str.to_uppercase(),
        benefit="code",
        status=pl.col("status").replace_strict(_STATUS),
        amount=pounds_text(pl.col("amount")),
        freq=pl.when(pl.col("amount").is_not_null()).then(weekly_or_monthly),
        start=day_text(pl.col("starts_on"), _DAY),
        end=day_text(pl.col("ends_on"), _DAY),
        partner_dob=day_text(pl.col("partner_born_on"), _DAY),
        as_at=pl.lit(seen.day(_AS_AT_DAYS_BEFORE).strftime(_DAY)),
    ).select(_COLUMNS)


def _checks(is_uc: pl.Expr) -> dict[str, pl.Expr]:
    """Return what DWP checked for the award; empty where it did not ask."""
    checked = pl.col("code").is_in(_RESIDENCE_CHECKED)
    asked = pl.col("code").is_in(_CARE_HOME_ASKED)
    result = pl.col("limited_capability").replace_strict(_ASSESSED, default=None)
    since = day_text(pl.col("limited_capability_since"), _DAY)
    return {
        "residence": pl.when("lives_in_uk").then(pl.lit("GB")).otherwise(pl.lit("XX")),
        "public_funds": pl.when(checked).then(yes_no(pl.col("has_recourse_to_public_funds"))),
        "custody": yes_no(pl.col("in_prison")),
        "care_home": pl.when(asked).then(yes_no(pl.col("in_care_home"))),
        "wca": pl.when(is_uc).then(result),
        "wca_from": pl.when(is_uc & (pl.col("limited_capability") != "none")).then(since),
    }
