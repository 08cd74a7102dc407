"""Small packs with cases of their own, for tests of what cases test."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nostop.rulebook import Rulebook, load_rulebook
from tests.rulebook.small import pack_text, write_rules

RATES = """\
rates:
  savings_limit: {means: The most in savings, type: money, values: [{from: 2020-01-01, value: 1000, reference: law}]}
  grant_rate: {means: The amount, type: money, per: week, values: [{from: 2020-01-01, value: 500, reference: law}]}
"""  # noqa: E501 - as authors write it
HEAD = """\
situations:
  ann:
    people:
      ann: {everything_else: nil, role: adult, born_on: 1950-01-01, savings: 0}
    benefit_units: {b: {adults: [ann], everything_else: nil}}
    households: {home: {members: [ann], nation: england, rooms: 2, rent: 0}}
cases:
"""


def case(expect: str, on: str = "2026-06-01", **facts: object) -> str:
    """Return a case of ann with some facts of hers (is_married her benefit unit's, rooms her
    household's) and what must come out."""
    unit = {name: value for name, value in facts.items() if name == "is_married"}
    home = {name: value for name, value in facts.items() if name in ("nation", "rooms", "rent")}
    own = {name: value for name, value in facts.items() if name not in {**unit, **home}}
    change = {"people": {"ann": own}, "benefit_units": {"b": unit}, "households": {"home": home}}
    name = ", ".join(f"{key} {value}" for key, value in facts.items())
    return (
        f"  - {{name: 'On {on} {name}', effective_date: {on}, start_from: ann, "
        f"change: {_flow(change)}, expect: {{{expect}}}}}\n"
    )


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(each)}" for key, each in value.items()) + "}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def book_of(
    folder: Path,
    pack: str | Mapping[str, Any],
    *cases: str,
    rates: str = RATES,
    files: Mapping[str, str] | None = None,
) -> Rulebook:
    """Return a rule book of one pack, `alpha`, with its rates and cases, and further files."""
    text = pack if isinstance(pack, str) else pack_text(**pack)
    own = {"uk/alpha/rates.yaml": rates, "uk/alpha/cases/own.yaml": HEAD + "".join(cases)}
    return load_rulebook(write_rules(folder, {**own, **(files or {})}, alpha=text))
