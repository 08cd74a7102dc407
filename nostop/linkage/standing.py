"""All records of a linking in standard form and indexed by what they share: made once, asked often.

What asks are a few records more: one that a caseworker has before them, or a day's changes.
"""

from dataclasses import dataclass, replace

import polars as pl

from nostop.frames import Links, check
from nostop.linkage.blocking import KEYS, NAMES
from nostop.linkage.link import checked_records, variants
from nostop.linkage.model import MODEL_FILE, read_model
from nostop.linkage.nodes import Mentions, mentions, one_a_node
from nostop.linkage.weighing import Weighing, rows_with, weighing
from nostop.model import LinkageError

#: A key that more mentions share than this says too little to find them all by.
MOST_OF_A_KEY = 2_000
_KEY = ["source", "record_id"]


@dataclass(frozen=True, slots=True)
class Asked:
    """Records that are not among those that stand, in the same form.

    records: source, record_id, node, row_key.
    nodes: as `nodes.Mentions`; numbered on from those that stand.
    forms, prepared: see `Standing`.
    """

    records: pl.DataFrame
    nodes: pl.DataFrame
    forms: pl.DataFrame
    prepared: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Standing:
    """All records of one linking.

    records: source, record_id, node, row_key of each.
    nodes: one row for each distinct mention (see `nodes.Mentions`).
    forms: mentions, what is silent filled where a person's agree (see `link.variants`), sorted.
    prepared: forms with what comparing needs (see `Weighing.prepared`), sorted by node.
    keys: `hash` and `node` of every key that a form has, sorted.
    dwellings: which dwelling an address text stands for among these records.
    weighing: weights settled on these records.
    """

    records: pl.DataFrame
    nodes: pl.DataFrame
    forms: pl.DataFrame
    prepared: pl.DataFrame
    keys: pl.DataFrame
    dwellings: pl.DataFrame
    weighing: Weighing

    def asked(self, records: pl.DataFrame) -> Asked:
        """Return further records (`SourceRecords`, the same extra columns) in the same form."""
        said = mentions(records)
        first = int(self.nodes["node"].max() or 0) + 1  # type: ignore[arg-type]
        texts = said.nodes["dwelling"].drop_nulls().unique()
        nodes = (
            said.nodes.join(
                rows_with(self.dwellings, "dwelling", texts),
                on="dwelling", how="left", validate="m:1",
            )
            .with_columns(pl.col("node") + first, dwelling=pl.coalesce("known", "dwelling"))
            .drop("known")
        )  # fmt: skip
        forms = variants(nodes.with_columns(apart=pl.lit(None, pl.String)), _each_its_own(nodes))
        return Asked(
            said.records.with_columns(pl.col("node") + first),
            nodes.select(self.nodes.columns),
            forms.select(self.forms.columns),
            self.weighing.prepared(forms).select(self.prepared.columns),
        )

    def sharing(self, prepared: pl.DataFrame) -> pl.DataFrame:
        """Return pairs `l` (a node of `prepared`), `r` (one that stands) that share a key.

        Keys that too many share find nobody.
        """
        wanted = hashes(prepared)
        values = wanted["hash"].unique()
        starts = self.keys["hash"].search_sorted(values, side="left").cast(pl.Int64)
        ends = self.keys["hash"].search_sorted(values, side="right").cast(pl.Int64)
        found = (
            pl.LazyFrame({"hash": values, "row": starts, "end": ends})
            .filter((pl.col("end") - pl.col("row")).is_between(1, MOST_OF_A_KEY))
            .with_columns(row=pl.int_ranges("row", "end"))
            .explode("row")
            .collect()
        )
        behind = found.select("hash", r=self.keys["node"].gather(found["row"]))
        asking = wanted.lazy().rename({"node": "l"})
        pairs = asking.join(behind.lazy(), on="hash", how="inner", validate="m:m")
        others = pairs.select("l", "r").filter(pl.col("l") != pl.col("r"))
        return others.unique().sort("l", "r").collect()

    def rows(self, frame: pl.DataFrame, nodes: pl.Series) -> pl.DataFrame:
        """Return the rows of `forms` or `prepared` of some nodes."""
        return frame[frame["node"].search_sorted(nodes.unique().sort())]

    def grown(self, asked: Asked, gone: pl.DataFrame) -> "Standing":
        """Return these records with others added, and without those that are gone.

        Weights, and what is filled in, stay as they were.

        Args:
            asked: the records that are new, or as they are now.
            gone: source, record_id of those that were withdrawn, or are no longer as they were.
        """
        left = self.records.join(gone.select(_KEY), on=_KEY, how="anti")
        return replace(
            self,
            records=pl.concat([left, asked.records.select(left.columns)]),
            nodes=pl.concat([self.nodes, asked.nodes], how="vertical_relaxed"),
            forms=pl.concat([self.forms, asked.forms], how="vertical_relaxed"),
            prepared=pl.concat([self.prepared, asked.prepared], how="vertical_relaxed"),
            keys=pl.concat([self.keys, hashes(asked.prepared)]).sort("hash", "node"),
        )


def standing(
    records: pl.DataFrame, links: pl.DataFrame, settled: Weighing | None = None
) -> Standing:
    """Return all records of a linking, ready to be asked.

    Args:
        records: `SourceRecords`, and extra columns.
        links: `Links` of them.
        settled: weights to keep; None: they are settled on these records.
    Raises:
        FrameError: a table lacks a column or repeats a key.
        LinkageError: links and records are not of one run.
    """
    links = check(Links, links)
    said = mentions(checked_records(records))
    person = said.records.join(
        links.select(*_KEY, "person_id"), on=_KEY, how="left", validate="1:1"
    )
    if person["person_id"].null_count() or person.height != links.height:
        raise LinkageError(
            "the links are not of these records: give those that were made from them"
        )
    forms = variants(said.nodes, one_a_node(person).select("node", "cluster")).sort("node")
    weights = settled or weighing(forms, read_model(MODEL_FILE))
    prepared = weights.prepared(forms)
    return Standing(
        records=said.records,
        nodes=said.nodes,
        forms=forms,
        prepared=prepared,
        keys=hashes(prepared).sort("hash", "node"),
        dwellings=_dwellings(records, said),
        weighing=weights,
    )


def _each_its_own(nodes: pl.DataFrame) -> pl.DataFrame:
    return nodes.select("node", cluster=pl.col("node"))


def hashes(prepared: pl.DataFrame) -> pl.DataFrame:
    """Return `node` and `hash` of every key that a mention has."""
    found = []
    for number, key in enumerate(KEYS.values()):
        parts = [pl.col(part) if isinstance(part, str) else part for part in key]
        whole = pl.struct(part.alias(str(n)) for n, part in enumerate(parts)).hash(number)
        said = pl.all_horizontal(part.is_not_null() for part in parts)
        found.append(pl.when(said).then(whole).alias(str(number)))
    wide = prepared.lazy().with_columns(NAMES).select("node", *found)
    long = wide.unpivot(index="node", value_name="hash").drop_nulls("hash")
    return long.select("node", "hash").collect()


def _dwellings(records: pl.DataFrame, said: Mentions) -> pl.DataFrame:
    """Return which dwelling (`known`) an address text (`dwelling`) is, as linking saw it."""
    bare = mentions(checked_records(records.with_columns(uprn=pl.lit(None, pl.String))))
    text, known = _dwelling_of(bare), _dwelling_of(said).rename({"dwelling": "known"})
    both = text.join(known, on=_KEY, how="inner", validate="1:1").drop_nulls("dwelling")
    single = both.group_by("dwelling").agg(pl.col("known").drop_nulls().unique())
    return (
        single.filter(pl.col("known").list.len() == 1)
        .with_columns(pl.col("known").list.first())
        .sort("dwelling")
    )


def _dwelling_of(said: Mentions) -> pl.DataFrame:
    return said.records.join(
        said.nodes.select("node", "dwelling"), on="node", how="left", validate="m:1"
    ).select(*_KEY, "dwelling")
