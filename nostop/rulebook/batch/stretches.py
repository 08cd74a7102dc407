"""An uncertain amount cut at its turning points, so that what hangs on it is bounded stretch by
stretch: over the whole range the bounds of two parts would add up that never meet."""

from itertools import pairwise

from nostop.rulebook.batch import columns as c
from nostop.rulebook.batch import exprs
from nostop.rulebook.batch.columns import Num


def cut(whole: Num, points: list[Num]) -> list[Num]:
    """Return the stretches of a range between points. One that holds none of the range shrinks to
    the range's lowest value, if it has one."""
    edges: list[Num | None] = [None, *points, None]
    return [_stretch(whole, below, above) for below, above in pairwise(edges)]


def _stretch(whole: Num, below: Num | None, above: Num | None) -> Num:
    stretch = whole
    if below is not None:
        stretch, under = c.level_with(stretch, below)
        low = c.at_least(Num(stretch.lo, stretch.lo), Num(under.lo, under.lo)).lo
        stretch = Num(low, stretch.hi, stretch.den)
    if above is not None:
        stretch, over = c.level_with(stretch, above)
        high = c.at_most(Num(stretch.hi, stretch.hi), Num(over.hi, over.hi)).hi
        stretch = Num(stretch.lo, high, stretch.den)
    return _or_lowest(stretch, whole)


def _or_lowest(stretch: Num, whole: Num) -> Num:
    stretch, whole = c.level_with(stretch, whole)
    is_empty = (c.column(stretch.lo) > c.column(stretch.hi)).fill_null(value=False)
    lowest = c.column(whole.lo)
    lo = exprs.when(is_empty).then(lowest).otherwise(c.column(stretch.lo))
    highest = exprs.coalesce(lowest, c.column(whole.hi))
    return Num(lo, exprs.when(is_empty).then(highest).otherwise(c.column(stretch.hi)), stretch.den)
