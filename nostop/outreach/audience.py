"""Who could be told: one adult for each unclaimed determination, with every reason not to write."""

from datetime import date

import polars as pl

from nostop.frames import ClaimPaths, Determinations, check, empty
from nostop.model import FrameError, Outcome, OutreachError
from nostop.outreach.policy import Policy
from nostop.outreach.reasons import in_order, named, with_reasons

SUBJECT = ["scheme", "benefit_unit_id", "person_id", "household_id"]


def audience(
    determinations: pl.DataFrame,
    people: pl.DataFrame,
    contacts: pl.DataFrame | None,
    policy: Policy,
    paths: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return one recipient for each unclaimed determination, with every reason not to write.

    The recipient is the eldest adult of the benefit unit whom nothing stops; where all are stopped,
    the eldest; with equal or unknown birth dates, the first by person id. A scheme decided for a
    person goes to that person, and one decided for a household to an adult of the household.

    Args:
        determinations: `Determinations`; optional `in_review` (bool: departments differ on what it
            rests on, and nobody has looked; the reason `in_conflict`). Claimed ones are left out;
            where receipt is unknown the row is kept, with the reason `receipt_unknown`.
        people: `Situation.people`.
        contacts: `Contacts`, or None where the register did not arrive: then nobody is written to.
        policy: what the campaign may do.
        paths: `ClaimPaths` of the determinations: what needs advice first has the reason
            `advice_first`. None where nobody looked.
    Returns:
        One row per determination that is `entitled` or `worth_asking`: `SUBJECT` as decided,
        `kind`, `recipient_id`, `recipient_household_id`, `language` and `suppressions`.
    Raises:
        FrameError: a table lacks a column, or a person or a subject comes twice.
        OutreachError: a determination is for nobody among the people.
    """
    marked = _with_advice(_with_review(determinations), paths)
    wanted = _unclaimed(marked, policy)
    candidates = _candidates(wanted, with_reasons(people, contacts, policy))
    lost = wanted.height - candidates.select(SUBJECT).n_unique()
    if lost:
        raise OutreachError(f"audience: {lost} determinations are for nobody in the people table")
    chosen = candidates.sort(
        pl.col("person_reasons").list.len() > 0,
        pl.col("role") != "adult",
        pl.col("born_on").fill_null(date.max),
        "recipient_id",
    ).unique(SUBJECT, keep="first", maintain_order=True)
    return chosen.select(
        *SUBJECT,
        "kind",
        "recipient_id",
        "recipient_household_id",
        "language",
        in_order(pl.concat_list("person_reasons", "row_reasons")).alias("suppressions"),
    )


def _with_review(determinations: pl.DataFrame) -> pl.DataFrame:
    checked = check(Determinations, determinations)
    if "in_review" not in determinations.columns:
        return checked.with_columns(in_review=pl.lit(value=False))
    return checked.with_columns(in_review=determinations["in_review"].fill_null(value=True))


def _with_advice(determinations: pl.DataFrame, paths: pl.DataFrame | None) -> pl.DataFrame:
    """Mark (`advice_first`) the determinations whose claim somebody should look at before."""
    found = empty(ClaimPaths) if paths is None else check(ClaimPaths, paths)
    advised = found.filter(pl.col("status") != "claim").select(
        "scheme", _subject="subject_id", advice_first=pl.lit(value=True)
    )
    subject = pl.coalesce("person_id", "benefit_unit_id", "household_id")
    return (
        determinations.with_columns(_subject=subject)
        .join(advised, on=["scheme", "_subject"], how="left", validate="m:1", maintain_order="left")
        .with_columns(pl.col("advice_first").fill_null(value=False))
    )


def _unclaimed(determinations: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    entitled = (pl.col("outcome") == Outcome.ENTITLED).fill_null(value=False)
    asking = pl.col("worth_asking").fill_null(value=False)
    kind = pl.when(entitled).then(pl.lit("entitled")).when(asking).then(pl.lit("worth_asking"))
    reasons = {
        "receipt_unknown": pl.col("claimed").is_null(),
        "weak_link": ~(pl.col("confidence") >= policy.min_confidence).fill_null(value=False),
        "in_conflict": pl.col("in_review"),
        "advice_first": pl.col("advice_first"),
        "no_letter": _without_letter(kind, policy),
    }
    rows = determinations.filter(pl.col("claimed").ne_missing(other=True)).select(
        *SUBJECT, kind.alias("kind"), named(reasons).alias("row_reasons")
    )
    rows = rows.filter(pl.col("kind").is_not_null())
    twice = rows.height - rows.select(SUBJECT).n_unique()
    if twice:
        raise FrameError(f"Determinations: {twice} rows repeat a subject and scheme")
    return rows


def _without_letter(kind: pl.Expr, policy: Policy) -> pl.Expr:
    if policy.letters is None:
        return pl.lit(value=False)
    written = [f"{scheme}.{name}" for scheme, name in sorted(policy.letters)]
    return ~pl.concat_str("scheme", pl.lit("."), kind).is_in(written).fill_null(value=False)


def _candidates(wanted: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each determination and each person it could be told to."""
    told = members.select(
        pl.col("person_id").alias("recipient_id"),
        pl.col("household_id").alias("recipient_household_id"),
        "role",
        "born_on",
        "language",
        "person_reasons",
    )
    for_person = pl.col("person_id").is_not_null()
    for_unit = ~for_person & pl.col("benefit_unit_id").is_not_null()
    for_household = ~for_person & pl.col("benefit_unit_id").is_null()
    subjects = {"person_id": for_person, "benefit_unit_id": for_unit, "household_id": for_household}
    return pl.concat(
        wanted.filter(rows).join(
            told.with_columns(members[key].alias("_key")),
            left_on=key,
            right_on="_key",
            how="inner",
            validate="m:m",
        )
        for key, rows in subjects.items()
    )
