# ruff: noqa: E501 - rule files are quoted as authors write them
"""A small rule book of claims that open, end and rule out each other, and people for it. The law and
the people are invented."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from nostop.claim_paths import PathFinder
from nostop.determination import joined, read_situation
from nostop.frames import Situation
from nostop.rulebook import Rulebook, load_rulebook

ON = date(2026, 6, 1)

_FACTS = {
    "role": ("person", "type: enum, values: [adult, child]"),
    "born_on": ("person", "type: date"),
    "income": ("person", "type: money, per: week, nil: 0"),
    "is_carer": ("person", "type: bool, nil: false"),
    "is_cared_for": ("person", "type: bool, nil: false"),
    "has_paid_carer": ("person", "type: bool, nil: false"),
    "has_main_part": ("person", "type: bool, nil: false"),
    "cares_for_person_id": ("person", "type: code"),
    "childcare": ("benefit_unit", "type: money, per: year, nil: 0"),
    "rent": ("household", "type: money, per: week, nil: 0"),
    "left_job_on": ("person", "type: date, nil: 9999-12-31"),
    "nation": ("household", "type: enum, values: [england, wales, scotland, northern_ireland]"),
}
_AWARDS = {
    "carers": "week", "pension": "week", "work_benefit": "month", "childcare_help": "year",
    "rent_help": "week", "old_credit": "week", "licence": "year", "grant": "once",
}  # fmt: skip
#: scheme -> level, condition, formula, per, and what else its pack says.
SCHEMES: dict[str, tuple[str, str, str, str, str]] = {
    "carers": (
        "person", "is_carer", "carers_rate", "week",
        "changes_for_others: [{fact: has_paid_carer, to: true, whose: cares_for_person_id, "
        "says: It has a paid carer, cite: law, when: carers_rate > 0 and is_carer}]\n"
        "opens: [pension]\n",
    ),
    "pension": (
        "benefit_unit",
        "any_adult(born_on < old_day) and guarantee + extra > 0",
        "guarantee", "week",
        "changes: [{fact: has_main_part, to: true, says: It is the main part, cite: law, "
        "when: guarantee > 0}]\nopens: [licence]\n",
    ),
    "work_benefit": (
        "benefit_unit", "all_adults(born_on >= old_day) and total(income) < much", "work_rate", "month",
        "closes: [{award: rent_help, says: It ends, cite: law, for_good: true, "
        "when: any_adult(in_payment(rent_help))}, "
        "{award: childcare_help, says: It ends, cite: law}]\n",
    ),
    "childcare_help": (
        "benefit_unit", "childcare > 0 and not any_adult(claimed(work_benefit))", "childcare", "year", "",
    ),
    "licence": (
        "household", "any_adult(in_payment(pension)) and any_adult(born_on < old_day)", "fee", "year",
        "",
    ),
    "grant": ("person", "left_job_on < effective_date", "grant_amount", "once", ""),
}  # fmt: skip
_WORKINGS = {
    "pension": (
        "work_out:\n"
        "  extra: {says: More, cite: law, formula: '(sdp if any_adult(is_cared_for and not has_paid_carer) else 0)"
        " + (carer_more if any_adult(in_payment(carers)) else 0)'}\n"
    ),
}
_PARTS = {
    "pension": "guarantee: {formula: 'at_least(most + extra - total(income) - total(award(carers)), 0)', cite: law}",
}
_RATES = {
    "carers_rate": (8000, "week"), "most": (20000, "week"), "sdp": (8200, "week"),
    "carer_more": (4600, "week"), "work_rate": (40000, "month"), "much": (30000, "week"),
    "fee": (18000, "year"), "grant_amount": (50000, "once"),
}  # fmt: skip
_OF = {
    "carers": ["carers_rate"], "pension": ["most", "sdp", "carer_more", "old_day"],
    "work_benefit": ["work_rate", "much", "old_day"], "childcare_help": [],
    "licence": ["fee", "old_day"], "grant": ["grant_amount"],
}  # fmt: skip


def write_book(folder: Path, more: dict[str, str] | None = None, **schemes: str) -> Path:
    """Write the rule book; `schemes` holds what else a pack says in place of what it has."""
    facts = "".join(
        f"  {name}: {{means: A fact, level: {level}, {said}, valid_for: always, effort: 2, "
        "absent_means: unknown}\n"
        for name, (level, said) in _FACTS.items()
    )
    awards = "".join(f"  {name}: {{means: It, per: {per}}}\n" for name, per in _AWARDS.items())
    files = {
        "facts.yaml": f"facts:\n{facts}",
        "awards.yaml": f"awards:\n{awards}",
        "gateways.yaml": (
            "gateways:\n  - {id: all_of_it, law: Invented, from_body: A, to_body: B, purpose: To test, "
            f"fields: [{', '.join(_FACTS)}], schemes: [{', '.join(SCHEMES)}], from: 2000-01-01, "
            "status: synthetic_only}\n"
        ),
    }
    for name in SCHEMES:
        files[f"uk/{name}/pack.yaml"] = _pack(name, schemes.get(name))
        files[f"uk/{name}/rates.yaml"] = _rates(name)
    for name, text in {**files, **(more or {})}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def book_of(folder: Path, **schemes: str) -> Rulebook:
    """Return the rule book, loaded."""
    return load_rulebook(write_book(folder, **schemes))


def _pack(name: str, more: str | None) -> str:
    level, condition, formula, per, said = SCHEMES[name]
    parts = _PARTS.get(name, f"amount_due: {{formula: '{formula}', cite: law}}")
    backdate = ", backdate: {months: 3, cite: law}" if name == "pension" else ""
    deadline = (
        ", deadline: {formula: 'months_after(left_job_on, wait)', says: Soon after it, cite: law}"
        if name == "grant"
        else ""
    )
    return (
        f'scheme: {name}\nversion: "2026.1"\n'
        f"title: {{en: {name.replace('_', ' ').title()}, cy: Enw}}\n"
        "summary: {en: One sentence., cy: Un frawddeg.}\nowner: Nobody\nauthority: DWP\n"
        "applies_in: [england, wales, scotland, northern_ireland]\nin_force: {from: 2020-01-01}\n"
        f"decides_for: {level}\nreceipt: {name}\n{_WORKINGS.get(name, '')}"
        f"entitled_when:\n  - {{id: it_holds, says: It holds, when: '{condition}', cite: law, "
        "if_not: It does not hold}\n"
        f"award:\n  parts:\n    {parts}\n  per: {per}\n"
        f'claim: {{url: "https://example.org/claim"{backdate}{deadline}}}\n'
        f"{said if more is None else more}"
    )


def _rates(name: str) -> str:
    lines = "".join(
        f"  {rate}: {{means: A rate, type: money, per: {_RATES[rate][1]}, "
        f"values: [{{from: 2020-01-01, value: {_RATES[rate][0]}, reference: law}}]}}\n"
        for rate in _OF[name]
        if rate in _RATES
    )
    if "old_day" in _OF[name]:
        lines += "  old_day: {means: The day, type: date, values: [{from: 2020-01-01, value: 1960-01-01, reference: law}]}\n"
    if name == "grant":
        lines += "  wait: {means: Months, type: int, values: [{from: 2020-01-01, value: 3, reference: law}]}\n"
    return f"rates:\n{lines}" if lines else "rates: {}\n"


# --- people ---------------------------------------------------------------------------------------

OLD: dict[str, Any] = {"born_on": "1950-03-01"}
YOUNG: dict[str, Any] = {"born_on": "1990-03-01"}


def person(**facts: Any) -> dict[str, Any]:
    """Return an adult who has and claims nothing but for some facts."""
    usual = {
        "income": 0, "is_carer": False, "is_cared_for": False, "has_paid_carer": False,
        "has_main_part": False, "left_job_on": "9999-12-31", "awards": [], **YOUNG,
    }  # fmt: skip
    return {name: each for name, each in (usual | facts).items() if each is not None}


def home(
    people: dict[str, dict[str, Any]],
    units: dict[str, list[str]] | None = None,
    childcare: int | None = 0,
    **facts: Any,
) -> dict[str, Any]:
    """Return one household as a situation file has it; by itself everybody is a unit of their
    own."""
    adults = units or {name: [name] for name in people}
    return {
        "people": people,
        "benefit_units": {
            name: {"adults": members, **({} if childcare is None else {"childcare": childcare})}
            for name, members in adults.items()
        },
        "households": {"home": {"members": list(people), "nation": "england", "rent": 0, **facts}},
    }


def situation(book: Rulebook, *homes: dict[str, Any]) -> Situation:
    """Return households as frames; of several, ids are `h0/...`, `h1/...`."""
    read = [read_situation(each, book.catalogue, "test").situation for each in homes]
    return read[0] if len(read) == 1 else joined([(f"h{n}", each) for n, each in enumerate(read)])


def paths(book: Rulebook, *homes: dict[str, Any]) -> pl.DataFrame:
    """Return the claim paths of households."""
    return PathFinder.ready(book, ON).paths(situation(book, *homes))


def claims(found: pl.DataFrame) -> list[str]:
    """Return the schemes to claim, in their order."""
    return found.filter(pl.col("status") == "claim").sort("step")["scheme"].to_list()


def row(found: pl.DataFrame, scheme: str, unit: str | None = None) -> dict[str, Any]:
    """Return the one row of a scheme (of a unit)."""
    wanted = found.filter(pl.col("scheme") == scheme)
    if unit is not None:
        wanted = wanted.filter(pl.col("benefit_unit_id") == unit)
    return wanted.row(0, named=True) if wanted.height == 1 else {"rows": wanted.to_dicts()}
