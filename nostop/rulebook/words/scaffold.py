"""The files of a new pack, with a blank for everything that only an author can know. `blanks.py`
refuses a file as long as it has one."""

import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from string import Template

from nostop.model import Level, Period
from nostop.rulebook.reading.blanks import MARK
from nostop.rulebook.reading.jurisdictions import LOCAL, NATIONS


@dataclass(frozen=True, slots=True)
class NewScheme:
    """A pack to begin: `place` is its folder below the rules folder (`uk/winter_grant`); titles
    that are not known yet are None."""

    place: PurePosixPath
    decides_for: Level
    per: Period
    year: int
    title_en: str | None = None
    title_cy: str | None = None

    @property
    def scheme(self) -> str:
        """The scheme's id."""
        return self.place.name

    @property
    def jurisdiction(self) -> str:
        """The first folder of its place."""
        return self.place.parts[0]


def new_files(new: NewScheme) -> dict[str, str]:
    """Return the text of each file of a new pack, by its name within the pack's folder."""
    words = _words(new)
    texts = {"pack.yaml": _PACK, "rates.yaml": _RATES, "cases/first.yaml": _CASES}
    return {name: Template(text).substitute(words) for name, text in texts.items()}


def new_gateway(scheme: str) -> str:
    """Return the entry that gateways.yaml needs for a new pack, with its blanks."""
    return Template(_GATEWAY).substitute(scheme=scheme, mark=MARK)


def new_award(new: NewScheme) -> str:
    """Return the entry that awards.yaml needs, under `awards`, where no department's award is the
    scheme's yet."""
    means = _text(new.title_en, "its name")
    return f"  {new.scheme}: {{means: {means}, per: {new.per.value}}}\n"


def _words(new: NewScheme) -> dict[str, str]:
    area = new.jurisdiction
    nation = f'"{MARK}: england, wales, scotland or northern_ireland"'
    local = f'local_authorities: ["{MARK}: the GSS code of the council, such as E08000035"]\n'
    in_home = f', local_authority: "{MARK}: the GSS code of the council"'
    return {
        "mark": MARK,
        "scheme": new.scheme,
        "year": str(new.year),
        "title_en": _text(new.title_en, "its name"),
        "title_cy": _text(new.title_cy, "its name in Welsh"),
        "several": "" if area in (LOCAL, *NATIONS) else "  # one or more of them",
        "council": local if area == LOCAL else "",
        "at_home": in_home if area == LOCAL else "",
        "nation": area if area in NATIONS else nation,
        "decides_for": new.decides_for.value,
        "per": new.per.value,
        "rate": "single_rate" if new.per is Period.ONCE else f"{new.per.value}ly_rate",
    }


def _text(given: str | None, wanted: str) -> str:
    """A text as YAML has it in quotes, or the blank for it."""
    return json.dumps(given or f"{MARK}: {wanted}", ensure_ascii=False)


_PACK = """\
# Fill in each blank; `nostop rules check` names those that are left, and `nostop rules watch` does
# so each time you save. Formulas read facts (facts.yaml), rates (rates.yaml) and your own workings.
scheme: $scheme
version: "$year.1"
title: {en: $title_en, cy: $title_cy}
summary:
  en: "$mark: one plain sentence on what it is and for whom"
  cy: "$mark: the same in Welsh"
owner: "$mark: the team that answers for this pack"
authority: "$mark: the body that decides claims"
applies_in: [$nation]$several
${council}in_force: {from: "$mark: the first day of the scheme, as 2026-04-06, without quotes"}
decides_for: $decides_for
receipt: $scheme

entitled_when:
  # One entry for each thing that the law asks.
  - id: "$mark: a short name in small letters, such as old_enough"
    says: "$mark: what the law asks, in words to the person (You are ...)"
    # Such as: any_adult(age_on(born_on, effective_date) >= lowest_age)
    when: "$mark: the same as a formula over facts, rates and workings"
    cite: "$mark: where the law says so"
    if_not: "$mark: what to tell somebody who does not meet it"

award:
  parts:
    payment:
      says: "$mark: what is paid, in words"
      formula: $rate
      cite: "$mark: where the law says how much"
  per: $per

claim:
  url: "$mark: the page to claim on, beginning with https"
"""

_RATES = """\
# Every number of law: whole pence, and the day from which it holds. Add `uprated: yearly` to one
# that changes each year.
rates:
  $rate:
    means: "$mark: what the amount is, in words"
    type: money
    per: $per
    values:
      - from: "$mark: the day from which it holds, as 2026-04-06, without quotes"
        value: "$mark: whole pence, without quotes"
        reference: "$mark: the law that sets it"
"""

_CASES = """\
# What must come out. Write a case for each outcome, and for both sides of each limit.
situations:
  one_adult:
    people:
      ann:
        everything_else: nil
        role: adult
        born_on: "$mark: a day, as 1951-06-01, without quotes"
        sex: female
    households:
      home: {members: [ann], everything_else: nil, nation: $nation$at_home}
cases:
  - name: Everything the law asks is met
    effective_date: "$mark: a day, as 2026-06-01, without quotes"
    start_from: one_adult
    expect: {outcome: entitled, amount: "$mark: whole pence, without quotes"}
  - name: One thing the law asks is not met
    effective_date: "$mark: a day, as 2026-06-01, without quotes"
    start_from: one_adult
    change: {people: {ann: "$mark: what is different, in braces: a fact and its value"}}
    expect: {outcome: not_entitled, because: ["$mark: the id of the condition that is not met"]}
  - name: One thing is not known
    effective_date: "$mark: a day, as 2026-06-01, without quotes"
    start_from: one_adult
    change: {people: {ann: "$mark: in braces, a fact that the formulas read: unknown"}}
    expect: {outcome: unknown, missing: ["$mark: that fact"]}
"""

_GATEWAY = """\
  - id: ${scheme}_records
    law: "$mark: the law that lets these facts be used for this, or: none found"
    fields: ["$mark: each fact that the formulas read"]
    from_body: "$mark: the body that holds them"
    to_body: "$mark: the body that may use them"
    purpose: "$mark: what for"
    schemes: [$scheme]
    from: "$mark: the first day, as 2026-04-06, without quotes"
    status: synthetic_only
"""
