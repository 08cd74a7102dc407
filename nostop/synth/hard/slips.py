"""Slips of hands, eyes and scanners: in texts, numbers and dates."""

import numpy as np
import polars as pl

from nostop.synth.chance import Bools, Ints

_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
#: The key to the right of each, or to the left at the end of a row.
_NEIGHBOUR = {
    key: row[place + 1] if place + 1 < len(row) else row[place - 1]
    for row in _KEYS
    for place, key in enumerate(row)
}
_NEIGHBOUR |= {key.upper(): other.upper() for key, other in _NEIGHBOUR.items()}
#: What a scanner or a tired eye takes for one another.
_SEEN_AS = {
    "rn": "m", "m": "rn", "cl": "d", "d": "cl", "vv": "w", "w": "vv", "li": "h", "l": "1",
    "o": "0", "O": "0", "I": "l", "S": "5", "B": "8", "e": "c", "u": "v", "n": "h", "E": "F",
    "D": "O", "M": "N",
}  # fmt: skip
#: What an ear takes for one another.
_HEARD_AS = {
    "ph": "f", "ck": "k", "ie": "ei", "ei": "ie", "y": "i", "ll": "l", "tt": "t", "nn": "n",
    "ss": "s", "gh": "g", "s": "z", "c": "k", "ou": "u", "ay": "ey", "PH": "F", "Y": "I",
    "IE": "EI", "LL": "L", "TT": "T", "NN": "N",
}  # fmt: skip
_TRANSPOSED, _LOST, _DOUBLED, _NEIGHBOURING, _SEEN, _HEARD, _EXTRA = range(7)
_DECADE = 10


def misspelt(text: pl.Series, slips: Bools, rng: np.random.Generator) -> pl.Series:
    """Return the texts with one slip where chosen; texts of two letters or fewer stay."""
    at = np.flatnonzero(slips & (text.str.len_chars() > 2).fill_null(value=False).to_numpy())
    if not len(at):
        return text
    # The first letter is seldom wrong: people see it.
    place = np.where(rng.integers(0, 12, len(at)) == 0, 0.0, rng.random(len(at)))
    chosen = pl.DataFrame(
        {"text": text.gather(at), "kind": rng.integers(0, 7, len(at)), "place": place}
    )
    after = (pl.col("place") * (pl.col("text").str.len_chars() - 1)).ceil().cast(pl.Int64) - 1
    chosen = chosen.with_columns(after=after.clip(lower_bound=0)).with_columns(
        head=pl.col("text").str.slice(0, pl.col("after")),
        one=pl.col("text").str.slice(pl.col("after"), 1),
        two=pl.col("text").str.slice(pl.col("after") + 1, 1),
        tail=pl.col("text").str.slice(pl.col("after") + 2),
    )
    kind, one, two = pl.col("kind"), pl.col("one"), pl.col("two")
    middle = (
        pl.when((kind == _TRANSPOSED) & (two != ""))
        .then(two + one)
        .when(kind == _LOST)
        .then(two)
        .when(kind == _DOUBLED)
        .then(one + one + two)
        .when(kind == _EXTRA)
        .then(one + one.replace(_NEIGHBOUR) + two)
        .otherwise(one.replace(_NEIGHBOUR) + two)
    )
    whole = pl.concat_str("head", middle, "tail")
    seen, heard = _replaced_once(_SEEN_AS), _replaced_once(_HEARD_AS)
    slipped = (
        pl.when((kind == _SEEN) & (seen != pl.col("text")))
        .then(seen)
        .when((kind == _HEARD) & (heard != pl.col("text")))
        .then(heard)
        .otherwise(whole)
    )
    return text.clone().scatter(at, chosen.select(slipped).to_series())


def _replaced_once(table: dict[str, str]) -> pl.Expr:
    """Return `text` with the letters at its slip's place, if the table has them, taken for
    others."""
    pair = pl.concat_str("one", "two")
    of_pair = pair.replace_strict(table, default=None, return_dtype=pl.String)
    of_one = pl.col("one").replace_strict(table, default=None, return_dtype=pl.String)
    return pl.coalesce(
        pl.concat_str("head", of_pair, "tail"),
        pl.concat_str("head", of_one, "two", "tail"),
        "text",
    )


def misread_digits(nino: pl.Series, slips: Bools, rng: np.random.Generator) -> pl.Series:
    """Return the numbers with one digit changed, or two neighbours exchanged, where chosen."""
    at = np.flatnonzero(slips & nino.is_not_null().to_numpy())
    if not len(at):
        return nino
    place = pl.Series("place", 2 + rng.integers(0, 5, len(at)))
    digit = pl.Series("digit", rng.integers(0, 10, len(at)).astype(str))
    exchanged = pl.Series("exchanged", rng.integers(0, 3, len(at)) == 0)
    chosen = pl.DataFrame([nino.gather(at).alias("nino"), place, digit, exchanged])
    number, where = pl.col("nino"), pl.col("place")
    one, two = number.str.slice(where, 1), number.str.slice(where + 1, 1)
    middle = pl.when("exchanged").then(two + one).otherwise(pl.col("digit") + two)
    changed = pl.concat_str(number.str.slice(0, where), middle, number.str.slice(where + 2))
    return nino.clone().scatter(at, chosen.select(changed).to_series())


def swapped_days(born: pl.Series, swap: Bools) -> pl.Series:
    """Return dates with day and month exchanged where chosen and where that is a date."""
    at = np.flatnonzero(swap & (born.dt.day() <= 12).fill_null(value=False).to_numpy())
    chosen = born.gather(at)
    months = chosen.dt.year().to_numpy() * 12 + chosen.dt.day().to_numpy() - 1
    return born.clone().scatter(at, _date(months, chosen.dt.month().to_numpy()))


def slipped_days(born: pl.Series, slips: Bools, rng: np.random.Generator) -> pl.Series:
    """Return dates with one part wrong where chosen: the day by 1 or 10, the month or year by
    1."""
    at = np.flatnonzero(slips & born.is_not_null().to_numpy())
    months = born.gather(at).dt.year().to_numpy() * 12 + born.gather(at).dt.month().to_numpy() - 1
    day = born.gather(at).dt.day().to_numpy().astype(np.int64)
    kind = rng.integers(0, 4, len(at))
    up = np.where(rng.integers(0, 2, len(at)) == 0, 1, -1)
    day = day + np.select([kind == 0, kind == 1], [up, 10 * up], 0)
    months = months + np.select([kind == 2, kind == 3], [up, 12 * up], 0)
    return born.clone().scatter(at, _date(months, np.clip(day, 1, 28)))


def slipped_decades(born: pl.Series, slips: Bools, rng: np.random.Generator) -> pl.Series:
    """Return dates ten years too early or late where chosen."""
    at = np.flatnonzero(slips & born.is_not_null().to_numpy())
    chosen = born.gather(at)
    up = np.where(rng.integers(0, 2, len(at)) == 0, _DECADE, -_DECADE)
    months = (chosen.dt.year().to_numpy() + up) * 12 + chosen.dt.month().to_numpy() - 1
    return born.clone().scatter(at, _date(months, np.minimum(chosen.dt.day().to_numpy(), 28)))


def _date(months: Ints, day: Ints) -> pl.Series:
    parts = pl.DataFrame({"year": months // 12, "month": months % 12 + 1, "day": day})
    return parts.select(pl.date("year", "month", "day")).to_series()
