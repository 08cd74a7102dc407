"""A whole run as known on a day: who is in it, what it concludes, whom it writes to, where it
lies."""

import hashlib
import json
import sqlite3
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from nostop import app, determination, synth
from nostop.app import Run, RunSettings, StageReport
from nostop.model import RuleError, SettingsError
from nostop.rulebook import Rulebook, default_rules_dir
from tests.night import at_night

DAY = date(2026, 6, 1)
SCHEMES = ["child_benefit", "pension_credit"]

DECLARATION = """\
id: registry
title: A small registry of couples
department: Borchester Council
gateway: council_tax
connector: delimited
settings: {delimiter: ",", encoding: utf-8}
file: registry*.csv
contract: {rows_at_least: 1, bad_rows_at_most: 0%, fresh_for_days: 400}
columns:
  entry: text
  nino: nino or empty
  forename: text
  surname: text
  dob: date YYYY-MM-DD
  line: text
  postcode: postcode
  partner: text or empty
  partner_surname: text or empty
  partner_dob: date YYYY-MM-DD or empty
  pension: pounds
  paid: one of Y, N
  as_at: date YYYY-MM-DD
record: [entry]
as_of: as_at
people:
  one:
    nino: nino
    first_name: forename
    surname: surname
    born_on: dob
    address_line_1: line
    postcode: postcode
  other:
    first_name: partner
    surname: partner_surname
    born_on: partner_dob
    address_line_1: line
    postcode: postcode
relations:
  - {person: one, has: other, as: partner}
facts:
  - {fact: private_pension, of: one, column: pension, per: month}
  - {fact: died_on, of: one, constant: 9999-12-31}
awards:
  - {scheme: pension_credit, of: one, status: in_payment, when: {paid: ["Y"]}}
complete_for:
  - {applies_to: everybody, awards: [pension_credit]}
  - applies_to: everybody
    members: [
      children, pupils, claimed_children, residents, liable_people, claiming_couples, tenant_couples
    ]
"""
ENTRIES = """\
entry,nino,forename,surname,dob,line,postcode,partner,partner_surname,partner_dob,pension,paid,as_at
1,QQ123456C,Ann,Hill,1950-03-01,1 Low Road,ZZ1 1AA,,,,100.00,N,2026-05-01
2,QQ123456C,Ann,Hill,1950-03-01,1 Low Road,ZZ1 1AA,Bob,Hill,1949-01-30,250.00,Y,2026-05-20
3,QQ223456C,Cat,Moor,1948-02-29,2 Low Road,ZZ1 2BB,,,,90.00,N,2026-05-20
4,,Bob,Hill,1949-01-30,1 Low Road,ZZ1 1AA,,,,80.00,N,2026-05-01
"""
BEFORE, AFTER = date(2026, 5, 10), date(2026, 5, 20)


def settings_for(feeds: Path, out: Path, known_on: date | None = None) -> RunSettings:
    return RunSettings(
        feeds=feeds,
        out=out,
        effective_on=DAY,
        started_at=datetime(2026, 6, 1, tzinfo=UTC),
        rules=default_rules_dir(),
        declarations=app.default_declarations_dir(),
        known_on=known_on,
        schemes=SCHEMES,
        unreleased=True,
    )


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `declarations` and `feeds` of four entries: two are of May 20."""
    folder = tmp_path_factory.mktemp("registry")
    for path, text in (
        ("declarations/registry.yaml", DECLARATION),
        ("feeds/registry.csv", ENTRIES),
        ("feeds/manifest.json", '{"synthetic": true}'),
    ):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def small_run(registry: Path, out: Path, known_on: date | None) -> Run:
    settings = settings_for(registry / "feeds", out, known_on)
    declarations = registry / "declarations"
    return app.run(replace(settings, declarations=declarations, schemes=["pension_credit"]))


@pytest.fixture(scope="module")
def known_before(registry: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return small_run(registry, tmp_path_factory.mktemp("before"), BEFORE)


@pytest.fixture(scope="module")
def known_after(registry: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return small_run(registry, tmp_path_factory.mktemp("after"), AFTER)


def linked(run: Run) -> set[frozenset[str]]:
    """Return which records are one person."""
    return {frozenset(ids) for ids in run.links.group_by("person_id").agg("record_id")["record_id"]}


# --- who is in it -------------------------------------------------------------------------------


def test_person_whose_only_record_is_later_is_not_in_the_run(
    known_before: Run, known_after: Run
) -> None:
    # Ann and Bob; Cat is first heard of on May 20.
    assert known_before.assembled.situation.people.height == 2
    assert known_after.assembled.situation.people.height == 3


def test_no_link_is_made_from_a_record_not_known_yet(known_before: Run, known_after: Run) -> None:
    assert linked(known_before) == {frozenset({"1"}), frozenset({"4"})}
    assert linked(known_after) == {
        frozenset({"1", "2"}),
        frozenset({"2#other", "4"}),
        frozenset({"3"}),
    }


def test_couple_not_known_to_be_one_yet_is_two_benefit_units(
    known_before: Run, known_after: Run
) -> None:
    assert known_before.batch.relations.is_empty()
    sizes = known_after.assembled.situation.people.group_by("benefit_unit_id").len()["len"]
    assert sorted(sizes) == [1, 2]
    assert known_before.assembled.situation.benefit_units.height == 2


def test_value_known_then_is_the_older_one(known_before: Run, known_after: Run) -> None:
    values = {
        "before": known_before.assembled.situation.people["private_pension"].to_list(),
        "after": known_after.assembled.situation.people["private_pension"].to_list(),
    }
    assert {name: sorted(found) for name, found in values.items()} == {
        "before": [8_000, 10_000],
        "after": [8_000, 9_000, 25_000],
    }
    evidence = known_before.assembled.evidence
    assert max(evidence["as_of"]) == date(2026, 5, 1)


def test_award_of_a_later_row_is_not_known_and_neither_is_its_absence(
    known_before: Run, known_after: Run
) -> None:
    assert known_before.determinations["claimed"].to_list() == [None, None]
    assert sorted(known_after.determinations["claimed"]) == [False, True]


def test_manifest_and_database_say_what_was_left_out(known_before: Run) -> None:
    out = known_before.settings.out
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["known_on"] == "2026-05-10"
    assert manifest["rules_in_force_on"] == manifest["effective_date"] == "2026-06-01"
    (feed,) = manifest["inputs"]
    assert (feed["rows_read"], feed["rows_good"], feed["rows_later"]) == (4, 2, 2)
    with sqlite3.connect(out / "nostop.db") as connection:
        told = connection.execute(
            "SELECT known_on, rows_later FROM runs JOIN feed_files USING (run_id)"
        ).fetchall()
    connection.close()
    assert told == [("2026-05-10", 2)]


def test_run_before_anything_was_known_is_refused_by_name(registry: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"feeds: nothing in it is of 2026-04-30 or before"):
        small_run(registry, tmp_path / "out", date(2026, 4, 30))
    assert not (tmp_path / "out").exists()


# --- where it lies ------------------------------------------------------------------------------


def test_folder_of_another_run_is_refused(known_after: Run, registry: Path) -> None:
    out = known_after.settings.out
    before = (out / "links.parquet").read_bytes()
    with pytest.raises(SettingsError, match="holds another run, whose person ids"):
        small_run(registry, out, BEFORE)
    assert (out / "links.parquet").read_bytes() == before
    manifest = out / "manifest.json"
    kept = manifest.read_text(encoding="utf-8")
    manifest.write_text("{", encoding="utf-8")
    with pytest.raises(SettingsError, match="holds another run"):
        small_run(registry, out, AFTER)
    manifest.write_text(kept, encoding="utf-8")


def test_same_day_of_knowledge_may_run_again_in_its_folder(known_before: Run) -> None:
    settings = replace(known_before.settings, started_at=datetime(2026, 6, 2, tzinfo=UTC))
    assert app.run(settings).links.equals(known_before.links)


# --- a district ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory, book: Rulebook) -> Path:
    """The feeds of 400 people who do not exist; their newest row is of 2026-05-31."""
    folder = tmp_path_factory.mktemp("district")
    made = synth.generate(
        400, 7, lambda situation: determination.determine(situation, book, DAY, SCHEMES), DAY
    )
    synth.write(made, folder)
    return folder


@pytest.fixture(scope="module")
def whole(district: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return app.run(settings_for(district, tmp_path_factory.mktemp("whole")))


@pytest.fixture(scope="module")
def known_in_may(district: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Before the pay of May was reported."""
    return app.run(settings_for(district, tmp_path_factory.mktemp("may"), date(2026, 5, 30)))


@pytest.fixture(scope="module")
def known_before_lists(district: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Before pupils and patients were reported too: who belongs together is not known."""
    return app.run(settings_for(district, tmp_path_factory.mktemp("early"), date(2026, 5, 20)))


def bytes_of(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
        and file.name not in ("manifest.json", "nostop.db")
        and ".checkpoints" not in file.parts
    }


@at_night
def test_knowing_all_and_saying_so_leaves_the_same_bytes(
    whole: Run, district: Path, tmp_path: Path
) -> None:
    said = app.run(settings_for(district, tmp_path / "out", DAY))
    assert said.sent.count == whole.sent.count > 0
    assert bytes_of(tmp_path / "out") == bytes_of(whole.settings.out)
    manifests = [
        json.loads((run.settings.out / "manifest.json").read_text(encoding="utf-8"))
        for run in (whole, said)
    ]
    differing = {name for name in manifests[0] if manifests[0][name] != manifests[1][name]}
    assert differing == {"known_on", "snapshot"}


def test_nobody_is_written_to_by_a_run_that_knows_less(known_in_may: Run) -> None:
    assert known_in_may.sent.plan.height > 0
    assert set(known_in_may.sent.plan["suppression"]) == {"register_unknown"}
    assert not any((known_in_may.settings.out / "outbox").glob("*"))


@at_night
def test_nobody_is_written_to_by_a_run_that_looks_ahead(district: Path, tmp_path: Path) -> None:
    """Every row is known on the day, and the next day somebody may ask to be left alone."""
    heard: list[StageReport] = []
    run = app.run(settings_for(district, tmp_path / "out", date(2026, 5, 31)), heard.append)
    assert run.batch.status["rows_later"].sum() == 0
    assert run.assembled.contacts_known
    assert set(run.sent.plan["state"]) == {"suppressed"}
    warnings = [text for report in heard for text in report.warnings]
    assert len(warnings) == 1
    assert warnings[0].startswith("NOBODY IS WRITTEN TO: this run leaves out what is known by now")


HOUSEHOLD_FACTS = ("people", "benefit_units", "households")


def facts_of(run: Run) -> dict[frozenset[str], dict[object, object]]:
    """Return, for each household by who lives in it, every fact and award that is known."""
    situation = run.assembled.situation
    members = situation.people.group_by("household_id").agg("person_id")
    homes = {home: frozenset(people) for home, people in members.iter_rows()}
    known: dict[frozenset[str], dict[object, object]] = {people: {} for people in homes.values()}
    skipped = (
        "household_id", "benefit_unit_id", "confidence", "awards_known",
        "children_known", "partner_known", "members_known",
    )  # fmt: skip
    for level in HOUSEHOLD_FACTS:
        for row in getattr(situation, level).to_dicts():
            subject = row.get("person_id", level)
            said = {
                (subject, name): value
                for name, value in row.items()
                if value is not None and name not in skipped
            }
            known[homes[row["household_id"]]].update(said)
    assert situation.awards is not None
    home_of = dict(situation.people.select("person_id", "household_id").iter_rows())
    for award in situation.awards.to_dicts():
        known[homes[home_of[award["person_id"]]]][frozenset(award.items())] = True
    return known


def outcomes_of(run: Run) -> pl.DataFrame:
    """Return determinations with a key of who lives there and in the benefit unit."""
    people = run.assembled.situation.people
    homes, units = (
        people.group_by(level).agg(pl.col("person_id").sort().str.join(" ").alias(name))
        for level, name in (("household_id", "home"), ("benefit_unit_id", "unit"))
    )
    return run.determinations.join(homes, on="household_id", validate="m:1").join(
        units, on="benefit_unit_id", validate="m:1"
    )


@at_night
def test_where_facts_only_vanish_no_outcome_is_another(
    known_in_may: Run, known_before_lists: Run, whole: Run
) -> None:
    """A value known on an earlier day may be an older one. Where all that is known of a household
    is known later too, with the same values, its outcomes are the same, or unknown, and amounts
    span at least as much."""
    unknown = pl.col("outcome") == "unknown"
    both = pl.concat(
        [with_what_came_later(run, whole) for run in (known_in_may, known_before_lists)]
    )
    assert both.filter(~unknown & (pl.col("outcome") != pl.col("outcome_now"))).is_empty()
    narrower = (pl.col("amount_low") > pl.col("amount_low_now")) | (
        pl.col("amount_high").fill_null(10**12) < pl.col("amount_high_now").fill_null(10**12)
    )
    assert both.filter(narrower).is_empty()
    became_unknown = both.filter(unknown & (pl.col("outcome_now") != "unknown"))
    still_known = both.filter(~unknown)
    assert min(became_unknown.height, still_known.height) > 0


def with_what_came_later(run: Run, whole: Run) -> pl.DataFrame:
    """Outcomes of a run, beside those of the whole, of households of which facts only vanish."""
    then, now = facts_of(run), facts_of(whole)
    fewer = [
        people for people in then.keys() & now.keys() if then[people].items() < now[people].items()
    ]
    keys = pl.Series("home", [" ".join(sorted(people)) for people in fewer], dtype=pl.String)
    both = outcomes_of(run).join(
        outcomes_of(whole), on=["home", "unit", "scheme"], suffix="_now", validate="1:1"
    )
    return both.filter(pl.col("home").is_in(keys.implode()))


# --- another day's rates ------------------------------------------------------------------------


def test_year_without_rates_is_refused_before_any_feed_is_read(
    district: Path, tmp_path: Path
) -> None:
    heard: list[StageReport] = []
    settings = replace(settings_for(district, tmp_path / "out"), effective_on=date(2027, 5, 1))
    with pytest.raises(RuleError) as error:
        app.run(settings, heard.append)
    files = [str(problem.path.relative_to(settings.rules)) for problem in error.value.problems]
    assert "uk/child_benefit/rates.yaml" in files
    assert "uk/pension_credit/rates.yaml" in files
    assert len(files) == len(set(files))
    assert {report.stage for report in heard} == {"Reading the rules"}
    assert not (tmp_path / "out").exists()
