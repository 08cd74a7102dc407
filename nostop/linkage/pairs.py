"""Compare two mentions field by field; the guards: rules no score may overrule."""

from dataclasses import dataclass

import polars as pl

from nostop.linkage.duck import query

#: Two numbers or dates further apart than this many typing errors are two facts and no slip.
MOST_EDITS = 2
#: A parent and a child of one name are at least this many years apart; a slip in one digit of a
#: year can look the same.
GENERATION_YEARS = 14

_FEATURES = """
SELECT p.*,
  l.born_on = r.born_on AS same_birth,
  CASE WHEN l.nino IS NOT NULL AND r.nino IS NOT NULL
       THEN damerau_levenshtein(l.nino, r.nino) END AS nino_edits,
  CASE WHEN l.born_on = r.born_on THEN 0
       WHEN year(l.born_on) = year(r.born_on) AND month(l.born_on) = day(r.born_on)
            AND day(l.born_on) = month(r.born_on) THEN 1
       ELSE damerau_levenshtein(strftime(l.born_on, '%Y%m%d'), strftime(r.born_on, '%Y%m%d'))
       END AS birth_edits,
  abs(year(l.born_on) - year(r.born_on)) AS years_apart,
  l.sex != r.sex AS other_sex,
  l.dwelling = r.dwelling AS same_dwelling,
  l.postcode = r.postcode AS same_postcode,
  l.surname = r.surname AS same_surname,
  l.first = r.first AS same_first,
  list_has_any(l.families, r.families) AS nickname,
  (length(l.first) = 1 AND list_contains(r.initials, l.first))
    OR (length(r.first) = 1 AND list_contains(l.initials, r.first)) AS initial,
  least(length(l.first), length(r.first)) >= 3 AND length(l.first) != length(r.first)
    AND (starts_with(l.first, r.first) OR starts_with(r.first, l.first)
         OR (least(length(l.first), length(r.first)) >= 4
             AND (ends_with(l.first, r.first) OR ends_with(r.first, l.first)))) AS shortened,
  l.first || l.middle = r.first OR r.first || r.middle = l.first
    OR jaro_winkler_similarity(l.first || l.middle, r.first || r.middle, 0.92) >= 0.92 AS joined,
  (l.first = r.surname AND (l.surname = r.first OR list_has_any(l.said_last, r.families)
                            OR (length(l.surname) = 1 AND list_contains(r.initials, l.surname))))
    OR (r.first = l.surname AND (r.surname = l.first OR list_has_any(r.said_last, l.families)
                                 OR (length(r.surname) = 1
                                     AND list_contains(l.initials, r.surname))))
    OR (l.first != r.first AND l.surname != r.surname
        AND jaro_winkler_similarity(l.first, r.surname, 0.82) >= 0.82
        AND jaro_winkler_similarity(l.surname, r.first, 0.82) >= 0.82) AS swapped,
  l.first_sound = r.first_sound AND length(l.first_sound) > 1
    AND jaro_winkler_similarity(l.first, r.first, 0.75) >= 0.75 AS same_sound,
  l.middle = r.first OR r.middle = l.first AS by_middle,
  l.middle = r.middle AS same_middle,
  l.middle[1] != r.middle[1] AS other_middle,
  l.middle[1] != r.middle[1] AND least(length(l.middle), length(r.middle)) > 1
    AND NOT contains(l.middle, r.middle) AND NOT contains(r.middle, l.middle)
    AND jaro_similarity(l.middle, r.middle) < 0.75 AS two_middles,
  l.first != r.first AND least(l.bearers, r.bearers) >= 4
    AND least(l.bearers, r.bearers) * 8 >= greatest(l.bearers, r.bearers) AS two_names,
  year(l.born_on) = year(r.born_on)
    AND (strftime(l.born_on, '%m%d') = '0101' OR strftime(r.born_on, '%m%d') = '0101')
    AS day_unknown,
  l.first != r.first AND (list_contains(l.beside, r.first) OR list_contains(r.beside, l.first))
    AS side_by_side,
  damerau_levenshtein(l.first, r.first) AS first_edits,
  damerau_levenshtein(l.surname, r.surname) AS surname_edits,
  least(length(l.first), length(r.first)) AS first_length,
  least(length(l.surname), length(r.surname)) AS surname_length
FROM pairs p JOIN nodes l ON p.l = l.node JOIN nodes r ON p.r = r.node
"""


def features(pairs: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """Return pairs (`l`, `r`, ...) with how their fields compare; null where a side is silent."""
    return query(_FEATURES, {"pairs": pairs, "nodes": nodes})


def typo(field: str) -> pl.Expr:
    """Whether two spellings are a slip apart: one edit in a short name, two in a long one."""
    edits, length = pl.col(f"{field}_edits"), pl.col(f"{field}_length")
    return ((edits <= 1) & (length >= 3)) | ((edits <= 2) & (length >= 6))


def compatible_first_names(*, by_middle: bool = True) -> pl.Expr:
    """Whether two first names can be one person's: a form, a part, a swap or a slip.

    `by_middle`: also where one is the other's middle name, as daughters bear their mothers'.
    """
    forms = ["same_first", "nickname", "initial", "shortened", "joined", "swapped"]
    forms += ["by_middle"] if by_middle else []
    return _any(*forms) | first_name_slip()


def first_name_slip() -> pl.Expr:
    """Whether two first names are a slip apart, or one said name in two spellings, and not two
    names that many bear: Molly, Polly.

    A misspelling is far rarer than what it misspells.
    """
    two_names = _true("two_names") & ~same_number()
    slip = typo("first") | _true("same_sound")
    return (slip & ~_true("other_sex") & ~two_names).fill_null(value=False)


def same_number() -> pl.Expr:
    """Whether both have one National Insurance number, to the letter."""
    return (pl.col("nino_edits") == 0).fill_null(value=False)


def _any(*columns: str) -> pl.Expr:
    return pl.any_horizontal([_true(column) for column in columns])


def _true(column: str) -> pl.Expr:
    return pl.col(column).fill_null(value=False)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Which fields are so often wrong in a file that their conflicts prove no two people.

    See doubt.found_doubt: it takes many conflicts that nothing else explains.
    """

    names: bool = False
    dates: bool = False


SURE = Doubt()


def allowed(doubt: Doubt = SURE) -> pl.Expr:
    """Whether no guard forbids that two mentions are one person."""
    forbidden = nino_conflict() | _true("side_by_side")
    if not doubt.names:
        forbidden = forbidden | name_conflict()
    if not doubt.dates:
        forbidden = forbidden | date_conflict()
    return ~forbidden


def nino_conflict() -> pl.Expr:
    """Whether two National Insurance numbers are two numbers, and no slip in one."""
    two = (pl.col("nino_edits") > MOST_EDITS).fill_null(value=False)
    place = _any("same_dwelling", "same_postcode")
    # Then a number is borrowed or mistyped, and the person is still one.
    same = _true("same_first") & _true("same_surname") & _true("same_birth") & place
    return two & ~same


def name_conflict() -> pl.Expr:
    """Whether two first names are two names, or one with two middle names: twins, siblings,
    partners, namesakes."""
    two = (~pl.col("first_edits").is_null() & ~compatible_first_names()).fill_null(value=False)
    return two | (_true("two_middles") & ~_any("by_middle", "joined") & ~same_number())


def date_conflict() -> pl.Expr:
    """Whether two birth dates are two dates: parent and child of one name among them."""
    apart = (pl.col("birth_edits") > MOST_EDITS).fill_null(value=False)
    return (apart & ~_true("day_unknown")) | senior_and_junior()


def senior_and_junior() -> pl.Expr:
    """Whether two mentions of one name are a generation apart."""
    same_name = compatible_first_names() & pl.col("same_surname")
    apart = pl.col("years_apart") >= GENERATION_YEARS
    same_person = same_number() & (pl.col("birth_edits") <= 1)
    return (same_name & apart & ~same_person).fill_null(value=False)


def coincidence() -> pl.Expr:
    """Whether a first name and a birth date are all that two mentions share: many do in a town.

    Neither number nor place, no surname that could be a spelling of the other, no middle name.
    """
    place = _any("same_dwelling", "same_postcode")
    surname = _any("same_surname", "swapped") | typo("surname").fill_null(value=False)
    return ~(same_number() | place | surname | _true("same_middle"))
