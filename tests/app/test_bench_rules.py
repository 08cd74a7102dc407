"""The rule layer's bench, at a size that takes seconds: what it compares must be the same rule."""

import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from nostop.app.bench_rules import peers, ten_conditions
from nostop.app.bench_rules.by_hand import child_benefit
from nostop.app.bench_rules.changed import again, one_household
from nostop.app.bench_rules.peer import against_by_hand, as_records_are
from nostop.app.bench_rules.population import copies
from nostop.app.figures import Figure
from nostop.determination import Determiner, read_frames
from nostop.model import SettingsError
from nostop.rulebook import Rulebook, default_rules_dir, load_rulebook

ON = date(2026, 6, 1)
TRUTH = Path(__file__).parents[2] / "sample_data" / "truth"


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copies(TRUTH, tmp_path_factory.mktemp("bench") / "twice", 2)
    as_records_are(folder)
    return folder


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One in sixteen of the sample's households."""
    folder = tmp_path_factory.mktemp("few")
    homes = pl.read_parquet(TRUTH / "households.parquet").sort("household_id").gather_every(16)
    people = pl.read_parquet(TRUTH / "people.parquet").join(homes, on="household_id", how="semi")
    for name, key, kept in (
        ("households", "household_id", homes),
        ("people", "household_id", homes),
        ("benefit_units", "household_id", homes),
        ("awards", "person_id", people),
    ):
        frame = pl.read_parquet(TRUTH / f"{name}.parquet").join(kept, on=key, how="semi")
        frame.write_parquet(folder / f"{name}.parquet")
    as_records_are(folder)
    return folder


def test_copies_are_other_people_in_other_homes(frames: Path) -> None:
    people, once = (pl.read_parquet(each / "people.parquet") for each in (frames, TRUTH))
    assert people.height == 2 * once.height
    for name in ("person_id", "benefit_unit_id", "household_id"):
        assert people[name].n_unique() == 2 * once[name].n_unique()


def test_child_benefit_by_hand_is_the_pack_row_by_row(frames: Path, book: Rulebook) -> None:
    situation = read_frames(frames, book.catalogue)
    by_hand = child_benefit(situation, book, ON)
    pack = Determiner(book, ON, ["child_benefit"]).determine(situation)
    assert by_hand.equals(pack.select(by_hand.columns))
    assert set(by_hand["outcome"]) == {"entitled", "not_entitled", "unknown"}


def test_figures_of_a_run_hold_what_they_measured(few: Path, book: Rulebook) -> None:
    figures = [
        *against_by_hand(few, book, ON, 320),
        *again(few, book, ON, 320),
        *one_household(few, book, ON),
    ]
    assert all(isinstance(each, Figure) and (each.value or 0) > 0 for each in figures)
    bars = {each.id: each.bar for each in figures if each.bar}
    assert bars == {
        "against_by_hand": "<= 1.25",
        "again_share": "<= 0.05",
        "household_p95": "<= 20",
    }


@pytest.mark.parametrize("make", [peers.zen_decision, peers.zen_expression, peers.rule_engine])
def test_every_engine_finds_what_the_pack_finds(
    make: Callable[[], Callable[[peers.Facts], bool]], tmp_path: Path
) -> None:
    rows = ten_conditions.people(400)
    rules = ten_conditions.write_rules(tmp_path, default_rules_dir())
    found = Determiner(load_rulebook(rules), ON).determine(ten_conditions.situation(rows, 1))
    met = found.sort(pl.col("person_id").str.slice(1).cast(pl.Int64))["outcome"] == "entitled"
    evaluate = make()
    assert [evaluate(row) for row in rows] == met.to_list()
    assert 0 < met.sum() < 400


def test_an_engine_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rule_engine", None)
    with pytest.raises(SettingsError, match="'rule_engine' is not installed"):
        peers.rule_engine()
