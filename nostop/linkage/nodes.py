"""Source records in standard form, and the distinct mentions (nodes) that linking compares."""

from dataclasses import dataclass

import polars as pl

from nostop.linkage import text
from nostop.linkage.dwellings import with_dwelling
from nostop.linkage.twins import with_names_beside

#: What a mention says of who it is. Records that agree on all of it are one node: pay repeats a
#: person every month.
#: `apart` keeps mentions apart that say the same: see `_with_apart`. With this prefix, for good.
APART = "#"
IDENTITY = ["nino", "first", "middle", "surname", "born_on", "sex", "dwelling", "postcode", "apart"]


@dataclass(frozen=True, slots=True)
class Mentions:
    """Records and nodes.

    records: one row for each source record: source, record_id, node, row_key (the source row that
        mentions it, null unless
        that row mentions several people).
    nodes: one row for each distinct mention: node, the columns of IDENTITY, families (of the
        first name), beside (names a register lists beside it), seen_on.
    """

    records: pl.DataFrame
    nodes: pl.DataFrame


def mentions(records: pl.DataFrame) -> Mentions:
    """Return the standard form of `SourceRecords`.

    Nodes are numbered by what they say, not by order of arrival.
    """
    standard = _with_apart(_standard(records))
    nodes = (
        standard.select(IDENTITY)
        .unique()
        .sort(IDENTITY, nulls_last=False)
        .with_row_index("node")
        .with_columns(pl.col("node").cast(pl.Int64))
    )
    placed = standard.join(nodes, on=IDENTITY, how="left", validate="m:1", nulls_equal=True)
    seen = placed.group_by("node").agg(pl.col("seen_on").max())
    named = (
        nodes.join(text.name_families(), on="first", how="left", validate="m:1")
        .with_columns(pl.col("families").fill_null(pl.concat_list("first")))
        .join(seen, on="node", how="left", validate="1:1")
    )
    return Mentions(
        records=placed.select("source", "record_id", "node", "row_key"),
        nodes=with_names_beside(named, placed),
    )


def linkable() -> pl.Expr:
    """Whether a node may be linked to others at all."""
    return ~pl.col("apart").str.starts_with(APART).fill_null(value=False)


def _standard(records: pl.DataFrame) -> pl.DataFrame:
    given = text.folded("first_name")
    middle = pl.concat_str(
        text.later_words(given), text.folded("middle_names"), separator=" ", ignore_nulls=True
    )
    sex = pl.col("sex").str.to_lowercase().str.head(1)
    row = pl.col("record_id").str.extract(r"^([^#]+)")
    return with_dwelling(records).select(
        "source",
        "record_id",
        "dwelling",
        "postcode",
        "born_on",
        "seen_on",
        nino=text.nino("nino"),
        first=text.letters(text.first_word(given)),
        middle=text.letters(middle),
        surname=text.letters(text.folded("surname")),
        sex=pl.when(sex.is_in(["f", "m"])).then(sex),
        row_key=pl.when(pl.len().over("source", row) > 1).then(pl.col("source") + "|" + row),
    )


def _with_apart(standard: pl.DataFrame) -> pl.DataFrame:
    """Set `apart` on mentions that must not be taken for one because they say the same.

    Two mentions in one source row (father and son on a bill), and names with neither number, birth
    date nor address, stay apart for good. A name and birth date without an address is one person
    within its source only; beyond it, that is for the model to weigh.
    """
    same = [column for column in IDENTITY if column != "apart"]
    twice = pl.col("row_key").is_not_null() & (pl.len().over("row_key", *same) > 1)
    nowhere = pl.all_horizontal(pl.col("nino", "dwelling", "postcode").is_null())
    nobody = nowhere & pl.col("born_on").is_null()
    own = pl.concat_str(pl.lit(APART), "source", pl.lit("|"), "record_id")
    return standard.with_columns(
        apart=pl.when(twice | nobody).then(own).when(nowhere).then("source")
    )
