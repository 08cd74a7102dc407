"""The conditions and code maps of a declaration, as expressions over typed rows. Never null."""

import polars as pl

from nostop.feeds.declaration import UNSTATED, Flag, PeriodWords, Person, When, Words


def holds(when: When) -> pl.Expr:
    """Return whether every condition holds; without conditions it always does."""
    every = pl.lit(value=True)
    for name, wanted in when.items():
        column = pl.col(name)
        if wanted == "filled":
            every &= column.is_not_null()
        elif wanted == "empty":
            every &= column.is_null()
        else:
            every &= column.is_in(list(wanted)).fill_null(value=False)
    return every


def exists(person: Person) -> pl.Expr:
    """Return whether a row mentions this person."""
    if person.refers_to is not None:
        return holds(person.when) & pl.col(person.refers_to.column).is_not_null()
    if person.when:
        return holds(person.when)
    return pl.any_horizontal(pl.col(column).is_not_null() for column in person.naming)


def mapped(part: Words | PeriodWords | Flag) -> pl.Expr:
    """Return the word for each code, null where the column is empty or the code has none."""
    words = {
        code: word if isinstance(word, bool) else str(word)
        for code, word in part.codes.items()
        if word != UNSTATED
    }
    column = pl.col(part.column)
    found = column.replace_strict(words, default=None, return_dtype=_dtype(part))
    if isinstance(part, Flag) and part.empty is not None:
        return pl.when(column.is_null()).then(pl.lit(part.empty)).otherwise(found)
    return found


def unmapped(part: Words | PeriodWords | Flag) -> pl.Expr:
    """Return whether there is a code that has no word."""
    column = pl.col(part.column)
    return column.is_not_null() & ~column.is_in(list(part.codes)).fill_null(value=False)


def _dtype(part: Words | PeriodWords | Flag) -> type[pl.DataType]:
    return pl.Boolean if isinstance(part, Flag) else pl.String
