"""A feed that did not come takes answers away, and turns none into another."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from nostop import app, determination, linkage, synth
from nostop.app.fact_table import fact_table
from nostop.app.gather import read_declarations, read_feeds
from nostop.determination import Determiner
from nostop.frames import Links
from nostop.linkage import Gathered, assemble
from nostop.rulebook import Rulebook

DAY = date(2026, 6, 1)
SCHEMES = ["child_benefit", "pension_credit", "universal_credit"]
FEEDS = (
    "council_tax", "dwp_awards", "hmrc_child_benefit", "hmrc_rti", "housing_benefit",
    "nhs_register", "school_census",
)  # fmt: skip
PAIRS = (
    ("nhs_register", "school_census"),
    ("hmrc_child_benefit", "school_census"),
    ("council_tax", "dwp_awards"),
    ("hmrc_rti", "nhs_register"),
)


class District:
    """Three hundred people who do not exist, linked once: what is lost is lost after that."""

    def __init__(self, folder: Path, book: Rulebook) -> None:
        made = synth.generate(
            300, 11, lambda situation: determination.determine(situation, book, DAY, SCHEMES), DAY
        )
        synth.write(made, folder)
        declarations = read_declarations(app.default_declarations_dir(), book)
        batch = read_feeds(declarations, folder, DAY)
        tables = ("records", "facts", "awards", "relations", "contacts", "status", "completeness")
        self.gathered = Gathered(
            **{name: getattr(batch, name) for name in tables},
            catalogue=fact_table(book),
            set_aside=batch.set_aside,
        )
        mentions = linkage.to_link(batch.records, batch.set_aside)
        self.links = linkage.link(mentions).select(list(Links.columns()))
        self.determiner = Determiner(book, DAY, SCHEMES)
        self.whole = self.without()

    def without(self, *gone: str) -> pl.DataFrame:
        """Return what each adult's benefit unit is found to be: person_id, scheme, outcome,
        amount."""
        left = ~pl.col("source").is_in(gone)
        frames = {
            name: getattr(self.gathered, name).filter(left)
            for name in ("records", "facts", "awards", "relations", "contacts", "completeness")
        }
        state = pl.when(left).then("state").otherwise(pl.lit("missing"))
        given = replace(
            self.gathered,
            **frames,
            status=self.gathered.status.with_columns(state=state),
            set_aside=self.gathered.set_aside.filter(left),
        )
        situation = assemble(given, self.links.filter(left), effective_on=DAY).situation
        found = self.determiner.determine(situation)
        adults = situation.people.filter(role="adult").select("person_id", "benefit_unit_id")
        return found.select("benefit_unit_id", "scheme", "outcome", "amount").join(
            adults, on="benefit_unit_id"
        )


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory, book: Rulebook) -> District:
    return District(tmp_path_factory.mktemp("district"), book)


@pytest.mark.parametrize("gone", [*((feed,) for feed in FEEDS), *PAIRS], ids=" and ".join)
def test_inv_30_lost_feeds_make_outcomes_unknown_and_never_others(
    district: District, gone: tuple[str, ...]
) -> None:
    both = district.whole.join(
        district.without(*gone), on=["person_id", "scheme"], suffix="_left", validate="1:1"
    )
    told = both.filter(pl.col("outcome_left") != "unknown")
    assert told.filter(pl.col("outcome") != pl.col("outcome_left")).is_empty()
    assert told.filter(pl.col("amount") != pl.col("amount_left")).is_empty()


def test_inv_30_without_any_register_of_children_no_family_is_told_that_it_has_none(
    district: District,
) -> None:
    left = district.without("nhs_register", "school_census").filter(scheme="child_benefit")
    assert "not_entitled" in district.whole.filter(scheme="child_benefit")["outcome"]
    assert "not_entitled" not in left["outcome"]
