"""Small rules in which `rules check` finds nothing wrong: one condition, one rate, two cases."""

from pathlib import Path

from tests.rulebook.small import write_rules

PACK = """\
scheme: {scheme}
version: "2026.1"
title: {{en: A test scheme, cy: Cynllun prawf}}
summary: {{en: One sentence., cy: Un frawddeg.}}
owner: Nobody
authority: DWP
applies_in: [england, wales]
in_force: {{from: 2020-01-01}}
decides_for: benefit_unit
receipt: pension_credit
entitled_when:
  - {{id: is_ill, says: It holds, when: any_adult(ill), cite: some law, if_not: It does not hold}}
award:
  parts:
    p: {{formula: week_a, cite: some law}}
  per: week
claim: {{url: "https://example.org/claim"}}
"""
RATES = """\
rates:
  week_a:
    means: Weekly amount
    type: money
    per: week
    values: [{from: 2020-01-01, value: 10000, reference: law}]
"""
CASES = """\
situations:
  one:
    people:
      ann: {everything_else: nil, role: adult, born_on: 1950-01-01}
    households:
      home: {members: [ann], nation: england}
cases:
  - {name: Well, effective_date: 2026-06-01, start_from: one, expect: {outcome: not_entitled}}
  - {name: Ill, effective_date: 2026-06-01, start_from: one, change: {people: {ann: {ill: true}}},
    expect: {outcome: entitled, amount: 10000}}
"""


def tidy_rules(folder: Path, *schemes: str) -> Path:
    """Write a rules folder with a pack, its rate and its cases for each scheme."""
    files: dict[str, str] = {}
    for scheme in schemes:
        files[f"uk/{scheme}/pack.yaml"] = PACK.format(scheme=scheme)
        files[f"uk/{scheme}/rates.yaml"] = RATES
        files[f"uk/{scheme}/cases/one.yaml"] = CASES
    return write_rules(folder, files)
