"""Facts and receipts as frames bring them -> the columns that rules read."""

from collections.abc import Collection, Iterable

from narwhals import Expr

from nostop.model import Level
from nostop.rulebook.batch import exprs
from nostop.rulebook.batch.columns import no_bound, unknown_truth
from nostop.rulebook.catalogue import Catalogue, Fact

Columns = dict[str, Expr]


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
            bounds[f"{name}?"] = exprs.col(name).is_null()
        found |= bounds
    return found


def _bounds(name: str, fact: Fact) -> Columns:
    raw = exprs.col(name)
    if fact.type == "date":
        year, month = exprs.whole(raw.dt.year()), exprs.whole(raw.dt.month())
        return {f"{name}|lo": year * 10000 + month * 100 + exprs.whole(raw.dt.day())}
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
            found[f"in_payment:{scheme}"] = exprs.col(f"paid:{scheme}").fill_null(value=False)
            found[f"claimed:{scheme}"] = exprs.col(f"held:{scheme}").fill_null(value=False)
            found[f"award:{scheme}|lo"] = exprs.col(f"sum:{scheme}").fill_null(0)
            continue
        known = exprs.col(f"known:{scheme}")
        for function, source in (("in_payment", "paid"), ("claimed", "held")):
            has = exprs.col(f"{source}:{scheme}").fill_null(value=False)
            absent = exprs.when(known).then(exprs.truth(value=False)).otherwise(unknown_truth())
            found[f"{function}:{scheme}"] = (
                exprs.when(has).then(exprs.truth(value=True)).otherwise(absent)
            )
        paid = exprs.col(f"paid:{scheme}").fill_null(value=False)
        amount = exprs.col(f"sum:{scheme}")
        nothing = exprs.number(0)
        found[f"award:{scheme}|lo"] = exprs.when(paid).then(amount.fill_null(0)).otherwise(nothing)
        absent_hi = exprs.when(known).then(nothing).otherwise(no_bound())
        found[f"award:{scheme}|hi"] = exprs.when(paid).then(amount).otherwise(absent_hi)
    return found
