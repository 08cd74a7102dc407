"""Standard forms of names, numbers and addresses: what is written differently compares as one."""

from functools import cache
from pathlib import Path

import polars as pl

NICKNAMES_FILE = Path(__file__).with_name("nicknames.csv")

#: HMRC's rule for a National Insurance number, plus QQ: never issued, and so the prefix of all
#: sample data.
_NINO = r"^(QQ|[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z])\d{6}[A-D]?$"
_NINO_NEVER_ISSUED = r"^(BG|GB|NK|KN|TN|NT|ZZ)"
_TITLE = r"^(mr|mrs|ms|miss|mx|dr|prof|rev|sir|dame)\.?\s+"
#: Letters that Unicode does not decompose to a base letter and an accent.
_LETTERS = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th"}
_POSTCODE = r"^[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}$"
#: Words that many surnames share and none is known by.
_PARTICLES = [
    "abu", "ben", "bin", "bint", "dal", "das", "del", "della", "den", "der", "des", "dos", "ibn",
    "las", "los", "mac", "saint", "san", "santa", "ter", "van", "vande", "vander", "von", "zur",
]  # fmt: skip
_STREET_WORDS = {
    "road": "rd", "street": "st", "avenue": "ave", "lane": "ln", "close": "cl", "drive": "dr",
    "crescent": "cres", "terrace": "ter", "court": "ct", "place": "pl", "gardens": "gdns",
    "square": "sq", "grove": "gr",
}  # fmt: skip


def nino(column: str) -> pl.Expr:
    """Return a valid National Insurance number in capitals without spaces, or null."""
    bare = pl.col(column).str.to_uppercase().str.replace_all(r"[^A-Z0-9]", "")
    valid = bare.str.contains(_NINO) & ~bare.str.contains(_NINO_NEVER_ISSUED)
    return pl.when(valid).then(bare)


def postcode(column: str) -> pl.Expr:
    """Return a postcode in capitals without a space, or null.

    Another country's postcode, or a slip in one of ours, is kept as it is: it compares as text.
    Words without a digit, and one digit over and over, are no postcode.
    """
    bare = pl.col(column).str.to_uppercase().str.replace_all(r"[^A-Z0-9]", "")
    usable = bare.str.contains(r"\d") & bare.str.len_chars().is_between(3, 10)
    placeholder = bare.str.strip_chars(bare.str.head(1)) == ""
    return pl.when(usable & ~placeholder).then(bare)


def area(column: str) -> pl.Expr:
    """Return what of a standard postcode says which district: BS1 of BS1 4DJ, 42 of 4223."""
    code = pl.col(column)
    ours = code.str.contains(_POSTCODE)
    return code.str.head(code.str.len_chars() - pl.when(ours).then(3).otherwise(2))


def plain(column: str) -> pl.Expr:
    """Return any column as text in small letters without accents or outer spaces, or null."""
    bare = pl.col(column).cast(pl.String).str.to_lowercase().str.normalize("NFKD")
    bare = bare.str.replace_all(r"\p{M}", "").str.replace_all(r"\s+", " ").str.strip_chars()
    return pl.when(bare != "").then(bare).alias(column)


def name_parts(text: pl.Expr) -> pl.Expr:
    """Return the words of a folded surname that can stand alone: `smith-jones` may be `jones`."""
    words = text.str.replace_all(r"[^\p{L}]+", " ").str.strip_chars().str.split(" ")
    element = pl.element()
    return words.list.eval(
        element.filter((element.str.len_chars() > 2) & ~element.is_in(_PARTICLES))
    )


def folded(column: str) -> pl.Expr:
    """Return text in small letters without accents, titles, apostrophes or outer spaces."""
    text = pl.col(column).str.to_lowercase().str.normalize("NFKD").str.replace_all(r"\p{M}", "")
    text = text.str.replace_many(list(_LETTERS), list(_LETTERS.values()))
    return text.str.strip_chars().str.replace(_TITLE, "").str.replace_all(r"['\u2019`.]", "")


def letters(text: pl.Expr) -> pl.Expr:
    """Return only the letters of folded text (`smith-jones` and `smith jones` are one), or null."""
    bare = text.str.replace_all(r"[^\p{L}]", "")
    return pl.when(bare != "").then(bare)


def first_word(text: pl.Expr) -> pl.Expr:
    """Return what stands before the first space; a hyphen does not part a name."""
    return text.str.extract(r"^(\S+)")


def later_words(text: pl.Expr) -> pl.Expr:
    """Return what stands after the first space, or null."""
    return text.str.extract(r"^\S+\s+(.+)$")


def address_line(column: str) -> pl.Expr:
    """Return a first address line in small letters, the usual street words cut short."""
    text = pl.col(column).str.to_lowercase().str.replace_all(r"[^a-z0-9]+", " ")
    text = text.str.strip_chars()
    last = text.str.extract(r"([a-z0-9]+)$")
    short = pl.concat_str(text.str.strip_suffix(last), last.replace(_STREET_WORDS))
    return pl.when(text != "").then(short)


def uprn(column: str) -> pl.Expr:
    """Return a unique property reference number without leading zeros, or null."""
    bare = pl.col(column).str.strip_chars().str.strip_chars_start("0")
    return pl.when(bare.str.contains(r"^\d{1,12}$")).then(bare)


@cache
def name_families() -> pl.DataFrame:
    """Return one row for each known given name: `first`, `families` it may be a form of."""
    table = pl.read_csv(NICKNAMES_FILE, infer_schema=False)
    named = table.with_columns(pl.col("names").str.split(" ")).explode("names")
    return named.group_by(first="names").agg(families=pl.col("family").sort()).sort("first")


#: English spelling rules that every Soundex-like code begins with: what is written differently and
#: said alike.
_SAID_ALIKE = {
    "ph": "f", "gh": "g", "kn": "n", "wr": "r", "sch": "s", "sh": "s", "ck": "k", "kh": "k",
    "th": "t", "dh": "d", "ch": "k", "x": "ks", "wh": "w", "mc": "mk", "mac": "mk",
}  # fmt: skip
_CLASSES = {"[bpfvw]": "1", "[cgjkqsz]": "2", "[dt]": "3", "l": "4", "[mn]": "5", "r": "6"}


def phonetic(column: str) -> pl.Expr:
    """Return how a name in small letters sounds: a vowel or class first, then consonant classes.

    Like Soundex, but the first letter is classed too (Katherine, Catherine) and all of the name
    counts.
    """
    said = pl.col(column).str.replace_many(list(_SAID_ALIKE), list(_SAID_ALIKE.values()))
    for letters_, digit in _CLASSES.items():
        said = said.str.replace_all(f"{letters_}+", digit)
    said = said.str.replace("^[aeiouyh]+", "0")
    return said.str.replace_all(r"[^0-9]", "")
