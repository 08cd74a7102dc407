"""Only what changed is done again: the result is what working everything out again gives."""

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from nostop import app, determination, synth, takeup
from nostop.app import RunSettings, StageReport
from nostop.app.bench_changes import night
from nostop.app.gather import gathered_from, read_declarations, read_feeds
from nostop.app.running.neighbourhood import Side, places_of, put_together_again
from nostop.linkage import Assembled, assemble, link, to_link
from nostop.rulebook import Rulebook, default_rules_dir

DAY = date(2026, 6, 1)
SCHEMES = ["child_benefit", "council_tax_reduction", "pension_credit"]
LINKING, TOGETHER = "Linking the records", "Putting people together"
ENTITLEMENT, PATHS = "Working out entitlement", "Working out claim paths"

at_night = pytest.mark.skipif(
    "NOSTOP_NIGHTLY" not in os.environ, reason="whole runs: `make nightly`"
)


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory, book: Rulebook) -> Path:
    """The feeds of 1,000 people who do not exist."""
    folder = tmp_path_factory.mktemp("district")
    made = synth.generate(
        1000, 7, lambda situation: determination.determine(situation, book, DAY, SCHEMES), DAY
    )
    synth.write(made, folder)
    return folder


def settings_for(feeds: Path, out: Path) -> RunSettings:
    return RunSettings(
        feeds=feeds,
        out=out,
        effective_on=DAY,
        started_at=datetime(2026, 6, 1, tzinfo=UTC),
        rules=default_rules_dir(),
        declarations=app.default_declarations_dir(),
        schemes=SCHEMES,
        unreleased=True,
    )


@pytest.fixture(scope="module")
def first(district: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a first run of the district."""
    out = tmp_path_factory.mktemp("first") / "out"
    app.run(settings_for(district, out))
    return out


def next_run(first: Path, feeds: Path, out: Path, *without: str) -> dict[str, str]:
    """Run in a copy of the first run's folder, but for the checkpoints of some stages; return what
    each stage told."""
    shutil.copytree(first, out)
    for stage in without:
        shutil.rmtree(out / ".checkpoints" / stage)
    told: dict[str, str] = {}

    def listen(report: StageReport) -> None:
        told[report.stage] = report.detail
        assert not [each for each in report.warnings if each.startswith("CHECKPOINT")]

    started_at = datetime(2026, 6, 2, tzinfo=UTC)
    app.run(replace(settings_for(feeds, out), started_at=started_at), listen)
    return told


def results_of(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and ".checkpoints" not in file.parts
    }


def test_what_changed_gives_what_everything_gives(
    district: Path, first: Path, tmp_path: Path
) -> None:
    night(district, tmp_path / "night", 0.01, 3)
    told = next_run(first, tmp_path / "night", tmp_path / "again")
    for stage in (LINKING, TOGETHER, ENTITLEMENT, PATHS):
        assert told[stage].endswith("(what changed)"), stage
    later = ("people", "determinations", "claim_paths", "take_up")
    whole = next_run(first, tmp_path / "night", tmp_path / "whole", *later)
    for stage in (TOGETHER, ENTITLEMENT, PATHS):
        assert not whole[stage].endswith(")"), stage
    assert results_of(tmp_path / "again") == results_of(tmp_path / "whole")
    assert results_of(tmp_path / "again") != results_of(first)


def test_feeds_that_did_not_change_are_not_read_again(
    district: Path, first: Path, tmp_path: Path
) -> None:
    feeds = tmp_path / "feeds"
    shutil.copytree(district, feeds)
    register = feeds / "outreach_register.csv"
    register.write_text(register.read_text("utf-8").replace(",Y,", ",N,", 1), "utf-8")
    told = next_run(first, feeds, tmp_path / "out")
    assert told["Reading the feeds"].endswith("(7 feeds as before)")
    assert told[LINKING].endswith("(as before)")
    assert told[TOGETHER].endswith("(what changed)")


@at_night
def test_a_run_of_another_day_works_everything_out_but_the_links(
    district: Path, first: Path, tmp_path: Path
) -> None:
    shutil.copytree(first, tmp_path / "out")
    told: dict[str, str] = {}
    settings = replace(settings_for(district, tmp_path / "out"), effective_on=date(2026, 6, 2))
    app.run(settings, lambda report: told.__setitem__(report.stage, report.detail))
    assert told[LINKING].endswith("(as before)")
    assert not told[ENTITLEMENT].endswith(")")


@at_night
def test_the_few_rows_that_count_give_the_take_up_of_all(
    district: Path, first: Path, tmp_path: Path
) -> None:
    shutil.copytree(first, tmp_path / "out")
    result = app.run(settings_for(district, tmp_path / "out"))
    assert result.counts.equals(takeup.measure(result.determinations, DAY))
    assert result.counts["recipients"].sum() > 0


@at_night
def test_from_scratch_goes_on_from_nothing_but_ids(
    district: Path, first: Path, tmp_path: Path
) -> None:
    shutil.copytree(first, tmp_path / "out")
    night(district, tmp_path / "night", 0.01, 3)
    told: dict[str, str] = {}
    settings = replace(settings_for(tmp_path / "night", tmp_path / "out"), from_scratch=True)
    app.run(settings, lambda report: told.__setitem__(report.stage, report.detail))
    assert not [each for each in told.values() if each.endswith("(what changed)")]
    before = pl.read_parquet(first / "links.parquet")
    after = pl.read_parquet(tmp_path / "out" / "links.parquet")
    both = before.join(after, on=["source", "record_id"], suffix="_after")
    kept = both.filter(pl.col("person_id") == pl.col("person_id_after"))
    assert kept.height > 0.98 * both.height


# --- put together again --------------------------------------------------------------------------


def side_of(feeds: Path, book: Rulebook) -> Side:
    batch = read_feeds(read_declarations(app.default_declarations_dir(), book), feeds, DAY)
    links = link(to_link(batch.records, batch.set_aside))
    return Side(gathered_from(batch, book), places_of(batch, links))


def whole_of(side: Side) -> Assembled:
    return assemble(side.gathered, side.links, effective_on=DAY)


def tables_of(found: Assembled) -> list[pl.DataFrame]:
    situation = found.situation
    assert situation.awards is not None
    return [
        situation.people,
        situation.benefit_units,
        situation.households,
        situation.awards,
        found.evidence,
        found.contacts,
        found.conflicts,
        found.counts,
    ]


@at_night
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_part_put_together_again_is_the_whole(
    district: Path, book: Rulebook, tmp_path: Path, seed: int
) -> None:
    """Links are made anew on both sides: people part and come together too."""
    night(district, tmp_path / "night", 0.003 * seed, seed)
    before, now = side_of(district, book), side_of(tmp_path / "night", book)
    found = put_together_again(whole_of(before), before, now, (DAY, None))
    assert found is not None
    whole = whole_of(now)
    for part, table in zip(tables_of(found), tables_of(whole), strict=True):
        assert part.equals(table)
    assert found.situation.receipt_known_for == whole.situation.receipt_known_for
    assert found.contacts_known == whole.contacts_known


def later_register(side: Side) -> Side:
    """The same, but every feed has a row a day newer."""
    day = pl.col("as_of").dt.offset_by("1d")
    gathered = replace(side.gathered, status=side.gathered.status.with_columns(day))
    return replace(side, gathered=gathered)


def without_a_feed(side: Side) -> Side:
    source = pl.col("source") == "school_census"
    tables = {
        name: getattr(side.gathered, name).filter(~source)
        for name in ("records", "facts", "relations", "completeness", "status")
    }
    return replace(side, gathered=replace(side.gathered, **tables))


@at_night
@pytest.mark.parametrize(("change", "again"), [(later_register, True), (without_a_feed, False)])
def test_what_feeds_say_by_their_silence(
    district: Path, book: Rulebook, change: Callable[[Side], Side], again: bool
) -> None:
    before = side_of(district, book)
    now = change(before)
    found = put_together_again(whole_of(before), before, now, (DAY, None))
    assert (found is not None) == again
    if found is not None:
        for part, table in zip(tables_of(found), tables_of(whole_of(now)), strict=True):
            assert part.equals(table)
