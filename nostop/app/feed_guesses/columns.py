"""What type each column of a sample is, from its name and from how many of its values fit."""

import re
from dataclasses import dataclass

import polars as pl

from nostop.feeds.columns import ColumnType, parse_column_type, value_of


def listed(text: str) -> set[str]:
    """Return the words of a text: short for a long list of them."""
    return set(text.split())


#: A list of codes has at most so many, each in at least so many rows: nobody is known by one.
MOST_CODES, FEWEST_ROWS = 20, 5
#: The share of values that have to fit a type; where the column's name says so too, less will do.
_FITS, _FITS_AS_NAMED = 0.98, 0.90

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_CODE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 _./+-]{0,28}[A-Za-z0-9+])?")
_NUMBER = re.compile(r"[0-9.,/:-]+")
#: What may be a name of somebody, where the column's name does not say that it is a code.
_NAME_LIKE = re.compile(r".* .*|[A-Z][a-z]{2,}.*")
#: Words of columns whose values are of one person, however few there are.
_PERSONAL = listed(
    "name names forename forenames surname given family first last middle maiden alias initial "
    "initials title nino ni dob birth born addr address line street road house town city county "
    "village postcode post postal uprn email mail phone telephone mobile nhs upn account ref "
    "reference id number no salutation note notes comment comments"
)
_OF_CODES = listed(
    "type code status kind category class group band freq frequency flag gender sex tenure language"
)
#: Both are listed where one is found: nobody is known by them.
_FLAGS = (("Y", "N"), ("y", "n"), ("YES", "NO"), ("Yes", "No"), ("true", "false"), ("T", "F"))
_NAMED = {
    "nino": listed("nino nin"),
    "phone": listed("phone telephone tel mobile"),
    "uprn": listed("uprn"),
    "pence": listed("pence"),
    "pounds": listed("amount pay paid rent tax charge total capital income pounds gbp award"),
}
#: In the order in which they are tried: the first that fits is taken.
_KINDS = ("nino", "postcode", "email", "phone", "uprn", "pence", "whole", "pounds")
_ONLY_AS_NAMED = ("phone", "uprn", "pence")
_DATES = (
    *("DD/MM/YYYY", "DD-MM-YYYY", "DD.MM.YYYY", "YYYY-MM-DD", "YYYYMMDD", "YYYY-MM"),
    "YYYY-MM-DDThh:mm:ss",
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the type guessed, and why.

    Attributes:
        words: what its name is made of, in small letters.
        filled, distinct: how many rows have a value, and how many values there are.
        longest: the characters of its longest value.
        why: what a person is told to confirm it by.
    """

    name: str
    type: ColumnType
    words: tuple[str, ...]
    rows: int
    filled: int
    distinct: int
    longest: int
    why: str

    @property
    def is_filled(self) -> bool:
        """Whether every row has a value."""
        return self.filled == self.rows


def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name in small letters: `partnerDob1` -> partner, dob, 1."""
    return tuple(word.lower() for word in _WORD.findall(name))


def guess_columns(rows: pl.DataFrame) -> dict[str, Column]:
    """Return what each column of a sample is.

    Args:
        rows: the columns of a sample as text, without line numbers.
    """
    trimmed = pl.all().str.strip_chars()
    texts = rows.select(pl.when(trimmed != "").then(trimmed))
    return {name: _guess(texts[name]) for name in texts.columns}


def _guess(values: pl.Series) -> Column:
    filled = values.drop_nulls()
    words = words_of(values.name)
    kind, why = _type(filled, set(words))
    empty = values.len() - filled.len()
    if empty:
        why = f"{why}; {empty:,} of {values.len():,} rows are empty"
    may_be_empty = ", or empty" if kind.startswith("one of ") else " or empty"
    return Column(
        name=values.name,
        type=parse_column_type(kind + may_be_empty if empty else kind),
        words=words,
        rows=values.len(),
        filled=filled.len(),
        distinct=filled.n_unique(),
        longest=max(filled.str.len_chars().to_list(), default=0),
        why=why,
    )


def _type(values: pl.Series, words: set[str]) -> tuple[str, str]:
    """Return the type of a column's values, as a declaration writes it, and why."""
    if values.is_empty():
        return "text", "no row of the sample has a value"
    fits = _fits(values)
    day = max(_DATES, key=lambda written: fits[f"date {written}"])
    exact = ["nino", "postcode", "email", *_ONLY_AS_NAMED, f"date {day}"]
    for kind in exact:
        if _is(kind, fits, words):
            return kind, _told(fits[kind], values.len())
    codes, why = _codes(values, words)
    if codes:
        return f"one of {', '.join(codes)}", why
    numbers = ("pounds", "whole") if words & _NAMED["pounds"] else ("whole", "pounds")
    kind = next((kind for kind in numbers if _is(kind, fits, words)), "text")
    told = _told(fits[kind], values.len())
    return kind, why if kind == "text" and why else told


def _fits(values: pl.Series) -> dict[str, int]:
    """Return how many values fit each type."""
    kinds = ["text", *_KINDS, *(f"date {written}" for written in _DATES)]
    text = pl.col("text")
    counted = pl.DataFrame({"text": values}).select(
        value_of(text, parse_column_type(kind)).is_not_null().sum().alias(kind) for kind in kinds
    )
    return {kind: int(counted[kind][0]) for kind in kinds}


def _is(kind: str, fits: dict[str, int], words: set[str]) -> bool:
    named = bool(words & _NAMED.get(kind, set()))
    if kind in _ONLY_AS_NAMED and not named:
        return False
    return fits[kind] >= (_FITS_AS_NAMED if named else _FITS) * fits["text"] > 0


def _told(fitting: int, filled: int) -> str:
    if fitting == filled:
        return f"all {filled:,} values fit"
    return f"{fitting / filled:.2%} of {filled:,} values fit, {filled - fitting:,} do not"


def _codes(values: pl.Series, words: set[str]) -> tuple[list[str], str]:
    """Return the codes of a column in order and why, or why it has codes that are not shown."""
    counted = values.value_counts(name="rows")
    if counted.height > MOST_CODES or counted.height * 2 > len(values):
        return [], ""
    found = set(counted[values.name].to_list())
    for pair in _FLAGS:
        if found <= set(pair):
            return list(pair), "it has only these, or one of them"
    if not _are_codes(found, words):
        return [], ""
    common = counted.filter(pl.col("rows") >= FEWEST_ROWS)
    if common.height < counted.height:
        few = counted.height - common.height
        told = f"its {counted.height} values look like codes; {few} of them too rare to be shown"
        return [], f"{told}: ask for the list and write one of A, B"
    return sorted(found), f"each is in {FEWEST_ROWS} rows or more; does the source know others?"


def _are_codes(found: set[str], words: set[str]) -> bool:
    """Return whether values may be shown as codes: no names, numbers or addresses of anybody."""
    if words & _PERSONAL or not all(map(_CODE.fullmatch, found)):
        return False
    if words & _OF_CODES:
        return True
    return not all(map(_NUMBER.fullmatch, found)) and not any(map(_NAME_LIKE.fullmatch, found))
