"""What of a pack's rates and tables is not changed, because no case could notice."""

from collections.abc import Iterator

from nostop.determination.mutation.model import Idle
from nostop.determination.mutation.rates import dated_values
from nostop.determination.tested_tables import tested_tables
from nostop.determination.trials import Trials
from nostop.rulebook.packs import Rate, Table


def idle_values(trials: Trials, owner: str) -> list[Idle]:
    """Return the dated values of a pack or library with no case on a day in their time, and the
    large tables of which no case looks up some rows."""
    return [*_without_case(trials, owner), *_rows_not_looked_up(trials, owner)]


def _without_case(trials: Trials, owner: str) -> Iterator[Idle]:
    everything: dict[str, Rate | Table] = {**trials.book.rates, **trials.book.tables}
    for name, number, days in dated_values(trials, owner, everything):
        if not days:
            from_ = everything[name].values[number].from_
            yield Idle(name.partition(".")[2], from_, "no case on a day in its time")


def _rows_not_looked_up(trials: Trials, owner: str) -> Iterator[Idle]:
    for tested in tested_tables(trials, owner):
        rows = len(tested.on.rows)
        left = rows - len(tested.looked_up)
        if tested.is_large and left:
            from_ = trials.book.tables[tested.name].values[tested.number].from_
            why = f"no case looks up {left} of its {rows} rows"
            yield Idle(tested.name.partition(".")[2], from_, why)
