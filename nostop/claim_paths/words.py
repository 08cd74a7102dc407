"""Claim paths in words: to the caseworker everything, to the person nothing of anybody else's.

What the person is told of a claim that needs advice is the same whatever the reason: which it is
would tell of others.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from nostop.model import pounds
from nostop.rulebook.packs import Pack

#: One row of `ClaimPaths`.
Row = Mapping[str, Any]
Packs = Mapping[str, Pack]


def for_person(row: Row, packs: Packs) -> str:
    """Return what may be said of a claim to the person who would make it."""
    pack = packs[row["scheme"]]
    if row["status"] != "claim":
        return (
            f"{pack.title.en}: get advice first. Please do not claim it before you have spoken to "
            "an adviser, who looks at everything together with you."
        )
    told = [f"{row['step']}. Claim {pack.title.en}: {pack.claim.url}"]
    if row["backdate_months"]:
        told.append(f"Ask for it to be backdated: up to {_months(row['backdate_months'])}.")
    if row["deadline"] is not None:
        told.append(f"Claim by {_day(row['deadline'])}.")
    if row["opens"]:
        told.append(f"It opens: {_titles(row['opens'], packs)}.")
    return " ".join(told)


def for_caseworker(row: Row, packs: Packs) -> list[str]:
    """Return what a caseworker needs to know of a claim, in a few sentences."""
    told = [*_gains(row)]
    if row["loses"]:
        told.append(f"Ends or falls with it: {_titles(row['loses'], packs)}.")
    if row["opens"]:
        told.append(f"Can be claimed then: {_titles(row['opens'], packs)}.")
    told.append(_waiting(row))
    if row["deadline"] is not None:
        passed = " This day has passed." if row["deadline"] < row["effective_date"] else ""
        told.append(f"The last day to claim is {_day(row['deadline'])}.{passed}")
    return [*told, *(_reason(each, row, packs) for each in row["reasons"])]


def _gains(row: Row) -> list[str]:
    low, high, once = row["gain_year_low"], row["gain_year_high"], row["gain_once"]
    told = []
    if row["gain_year"] == 0 and once:
        return [f"Over everybody affected: {_gain(once)} once."]
    if row["gain_year"] is not None:
        told.append(f"Over everybody affected: {_gain(row['gain_year'])} a year.")
    elif low is not None:
        most = "" if high is None else f", at most {_gain(high)}"
        told.append(f"Over everybody affected: at least {_gain(low)}{most} a year.")
    if once:
        told.append(f"And {_gain(once)} once.")
    return told


def _gain(pence: int) -> str:
    return f"{pounds(pence)} more" if pence > 0 else f"{pounds(-pence)} less" if pence else "£0.00"


def _waiting(row: Row) -> str:
    months, lost = row["backdate_months"], row["lost_each_week"]
    if not lost:
        back = f" A claim reaches back up to {_months(months)}." if months else ""
        return f"Waiting loses no weekly money.{back}"
    if not months:
        return f"It cannot be backdated: each week of waiting loses {pounds(lost)}."
    return (
        f"A claim reaches back up to {_months(months)}, to the day the conditions were first met. "
        f"Where that is longer ago, each week of waiting loses {pounds(lost)}."
    )


def _reason(reason: str, row: Row, packs: Packs) -> str:
    other = row["alternative_to"]
    beside = packs[other].title.en if other in packs else "another claim"
    return {
        "negative": "Advice first: together, those affected would lose by it.",
        "unsettled": "Advice first: what is known does not settle whether it gains or loses.",
        "irreversible": "Advice first: something that ends with it cannot be had again.",
        "other_person_affected": (
            "Advice first: somebody else may get less. Say nothing of that person to the claimant."
        ),
        "alternative": f"Advice first: it cannot be had beside {beside}.",
    }[reason]


def _titles(names: list[str], packs: Packs) -> str:
    found = (packs[name].title.en if name in packs else name.replace("_", " ") for name in names)
    return ", ".join(found)


def _months(count: int) -> str:
    return "1 month" if count == 1 else f"{count} months"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
