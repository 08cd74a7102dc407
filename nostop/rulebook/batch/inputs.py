"""Facts and receipts as frames bring them -> the columns that rules read."""

from collections.abc import Collection, Iterable

import narwhals as nw

from nostop.model import Level
from nostop.rulebook.batch.columns import no_bound, unknown_truth
from nostop.rulebook.catalogue import Catalogue, Fact

Columns = dict[str, nw.Expr]


def fact_columns(
    catalogue: Catalogue, level: Level, needed: Iterable[str], known: frozenset[str]
) -> Columns:
    """Return, for raw fact columns of a level, the `fact?` flag, and a number's `fact|lo` and
    `fact|hi`; of a date, `fact|lo` as yyyymmdd. Of a fact known for everybody, `fact|lo` alone."""
    found: Columns = {}
    facts = catalogue.at(level)
    for name in sorted(facts.keys() & set(needed)):
        bounds = _bounds(name, facts[name])
        if name in known:
            bounds.pop(f"{name}|hi", None)
        else:
            bounds[f"{name}?"] = nw.col(name).is_null()
        found |= bounds
    return found


def _bounds(name: str, fact: Fact) -> Columns:
    raw = nw.col(name)
    if fact.type == "date":
        year, month = raw.dt.year().cast(nw.Int64), raw.dt.month().cast(nw.Int64)
        return {f"{name}|lo": year * 10000 + month * 100 + raw.dt.day().cast(nw.Int64)}
    if fact.type not in ("int", "money"):
        return {}
    return {
        f"{name}|lo": raw.fill_null(0) if fact.non_negative else raw,
        f"{name}|hi": raw if fact.at_most is None else raw.fill_null(fact.at_most),
    }


def receipt_columns(schemes: Iterable[str], known_schemes: Collection[str]) -> Columns:
    """Return receipt columns from `known:scheme`, `paid:scheme`, `held:scheme` and `sum:scheme` of
    the awards table; simpler ones for schemes whose receipt is known for everybody."""
    found: Columns = {}
    for scheme in schemes:
        if scheme in known_schemes:
            found[f"in_payment:{scheme}"] = nw.col(f"paid:{scheme}").fill_null(value=False)
            found[f"claimed:{scheme}"] = nw.col(f"held:{scheme}").fill_null(value=False)
            found[f"award:{scheme}|lo"] = nw.col(f"sum:{scheme}").fill_null(0)
            continue
        known = nw.col(f"known:{scheme}")
        for function, source in (("in_payment", "paid"), ("claimed", "held")):
            has = nw.col(f"{source}:{scheme}").fill_null(value=False)
            absent = nw.when(known).then(nw.lit(value=False)).otherwise(unknown_truth())
            found[f"{function}:{scheme}"] = nw.when(has).then(nw.lit(value=True)).otherwise(absent)
        paid = nw.col(f"paid:{scheme}").fill_null(value=False)
        amount = nw.col(f"sum:{scheme}")
        nothing = nw.lit(0, dtype=nw.Int64)
        found[f"award:{scheme}|lo"] = nw.when(paid).then(amount.fill_null(0)).otherwise(nothing)
        absent_hi = nw.when(known).then(nothing).otherwise(no_bound())
        found[f"award:{scheme}|hi"] = nw.when(paid).then(amount).otherwise(absent_hi)
    return found
