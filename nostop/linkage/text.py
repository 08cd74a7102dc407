"""Standard forms of names, numbers and addresses: what is written differently compares as one."""

from pathlib import Path

import polars as pl

NICKNAMES_FILE = Path(__file__).with_name("nicknames.csv")

#: HMRC's rule for a National Insurance number, plus QQ: never issued, and so the prefix of all
#: sample data.
_NINO = r"^(QQ|[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z])\d{6}[A-D]$"
_NINO_NEVER_ISSUED = r"^(BG|GB|NK|KN|TN|NT|ZZ)"
_POSTCODE = r"^[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}$"
_TITLE = r"^(mr|mrs|ms|miss|mx|dr|prof|rev|sir|dame)\.?\s+"
#: Letters that Unicode does not decompose to a base letter and an accent.
_LETTERS = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th"}
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
    """Return a well-formed postcode in capitals without a space, or null."""
    bare = pl.col(column).str.to_uppercase().str.replace_all(r"[^A-Z0-9]", "")
    return pl.when(bare.str.contains(_POSTCODE)).then(bare)


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


def name_families() -> pl.DataFrame:
    """Return one row for each known given name: `first`, `families` it may be a form of."""
    table = pl.read_csv(NICKNAMES_FILE, infer_schema=False)
    named = table.with_columns(pl.col("names").str.split(" ")).explode("names")
    return named.group_by(first="names").agg(families=pl.col("family").sort()).sort("first")
