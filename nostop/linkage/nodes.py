"""Source records in standard form, and the distinct mentions (nodes) that linking compares."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import polars as pl

from nostop.linkage import text
from nostop.linkage.dwellings import with_dwelling
from nostop.linkage.twins import with_names_beside

#: What a mention says of who it is. Records that agree on all of it, and on every extra column, are
#: one node: pay repeats a person every month.
#: `apart` keeps mentions apart that say the same: see `_with_apart`. With this prefix, for good.
APART = "#"
IDENTITY = ["nino", "first", "middle", "surname", "born_on", "sex", "dwelling", "postcode", "apart"]
#: A number with so many birth dates is a placeholder, and nobody's.
_BIRTH_DATES_OF_A_PLACEHOLDER = 4
#: Birth dates that systems fill in where none is known.
_NO_BIRTH_DATE = [date(1900, 1, 1), date(1901, 1, 1), date(1899, 12, 30), date(1899, 12, 31)]
#: The number that public guidance shows as an example.
_SPECIMEN = "QQ123456C"
#: Further columns that a file may have, of any kind: a birth place, an occupation, a phone.
EXTRA = "extra_"


@dataclass(frozen=True, slots=True)
class Mentions:
    """Records and nodes.

    records: one row for each source record: source, record_id, node, row_key (the source row that
        mentions it, null unless that row mentions several people).
    nodes: one row for each distinct mention: node, the columns of IDENTITY, every extra column as
        text, alike (the smallest node that says the same), parts (of a surname), line and town,
        families (of the first name), beside (names a register lists beside it), seen_on.
    """

    records: pl.DataFrame
    nodes: pl.DataFrame


def extra_columns(frame: pl.DataFrame) -> list[str]:
    """Return the names of the extra columns, sorted."""
    return sorted(name for name in frame.columns if name.startswith(EXTRA))


def mentions(
    records: pl.DataFrame,
    *,
    deduplicated: Collection[str] = (),
    own: pl.DataFrame | None = None,
) -> Mentions:
    """Return the standard form of `SourceRecords` and any extra columns.

    Nodes are numbered by what they say, not by order of arrival.

    Args:
        records: `SourceRecords` and columns that begin with `extra_`.
        deduplicated: sources with one record a person: each record is a node of its own.
        own: source, record_id of records to be nodes of their own whatever they say.
    """
    extras = extra_columns(records)
    same = [*IDENTITY, *extras]
    standard = _with_own(_with_apart(_standard(records, extras), same), deduplicated, own)
    key = [*same, "own"]
    nodes = (
        standard.select(key)
        .unique()
        .sort(key, nulls_last=False)
        .with_row_index("node")
        .with_columns(pl.col("node").cast(pl.Int64))
        .with_columns(alike=pl.col("node").min().over(same))
    )
    placed = standard.join(nodes, on=key, how="left", validate="m:1", nulls_equal=True)
    said = placed.group_by("node").agg(
        pl.col("seen_on").max(),
        pl.col("line", "town").min(),
        # Spellings with a hyphen or a space and without are one surname: the one that has parts.
        pl.col("parts").sort_by(pl.col("parts").list.len(), pl.col("parts").list.join(" ")).last(),
    )
    named = (
        nodes.drop("own")
        .join(text.name_families(), on="first", how="left", validate="m:1")
        .with_columns(pl.col("families").fill_null(pl.concat_list("first")))
        .join(said, on="node", how="left", validate="1:1")
    )
    named = named.with_columns(
        initials=pl.col("families").list.eval(pl.element().str.head(1)).list.unique(),
        first_sound=text.phonetic("first"),
        bearers=pl.col("surname").n_unique().over("first").cast(pl.Int64),
    ).join(
        text.name_families().select(surname="first", said_last="families"),
        on="surname",
        how="left",
        validate="m:1",
    )
    return Mentions(
        records=placed.select("source", "record_id", "node", "row_key"),
        nodes=with_names_beside(named, placed),
    )


def one_a_node(records: pl.DataFrame) -> pl.DataFrame:
    """Return the first record of each node, with `cluster`, the number of its person.

    A mention that clerks have parted stands for its first record.

    Args:
        records: source, record_id, node, person_id.
    """
    first = records.sort("source", "record_id").group_by("node", maintain_order=True).first()
    return first.with_columns(cluster=pl.col("person_id").rank("dense").cast(pl.Int64))


def linkable() -> pl.Expr:
    """Whether a node may be linked to others at all."""
    return ~pl.col("apart").str.starts_with(APART).fill_null(value=False)


def _standard(records: pl.DataFrame, extras: list[str]) -> pl.DataFrame:
    given = text.folded("first_name")
    middle = pl.concat_str(
        text.later_words(given), text.folded("middle_names"), separator=" ", ignore_nulls=True
    )
    sex = pl.col("sex").str.to_lowercase().str.head(1)
    row = pl.col("record_id").str.extract(r"^([^#]+)")
    return _without_placeholders(with_dwelling(records)).select(
        "source",
        "record_id",
        "dwelling",
        "postcode",
        "born_on",
        "seen_on",
        *[text.plain(column) for column in extras],
        pl.col("nino").str.head(8),
        first=text.letters(text.first_word(given)),
        middle=text.letters(middle),
        surname=text.letters(text.folded("surname")),
        parts=text.name_parts(text.folded("surname")),
        line=text.address_line("address_line_1"),
        town=text.letters(text.folded("town")),
        sex=pl.when(sex.is_in(["f", "m"])).then(sex),
        row_key=pl.when(pl.len().over("source", row) > 1).then(pl.col("source") + "|" + row),
    )


def _without_placeholders(records: pl.DataFrame) -> pl.DataFrame:
    """Set birth dates and numbers that stand for an unknown one to null."""
    born_on = pl.when(~pl.col("born_on").is_in(_NO_BIRTH_DATE)).then("born_on")
    told = records.with_columns(born_on=born_on, nino=text.nino("nino"))
    births = (
        told.select("nino", "born_on")
        .drop_nulls()
        .group_by("nino")
        .agg(pl.col("born_on").n_unique())
        .filter(pl.col("born_on") >= _BIRTH_DATES_OF_A_PLACEHOLDER)
    )
    nobodys = pl.col("nino").is_in(births["nino"].sort().implode()) | (pl.col("nino") == _SPECIMEN)
    return told.with_columns(nino=pl.when(~nobodys).then("nino"))


def _with_apart(standard: pl.DataFrame, same: list[str]) -> pl.DataFrame:
    """Set `apart` on mentions that must not be taken for one because they say the same.

    Two mentions in one source row (father and son on a bill), and names with neither number, birth
    date, address nor any extra column, stay apart for good. A name and birth date without an
    address is one person within its source only; beyond it, that is for the model to weigh.
    """
    same = [column for column in same if column != "apart"]
    twice = pl.col("row_key").is_not_null() & (pl.len().over("row_key", *same) > 1)
    extras = [column for column in same if column.startswith(EXTRA)]
    nowhere = pl.all_horizontal(pl.col("nino", "dwelling", "postcode", *extras).is_null())
    nobody = nowhere & pl.col("born_on").is_null()
    own = pl.concat_str(pl.lit(APART), "source", pl.lit("|"), "record_id")
    return standard.with_columns(
        apart=pl.when(twice | nobody).then(own).when(nowhere).then("source")
    )


def _with_own(
    standard: pl.DataFrame, deduplicated: Collection[str], own: pl.DataFrame | None
) -> pl.DataFrame:
    single = pl.col("source").is_in(sorted(deduplicated))
    key = pl.concat_str("source", pl.lit("|"), "record_id")
    if own is not None and own.height:
        named = own.select("source", "record_id", _own=pl.lit(value=True))
        standard = standard.join(named, on=["source", "record_id"], how="left", validate="1:1")
        single = single | pl.col("_own").fill_null(value=False)
    told = standard.with_columns(own=pl.when(single).then(key))
    return told.drop("_own", strict=False)
