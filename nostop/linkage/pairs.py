"""Compare two mentions field by field; the guards: rules no score may overrule."""

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
  (length(l.first) = 1 OR length(r.first) = 1) AND l.first[1] = r.first[1] AS initial,
  least(length(l.first), length(r.first)) >= 3 AND length(l.first) != length(r.first)
    AND (starts_with(l.first, r.first) OR starts_with(r.first, l.first)
         OR (least(length(l.first), length(r.first)) >= 4
             AND (ends_with(l.first, r.first) OR ends_with(r.first, l.first)))) AS shortened,
  l.first = r.surname AND l.surname = r.first AS swapped,
  l.middle = r.first OR r.middle = l.first AS by_middle,
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
    forms = ["same_first", "nickname", "initial", "shortened", "swapped"]
    forms += ["by_middle"] if by_middle else []
    slip = typo("first") & ~pl.col("other_sex").fill_null(value=False)
    return pl.any_horizontal(
        [pl.col(form).fill_null(value=False) for form in forms]
    ) | slip.fill_null(value=False)


def allowed() -> pl.Expr:
    """Whether no guard forbids that two mentions are one person."""
    first_missing = pl.col("first_edits").is_null()
    nino_conflict = (pl.col("nino_edits") > MOST_EDITS).fill_null(value=False)
    birth_conflict = (pl.col("birth_edits") > MOST_EDITS).fill_null(value=False)
    listed_twins = pl.col("side_by_side").fill_null(value=False)
    twins = listed_twins | (~first_missing & ~compatible_first_names())
    return ~(nino_conflict | birth_conflict | twins | _senior_and_junior())


def beyond_coincidence() -> pl.Expr:
    """Whether a scored pair agrees on a number, on a place, or on surname and birth date alike.

    Without number or place, a slip in the birth date or another surname is too much to overlook:
    in a town, many share a first name and a birthday, or a whole name and a year.
    """
    same_number = (pl.col("nino_edits") == 0).fill_null(value=False)
    place = pl.any_horizontal(pl.col("same_dwelling", "same_postcode").fill_null(value=False))
    surname = pl.col("same_surname") | typo("surname") | pl.col("swapped")
    return same_number | place | (surname & pl.col("same_birth")).fill_null(value=False)


def _senior_and_junior() -> pl.Expr:
    same_name = compatible_first_names() & pl.col("same_surname")
    apart = pl.col("years_apart") >= GENERATION_YEARS
    same_nino = (pl.col("nino_edits") == 0).fill_null(value=False)
    return (same_name & apart & ~(same_nino & (pl.col("birth_edits") <= 1))).fill_null(value=False)
