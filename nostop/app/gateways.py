"""Whether the law lets a run read what its rules read. Made-up people need no law; everybody else
does."""

import json
from collections.abc import Collection
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import get_args

import polars as pl

from nostop import determination
from nostop.claim_paths.deciding import Deciding
from nostop.frames import Situation
from nostop.model import SettingsError
from nostop.rulebook import Rulebook
from nostop.rulebook.history.versions import schemes_behind
from nostop.rulebook.packs import Gateway

MANIFEST = "manifest.json"
Statuses = frozenset[str]
#: The gateways that count for real people, and for made-up ones.
IN_FORCE: Statuses = frozenset({"in_force"})
ANY: Statuses = frozenset(get_args(Gateway.model_fields["status"].annotation))


def is_synthetic(feeds: Path) -> bool:
    """Whether a folder of feeds says of itself that its people are made up; silence means that they
    are real.

    Raises:
        SettingsError: there is no such folder, or its manifest cannot be read as JSON.
    """
    if not feeds.is_dir():
        raise SettingsError(f"{feeds}: there is no such folder of feeds")
    manifest = feeds / MANIFEST
    if not manifest.is_file():
        return False
    try:
        said = json.loads(manifest.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SettingsError(f"{manifest}: cannot be read as JSON: {error}") from error
    return isinstance(said, dict) and said.get("synthetic") is True


def refuse_without_gateway(rulebook: Rulebook, schemes: list[str]) -> None:
    """Refuse to run schemes on real people's data unless each fact they read has a gateway in
    force. One that begins later, or has ended, is no reason to refuse: see `determine_lawfully`.

    Raises:
        SettingsError: naming each scheme, how many facts lack a gateway, and the first few of them.
    """
    lacking = {name: _read(rulebook, name) - _opened(rulebook, name, IN_FORCE) for name in schemes}
    told = [
        f"  {scheme}: {len(facts)} of its facts, among them {', '.join(sorted(facts)[:3])}"
        for scheme, facts in lacking.items()
        if facts
    ]
    if told:
        raise SettingsError(
            "these feeds do not say that their people are made up, and for real people each fact "
            "needs a legal gateway that is in force. Without one in gateways.yaml:\n"
            + "\n".join(told)
        )


def determine_lawfully(
    situation: Situation, rulebook: Rulebook, day: date, schemes: list[str], statuses: Statuses
) -> pl.DataFrame:
    """Return the determinations of schemes, each from those facts alone that its gateways open to
    it on the day: all others are unknown to it, so that nobody is refused for want of a gateway.

    Args:
        statuses: the gateways that count: `IN_FORCE` for real people, `ANY` for made-up ones.
    Raises:
        SettingsError: a scheme may not know who is an adult and who a child.
        NostopError: as `determination.determine`.
    """
    found = [
        determination.determine(_without(situation, closed), rulebook, day, names)
        for closed, names in by_closed_facts(rulebook, day, schemes, statuses).items()
    ]
    return pl.concat(found).sort("scheme", maintain_order=True) if len(found) > 1 else found[0]


def determine_lawfully_again(
    situation: Situation,
    wanted: tuple[Rulebook, date, list[str], Statuses],
    last: pl.DataFrame,
    changed: pl.DataFrame,
) -> pl.DataFrame:
    """Return what `determine_lawfully` would, from what it gave last time.

    Args:
        wanted: the rule book, day, schemes and statuses, as of `determine_lawfully`.
        last: `Determinations` of the last time, under the same gateways.
        changed: see `determination.determine_again`.
    """
    book, day, schemes, statuses = wanted
    found = [
        determination.determine_again(
            determination.Determiner(book, day, names),
            last.filter(pl.col("scheme").is_in(names)),
            _without(situation, closed),
            changed,
        )
        for closed, names in by_closed_facts(book, day, schemes, statuses).items()
    ]
    return pl.concat(found).sort("scheme", maintain_order=True) if len(found) > 1 else found[0]


def by_closed_facts(
    rulebook: Rulebook, day: date, schemes: list[str], statuses: Statuses
) -> dict[frozenset[str], list[str]]:
    """Return schemes by the facts that no gateway opens to them on a day.

    Raises:
        SettingsError: a scheme may not know who is an adult and who a child.
    """
    together: dict[frozenset[str], list[str]] = {}
    for scheme, closed in closed_facts(rulebook, schemes, day, statuses).items():
        if "role" in closed:
            what = "who is an adult and who a child: without it there are no benefit units"
            raise SettingsError(f"{scheme}: no gateway opens 'role' on {day}, {what}")
        together.setdefault(closed, []).append(scheme)
    return together


class Lawful:
    """Schemes of a rule book on a day, determined as `determine_lawfully` does, in no order, and
    kept warm."""

    def __init__(
        self, rulebook: Rulebook, day: date, schemes: list[str], statuses: Statuses
    ) -> None:
        together = by_closed_facts(rulebook, day, schemes, statuses)
        self._deciding = {
            closed: Deciding(rulebook, day, names) for closed, names in together.items()
        }

    def __call__(self, situation: Situation, only: Collection[str] | None = None) -> pl.DataFrame:
        """Return determinations (`only` of some schemes)."""
        found = [
            deciding(_without(situation, closed), only)
            for closed, deciding in self._deciding.items()
        ]
        return pl.concat(found)


def closed_facts(
    rulebook: Rulebook, schemes: list[str], day: date, statuses: Statuses
) -> dict[str, frozenset[str]]:
    """Return for each scheme the facts that it, or another whose result it reads, rests on and that
    no gateway opens to it on a day."""
    found = schemes_behind(rulebook)
    behind = {scheme: {scheme, *found[scheme]} for scheme in schemes}
    shut = {
        name: _read(rulebook, name) - _opened(rulebook, name, statuses, day)
        for name in set().union(*behind.values())
    }
    return {
        scheme: frozenset().union(*(shut[name] for name in names))
        for scheme, names in behind.items()
    }


def _read(rulebook: Rulebook, scheme: str) -> set[str]:
    found = rulebook.schemes[scheme]
    return rulebook.facts_read(each.name for each in (*found.conditions, *found.parts))


def _opened(
    rulebook: Rulebook, scheme: str, statuses: Statuses, day: date | None = None
) -> set[str]:
    """The facts that gateways open to a scheme, on a day or (None) on any."""
    return {
        field
        for gateway in rulebook.gateways
        if scheme in gateway.schemes and gateway.status in statuses
        if day is None or gateway.from_ <= day <= (gateway.to or date.max)
        for field in gateway.fields
    }


def _without(situation: Situation, facts: frozenset[str]) -> Situation:
    """A situation in which some facts are known of nobody."""
    return replace(
        situation,
        people=situation.people.drop(facts, strict=False),
        benefit_units=situation.benefit_units.drop(facts, strict=False),
        households=situation.households.drop(facts, strict=False),
    )
