"""National Insurance numbers: everybody's own, numbers borrowed, and numbers for the time being."""

import numpy as np
import polars as pl

from nostop.synth.chance import Bools, Chance, Ints, scattered
from nostop.synth.days import YEAR_DAYS
from nostop.synth.hard.rates import Rates

#: There are so many National Insurance numbers that begin QQ and end in A to D.
MOST_NUMBERS = 4_000_000
#: The number of every specimen form: nobody's own, and typed in by whoever has none to hand.
SPECIMEN = "QQ123456C"
_SUFFIXES = np.asarray(["A", "B", "C", "D"])
_WORKING_DAYS = (int(16 * YEAR_DAYS), int(66 * YEAR_DAYS))
_IN_ONE_HOME_PERCENT = 40


def with_numbers(people: pl.DataFrame, rates: Rates, chance: Chance) -> pl.DataFrame:
    """Add nino (null for children and others without), borrowed_nino (another's, of who works
    under it), lends (somebody works under this one's number) and temporary."""
    rng = chance.part("numbers")
    count = len(people)
    place = scattered(count, MOST_NUMBERS, chance.seed + 41)
    digits = np.char.zfill((place // 4).astype(str), 6)
    nino = np.char.add(np.char.add("QQ", digits), _SUFFIXES[place % 4])
    age = people["age_days"].to_numpy()
    adult = age >= int(15.75 * YEAR_DAYS)
    has = adult & ~rates.happens("no_nino", count, rng) & (nino != SPECIMEN)
    working = adult & (age >= _WORKING_DAYS[0]) & (age < _WORKING_DAYS[1])
    borrows = working & rates.happens("borrowed_nino", count, rng)
    lender = _lenders(people, has & ~borrows, rng)
    borrows &= lender >= 0
    lends = np.zeros(count, dtype=bool)
    lends[lender[borrows]] = True
    numbers = pl.Series(nino, dtype=pl.String)
    return people.with_columns(
        nino=pl.when(pl.Series(has)).then(numbers),
        borrowed_nino=pl.when(pl.Series(borrows)).then(numbers.gather(np.maximum(lender, 0))),
        lends=pl.Series(lends),
        temporary=pl.Series(adult & rates.happens("temporary_nino", count, rng)),
    )


def _lenders(people: pl.DataFrame, able: Bools, rng: np.random.Generator) -> Ints:
    """Return for each person somebody of their sex with a number: of the home, or anybody of like
    age; -1 where there is none."""
    count = len(people)
    male, start = people["male"].to_numpy(), people["start"].to_numpy()
    age = people["age_days"].to_numpy()
    lender = np.full(count, -1, dtype=np.int64)
    for sex in (True, False):
        # By age: a few places on stands somebody of nearly the same birth date.
        order = np.flatnonzero(able & (male == sex))
        order = order[np.argsort(age[order], kind="stable")]
        if len(order) < 2:
            continue
        here = np.flatnonzero(male == sex)
        at = np.searchsorted(age[order], age[here]) + rng.integers(1, 40, len(here))
        lender[here] = order[at % len(order)]
    household = pl.DataFrame({"home": start, "male": male, "row": np.arange(count)})
    mates = household.filter(pl.Series(able & (age < _WORKING_DAYS[1])))
    first = mates.group_by("home", "male").agg(mate=pl.col("row").min())
    mate = household.join(
        first, on=["home", "male"], how="left", validate="m:1", maintain_order="left"
    )["mate"]
    of_home = mate.fill_null(-1).to_numpy()
    near = (of_home >= 0) & (rng.integers(0, 100, count) < _IN_ONE_HOME_PERCENT)
    lender = np.where(near, of_home, lender)
    return np.where(lender == np.arange(count), -1, lender)
