"""A run in words and small tables."""

from pathlib import Path

import polars as pl
from rich.table import Table

from nostop import app
from nostop.app import Run, Summary, TruthCheck
from nostop.app.known_on import rows_later
from nostop.app.truth_check import ENTITLED, WORTH_ASKING
from nostop.cli.shared import out, table
from nostop.model import pounds
from nostop.takeup import publish, publish_unclaimed

_FILES = {
    "determinations.parquet": "outcome, amount and reasons; nothing about schemes that are claimed",
    "take_up.csv": "take-up by scheme with bounds, small numbers hidden (also .parquet)",
    "outreach_plan.parquet": "who is told of what, who is not, and why",
    "outbox/": "one message a file; nothing is sent",
    "claim_paths.parquet": "for caseworkers: what to claim first, and what needs advice first",
    "people.parquet": "who is assessed with whom: ids only",
    "links.parquet": "which person each record is, and how sure",
    "evidence.parquet": "the record and date behind each fact",
    "conflicts.parquet": "what departments say differently, with their values: for caseworkers",
    "quarantine.csv": "rows set aside: file, line, column and reason",
    "nostop.db": "runs, messages and receipts",
    "manifest.json": "hashes of inputs and rules, versions, counts",
}


def summary(run: Run) -> None:
    """Print what a run found."""
    console = out()
    found = app.summarise(run)
    titles = {scheme: pack.title.en for scheme, pack in run.rulebook.packs.items()}
    console.print()
    console.print(
        f"{found.records:,} records: {found.people:,} people alive on {run.settings.effective_on}, "
        f"in {found.benefit_units:,} benefit units and {found.households:,} households."
    )
    if run.settings.known_on is not None:
        later = rows_later(run.batch.status)
        console.print(f"As known on {run.settings.known_on}: {later:,} later rows are left out.")
    _rules(run)
    console.print()
    told = _told(found)
    console.print(_schemes(told, titles))
    silent = found.schemes.height - told.height
    if silent:
        console.print(
            f"Nobody is known to claim {silent} more schemes, to be due them or worth asking: "
            "determinations.parquet says why.\n",
            soft_wrap=True,
        )
    if found.unclaimed.height:
        console.print(_unclaimed(found, titles))
    console.print(
        f"{found.people_not_claiming:,} adults live in a benefit unit that is entitled to "
        "something it does not claim."
    )
    console.print()
    if found.plan.height:
        console.print(_outreach(found))
    rows = publish(run.counts).join(
        publish_unclaimed(run.counts), on=["scheme", "effective_date"], how="left", validate="1:1"
    )
    console.print(
        take_up_table(rows.filter(pl.col("scheme").is_in(told["scheme"].implode())), titles)
    )


def _rules(run: Run) -> None:
    """Print what a reader must know of the rules: that they are not released, or what is left
    out."""
    console = out()
    if run.settings.unreleased:
        console.print("NOT RELEASED: the rules were run as their folders stand, approved or not.")
    for scheme, why in run.chosen.left_out.items():
        console.print(f"LEFT OUT: {scheme}: {why}", soft_wrap=True)


def _told(found: Summary) -> pl.DataFrame:
    """The schemes that there is something to say of."""
    return found.schemes.filter(pl.sum_horizontal("claimed", "entitled", "worth_asking") > 0)


def _schemes(told: pl.DataFrame, titles: dict[str, str]) -> Table:
    outcomes = ("claimed", "entitled", "worth_asking", "unknown", "not_entitled", "receipt_unknown")
    heads = (
        "Claimed",
        "Entitled",
        "Worth asking",
        "Other unknown",
        "Not entitled",
        "Receipt unknown",
    )
    shown = table(
        "Benefit units by scheme; outcomes are of those that do not claim",
        "Scheme",
        *heads,
        right=heads,
    )
    for row in told.to_dicts():
        shown.add_row(titles[row["scheme"]], *(f"{row[name]:,}" for name in outcomes))
    return shown


def _unclaimed(found: Summary, titles: dict[str, str]) -> Table:
    heads = ("Benefit units", "At least £ a year", "At most £ a year")
    shown = table("Entitled and not claiming", "Scheme", *heads, right=heads)
    for row in found.unclaimed.to_dicts():
        low, high = row["pence_a_year_low"], row["pence_a_year_high"]
        shown.add_row(
            titles[row["scheme"]], f"{row['subjects']:,}", _whole_pounds(low), _whole_pounds(high)
        )
    low, high = (
        _total(found.unclaimed[name]) for name in ("pence_a_year_low", "pence_a_year_high")
    )
    shown.add_row(
        "all", f"{found.unclaimed['subjects'].sum():,}", _whole_pounds(low), _whole_pounds(high)
    )
    return shown


def _total(amounts: pl.Series) -> int | None:
    return None if amounts.has_nulls() else int(amounts.sum())


def _whole_pounds(pence: int | None) -> str:
    return "no limit known" if pence is None else pounds(pence).partition(".")[0]


def _outreach(found: Summary) -> Table:
    shown = table(
        f"Outreach: {found.messages:,} messages in the outbox",
        "About",
        "What happens",
        "People",
        right=("People",),
    )
    kinds = {"entitled": "an entitlement", "worth_asking": "an invitation, without an amount"}
    states = {
        "planned": "message written",
        "held_out": "held out, to measure effect",
        "suppressed": "not told: ",
    }
    for row in found.plan.to_dicts():
        reason = (row["suppression"] or "").replace("_", " ")
        shown.add_row(kinds[row["kind"]], states[row["state"]] + reason, f"{row['rows']:,}")
    return shown


def take_up_table(rows: pl.DataFrame, titles: dict[str, str] | None = None) -> Table:
    """Return take-up by scheme; `rows` are masked already."""
    heads = ("Recipients", "Entitled, not claiming", "Unknown, not claiming", "Take-up between")
    shown = table("Take-up; counts rounded to 5, under 10 hidden", "Scheme", *heads, right=heads)
    for row in rows.to_dicts():
        counts = (row["recipients"], row["entitled_non_recipients"], row["unknown_non_recipients"])
        low, high = row["take_up_low"], row["take_up_high"]
        between = "hidden" if low is None or high is None else f"{low:.1%} and {high:.1%}"
        name = (titles or {}).get(row["scheme"], row["scheme"])
        shown.add_row(name, *("hidden" if n is None else f"{n:,}" for n in counts), between)
    return shown


def files(folder: Path) -> None:
    """Print where each result was written."""
    shown = table(f"Written to {folder}", "File", "Holds")
    for name, holds in _FILES.items():
        shown.add_row(name, holds)
    out().print(shown)


def truth(checked: TruthCheck, titles: dict[str, str]) -> None:
    """Print how much of the truth a run on made-up people found."""
    console = out()
    console.print(
        "Beside the truth (the people are made up, so it is known; no stage reads it)", style="bold"
    )
    console.print(
        f"  Pairs of records said to be one person: {checked.precision:.2%} right; "
        f"of all true pairs {checked.recall:.2%} found."
    )
    shown = table(
        "What became of every award that is truly due and not claimed",
        "Scheme",
        "Fate",
        "Awards",
        right=("Awards",),
    )
    for row in checked.unclaimed.to_dicts():
        shown.add_row(titles.get(row["scheme"], row["scheme"]), row["fate"], f"{row['awards']:,}")
    console.print(shown)
    found, asked = (checked.share_unclaimed(fate) for fate in (ENTITLED, WORTH_ASKING))
    console.print(
        f"  Of all awards truly due and not claimed, {_percent(found)} are flagged `entitled` "
        f"and {_percent(asked)} `worth asking`."
    )
    wrong, right = checked.share_entitled_wrong(), checked.share_worth_asking_right()
    console.print(
        f"  Of flags `entitled`, {_percent(wrong)} wrong; "
        f"of flags `worth asking`, {_percent(right)} right."
    )
    for row in checked.entitled_flags.filter(pl.col("verdict") != "right").to_dicts():
        name = titles.get(row["scheme"], row["scheme"])
        console.print(f"    {name}, {row['flags']} flagged `entitled`: {row['verdict']}")


def _percent(share: float | None) -> str:
    return "none to judge" if share is None else f"{share:.1%}"
