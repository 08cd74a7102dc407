"""The fact catalogue as the table that feeds and linkage take."""

import polars as pl

from nostop.frames import FactCatalogue, check, empty
from nostop.rulebook import Rulebook
from nostop.rulebook.catalogue import canonical


def fact_table(rulebook: Rulebook) -> pl.DataFrame:
    """Return a rule book's facts, one a row, as `FactCatalogue`."""
    rows = [
        {
            "fact": name,
            "level": fact.level.value,
            "type": fact.type,
            "per": fact.per.value if fact.per else None,
            "nil": canonical(fact.nil),
            "applies_to_adults": "adult" in fact.applies_to,
            "applies_to_children": "child" in fact.applies_to,
            "lasts": fact.lasts,
            "believe": list(fact.believe),
            "prefer": fact.prefer,
            "in_conflict": fact.in_conflict,
        }
        for name, fact in rulebook.catalogue.facts.items()
    ]
    return check(FactCatalogue, pl.DataFrame(rows, schema=empty(FactCatalogue).schema))
