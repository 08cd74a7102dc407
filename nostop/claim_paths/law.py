"""What packs say of claims, as small tables: read once for a day, then joined to people."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from nostop.claim_paths.effects import effect_id
from nostop.model import Level
from nostop.rulebook import Rulebook
from nostop.rulebook.book import CHANGES, CLOSES, DEADLINE, OWN_CHANGES
from nostop.rulebook.packs import Change, ChangeToOther, Pack
from nostop.rulebook.plan import Plan
from nostop.rulebook.schedule import receipt_fact

_SCHEME = {
    "scheme": pl.String(),
    "level": pl.String(),
    "award": pl.String(),
    "award_per": pl.String(),
    "in_kind": pl.Boolean(),
    "backdate_months": pl.Int64(),
    "day_of": pl.String(),
}
_CLOSING = {
    "scheme": pl.String(),
    "closed": pl.String(),
    "probe": pl.String(),
    "for_good": pl.Boolean(),
}


@dataclass(frozen=True, slots=True)
class FactChange:
    """One fact that claims of a scheme change: `whose` None means the claimant's own, `probe` None
    always."""

    scheme: str
    fact: str
    level: Level
    to: Any
    whose: str | None
    probe: str | None


@dataclass(frozen=True, slots=True)
class Law:
    """The claims of one rule book on one day.

    schemes: scheme, level, award (its receipt), award_per, in_kind, backdate_months, day_of (the
        scheme that stands for its deadline).
    reads: scheme, fact: everything that a result rests on, also of what stands for an effect.
    waits: scheme, other, opened: claims that others wait for; `opened` where the pack opens it,
        else the other reads the award.
    closings: scheme, closed, probe, for_good.
    offers: scheme, offer: what it opens and is no scheme.
    own_facts: award -> the money fact of a person that states its amount, and the fact's period.
    """

    effective_on: date
    schemes: pl.DataFrame
    reads: pl.DataFrame
    waits: pl.DataFrame
    closings: pl.DataFrame
    changes: tuple[FactChange, ...]
    offers: pl.DataFrame
    own_facts: dict[str, str]


def law_of(book: Rulebook, plan: Plan) -> Law:
    """Return the tables of a rule book's own schemes, as far as they are in a plan."""
    reads = {each.scheme.id: each.reads for each in plan.schemes}
    packs = {name: book.packs[name] for name in reads if name in book.packs}
    changes = [each for pack in packs.values() for each in _changes(book, pack)]
    facts = book.catalogue.facts
    return Law(
        effective_on=plan.effective_on,
        schemes=pl.DataFrame([_scheme(book, pack) for pack in packs.values()], schema=_SCHEME),
        reads=_pairs(
            ("scheme", "fact"), [(name, fact) for name in reads for fact in sorted(reads[name])]
        ),
        waits=_waits(packs, reads),
        closings=pl.DataFrame(
            [each for pack in packs.values() for each in _closings(pack)], schema=_CLOSING
        ),
        changes=tuple(changes),
        offers=_pairs(
            ("scheme", "offer"),
            [
                (name, offer)
                for name, pack in packs.items()
                for offer in pack.opens
                if offer in book.catalogue.offers
            ],
        ),
        own_facts={
            name: (facts[name].per or "once")
            for name in book.catalogue.awards
            if name in facts and facts[name].type == "money" and facts[name].level is Level.PERSON
        },
    )


def _scheme(book: Rulebook, pack: Pack) -> dict[str, Any]:
    backdate = pack.claim.backdate
    return {
        "scheme": pack.scheme,
        "level": pack.decides_for.value,
        "award": pack.receipt,
        "award_per": book.catalogue.awards[pack.receipt].per.value,
        "in_kind": pack.award.in_kind is not None,
        "backdate_months": backdate.months if backdate else 0,
        "day_of": effect_id(pack.scheme, DEADLINE) if pack.claim.deadline else None,
    }


def _closings(pack: Pack) -> list[dict[str, Any]]:
    return [
        {
            "scheme": pack.scheme,
            "closed": each.award,
            "probe": effect_id(pack.scheme, f"{CLOSES}{each.award}") if each.when else None,
            "for_good": each.for_good,
        }
        for each in pack.closes
    ]


def _changes(book: Rulebook, pack: Pack) -> list[FactChange]:
    named: list[tuple[str, Change]] = [
        *((OWN_CHANGES, each) for each in pack.changes),
        *((CHANGES, each) for each in pack.changes_for_others),
    ]
    return [
        FactChange(
            scheme=pack.scheme,
            fact=each.fact,
            level=book.catalogue.facts[each.fact].level,
            to=each.to,
            whose=each.whose if isinstance(each, ChangeToOther) else None,
            probe=effect_id(pack.scheme, f"{begin}{each.fact}") if each.when else None,
        )
        for begin, each in named
    ]


def _waits(packs: dict[str, Pack], reads: dict[str, frozenset[str]]) -> pl.DataFrame:
    """Which claims wait for which, over those between them too; not where each waits for the
    other."""
    direct = {name: _waiting(name, packs, reads) for name in packs}
    below = {name: _all_below(name, direct) for name in packs}
    rows = [
        {"scheme": name, "other": other, "opened": opened}
        for name, others in below.items()
        for other, opened in others.items()
        if name not in below[other] or other in direct[name]
    ]
    schema = {"scheme": pl.String(), "other": pl.String(), "opened": pl.Boolean()}
    return pl.DataFrame(rows, schema=schema)


def _waiting(
    name: str, packs: dict[str, Pack], reads: dict[str, frozenset[str]]
) -> dict[str, bool]:
    """The schemes that wait for one: true where its pack opens them, false where they read its
    award."""
    pack = packs[name]
    found = {}
    for other, another in packs.items():
        is_read = receipt_fact(pack.receipt) in reads[other]
        reads_back = receipt_fact(another.receipt) in reads[name]
        opened = other in pack.opens or another.receipt in pack.opens
        if other != name and (opened or (is_read and not reads_back)):
            found[other] = opened
    return found


def _all_below(name: str, direct: dict[str, dict[str, bool]]) -> dict[str, bool]:
    found: dict[str, bool] = {}
    waiting = list(direct[name].items())
    while waiting:
        other, opened = waiting.pop(0)
        if other != name and other not in found:
            found[other] = opened
            waiting += direct[other].items()
    return found


def _pairs(names: tuple[str, str], rows: list[tuple[str, str]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String()), orient="row")
