"""What the feeds brought, whose it is, and in which order sources are believed."""

from dataclasses import dataclass, field
from datetime import date

import polars as pl

from nostop.frames import (
    Completeness,
    FactCatalogue,
    FeedStatus,
    Links,
    SourceAwards,
    SourceContacts,
    SourceFacts,
    SourceRecords,
    SourceRelations,
    check,
    empty,
)
from nostop.linkage.dwellings import with_dwelling
from nostop.linkage.facts import check_known
from nostop.model import LinkageError

#: Whom to believe first where sources differ, unless `Gathered.trust` says otherwise:
#: first those who check where people live and who they are.
TRUST = (
    "council_tax",
    "nhs_register",
    "housing_benefit",
    "school_census",
    "hmrc_child_benefit",
    "dwp_awards",
    "hmrc_rti",
    "outreach_register",
)
#: The register of what people asked of us; without it nobody may be told anything.
OUTREACH_REGISTER = "outreach_register"


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the feeds brought, one checked table each (see nostop.frames).

    trust: the order in which sources are believed.
    set_aside: `SourceRecords` of people whom rows in quarantine mention. Something their source
        says
        of them is missing, so that its silence means nothing for them. They are recognised where
        the links cover them too: see `to_link`.
    """

    records: pl.DataFrame
    facts: pl.DataFrame
    awards: pl.DataFrame
    relations: pl.DataFrame
    contacts: pl.DataFrame
    status: pl.DataFrame
    completeness: pl.DataFrame
    catalogue: pl.DataFrame
    trust: tuple[str, ...] = TRUST
    set_aside: pl.DataFrame = field(default_factory=lambda: empty(SourceRecords))


def to_link(records: pl.DataFrame, set_aside: pl.DataFrame) -> pl.DataFrame:
    """Return `records` with those of `set_aside` that are not among them, to be linked together."""
    return pl.concat([records, set_aside.join(records, on=["source", "record_id"], how="anti")])


@dataclass(frozen=True, slots=True)
class Known:
    """The gathered tables, and whose each record is.

    records: `SourceRecords` with person_id, confidence, dwelling, rank (place in the order of
        trust).
    silenced: person_id, source: whose lack of a record in that source means nothing.
    good_on: the day on which facts must still be good.
    """

    gathered: Gathered
    records: pl.DataFrame
    silenced: pl.DataFrame
    good_on: date

    def of_people(self, table: pl.DataFrame) -> pl.DataFrame:
        """Return a source table with person_id and rank."""
        keys = self.records.select("source", "record_id", "person_id", "rank")
        return table.join(keys, on=["source", "record_id"], how="inner", validate="m:1")

    def facts(self, level: str) -> pl.DataFrame:
        """Return the catalogue of one level, without `role`, which is worked out here."""
        return self.gathered.catalogue.filter(
            (pl.col("level") == level) & (pl.col("fact") != "role")
        )


def known(gathered: Gathered, links: pl.DataFrame, good_on: date) -> Known:
    """Check the gathered tables and say whose each record is.

    Raises:
        FrameError: a table lacks a column or has another type.
        LinkageError: a record has no link, or a fact is not in the catalogue.
    """
    _check_tables(gathered)
    checked = check(Links, links)
    records = with_dwelling(gathered.records).join(
        checked, on=["source", "record_id"], how="left", validate="1:1"
    )
    without = records["person_id"].null_count()
    if without:
        raise LinkageError(
            f"{without:,} records have no link: link the same records that are assembled"
        )
    aside = checked.join(gathered.set_aside, on=["source", "record_id"], how="semi")
    silenced = aside.select("person_id", "source").unique().sort("person_id", "source")
    return Known(gathered, _ranked(records, gathered.trust), silenced, good_on)


def _check_tables(gathered: Gathered) -> None:
    check(SourceRecords, gathered.records)
    check(SourceFacts, gathered.facts)
    check(SourceAwards, gathered.awards)
    check(SourceRelations, gathered.relations)
    check(SourceContacts, gathered.contacts)
    check(FeedStatus, gathered.status)
    check(Completeness, gathered.completeness)
    check(FactCatalogue, gathered.catalogue)
    check(SourceRecords, gathered.set_aside)
    check_known(gathered.facts, gathered.catalogue)


def _ranked(records: pl.DataFrame, trust: tuple[str, ...]) -> pl.DataFrame:
    rest = sorted(set(records["source"].unique()) - set(trust))
    order = pl.DataFrame({"source": [*trust, *rest]}, schema={"source": pl.String})
    ranks = order.with_row_index("rank").with_columns(pl.col("rank").cast(pl.Int64))
    return records.join(ranks, on="source", how="left", validate="m:1")
