"""What feeds bring, built from literals, for the tests of assembling."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl

from nostop.frames import (
    Completeness,
    FactCatalogue,
    FeedStatus,
    Links,
    SourceAwards,
    SourceContacts,
    SourceFacts,
    SourceRelations,
    check,
    empty,
)
from nostop.linkage import Assembled, Gathered, assemble
from nostop.strict_yaml import read_yaml
from tests.linkage.people import HOME, frame, record

ON = date(2026, 6, 1)
AS_OF = date(2026, 5, 1)
FACTS_YAML = Path(__file__).resolve().parents[2] / "rules" / "facts.yaml"
MEMBERS = ("adult", "child")
LASTS = {"always": None, "1 year": "1y", "6 months": "6mo", "3 months": "3mo", "1 month": "1mo"}


def catalogue() -> pl.DataFrame:
    facts = read_yaml(FACTS_YAML).data["facts"]
    rows = [
        {
            "fact": name,
            "level": fact["level"],
            "type": fact["type"],
            "per": fact.get("per"),
            "nil": None if "nil" not in fact else canonical(fact["nil"]),
            "applies_to_adults": "adult" in fact.get("applies_to", MEMBERS),
            "applies_to_children": "child" in fact.get("applies_to", MEMBERS),
            "lasts": LASTS[fact["valid_for"]],
            "believe": fact.get("believe", []),
            "prefer": fact.get("prefer"),
            "in_conflict": fact.get("in_conflict"),
        }
        for name, fact in facts.items()
    ]
    return check(FactCatalogue, pl.DataFrame(rows, schema=empty(FactCatalogue).schema))


def canonical(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def fact(
    key: str, name: str, value: str, as_of: date = AS_OF, *, additive: bool = False
) -> dict[str, object]:
    source, record_id = key.split(":")
    return {
        "source": source,
        "record_id": record_id,
        "fact": name,
        "value": value,
        "as_of": as_of,
        "line": None,
        "additive": additive,
    }


def award(key: str, scheme: str, amount: int | None = 1000, **other: object) -> dict[str, object]:
    source, record_id = key.split(":")
    row = {
        "status": "in_payment",
        "per": "week",
        "starts_on": date(2025, 1, 6),
        "ends_on": None,
        "as_of": AS_OF,
    }
    return {
        "source": source,
        "record_id": record_id,
        "scheme": scheme,
        "amount": amount,
        **row,
        **other,
    }


def relation(key: str, other: str, kind: str, as_of: date = AS_OF) -> dict[str, object]:
    source, record_id = key.split(":")
    return {
        "source": source,
        "record_id": record_id,
        "other_record_id": other,
        "relation": kind,
        "as_of": as_of,
    }


def contact(key: str, **said: object) -> dict[str, object]:
    source, record_id = key.split(":")
    return {
        **dict.fromkeys(SourceContacts.columns()),
        "source": source,
        "record_id": record_id,
        **said,
    }


def complete(
    source: str, name: str, applies_to: str = "linked_people", kind: str = "fact"
) -> dict[str, object]:
    return {"source": source, "kind": kind, "name": name, "applies_to": applies_to}


def status(source: str, state: str = "ok") -> dict[str, object]:
    rows = {"rows_read": 1, "rows_good": 1, "rows_quarantined": 0, "rows_later": 0}
    asked = dict.fromkeys(("fresh_until", "people", "people_known"))
    row = {**rows, **asked, "rows_replaced": 0, "as_of": AS_OF}
    return {"source": source, "state": state, "reason": None, "file": None, "sha256": None, **row}


def assembled(
    people: dict[str, list[dict[str, object]]], **tables: Sequence[dict[str, object]]
) -> Assembled:
    """Assemble people named by the test: name -> that person's records.

    Their ids are `P` and the name.
    """
    unlinked = tables.pop("unlinked", [])
    records = frame(*[row for rows in people.values() for row in rows], *unlinked)
    links = [
        {
            "source": row["source"],
            "record_id": row["record_id"],
            "person_id": f"P{name}",
            "confidence": 1.0,
        }
        for name, rows in people.items()
        for row in rows
    ]
    confidence = tables.pop("confidence", [])
    lower = {row["person_id"]: row["confidence"] for row in confidence}
    links = [{**row, "confidence": lower.get(row["person_id"], 1.0)} for row in links]
    schemas = {
        "facts": SourceFacts,
        "awards": SourceAwards,
        "relations": SourceRelations,
        "contacts": SourceContacts,
        "status": FeedStatus,
        "completeness": Completeness,
    }
    built = {
        name: pl.DataFrame(list(tables.get(name, [])), schema=empty(schema).schema)
        for name, schema in schemas.items()
    }
    aside = frame(*tables.get("set_aside", []))
    gathered = Gathered(records=records, catalogue=catalogue(), set_aside=aside, **built)
    return assemble(gathered, pl.DataFrame(links, schema=empty(Links).schema), effective_on=ON)


def one(
    key: str = "nhs_register:1", name: str = "Ada Cole", born_on: str | None = "1950-01-01"
) -> dict[str, object]:
    return record(key, name, born_on, **HOME)


def person(result: Assembled, name: str) -> dict[str, object]:
    return result.situation.people.row(by_predicate=pl.col("person_id") == f"P{name}", named=True)


def units(result: Assembled) -> set[frozenset[str]]:
    """Return who forms a benefit unit: sets of names, children in brackets."""
    named = result.situation.people.with_columns(
        name=pl.when(pl.col("role") == "child")
        .then("(" + pl.col("person_id").str.slice(1) + ")")
        .otherwise(pl.col("person_id").str.slice(1))
    )
    return {
        frozenset(names)
        for names in named.group_by("benefit_unit_id").agg("name")["name"].to_list()
    }
