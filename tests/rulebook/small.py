# ruff: noqa: E501 - rule files are quoted as authors write them
"""A small catalogue, and rule folders built from a few lines of text, for tests of the rule
layer."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from nostop.frames import FACT_DTYPES, Awards, Situation, empty
from nostop.model import Level
from nostop.rulebook.catalogue import Catalogue

ON = date(2026, 6, 1)

FACTS = """\
facts:
  role: {means: Adult or child, level: person, type: enum, values: [adult, child], valid_for: always, effort: 1,
    absent_means: unknown}
  born_on: {means: Date of birth, level: person, type: date, protected: true, valid_for: always, effort: 1,
    absent_means: unknown}
  away_since: {means: Away from home since, level: person, type: date, nil: 9999-12-31, valid_for: always, effort: 2,
    absent_means: unknown}
  pay: {means: Pay, level: person, type: money, per: week, applies_to: [adult], nil: 0, non_negative: true,
    valid_for: always, effort: 3, absent_means: unknown}
  profit: {means: Profit or loss, level: person, type: money, per: week, applies_to: [adult], nil: 0, valid_for: always,
    effort: 4, absent_means: unknown}
  grant: {means: A grant, level: person, type: money, per: month, nil: 0, non_negative: true, valid_for: always,
    effort: 3, absent_means: unknown}
  savings: {means: Savings, level: person, type: money, applies_to: [adult], nil: 0, non_negative: true,
    valid_for: always, effort: 2, absent_means: unknown}
  hours: {means: Hours, level: person, type: int, nil: 0, non_negative: true, at_most: 168, valid_for: always,
    effort: 3, absent_means: unknown}
  ill: {means: Is ill, level: person, type: bool, nil: false, valid_for: always, effort: 2, absent_means: unknown}
  care: {means: Care, level: person, type: enum, values: [none, low, high], nil: none, valid_for: always, effort: 2,
    absent_means: unknown}
  is_married: {means: Married, level: benefit_unit, type: bool, nil: false, valid_for: always, effort: 2,
    absent_means: unknown}
  maintenance: {means: Maintenance, level: benefit_unit, type: money, per: week, nil: 0, non_negative: true,
    valid_for: always, effort: 3, absent_means: unknown}
  nation: {means: Nation, level: household, type: enum, values: [england, wales, scotland], valid_for: always,
    effort: 1, absent_means: unknown}
  area: {means: Area, level: household, type: code, valid_for: always, effort: 1, absent_means: unknown}
  rent: {means: Rent, level: household, type: money, per: week, nil: 0, non_negative: true, valid_for: always,
    effort: 2, absent_means: unknown}
  rooms: {means: Rooms, level: household, type: int, non_negative: true, at_most: 50, valid_for: always, effort: 2,
    absent_means: unknown}
  is_owned: {means: Owned, level: household, type: bool, valid_for: always, effort: 2, absent_means: unknown}
"""

AWARDS = """\
awards:
  carers_allowance: {means: Carer's Allowance, per: week}
  pension_credit: {means: Pension Credit, per: week}
  universal_credit: {means: Universal Credit, per: month}
"""

GATEWAYS = """\
gateways:
  - id: all_of_it
    law: Invented for tests
    fields: [role, born_on, away_since, pay, profit, grant, savings, hours, ill, care, is_married, maintenance, nation,
      area, rent, rooms, is_owned]
    from_body: A
    to_body: B
    purpose: To test
    schemes: [alpha, beta, gamma]
    from: 2000-01-01
    status: synthetic_only
"""

#: Enough rows that the table is joined and not gone through.
AREA_ROWS = "".join(
    f"          - {{area: {area}, rooms: {rooms}, value: {900 * rooms + more}}}\n"
    for area, more in (("E1", 0), ("E2", 450))
    for rooms in (0, 2, *range(4, 20))
)

RATES = """\
rates:
  week_a: {means: Weekly amount, type: money, per: week, values: [{from: 2020-01-01, value: 10000, reference: law}]}
  week_b: {means: Weekly amount, type: money, per: week, values: [{from: 2020-01-01, value: 333, reference: law}]}
  month_a: {means: Monthly amount, type: money, per: month, values: [{from: 2020-01-01, value: 40001, reference: law}]}
  stock_a: {means: Stock, type: money, values: [{from: 2020-01-01, value: 1000000, reference: law}]}
  step: {means: Step, type: money, values: [{from: 2020-01-01, value: 50000, reference: law}]}
  two: {means: Two, type: int, values: [{from: 2020-01-01, value: 2, reference: law}]}
  many: {means: Many, type: int, values: [{from: 2020-01-01, value: 18, reference: law}]}
  share: {means: Share, type: ratio, values: [{from: 2020-01-01, value: "11/20", reference: law}]}
  day_a: {means: A day, type: date, values: [{from: 2020-01-01, value: 1960-02-29, reference: law}]}
  flag: {means: A switch, type: bool, values: [{from: 2020-01-01, value: true, reference: law}]}
tables:
  months_by_birth:
    means: Months by date of birth
    keys: {born_on: band}
    type: int
    values:
      - from: 2020-01-01
        reference: law
        rows: [{born_on: 1940-01-01, value: 780}, {born_on: 1960-07-31, value: 796}, {born_on: 1977-04-06, value: 816}]
  week_by_place:
    means: Weekly amount by nation and rooms
    keys: {nation: exact, rooms: band}
    type: money
    per: week
    values:
      - from: 2020-01-01
        reference: law
        rows:
          - {nation: england, rooms: 0, value: 100}
          - {nation: england, rooms: 3, value: 20000}
          - {nation: otherwise, rooms: 1, value: 7000}
  week_by_area:
    means: Weekly amount by area and exact number of rooms
    keys: {area: exact, rooms: exact}
    type: money
    per: week
    values:
      - from: 2020-01-01
        reference: law
        rows:
{AREA_ROWS}          - {area: otherwise, rooms: 1, value: 50}
  share_by_care:
    means: Share by care
    keys: {care: exact}
    type: ratio
    values:
      - {from: 2020-01-01, reference: law, rows: [{care: low, value: "1/4"}, {care: high, value: "3/4"}]}
""".replace("{AREA_ROWS}", AREA_ROWS)

PACK = """\
scheme: {scheme}
version: "2026.1"
title: {{en: A test scheme, cy: Cynllun prawf}}
summary: {{en: One sentence., cy: Un frawddeg.}}
owner: Nobody
authority: DWP
applies_in: [england, wales]
in_force: {{from: 2020-01-01}}
decides_for: {level}
receipt: {receipt}
protected_facts: {{born_on: some law}}
periods: {{weeks_in_year: "52", cite: some law}}
{uses}work_out:
{workings}
entitled_when:
{conditions}
award:
  parts:
{parts}
  per: week
  round: {{to: {to}, direction: {direction}, cite: some law}}
ask_person: [{asked}]
claim: {{url: "https://example.org/claim"}}
{notes}"""


def quoted(text: str) -> str:
    """Return text as a single-quoted YAML scalar."""
    return "'" + text.replace("'", "''") + "'"


def pack_text(
    conditions: Mapping[str, str],
    parts: Mapping[str, str],
    workings: Mapping[str, Any] | None = None,
    **settings: Any,
) -> str:
    """Return a pack.yaml. A working is a formula, or (level, formula) or (level, formula,
    [turning points])."""
    chosen = {
        "scheme": "alpha", "level": "benefit_unit", "receipt": "pension_credit", "to": "penny", "direction": "up",
        "notes": {}, "uses": [], "asked": "savings, ill, is_married", **settings,
    }  # fmt: skip
    notes = [
        f"  - {{id: {name}, says: A note, formula: {quoted(formula)}, cite: some law}}"
        for name, formula in chosen["notes"].items()
    ]
    chosen["notes"] = "notes:\n" + "\n".join(notes) + "\n" if notes else ""
    chosen["uses"] = f"uses: [{', '.join(chosen['uses'])}]\n" if chosen["uses"] else ""
    return PACK.format(
        workings="\n".join(_working(name, each) for name, each in (workings or {}).items())
        or "  {}",
        conditions="\n".join(
            f"  - {{id: {name}, says: It holds, when: {quoted(formula)}, cite: some law, if_not: It does not hold}}"
            for name, formula in conditions.items()
        ),
        parts="\n".join(
            f"    {name}: {{formula: {quoted(each)}, cite: some law}}"
            for name, each in parts.items()
        ),
        **chosen,
    )


def _working(name: str, given: Any) -> str:
    level, formula, *points = given if isinstance(given, tuple) else ("", given)
    more = f", level: {level}" if level else ""
    if points:
        more += f", turning_points: [{', '.join(points[0])}]"
    return f"  {name}: {{says: A working, formula: {quoted(formula)}, cite: some law{more}}}"


def library_text(name: str, workings: Mapping[str, Any]) -> str:
    """Return a library.yaml."""
    lines = "\n".join(_working(each, given) for each, given in workings.items())
    periods = 'periods: {weeks_in_year: "52", cite: some law}'
    return f"library: {name}\nsays: Shared workings\nprotected_facts: {{born_on: some law}}\n{periods}\nwork_out:\n{lines}\n"


def write_rules(folder: Path, files: Mapping[str, str] | None = None, **packs: str) -> Path:
    """Write a rules folder: the small catalogue, its gateways, each pack with the rates above,
    and further files."""
    everything = {"facts.yaml": FACTS, "awards.yaml": AWARDS, "gateways.yaml": GATEWAYS}
    for name, text in packs.items():
        everything[f"uk/{name}/pack.yaml"] = text
        everything[f"uk/{name}/rates.yaml"] = RATES
    for name, text in {**everything, **(files or {})}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def situation(
    catalogue: Catalogue,
    people: list[dict[str, Any]],
    units: list[dict[str, Any]] | None = None,
    households: list[dict[str, Any]] | None = None,
    awards: list[dict[str, Any]] | None = None,
) -> Situation:
    """Return a situation from rows. A person without a unit is unit `b`, a unit without a
    household lives in `h`."""
    people = [
        {
            "person_id": f"p{index}",
            "benefit_unit_id": "b",
            "household_id": "h",
            "role": "adult",
            **row,
        }
        for index, row in enumerate(people)
    ]
    homes = {row["benefit_unit_id"]: row["household_id"] for row in people}
    given = {row.get("benefit_unit_id", "b"): row for row in units or []}
    unit_rows = [
        {"benefit_unit_id": unit, "household_id": home, **given.get(unit, {})}
        for unit, home in homes.items()
    ]
    known = {row.get("household_id", "h"): row for row in households or []}
    home_rows = [
        {"household_id": home, **known.get(home, {"nation": "england"})}
        for home in dict.fromkeys(homes.values())
    ]
    return Situation(
        people=_frame(people, catalogue, Level.PERSON),
        benefit_units=_frame(unit_rows, catalogue, Level.BENEFIT_UNIT),
        households=_frame(home_rows, catalogue, Level.HOUSEHOLD),
        awards=None if awards is None else pl.DataFrame(awards, schema=empty(Awards).schema),
    )


def _frame(rows: list[dict[str, Any]], catalogue: Catalogue, level: Level) -> pl.DataFrame:
    keys = ["person_id", "benefit_unit_id", "household_id"][
        ["person", "benefit_unit", "household"].index(level) :
    ]
    facts = {name: FACT_DTYPES[fact.type] for name, fact in catalogue.at(level).items()}
    extra = (
        {"awards_known": pl.Boolean(), "confidence": pl.Float64()} if level is Level.PERSON else {}
    )
    extra = {name: dtype for name, dtype in extra.items() if any(name in row for row in rows)}
    return pl.DataFrame(
        rows, schema={**dict.fromkeys(keys, pl.String()), **facts, **extra}, orient="row"
    )
