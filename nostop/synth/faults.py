"""How a department's record differs from the truth: typing slips, nicknames, old addresses,
missing numbers, bad rows.

One person is written once in a source (`miswrite`), so that all rows a department holds of them
agree with one another.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from nostop.synth.chance import PER_10000, Bools, Chance
from nostop.synth.shapes import Shapes

ADDRESS = ("uprn", "address_line_1", "town", "postcode")
#: The columns of a mention: what any source may know of who a person is.
MENTION = ("first_name", "middle_names", "surname", "born_on", "sex", "nino", *ADDRESS)

_NEIGHBOURS = dict(zip("abcdefghijklmnopqrstuvwxyz", "svxswdrdujklnkpaweftryiqcuz", strict=False))


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes a source down: its name, how often it errs, nicknames in use, and its own stream
    of chance."""

    source: str
    rates: dict[str, int]
    nicknames: dict[str, str]
    chance: Chance

    @classmethod
    def of(cls, source: str, shapes: Shapes, names: Shapes, chance: Chance) -> "Writer":
        """Return the writer of a source, with its rates of shapes.yaml."""
        return cls(source, shapes["faults"][source], names["nicknames"], chance)


def miswrite(people: pl.DataFrame, writer: Writer, role: str = "") -> pl.DataFrame:
    """Return person_id and `MENTION` as the source has it, one row for each row of `people`, in
    the same order.

    `role` names a second list of the same source (a partner, a child), which errs on its own.
    """
    rng = writer.chance.part(f"faults of {writer.source} {role}")

    def happens(fault: str) -> Bools:
        drawn: Bools = rng.integers(0, PER_10000, len(people)) < writer.rates[fault]
        return drawn

    first, surname = _called(people, writer, happens("nickname"), happens("initial"))
    slip = happens("typo"), happens("typo")
    moved = pl.Series(happens("former_address"))
    born = people["born_on"]
    swap = pl.Series(happens("birth_swap")) & (born.dt.day() <= 12)
    no_nino, wrong_nino = pl.Series(happens("missing_nino")), happens("nino_typo")
    swapped = pl.date(
        pl.col("born_on").dt.year(), pl.col("born_on").dt.day(), pl.col("born_on").dt.month()
    )
    return people.select(
        "person_id",
        first_name=_mistyped(first, slip[0], rng),
        middle_names=pl.when(~pl.Series(happens("missing_middle"))).then("middle_names"),
        surname=_mistyped(surname, slip[1], rng),
        born_on=pl.when(swap).then(_safe_swap(people, swapped)).otherwise("born_on"),
        sex="sex",
        nino=pl.when(~no_nino).then(_misread_digits(people["nino"], wrong_nino, rng)),
        **{name: pl.when(moved).then(f"former_{name}").otherwise(name) for name in ADDRESS},
    )


def _safe_swap(people: pl.DataFrame, swapped: pl.Expr) -> pl.Series:
    """Return birth dates with day and month exchanged where that is a date; the others as they
    are."""
    possible = pl.col("born_on").dt.day() <= 12
    parts = people.with_columns(
        born_on=pl.when(possible).then("born_on").otherwise(pl.col("born_on").dt.truncate("1mo"))
    )
    return parts.select(swapped.alias("swapped")).to_series()


def _called(
    people: pl.DataFrame, writer: Writer, nickname: Bools, initial: Bools
) -> tuple[pl.Series, pl.Series]:
    short = pl.col("first_name").replace(writer.nicknames)
    written = people.select(
        first=pl.when(pl.Series(initial))
        .then(pl.col("first_name").str.slice(0, 1))
        .when(pl.Series(nickname))
        .then(short)
        .otherwise("first_name"),
        surname=pl.when(pl.col("former_name_in") == writer.source)
        .then("former_surname")
        .otherwise("surname"),
    )
    return written["first"], written["surname"]


def _mistyped(text: pl.Series, slips: Bools, rng: np.random.Generator) -> pl.Series:
    """Return the texts with one slip where chosen: two letters exchanged, one lost, one doubled,
    or a neighbouring key."""
    at = np.flatnonzero(slips)
    kind, place = rng.integers(0, 4, len(at)), rng.random(len(at))
    chosen = pl.DataFrame({"text": text.gather(at), "kind": kind, "place": place})
    # The first letter is seldom wrong: people see it.
    after = 1 + (pl.col("place") * (pl.col("text").str.len_chars() - 2)).cast(pl.Int64)
    chosen = chosen.with_columns(after=after).with_columns(
        head=pl.col("text").str.slice(0, pl.col("after")),
        letter=pl.col("text").str.slice(pl.col("after"), 1),
        following=pl.col("text").str.slice(pl.col("after") + 1, 1),
        tail=pl.col("text").str.slice(pl.col("after") + 2),
    )
    letter, following = pl.col("letter"), pl.col("following")
    middle = (
        pl.when(pl.col("kind") == 0)
        .then(following + letter)
        .when(pl.col("kind") == 1)
        .then(following)
        .when(pl.col("kind") == 2)
        .then(letter + letter + following)
        .otherwise(letter.replace(_NEIGHBOURS) + following)
    )
    slipped = chosen.select(
        pl.when(pl.col("text").str.len_chars() > 2)
        .then(pl.col("head") + middle + pl.col("tail"))
        .otherwise("text")
    ).to_series()
    return text.scatter(at, slipped)


def _misread_digits(nino: pl.Series, slips: Bools, rng: np.random.Generator) -> pl.Series:
    """Return the numbers with one digit changed where chosen."""
    at = np.flatnonzero(slips & nino.is_not_null().to_numpy())
    chosen = pl.DataFrame(
        {
            "nino": nino.gather(at),
            "place": 2 + rng.integers(0, 6, len(at)),
            "digit": rng.integers(0, 10, len(at)).astype(str),
        }
    )
    changed = (
        pl.col("nino").str.slice(0, "place")
        + pl.col("digit")
        + pl.col("nino").str.slice(pl.col("place") + 1)
    )
    return nino.scatter(at, chosen.select(changed).to_series())


def bad_lines(count: int, source: str, shapes: Shapes, chance: Chance) -> Bools:
    """Return which of `count` rows carry a fault that strict parsing must set aside."""
    rng = chance.part(f"bad rows of {source}")
    bad = np.zeros(count, dtype=bool)
    wanted = (count * shapes["bad_rows_per_10000"] + PER_10000 // 2) // PER_10000
    bad[rng.permutation(count)[:wanted]] = True
    return bad
