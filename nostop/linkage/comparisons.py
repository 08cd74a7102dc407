"""How two mentions are compared: for each field, levels from the very same to nothing in common.

A level is a condition over the mentions `l` and `r` (see `scorable`) in DuckDB's SQL; the first
that holds counts. A field on which either is silent says nothing.
"""

from dataclasses import dataclass

import polars as pl

from nostop.linkage.nodes import extra_columns
from nostop.linkage.text import area, phonetic

#: The level of a comparison on which a side is silent.
SILENT = -1
ELSE = "else"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Levels of one field.

    name: the field.
    said: columns of which each side must state one.
    levels: name and condition, best first; `else` is added.
    frequent: level, and the column whose frequency in the data weighs that level: sharing a rare
        value says more than sharing a common one.
    counted: where this holds, another comparison has counted what there is to say.
    """

    name: str
    said: tuple[str, ...]
    levels: tuple[tuple[str, str], ...]
    frequent: tuple[tuple[str, str], ...] = ()
    counted: str | None = None

    def level_names(self) -> list[str]:
        """Return the names of all levels, in order."""
        return [*[name for name, _ in self.levels], ELSE]

    def sql(self) -> str:
        """Return the expression that gives the number of the level, `SILENT` where one is."""
        silent = " OR ".join(
            f"coalesce({', '.join(f'{side}.{column}' for column in self.said)}) IS NULL"
            if len(self.said) > 1
            else f"{side}.{self.said[0]} IS NULL"
            for side in ("l", "r")
        )
        if self.counted:
            silent += f" OR {self.counted}"
        whens = " ".join(
            f"WHEN {condition} THEN {number}" for number, (_, condition) in enumerate(self.levels)
        )
        return f"CASE WHEN {silent} THEN {SILENT} {whens} ELSE {len(self.levels)} END"


def _like(surname: str, first: str, sound: str) -> str:
    """Return whether what stands as a surname may be another's first name."""
    return (
        f"({sound} OR (length({surname}) = 1 AND {surname} = {first}[1]) "
        f"OR jaro_winkler_similarity({surname}, {first}, 0.88) >= 0.88)"
    )


#: Names given in the other order, one of them respelt or but an initial.
_SWAPPED = (
    "(l.first != r.first AND l.surname != r.surname AND ("
    f"(l.first_sound = r.sound AND {_like('l.surname', 'r.first', 'l.sound = r.first_sound')}) OR "
    f"(l.sound = r.first_sound AND {_like('r.surname', 'l.first', 'l.first_sound = r.sound')})))"
)
_FIRST = Comparison(
    "first",
    ("first",),
    (
        ("exact", "l.first = r.first"),
        ("form", "list_has_any(l.families, r.families) OR l.given = r.first OR r.given = l.first"),
        ("swapped", _SWAPPED),
        ("middle", "l.middle = r.first OR r.middle = l.first"),
        ("near", "jaro_winkler_similarity(l.first, r.first, 0.9) >= 0.9"),
        (
            "initial",
            "(length(l.first) = 1 OR length(r.first) = 1) AND l.first[1] = r.first[1]",
        ),
        (
            "part",
            "least(length(l.first), length(r.first)) >= 3 "
            "AND (starts_with(l.first, r.first) OR starts_with(r.first, l.first))",
        ),
        ("alike", "jaro_winkler_similarity(l.first, r.first, 0.78) >= 0.78"),
    ),
    (("exact", "first"),),
)
_SURNAME = Comparison(
    "surname",
    ("surname",),
    (
        ("exact", "l.surname = r.surname"),
        (
            "slip",
            "abs(length(l.surname) - length(r.surname)) <= 1 "
            "AND jaro_winkler_similarity(l.surname, r.surname, 0.7) >= 0.7 "
            "AND damerau_levenshtein(l.surname, r.surname) <= 1",
        ),
        ("part", "list_has_any(l.parts, r.parts)"),
        ("near", "jaro_winkler_similarity(l.surname, r.surname, 0.9) >= 0.9"),
        ("sound", "l.sound = r.sound"),
        ("alike", "jaro_winkler_similarity(l.surname, r.surname, 0.8) >= 0.8"),
    ),
    (("exact", "surname"),),
    counted=_SWAPPED,
)
_MIDDLE = Comparison(
    "middle",
    ("middle",),
    (
        ("exact", "l.middle = r.middle"),
        (
            "initial",
            "l.middle[1] = r.middle[1] AND (length(l.middle) = 1 OR length(r.middle) = 1)",
        ),
        ("near", "jaro_winkler_similarity(l.middle, r.middle, 0.85) >= 0.85"),
    ),
)
_BORN = Comparison(
    "born",
    ("born",),
    (
        ("exact", "l.born = r.born"),
        ("swapped", "l.birth_parts = r.birth_parts"),
        (
            "slip",
            "(l.born[1:4] = r.born[1:4])::INT + (l.born[5:6] = r.born[5:6])::INT "
            "+ (l.born[7:8] = r.born[7:8])::INT = 2 AND damerau_levenshtein(l.born, r.born) <= 1",
        ),
        (
            "year",
            "l.born[1:4] = r.born[1:4] AND (l.born[5:8] = '0101' OR r.born[5:8] = '0101')",
        ),
        ("day_and_month", "l.born[5:8] = r.born[5:8]"),
        (
            "year_and_part",
            "l.born[1:4] = r.born[1:4] "
            "AND (l.born[5:6] = r.born[5:6] OR l.born[7:8] = r.born[7:8])",
        ),
        (
            "edits",
            "(l.birth_year = r.birth_year OR l.born[5:6] = r.born[5:6] "
            "OR l.born[7:8] = r.born[7:8]) AND jaro_similarity(l.born, r.born, 0.8) >= 0.8 "
            "AND damerau_levenshtein(l.born, r.born) <= 2",
        ),
        ("near", "abs(l.birth_year - r.birth_year) <= 2"),
    ),
    (("exact", "born"),),
)
_NINO = Comparison(
    "nino",
    ("nino",),
    (
        ("exact", "l.nino = r.nino"),
        ("slip", "damerau_levenshtein(l.nino, r.nino) <= 1"),
        ("near", "damerau_levenshtein(l.nino, r.nino) <= 2"),
    ),
)
_SEX = Comparison("sex", ("sex",), (("exact", "l.sex = r.sex"),))
#: The cheap measure spares most pairs the dear one, which it never contradicts.
_NEAR_POSTCODE = (
    "(jaro_similarity(l.postcode, r.postcode, 0.8) >= 0.8 "
    "AND damerau_levenshtein(l.postcode, r.postcode) <= 1)"
)
_PLACE = Comparison(
    "place",
    ("dwelling", "postcode", "line", "town"),
    (
        ("dwelling", "l.dwelling = r.dwelling"),
        (
            "address",
            "jaro_winkler_similarity(l.line, r.line, 0.92) >= 0.92 "
            f"AND (l.town = r.town OR {_NEAR_POSTCODE})",
        ),
        ("postcode", "l.postcode = r.postcode"),
        ("line", "l.line = r.line"),
        ("postcode_slip", _NEAR_POSTCODE),
        ("area", "l.outcode = r.outcode"),
        ("town", "jaro_winkler_similarity(l.town, r.town, 0.93) >= 0.93"),
    ),
    (("dwelling", "dwelling"), ("postcode", "postcode"), ("line", "line")),
)
COMPARISONS = (_FIRST, _SURNAME, _MIDDLE, _BORN, _NINO, _SEX, _PLACE)


def of_extra(column: str) -> Comparison:
    """Return how an extra column of any kind is compared: as text."""
    return Comparison(
        column,
        (column,),
        (
            ("exact", f"l.{column} = r.{column}"),
            ("near", f"jaro_winkler_similarity(l.{column}, r.{column}, 0.92) >= 0.92"),
            (
                "part",
                f"least(length(l.{column}), length(r.{column})) >= 4 "
                f"AND (contains(l.{column}, r.{column}) OR contains(r.{column}, l.{column}))",
            ),
        ),
        (("exact", column),),
    )


def comparisons_of(frame: pl.DataFrame) -> list[Comparison]:
    """Return what is compared of mentions: the fields of every record, then the extra columns."""
    return [*COMPARISONS, *[of_extra(column) for column in extra_columns(frame)]]


def scorable(mentions: pl.DataFrame) -> pl.DataFrame:
    """Return mentions with the columns that conditions and blocking name.

    Args:
        mentions: nodes (see nodes.Mentions), `cluster` beside them.
    """
    text = pl.col("born_on").dt.to_string("%Y%m%d")
    sounds = mentions.select(surname=pl.col("surname").drop_nulls().unique().sort())
    sounds = sounds.with_columns(sound=phonetic("surname"))
    month, day = text.str.slice(4, 2), text.str.slice(6, 2)
    return (
        mentions.join(sounds, on="surname", how="left", validate="m:1")
        .select(
            "node", "cluster", "nino", "first", "families", "surname", "parts", "middle", "sex",
            "dwelling", "postcode", "line", "town", "sound", "first_sound",
            *extra_columns(mentions),
            born=text,
            birth_year=pl.col("born_on").dt.year(),
            # Equal for a date and its day-and-month swap, and for nothing else a slip makes often.
            birth_parts=pl.concat_str(
                text.str.head(4), pl.min_horizontal(month, day), pl.max_horizontal(month, day)
            ),
            outcode=area("postcode"),
            given=pl.col("first") + pl.col("middle"),
            any_sound=pl.concat_list("first_sound", "sound").list.drop_nulls().list.unique(),
        )
    )  # fmt: skip
