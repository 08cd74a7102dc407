"""One household's rules kept warm: the same answers as the whole run, from the case file alone."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine, select

from nostop.app.casework.case_file import (
    CaseFile,
    Corrected,
    read_case,
    rows_of,
    sources_of,
    standing_facts,
)
from nostop.app.casework.loading import Load, load_work
from nostop.app.casework.warm import WarmRules, WarmShelf, rules_of_run, shown
from nostop.app.gateways import IN_FORCE
from nostop.app.outreach.source import FLAGGED
from nostop.determination.one import as_frame
from nostop.model import NotHere, Outcome, SettingsError, StoreError
from nostop.rulebook import default_rules_dir
from nostop.store import open_store, read_table, reading, upgrade
from nostop.store.case_files import read_case_file
from nostop.store.rows import table_of
from nostop.store.tables_casework import CaseFile as FileRow
from nostop.store.tables_casework import Flag, WorkItem
from tests.web.population import DAY, LOADED_AT, SCHEMES, load

RULES = default_rules_dir()
KEY = ["scheme", "household_id", "benefit_unit_id", "person_id"]


@pytest.fixture(scope="module")
def loaded(run: Path) -> Iterator[Engine]:
    """A store with the small run in it; tests only read it."""
    engine = open_store("sqlite://")
    upgrade(engine)
    load(engine, run)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def warm(loaded: Engine) -> WarmRules:
    with loaded.connect() as connection:
        run_id = connection.execute(select(table_of(FileRow).c.run_id).limit(1)).scalar_one()
        wanted = rules_of_run(connection, RULES, run_id)
    assert wanted.schemes == tuple(sorted(SCHEMES))
    return WarmRules.of(wanted.rules, wanted.effective_on, wanted.schemes, wanted.statuses)


@pytest.fixture(scope="module")
def files(loaded: Engine) -> list[CaseFile]:
    return [read_case(each) for each in read_table(loaded, FileRow)["document"]]


def of_scheme(files: list[CaseFile], scheme: str, outcome: str) -> tuple[CaseFile, str]:
    """Return the first case in which a scheme came to an outcome, and its subject."""
    for case in files:
        for row in case.determinations:
            if (row["scheme"], row["outcome"]) == (scheme, outcome):
                return case, row["person_id"] or row["benefit_unit_id"] or row["household_id"]
    raise AssertionError(f"nobody's {scheme} is {outcome}")


def test_every_household_is_decided_as_the_whole_run_did(
    run: Path, files: list[CaseFile], warm: WarmRules
) -> None:
    stored = pl.read_parquet(run / "determinations.parquet")
    assert len(files) > 20
    for case in files:
        rows = shown(warm.home(rows_of(case, (), warm.book.catalogue)).decide())
        found = as_frame(rows).sort(KEY)
        theirs = stored.filter(household_id=case.household_id).select(found.columns)
        assert found.equals(theirs.sort(KEY))


def test_every_flag_is_of_one_unit_and_of_a_determination(run: Path, loaded: Engine) -> None:
    flags = read_table(loaded, Flag)
    stored = pl.read_parquet(run / "determinations.parquet").filter(FLAGGED)
    subjects = stored.with_columns(
        subject_id=pl.coalesce("person_id", "benefit_unit_id", "household_id")
    )
    same = ["scheme", "subject_id", "outcome", "pack_version"]
    assert flags.join(subjects, on=same, how="anti").is_empty()
    people = pl.read_parquet(run / "recipients.parquet")
    units = people.select("benefit_unit_id", "household_id").unique()
    items = read_table(loaded, WorkItem)
    assert items.join(units, on=["benefit_unit_id", "household_id"], how="anti").is_empty()
    assert set(flags["benefit_unit_id"]) == set(items["benefit_unit_id"])
    claim = flags.filter(pl.col("lost_each_week").is_not_null())
    assert claim.select("scheme", "path_status", "step").rows() == [("pension_credit", "claim", 1)]


def test_one_scheme_is_decided_alone(files: list[CaseFile], warm: WarmRules) -> None:
    rows = rows_of(files[0], (), warm.book.catalogue)
    alone = warm.home(rows).decide(["pension_credit"])
    assert alone == [row for row in warm.home(rows).decide() if row["scheme"] == "pension_credit"]
    assert alone


def test_many_threads_get_the_same_answers(files: list[CaseFile], warm: WarmRules) -> None:
    asked = [rows_of(case, (), warm.book.catalogue) for case in files[:12]]
    alone = [warm.home(rows).decide() for rows in asked]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda rows: warm.home(rows).decide(), asked)) == alone


def capital(case: CaseFile, unit: str, value: str | None, at: datetime) -> list[Corrected]:
    """What every adult of a unit told of their savings."""
    adults = [each.person_id for each in case.of_unit(unit) if each.role == "adult"]
    told = {"fact": "capital", "value": value, "as_of": DAY, "by": "carys.case", "at": at}
    return [Corrected(level="person", subject_id=each, **told) for each in adults]


def test_a_correction_changes_the_answer_and_the_newest_counts(
    files: list[CaseFile], warm: WarmRules
) -> None:
    case, unit = of_scheme(files, "universal_credit", "unknown")
    catalogue, later = warm.book.catalogue, LOADED_AT + timedelta(hours=1)

    def outcome(corrections: list[Corrected]) -> str:
        home = warm.home(rows_of(case, corrections, catalogue))
        rows = home.decide(["universal_credit"])
        return next(row["outcome"] for row in rows if row["benefit_unit_id"] == unit)

    rich = capital(case, unit, "5000000", LOADED_AT)
    assert outcome(rich) == "not_entitled"
    # The order in which they come does not matter: when they were told does.
    assert outcome([*capital(case, unit, None, later), *rich]) == "unknown"
    facts = standing_facts(case, rich)
    told = [each for each in facts if each.corrected_by]
    assert {(each.fact, each.value, each.source, each.as_of) for each in told} == {
        ("capital", "5000000", "caseworker", DAY)
    }
    assert len(facts) == len(case.facts) + len(rich)


def test_a_correction_of_somebody_who_moved_away_or_of_no_fact_is_left_out(
    files: list[CaseFile], warm: WarmRules
) -> None:
    told = {"value": "1", "as_of": DAY, "by": "carys.case", "at": LOADED_AT}
    gone = Corrected("person", "P-elsewhere", "capital", **told)
    never = Corrected("person", files[0].people[0].person_id, "no_such_fact", **told)
    wrong_level = Corrected("household", files[0].household_id, "capital", **told)
    catalogue = warm.book.catalogue
    assert rows_of(files[0], [gone, never, wrong_level], catalogue) == rows_of(
        files[0], (), catalogue
    )


def test_why_names_conditions_values_sources_and_law(
    files: list[CaseFile], warm: WarmRules
) -> None:
    case, unit = of_scheme(files, "pension_credit", "entitled")
    rows, sources = rows_of(case, (), warm.book.catalogue), sources_of(case.facts)
    lines = warm.home(rows).explain("pension_credit", unit, sources)
    assert lines[0].startswith("Pension Credit: entitled, between £20.76 and £")
    assert len(lines) <= 10
    why = warm.home(rows).why("pension_credit", unit, sources)
    assert {line.truth for line in why} == {True}
    age = next(each for line in why for each in line.reads if each.fact == "born_on")
    assert (age.source, age.as_of) == ("nhs_register", sources[age.subject_id, "born_on"].as_of)
    assert age.value == sources[age.subject_id, "born_on"].value
    assert any(line.cite for line in why)
    traced = warm.home(rows).trace("pension_credit", unit)
    assert any("pension_credit.amount" in line for line in traced)


def test_what_is_missing_says_what_each_answer_would_come_to(
    files: list[CaseFile], warm: WarmRules
) -> None:
    case, unit = of_scheme(files, "universal_credit", "unknown")
    rows = rows_of(case, (), warm.book.catalogue)
    missing = {each.fact: each for each in warm.home(rows).missing("universal_credit", unit)}
    prison = missing["in_prison"]
    adults = {each.person_id for each in case.of_unit(unit) if each.role == "adult"}
    assert set(prison.subject_ids) == adults
    assert [(each.words, each.outcome, each.settles) for each in prison.answers] == [
        ("yes", Outcome.NOT_ENTITLED, True),
        ("no", Outcome.UNKNOWN, False),
    ]
    assert missing["capital"].answers == ()
    assert missing["capital"].means.startswith("Savings")


def test_of_somebody_entitled_it_is_told_what_would_settle_the_amount(
    files: list[CaseFile], warm: WarmRules
) -> None:
    case, unit = of_scheme(files, "pension_credit", "entitled")
    rows = rows_of(case, (), warm.book.catalogue)
    (carer,) = warm.home(rows).missing("pension_credit", unit)
    assert (carer.fact, carer.is_of_amount, carer.is_award) == ("has_paid_carer", True, False)
    # £20.76 to £106.81 a week, as long as it is not known.
    assert [(each.words, each.low, each.high, each.settles) for each in carer.answers] == [
        ("yes", 2076, 2076, True),
        ("no", 10681, 10681, True),
    ]
    told = {"fact": "has_paid_carer", "value": "false", "as_of": DAY, "by": "carys.case"}
    answers = [
        Corrected(level="person", subject_id=each, at=LOADED_AT, **told)
        for each in carer.subject_ids
    ]
    settled = warm.home(rows_of(case, answers, warm.book.catalogue))
    assert settled.missing("pension_credit", unit) == ()
    amounts = [
        row["amount"]
        for row in settled.decide(["pension_credit"])
        if row["benefit_unit_id"] == unit
    ]
    assert amounts == [10681]


def test_inv_26_nothing_adverse_is_said_of_what_may_be_claimed(
    files: list[CaseFile], warm: WarmRules
) -> None:
    case, subject = of_scheme(files, "winter_fuel_payment", "entitled")
    rows = rows_of(case, (), warm.book.catalogue)
    lines = warm.home(rows).explain("winter_fuel_payment", subject, {})
    assert lines[0].endswith("not known whether claimed.")
    # Their award could be the higher one: no amount is told.
    assert "£" not in lines[0]
    assert not [line for line in lines if line.startswith(("Part:", "Worked out:"))]
    assert warm.home(rows).trace("winter_fuel_payment", subject) == []
    told = [
        (case, row)
        for case in files
        for row in warm.home(rows_of(case, (), warm.book.catalogue)).decide()
        if row["claimed"] or (row["claimed"] is None and row["outcome"] == "not_entitled")
    ]
    assert len(told) > 10
    for case, row in told[:10]:
        subject = row["person_id"] or row["benefit_unit_id"] or row["household_id"]
        rows = rows_of(case, (), warm.book.catalogue)
        assert warm.home(rows).explain(row["scheme"], subject, {}) == []
        assert warm.home(rows).why(row["scheme"], subject, {}) == ()
        assert warm.home(rows).missing(row["scheme"], subject) == ()
        (kept,) = shown([row])
        assert (kept["outcome"], kept["because"], kept["amount"]) == (None, None, None)


def test_a_scheme_or_subject_that_is_not_there_is_told_by_name(
    files: list[CaseFile], warm: WarmRules
) -> None:
    rows = rows_of(files[0], (), warm.book.catalogue)
    with pytest.raises(NotHere):
        warm.home(rows).explain("no_such_scheme", "B1", {})
    with pytest.raises(NotHere):
        warm.home(rows).why("pension_credit", "B-elsewhere", {})


def test_the_shelf_compiles_once_and_keeps_few(loaded: Engine) -> None:
    with loaded.connect() as connection:
        run_id = connection.execute(select(table_of(FileRow).c.run_id).limit(1)).scalar_one()
        wanted = replace(rules_of_run(connection, RULES, run_id), schemes=("child_benefit",))
    shelf = WarmShelf()
    first = shelf.of(wanted, LOADED_AT)
    assert shelf.of(wanted, LOADED_AT + timedelta(minutes=5)) is first
    for days in range(1, 4):
        other = replace(wanted, effective_on=DAY + timedelta(days=days))
        assert shelf.of(other, LOADED_AT).effective_on == DAY + timedelta(days=days)
    assert shelf.of(wanted, LOADED_AT) is not first


def test_for_real_people_no_fact_is_read_without_a_gateway_in_force() -> None:
    with pytest.raises(SettingsError, match="no gateway opens 'role'"):
        WarmRules.of(RULES, DAY, ["child_benefit"], IN_FORCE)


def test_a_case_file_of_another_version_is_told_without_a_word_of_it() -> None:
    with pytest.raises(StoreError, match="load a run again") as told:
        read_case('{"people": [{"first_name": "Wanda"}]}')
    assert "Wanda" not in str(told.value)


# --- the files themselves -------------------------------------------------------------------------


def test_a_protected_household_has_no_way_to_it_in_its_case_file(
    run: Path, files: list[CaseFile]
) -> None:
    contacts = pl.read_parquet(run / "contacts.parquet")
    flagged = contacts.filter(pl.col("protected_address") | pl.col("safeguarding_hold"))
    theirs = set(flagged["person_id"])
    shielded = [case for case in files if theirs & {each.person_id for each in case.people}]
    others = [case for case in files if case not in shielded]
    assert shielded
    for case in shielded:
        assert {(each.email, each.phone, each.post) for each in case.people} == {(None,) * 3}
        told = {each.fact for each in (*case.facts, *case.conflicts)}
        assert not {"uprn", "dwelling"} & told
        assert all(each.name for each in case.people)
    assert any(each.post for case in others for each in case.people)


def test_a_reader_reads_one_household_by_its_id(loaded: Engine, files: list[CaseFile]) -> None:
    with reading(loaded) as connection:
        filed = read_case_file(connection, files[0].household_id)
        assert filed is not None
        assert read_case(filed.document) == files[0]
        assert read_case_file(connection, "H-elsewhere") is None


def test_a_run_whose_rules_or_people_are_not_there_is_refused_by_name(
    run: Path, loaded: Engine, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for file in run.glob("*"):
        if file.is_file():
            (bare / file.name).symlink_to(file)
    with pytest.raises(SettingsError, match="no whole snapshot of its people"):
        load_work(loaded, bare, RULES, LOADED_AT, Load(by="carys.case"))
