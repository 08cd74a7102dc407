"""What a column of a source may hold, and how its text becomes a value.

A declaration writes a column's type in words: `text`, `nino or empty`, `date DD/MM/YYYY`,
`one of IP, NIL, END`. A value of another form is never mended: its row is set aside.
"""

import re
from dataclasses import dataclass

import polars as pl

#: Longer text, or a larger amount, is a mistake of the source and not a fact.
MAX_TEXT = 200
MAX_PENCE = 1_000_000_000
FIRST_YEAR, LAST_YEAR = 1900, 2100

_NINO = r"^[A-CEGHJ-PQR-TW-Z][A-CEGHJ-NPQR-TW-Z][0-9]{6}[A-D]$"
_NINO_NEVER = r"^(BG|GB|NK|KN|TN|NT|ZZ)|^[^Q]Q|^Q[^Q]"
_POSTCODE = r"^([A-Z]{1,2}[0-9][A-Z0-9]?) ?([0-9][A-Z]{2})$"
_POUNDS = r"^(?:0|[1-9][0-9]{0,7})(?:\.[0-9]{2})?$"
_EMAIL = r"^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$"
_PHONE = r"^(\+44|0)[1-9][0-9]{8,9}$"

#: How a date is written -> the exact shape of its text, and where in it year, month and day begin.
_DATES: dict[str, tuple[str, int, int, int]] = {
    "DD/MM/YYYY": (r"^[0-9]{2}/[0-9]{2}/[0-9]{4}$", 6, 3, 0),
    "DD-MM-YYYY": (r"^[0-9]{2}-[0-9]{2}-[0-9]{4}$", 6, 3, 0),
    "DD.MM.YYYY": (r"^[0-9]{2}\.[0-9]{2}\.[0-9]{4}$", 6, 3, 0),
    "YYYY-MM-DD": (r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", 0, 5, 8),
    "YYYYMMDD": (r"^[0-9]{8}$", 0, 4, 6),
    "YYYY-MM-DDThh:mm:ss": (
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
        r"(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?$",
        0,
        5,
        8,
    ),
}
_MONTH = "YYYY-MM"
#: The hour, minute, second, fraction, and the zone's sign, hours and minutes of such a text.
_TIME = r"T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?(?:Z|([+-])([0-9]{2}):([0-9]{2}))?$"

_FORM = re.compile(
    r"(?:(?P<kind>text|nino|postcode|uprn|pounds|pence|whole|email|phone)"
    r"|date (?P<date>\S+)|one of (?P<codes>.+?))(?P<empty>,? or empty)?"
)

_EXPECTED = {
    "text": f"is longer than {MAX_TEXT} characters",
    "nino": "is no National Insurance number: two letters, six digits, then A, B, C or D",
    "postcode": "has not the form of a postcode",
    "uprn": "is no UPRN: 1 to 12 digits",
    "pounds": f"is no amount in pounds such as 1234.56, up to {MAX_PENCE // 100:,}",
    "pence": f"is no amount in whole pence, up to {MAX_PENCE:,}",
    "whole": "is no whole number",
    "email": "is no plain e-mail address",
    "phone": "is no United Kingdom phone number",
}


@dataclass(frozen=True, slots=True)
class ColumnType:
    """The type of one column: its kind, a date's form, its codes, whether it may be empty."""

    kind: str
    written: str = ""
    codes: tuple[str, ...] = ()
    may_be_empty: bool = False

    @property
    def is_money(self) -> bool:
        """Whether its values are amounts, which become whole pence."""
        return self.kind in ("pounds", "pence")

    @property
    def expected(self) -> str:
        """What a value that does not fit is told."""
        if self.kind == "date":
            return f"is no date written {self.written}, from {FIRST_YEAR} to {LAST_YEAR}"
        if self.kind == "code":
            return f"is none of the codes {', '.join(self.codes)}"
        return _EXPECTED[self.kind]


def parse_column_type(text: object) -> ColumnType:
    """Read a column's type as a declaration writes it.

    Raises:
        ValueError: it is none of the forms; the message lists them.
    """
    found = _FORM.fullmatch(text) if isinstance(text, str) else None
    if not found:
        kinds = "text, nino, postcode, uprn, pounds, pence, whole, email, phone"
        forms = f"{kinds}, 'date DD/MM/YYYY', 'one of A, B'; add 'or empty' where it may be empty"
        raise ValueError(f"{text!r} is no column type: write one of {forms}")
    may_be_empty = found["empty"] is not None
    if found["date"]:
        if found["date"] not in (*_DATES, _MONTH):
            ways = ", ".join([*_DATES, _MONTH])
            raise ValueError(f"dates are not read as {found['date']}: write one of {ways}")
        return ColumnType("date", written=found["date"], may_be_empty=may_be_empty)
    if found["codes"]:
        codes = tuple(code.strip() for code in found["codes"].split(","))
        if not all(codes) or len(set(codes)) < len(codes):
            raise ValueError(f"{text!r}: each code must stand once, with a comma between")
        return ColumnType("code", codes=codes, may_be_empty=may_be_empty)
    return ColumnType(found["kind"], may_be_empty=may_be_empty)


def value_of(text: pl.Expr, column: ColumnType) -> pl.Expr:
    """Return the value of trimmed text, null where the text is not of the column's form.

    Amounts become whole pence and whole numbers `Int64`, dates `Date` (a month is its last day);
    the rest stays text in one form: a NINO or postcode in capitals, a UPRN without leading zeros.
    """
    match column.kind:
        case "date":
            return _date(text, column.written)
        case "code":
            return pl.when(text.is_in(list(column.codes))).then(text)
        case "pounds":
            return _pounds(text)
        case "pence":
            return _whole(_fitting(text, "^[0-9]{1,12}$"), MAX_PENCE)
        case "whole":
            return _whole(_fitting(text, "^(?:0|[1-9][0-9]{0,8})$"), 10**9)
        case "text":
            return pl.when(text.str.len_chars() <= MAX_TEXT).then(text)
        case _:
            return _identifier(text, column.kind)


def _identifier(text: pl.Expr, kind: str) -> pl.Expr:
    packed = text.str.replace_all(" ", "", literal=True)
    capitals = packed.str.to_uppercase()
    match kind:
        case "nino":
            never = capitals.str.contains(_NINO_NEVER)
            return pl.when(~never).then(_fitting(capitals, _NINO))
        case "postcode":
            return _fitting(text.str.to_uppercase(), _POSTCODE).str.replace(_POSTCODE, "${1} ${2}")
        case "uprn":
            digits = _fitting(text, "^[0-9]{1,12}$").str.strip_chars_start("0")
            return pl.when(digits != "").then(digits)
        case "email":
            return _fitting(text, _EMAIL)
        case _:
            return _fitting(packed, _PHONE)


def _fitting(text: pl.Expr, pattern: str) -> pl.Expr:
    return pl.when(text.str.contains(pattern)).then(text)


def _whole(digits: pl.Expr, at_most: int) -> pl.Expr:
    number = digits.cast(pl.Int64, strict=False)
    return pl.when(number <= at_most).then(number)


def _pounds(text: pl.Expr) -> pl.Expr:
    # Digits only, never a float: 0.29 * 100 is 28.999... in binary.
    fits = _fitting(text, _POUNDS)
    pence = pl.when(fits.str.contains(".", literal=True)).then(fits).otherwise(fits + ".00")
    return _whole(pence.str.replace(".", "", literal=True), MAX_PENCE)


def _date(text: pl.Expr, written: str) -> pl.Expr:
    if written == _MONTH:
        day = _date(text + "-01", "YYYY-MM-DD")
        return day.dt.month_end()
    shape, year, month, day_at = _DATES[written]
    fits = _fitting(text, shape)
    parts = [fits.str.slice(year, 4), fits.str.slice(month, 2), fits.str.slice(day_at, 2)]
    day = pl.concat_str(parts, separator="-").str.to_date("%Y-%m-%d", strict=False)
    return pl.when(day.dt.year().is_between(FIRST_YEAR, LAST_YEAR)).then(day)


def moment(text: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Return the moment that a date's text names, in microseconds since 1970 in UTC.

    A date without a time is its midnight, a time without a zone is UTC.

    Args:
        text: the trimmed text of a column of dates.
        day: its value, null where the text is no date.
    """
    hour, minute, second = (_part(text, group) for group in (1, 2, 3))
    fraction = text.str.extract(_TIME, 4).str.slice(0, 6).str.pad_end(6, "0")
    ahead = (_part(text, 6) * 60 + _part(text, 7)) * 60
    ahead = pl.when(text.str.extract(_TIME, 5) == "-").then(-ahead).otherwise(ahead)
    seconds = (hour * 60 + minute) * 60 + second - ahead
    micros = fraction.cast(pl.Int64, strict=False).fill_null(0)
    days = day.cast(pl.Int32).cast(pl.Int64)
    return (days * 86_400 + seconds) * 1_000_000 + micros


def _part(text: pl.Expr, group: int) -> pl.Expr:
    return text.str.extract(_TIME, group).cast(pl.Int64, strict=False).fill_null(0)
