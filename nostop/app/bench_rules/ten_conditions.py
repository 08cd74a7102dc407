"""One rule of ten conditions on a person, as a pack and as an expression that other engines read:
the same facts, the same limits, nobody's law."""

import random
from pathlib import Path
from shutil import copyfile
from typing import Any

import polars as pl

from nostop.frames import Situation

SCHEME = "ten_conditions"
#: As the other engines write it. Limits stand in it as numbers, in the pack as rates.
EXPRESSION = (
    "gross_earnings < 300000 and private_pension < 200000 and capital < 1600000"
    " and hours_worked <= 60 and caring_hours < 100 and state_pension < 30000"
    " and self_employed_profit + gross_earnings < 400000"
    ' and (lives_in_uk and not in_prison) and education in ["none", "school", "further"]'
    " and (capital < 600000 or hours_worked < 40)"
)
#: Facts with the values that people draw from: nine in ten rows meet every condition, so that no
#: engine is done after the first.
_DRAWN: dict[str, tuple[Any, ...]] = {
    "gross_earnings": (0, 45_000, 120_000, 180_050, 299_999),
    "private_pension": (0, 10_000, 50_000, 199_999),
    "capital": (0, 1, 250_000, 599_999),
    "hours_worked": (0, 16, 37, 40, 60),
    "caring_hours": (0, 20, 35, 99),
    "state_pension": (0, 24_130, 29_999),
    "self_employed_profit": (0, 20_000, 99_999),
    "lives_in_uk": (True,),
    "in_prison": (False,),
    "education": ("none", "school", "further"),
}
_OTHERWISE: dict[str, Any] = {
    "gross_earnings": 300_000, "capital": 1_700_000, "hours_worked": 61, "lives_in_uk": False,
    "education": "higher", "in_prison": True,
}  # fmt: skip
_LIMITS = {
    "earnings_limit": ("money, per: month", 300_000),
    "pension_limit": ("money, per: month", 200_000),
    "capital_limit": ("money", 1_600_000),
    "most_hours": ("int", 60),
    "most_caring": ("int", 100),
    "state_pension_limit": ("money, per: week", 30_000),
    "both_earnings_limit": ("money, per: month", 400_000),
    "small_capital": ("money", 600_000),
    "full_time": ("int", 40),
    "amount_a_week": ("money, per: week", 100),
}
_CONDITIONS = (
    "gross_earnings < earnings_limit",
    "private_pension < pension_limit",
    "capital < capital_limit",
    "hours_worked <= most_hours",
    "caring_hours < most_caring",
    "state_pension < state_pension_limit",
    "self_employed_profit + gross_earnings < both_earnings_limit",
    "lives_in_uk and not in_prison",
    'education in ["none", "school", "further"]',
    "capital < small_capital or hours_worked < full_time",
)


def people(count: int) -> list[dict[str, Any]]:
    """Return the facts of so many people, drawn from a fixed seed."""
    drawn = random.Random(1)  # noqa: S311 - the same rows each time are the point
    rows = []
    for _ in range(count):
        row = {name: drawn.choice(values) for name, values in _DRAWN.items()}
        if drawn.random() < 0.1:
            name = drawn.choice(list(_OTHERWISE))
            row[name] = _OTHERWISE[name]
        rows.append(row)
    return rows


def situation(rows: list[dict[str, Any]], times: int) -> Situation:
    """Return people with these facts, so many times over, each alone at home."""
    facts = pl.concat([pl.DataFrame(rows)] * times)
    ids = facts.select(person_id=pl.format("P{}", pl.int_range(pl.len())), role=pl.lit("adult"))
    whole = ids.with_columns(benefit_unit_id="person_id", household_id="person_id")
    alone = facts.hstack(whole)
    return Situation(
        people=alone,
        benefit_units=alone.select("benefit_unit_id", "household_id"),
        households=alone.select("household_id", nation=pl.lit("england")),
        awards=None,
    )


def write_rules(folder: Path, catalogue: Path) -> Path:
    """Write a rules folder with the rule as its one pack, over the facts of another."""
    pack = folder / "uk" / SCHEME
    (pack / "cases").mkdir(parents=True)
    for name in ("facts.yaml", "awards.yaml"):
        copyfile(catalogue / name, folder / name)
    rates = "".join(
        f"  {name}: {{means: A limit, type: {kind}, "
        f"values: [{{from: 2020-01-01, value: {value}, reference: nobody's law}}]}}\n"
        for name, (kind, value) in _LIMITS.items()
    )
    conditions = "".join(
        f"  - {{id: condition_{number}, says: It holds, when: '{when}', cite: nobody's law, "
        "if_not: It does not hold}\n"
        for number, when in enumerate(_CONDITIONS, start=1)
    )
    (folder / "gateways.yaml").write_text(_GATEWAYS, encoding="utf-8")
    (pack / "rates.yaml").write_text(f"rates:\n{rates}", encoding="utf-8")
    (pack / "pack.yaml").write_text(_PACK.format(conditions=conditions), encoding="utf-8")
    (pack / "cases" / "one.yaml").write_text(_CASE, encoding="utf-8")
    return folder


_GATEWAYS = f"""\
gateways:
  - id: bench
    law: Nobody's law, for people who are made up
    fields: [{", ".join(_DRAWN)}]
    from_body: Nobody
    to_body: Nobody
    purpose: To measure how fast rules are
    schemes: [{SCHEME}]
    from: 2020-01-01
    status: synthetic_only
"""
_PACK = """\
scheme: ten_conditions
version: "2026.1"
title: {{en: Ten conditions, cy: Deg amod}}
summary: {{en: A rule to measure engines by., cy: Rheol i fesur peiriannau.}}
owner: Nobody
authority: Nobody
applies_in: [england, wales, scotland, northern_ireland]
in_force: {{from: 2020-01-01}}
decides_for: person
receipt: pension_credit
protected_facts: {{in_prison: nobody's law, has_recourse_to_public_funds: nobody's law}}
entitled_when:
{conditions}award:
  parts:
    amount_paid: {{formula: amount_a_week, cite: nobody's law}}
  per: week
claim: {{url: "https://example.org/claim"}}
"""
_CASE = """\
situations:
  anybody:
    people:
      ann: {everything_else: nil, role: adult}
cases:
  - name: Nothing is known against it
    effective_date: 2026-06-01
    start_from: anybody
    expect: {outcome: unknown}
"""
