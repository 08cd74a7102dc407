"""What followed messages: later awards in the feeds, and refusals that authorities report.

An award that follows a message does not follow from it: only a holdout shows what messages do.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
from sqlalchemy import Engine

from nostop import store
from nostop.app.events import receipts_of
from nostop.app.outreach.planning import known_run
from nostop.app.outreach.source import RunTables, read_run
from nostop.app.rules import read_rules
from nostop.events.days import day_column
from nostop.frames import Awards, check
from nostop.model import CLAIMED_STATUSES, OutreachError
from nostop.store.outcomes import (
    in_trials,
    last_looked,
    record_outcomes,
    refusals,
    trial_counts,
)
from nostop.takeup.difference import Interval, published_difference
from nostop.takeup.publish import masked_count

AWARDS = "awards.parquet"
_SUBJECT = ("person_id", "benefit_unit_id", "household_id")
_COUNTS = ("people", "claimed", "refused")
_OUTCOME = pl.Schema(
    {
        "message_id": pl.String,
        "outcome": pl.String,
        "source": pl.String,
        "seen_on": pl.Date,
        "days": pl.Int64,
        "pence": pl.Int64,
        "per": pl.String,
        "run_id": pl.String,
    }
)


@dataclass(frozen=True, slots=True)
class Results:
    """What may be shown of a campaign.

    arms: scheme, held_out, people, claimed, refused: masked counts, null where they are hidden.
    differences: of each scheme with a holdout, the interval of the share of people who claimed
        among those who got a message less that among those held out; None where too few.
    last_looked: when somebody last looked for what followed.
    """

    arms: pl.DataFrame
    differences: dict[str, Interval | None]
    last_looked: datetime | None


def note_outcomes(engine: Engine, run: Path, rules: Path, act: store.Act) -> dict[str, int]:
    """Write down what a newer run shows to have followed the messages of every campaign.

    A message's scheme is claimed where the run says so of its recipient, their benefit unit or
    their household, as the scheme is decided; the award says since when, and how much. What was
    seen before stays as it was first seen.

    Args:
        engine: of the store.
        run: the --out folder of a run, no older than those that campaigns were planned from.
        rules: which award shows that a scheme is claimed.
        act: who looks.
    Returns:
        How many claims and refusals are new.
    Raises:
        NostopError: the run cannot be used.
    """
    tables = read_run(run)
    messages = _of_people(in_trials(engine), tables)
    newer = messages.filter(
        pl.col("planned_on") <= tables.effective_on, pl.col("run_id") != tables.snapshot
    )
    claims = _claims(newer, tables, _awards(tables, receipts_of(read_rules(rules))))
    refused = _refused(messages, refusals(engine))
    run_id = known_run(engine, tables)
    rows = pl.concat(
        [
            claims.with_columns(run_id=pl.lit(run_id)),
            refused.with_columns(run_id=pl.lit(None, pl.String)),
        ]
    )
    return record_outcomes(engine, rows, store.campaign_ids(engine), act)


def results(engine: Engine, campaign: str) -> Results:
    """Return what may be shown of what followed a campaign.

    Raises:
        StoreError: there is no such campaign.
    """
    store.read_campaign_row(engine, campaign)
    masked = trial_counts(engine, campaign).with_columns(masked_count(name) for name in _COUNTS)
    arms = {
        (scheme, held): (claimed, people)
        for scheme, held, people, claimed in masked.select(
            "scheme", "held_out", "people", "claimed"
        ).iter_rows()
    }
    differences = {
        scheme: published_difference(arms[scheme, False], counts)
        for (scheme, held), counts in arms.items()
        if held and (scheme, False) in arms
    }
    return Results(masked, differences, last_looked(engine, campaign))


def _of_people(messages: pl.DataFrame, tables: RunTables) -> pl.DataFrame:
    """Return each message with whom its recipient is in a run, by every id that is theirs now."""
    now = tables.recipients.select(*_SUBJECT)
    same = messages.with_columns(person_id="recipient_id")
    heirs = messages.join(
        tables.heirs, left_on="recipient_id", right_on="was", how="inner", validate="m:m"
    )
    both = pl.concat([same, heirs.select(same.columns)])
    return both.join(now, on="person_id", how="inner", validate="m:1")


def _awards(tables: RunTables, receipts: pl.DataFrame) -> pl.DataFrame:
    """Return what is claimed, by scheme, with the ids of whose it is."""
    file = tables.folder / AWARDS
    if not file.is_file():
        raise OutreachError(f"{file}: is missing; run `nostop run` into this folder again")
    awards = check(Awards, pl.read_parquet(file)).rename({"scheme": "award"})
    return (
        awards.filter(pl.col("status").is_in(CLAIMED_STATUSES))
        .join(receipts, on="award", how="inner")
        .join(tables.recipients.select(*_SUBJECT), on="person_id", how="inner", validate="m:1")
    )


def _claims(messages: pl.DataFrame, tables: RunTables, awards: pl.DataFrame) -> pl.DataFrame:
    """Return the messages whose scheme is claimed by now, with what the award says."""
    claimed = tables.determinations.filter(pl.col("claimed").fill_null(value=False))
    levels = {
        "person_id": pl.col("person_id").is_not_null(),
        "benefit_unit_id": pl.col("person_id").is_null() & pl.col("benefit_unit_id").is_not_null(),
        "household_id": pl.col("person_id").is_null() & pl.col("benefit_unit_id").is_null(),
    }
    parts = []
    for key, rows in levels.items():
        subjects = claimed.filter(rows).select("scheme", key).unique()
        met = messages.join(subjects, on=["scheme", key], how="inner", validate="m:1")
        theirs = awards.select("scheme", key, "status", "amount", "per", "starts_on")
        parts.append(met.join(theirs, on=["scheme", key], how="left", validate="m:m"))
    found = pl.concat(part.select(*_KEPT) for part in parts)
    in_payment = pl.col("status") == "in_payment"
    first = found.sort(
        "message_id", in_payment.fill_null(value=False), "starts_on", "amount", nulls_last=True,
        descending=[False, True, False, False],
    ).unique("message_id", keep="first", maintain_order=True)  # fmt: skip
    paid = pl.when(in_payment & (pl.col("amount") >= 0))
    return first.select(
        "message_id",
        outcome=pl.lit("claimed"),
        source=pl.lit("run"),
        seen_on=pl.lit(tables.effective_on),
        days=(pl.col("starts_on") - _sent_on(tables)).dt.total_days(),
        pence=paid.then("amount"),
        per=paid.then("per"),
    ).cast({name: kind for name, kind in _OUTCOME.items() if name != "run_id"})


_KEPT = (
    *("message_id", "claimed_at", "planned_on", "state"),
    *("status", "amount", "per", "starts_on"),
)


def _sent_on(tables: RunTables) -> pl.Expr:
    """The day on which a message went; null where it did not. People who are made up live by the
    days of their runs, and not by the clock."""
    went = pl.col("claimed_at").is_not_null()
    day = pl.col("planned_on") if tables.synthetic else day_column("claimed_at")
    return pl.when(went).then(day)


def _refused(messages: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """Return the messages after which an authority says that it refused the claim."""
    told = said.with_columns(
        scheme=pl.col("data").str.json_path_match("$.scheme"), seen_on=day_column("at")
    )
    met = messages.select("message_id", "person_id", "scheme", "planned_on").join(
        told, on=["person_id", "scheme"], how="inner", validate="m:m"
    )
    first = met.filter(pl.col("seen_on") >= pl.col("planned_on")).sort("message_id", "at", "source")
    return (
        first.unique("message_id", keep="first", maintain_order=True)
        .select(
            "message_id",
            "source",
            "seen_on",
            outcome=pl.lit("refused"),
            days=pl.lit(None, pl.Int64),
            pence=pl.lit(None, pl.Int64),
            per=pl.lit(None, pl.String),
        )
        .select(name for name in _OUTCOME.names() if name != "run_id")
    )
