"""A whole run on a few made-up people, and the rules it keeps about what it stores, sends and
says."""

import hashlib
import json
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from nostop import app, determination, synth
from nostop.app import Run, RunSettings, StageReport
from nostop.app.for_outreach import addresses_of
from nostop.app.gateways import is_synthetic
from nostop.app.gather import read_declarations, read_feeds, told_of_trouble
from nostop.app.link_history import write_whole
from nostop.app.results import formula_safe, sha256_of, withhold_claimed, withhold_row
from nostop.app.run_timings import read_timings
from nostop.app.summary import people_not_claiming, schemes, unclaimed
from nostop.feeds import FeedBatch
from nostop.frames import Determinations, empty
from nostop.model import LinkageError, SettingsError
from nostop.rulebook import Rulebook, default_rules_dir

DAY = date(2026, 6, 1)
SCHEMES = ["child_benefit", "pension_credit"]


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory, book: Rulebook) -> Path:
    """The feeds of 400 people who do not exist."""
    folder = tmp_path_factory.mktemp("district")
    made = synth.generate(
        400, 7, lambda situation: determination.determine(situation, book, DAY, SCHEMES), DAY
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
        # A pack may be changed and tried out before it is released.
        unreleased=True,
    )


@pytest.fixture(scope="module")
def ran(district: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return app.run(settings_for(district, tmp_path_factory.mktemp("out")))


def bytes_of(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        # How long its stages took is the one thing that no two runs agree on.
        if file.is_file() and file.name != "timings.json"
    }


# --- a whole run --------------------------------------------------------------------------------


def test_run_writes_every_result_and_its_manifest(ran: Run) -> None:
    out = ran.settings.out
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert {path.name for path in out.iterdir()} == {
        ".checkpoints",
        "addresses.parquet",
        "awards.parquet",
        "determinations.parquet",
        "claim_paths.parquet",
        "conflicts.parquet",
        "contacts.parquet",
        "evidence.parquet",
        "link_events.parquet",
        "links.parquet",
        "manifest.json",
        "nostop.db",
        "outbox",
        "outreach_plan.parquet",
        "people.parquet",
        "quarantine.csv",
        "recipients.parquet",
        "take_up.csv",
        "take_up.parquet",
        "take_up_by_area.parquet",
        "unclaimed.parquet",
    }
    assert manifest["effective_date"] == "2026-06-01"
    assert manifest["synthetic"] is True
    assert set(manifest["packs"]) == set(SCHEMES)
    assert manifest["counts"]["records"] == ran.links.height > 400
    assert {feed["state"] for feed in manifest["inputs"]} == {"ok"}


def test_inputs_in_the_manifest_are_the_hashes_of_the_files(ran: Run, district: Path) -> None:
    manifest = json.loads((ran.settings.out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["inputs"]
    for feed in manifest["inputs"]:
        assert feed["sha256"] == sha256_of(district / feed["file"])


def test_run_gives_one_determination_for_each_benefit_unit_and_scheme(ran: Run) -> None:
    stored = pl.read_parquet(ran.settings.out / "determinations.parquet")
    units = ran.assembled.situation.benefit_units.height
    assert stored.height == units * len(SCHEMES)
    assert stored.select("benefit_unit_id", "scheme").is_duplicated().sum() == 0


def test_outbox_holds_one_file_for_each_planned_message(ran: Run) -> None:
    planned = ran.sent.plan.filter(pl.col("state") == "planned")["message_id"].to_list()
    files = [file.stem for file in (ran.settings.out / "outbox").iterdir()]
    assert planned
    assert sorted(files) == sorted(planned)
    assert ran.sent.count == len(planned)


def test_same_run_elsewhere_leaves_the_same_bytes(ran: Run, district: Path, tmp_path: Path) -> None:
    app.run(settings_for(district, tmp_path / "again"))
    assert bytes_of(tmp_path / "again") == bytes_of(ran.settings.out)


def test_a_run_keeps_how_long_its_stages_took_and_names_no_folder(ran: Run) -> None:
    kept = read_timings(ran.settings.out)
    assert kept is not None
    assert kept.started_at == ran.settings.started_at
    assert [each.stage for each in kept.stages][:2] == ["Reading the rules", "Reading the feeds"]
    assert kept.stages[-1].stage == "Writing the results"
    assert kept.stages[-1].detail == ""
    assert sum(each.milliseconds for each in kept.stages) > 0


def test_later_run_in_the_same_folder_sends_nothing_and_keeps_ids(
    ran: Run, district: Path, tmp_path: Path
) -> None:
    out = tmp_path / "kept"
    shutil.copytree(ran.settings.out, out)
    before = bytes_of(out / "outbox")
    later = replace(settings_for(district, out), started_at=datetime(2026, 6, 2, tzinfo=UTC))
    second = app.run(later)
    assert bytes_of(out / "outbox") == before
    assert second.sent.states == ran.sent.states
    assert second.links.equals(ran.links)


def test_listener_hears_of_each_stage_as_it_begins_and_ends(district: Path, tmp_path: Path) -> None:
    heard: list[StageReport] = []
    app.run(settings_for(district, tmp_path / "out"), heard.append)
    begun = [report.stage for report in heard if report.seconds is None]
    done = [report.stage for report in heard if report.seconds is not None]
    assert begun == done
    assert len(begun) == 10


# --- what a run withholds -----------------------------------------------------------------------


def test_stored_rows_of_claimed_schemes_say_nothing(ran: Run) -> None:
    stored = pl.read_parquet(ran.settings.out / "determinations.parquet")
    claimed = stored.filter(pl.col("claimed"))
    assert claimed.height > 10
    amounts = ("amount", "amount_low", "amount_high")
    for column in ("outcome", "worth_asking", "because", "missing", *amounts):
        assert claimed[column].null_count() == claimed.height
    assert stored.filter(~pl.col("claimed"))["outcome"].null_count() == 0


def determinations(*rows: dict[str, object]) -> pl.DataFrame:
    usual = {
        "benefit_unit_id": "b1",
        "scheme": "pension_credit",
        "effective_date": DAY,
        "outcome": "entitled",
        "amount": 5000,
        "amount_low": 5000,
        "amount_high": 5000,
        "per": "week",
        "claimed": False,
        "worth_asking": False,
        "because": ["something_to_pay"],
        "missing": [],
        "pack_version": "2026.1",
    }
    return pl.DataFrame([{**usual, **row} for row in rows], schema=empty(Determinations).schema)


@pytest.mark.parametrize(
    ("claimed", "outcome", "outcome_kept", "amounts_kept"),
    [
        (True, "entitled", False, False),
        (True, "not_entitled", False, False),
        (True, "unknown", False, False),
        (False, "entitled", True, True),
        (False, "not_entitled", True, True),
        (False, "unknown", True, True),
        (None, "entitled", True, False),
        (None, "not_entitled", False, False),
        (None, "unknown", True, True),
    ],
)
def test_withholding_leaves_nothing_adverse_about_what_may_be_claimed(
    claimed: bool | None, outcome: str, outcome_kept: bool, amounts_kept: bool
) -> None:
    worked_out = determinations({"claimed": claimed, "outcome": outcome})
    row = withhold_claimed(worked_out).row(0, named=True)
    assert withhold_row(worked_out.row(0, named=True)) == row
    assert (row["outcome"] == outcome) is outcome_kept
    assert (row["because"] is not None) is outcome_kept
    assert (row["missing"] is not None) is outcome_kept
    assert (row["worth_asking"] is not None) is outcome_kept
    assert (row["amount"], row["amount_low"], row["amount_high"]) == (
        (5000,) * 3 if amounts_kept else (None,) * 3
    )
    assert row["claimed"] == claimed


def test_cells_that_a_spreadsheet_would_run_get_a_quote() -> None:
    cells = ["=1+1", "+1", "-1", "@A1", "\tx", "\x00x", "plain", "a=b", None]
    safe = formula_safe(pl.DataFrame({"text": cells, "number": list(range(9))}))
    assert safe["text"].to_list() == [
        "'=1+1",
        "'+1",
        "'-1",
        "'@A1",
        "'\tx",
        "'\x00x",
        "plain",
        "a=b",
        None,
    ]
    assert safe["number"].to_list() == list(range(9))


# --- feeds that cannot be used ------------------------------------------------------------------


def test_run_goes_on_without_a_broken_feed_and_says_so(district: Path, tmp_path: Path) -> None:
    feeds = tmp_path / "feeds"
    shutil.copytree(district, feeds)
    awards = feeds / "dwp_awards.csv"
    awards.write_text(
        awards.read_text(encoding="utf-8").replace("nino", "ni_number", 1), encoding="utf-8"
    )
    heard: list[StageReport] = []
    run = app.run(settings_for(feeds, tmp_path / "out"), heard.append)
    warned = [warning for report in heard for warning in report.warnings]
    assert any(warning.startswith("FEED HELD: dwp_awards") for warning in warned)
    pension_credit = run.determinations.filter(pl.col("scheme") == "pension_credit")
    assert pension_credit["claimed"].null_count() == pension_credit.height
    assert run.sent.plan.filter(
        (pl.col("scheme") == "pension_credit") & (pl.col("state") == "planned")
    ).is_empty()


def test_nobody_is_written_to_without_the_outreach_register(district: Path, tmp_path: Path) -> None:
    feeds = tmp_path / "feeds"
    shutil.copytree(district, feeds)
    (feeds / "outreach_register.csv").unlink()
    heard: list[StageReport] = []
    run = app.run(settings_for(feeds, tmp_path / "out"), heard.append)
    assert run.sent.plan.height > 0
    assert set(run.sent.plan["suppression"]) == {"register_unknown"}
    assert run.sent.count == 0
    assert any("NOBODY IS WRITTEN TO" in warning for report in heard for warning in report.warnings)


def test_trouble_names_only_feeds_that_are_not_used() -> None:
    status = pl.DataFrame(
        {
            "source": ["b", "a", "c"],
            "state": ["missing", "held", "ok"],
            "reason": ["no file", "short", None],
        }
    )
    assert [line.partition(". ")[0] for line in told_of_trouble(status)] == [
        "FEED HELD: a: short",
        "FEED MISSING: b: no file",
    ]


def test_run_refuses_a_folder_without_any_feed(tmp_path: Path) -> None:
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds/manifest.json").write_text('{"synthetic": true}', encoding="utf-8")
    with pytest.raises(SettingsError, match="holds no feed; expected"):
        app.run(settings_for(tmp_path / "feeds", tmp_path / "out"))
    with pytest.raises(SettingsError, match="no such folder"):
        app.run(settings_for(tmp_path / "nowhere", tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_declaration_needs_a_gateway_that_the_rules_have(tmp_path: Path, book: Rulebook) -> None:
    ours = (app.default_declarations_dir() / "hmrc_rti.yaml").read_text(encoding="utf-8")
    wrong = ours.replace("gateway: hmrc_rti", "gateway: hmrc_rit")
    (tmp_path / "hmrc_rti.yaml").write_text(wrong, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"no gateway 'hmrc_rit' .*did you mean 'hmrc_rti'"):
        read_declarations(tmp_path, book)
    (tmp_path / "hmrc_rti.yaml").unlink()
    with pytest.raises(SettingsError, match="holds no feed declaration"):
        read_declarations(tmp_path, book)


def test_run_refuses_two_files_for_one_feed(tmp_path: Path, book: Rulebook) -> None:
    declarations = read_declarations(app.default_declarations_dir(), book)
    first = declarations[0]
    twice = first.model_copy(update={"file": "*.txt"})
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).touch()
    status = read_feeds([twice, declarations[1]], tmp_path, DAY).status.sort("source")
    assert status["state"].to_list() == ["held", "missing"]
    assert "2 files fit *.txt: a.txt, b.txt" in status["reason"].item(0)


# --- people who are not made up -----------------------------------------------------------------


@pytest.mark.parametrize(
    "manifest", [None, "{}", '{"synthetic": false}', '{"synthetic": "true"}', "[]"]
)
def test_feeds_that_do_not_say_so_are_of_real_people(manifest: str | None, tmp_path: Path) -> None:
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest, encoding="utf-8")
    assert is_synthetic(tmp_path) is False


def test_run_on_real_people_is_refused_without_gateways_in_force(
    district: Path, tmp_path: Path
) -> None:
    feeds = tmp_path / "feeds"
    shutil.copytree(district, feeds)
    (feeds / "manifest.json").unlink()
    with pytest.raises(
        SettingsError, match=r"gateway that is in force(?s:.*)pension_credit: \d+ of its facts"
    ):
        app.run(settings_for(feeds, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


# --- figures ------------------------------------------------------------------------------------


def test_summary_counts_outcomes_of_those_who_do_not_claim() -> None:
    rows = determinations(
        {"benefit_unit_id": "b1"},
        {"benefit_unit_id": "b2", "claimed": True, "outcome": "not_entitled"},
        {"benefit_unit_id": "b3", "outcome": "unknown", "worth_asking": True},
        {"benefit_unit_id": "b4", "outcome": "unknown"},
        {"benefit_unit_id": "b5", "outcome": "not_entitled"},
        {"benefit_unit_id": "b6", "claimed": None},
    )
    assert schemes(rows).row(0, named=True) == {
        "scheme": "pension_credit",
        "subjects": 6,
        "claimed": 1,
        "entitled": 1,
        "worth_asking": 1,
        "unknown": 1,
        "not_entitled": 1,
        "receipt_unknown": 1,
    }


def test_unclaimed_pounds_are_52_weeks_or_12_months_and_keep_their_bounds() -> None:
    rows = determinations(
        {"benefit_unit_id": "b1"},
        {"benefit_unit_id": "b2", "amount": None, "amount_low": 100, "amount_high": None},
        {"benefit_unit_id": "b3", "scheme": "universal_credit", "per": "month"},
        {"benefit_unit_id": "b4", "claimed": True},
    )
    assert unclaimed(rows).rows() == [
        ("pension_credit", 2, 5100 * 52, None),
        ("universal_credit", 1, 5000 * 12, 5000 * 12),
    ]


def test_adults_of_an_entitled_unit_are_counted_once() -> None:
    people = pl.DataFrame(
        {"benefit_unit_id": ["b1", "b1", "b1", "b2"], "role": ["adult", "adult", "child", "adult"]}
    )
    rows = determinations({}, {"scheme": "child_benefit"})
    assert people_not_claiming(rows, people) == 2


# --- the sample ---------------------------------------------------------------------------------


def test_sample_data_is_what_its_seed_makes_under_these_rules(
    tmp_path: Path, book: Rulebook
) -> None:
    sample = app.default_sample_dir()
    made_from = json.loads((sample / "manifest.json").read_text(encoding="utf-8"))
    made = synth.generate(
        made_from["people"],
        made_from["seed"],
        lambda situation: determination.determine(situation, book, DAY),
        DAY,
    )
    synth.write(made, tmp_path)
    standing = bytes_of(sample)
    # Written by hand: a campaign on the people that the seed makes.
    del standing["campaign.yaml"]
    assert bytes_of(tmp_path) == standing, "run `make sample`, then `make golden`"


# --- schemes and files of records ---------------------------------------------------------------


def test_unknown_scheme_is_refused_with_the_nearest(book: Rulebook) -> None:
    with pytest.raises(SettingsError, match="did you mean 'pension_credit'"):
        app.known_schemes(book, ["pension_credits"])
    assert app.known_schemes(book, ["pension_credit", "pension_credit"]) == ["pension_credit"]
    assert app.known_schemes(book, None) is None


def test_folder_without_facts_is_no_rules(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no facts\.yaml"):
        app.read_rules(tmp_path)


RECORDS = pl.DataFrame(
    {
        "source": ["a", "b", "b"],
        "record_id": ["1", "1", "2"],
        "nino": ["QQ123456C", "QQ123456C", None],
        "first_name": ["Ann", "Ann", "Bob"],
        "surname": ["Hill", "Hill", "Dale"],
        "born_on": ["1950-03-01", "1950-03-01", "1971-12-30"],
        "note": ["not looked at"] * 3,
    }
)


def test_records_link_from_a_file_with_the_columns_it_has(tmp_path: Path) -> None:
    RECORDS.write_parquet(tmp_path / "records.parquet")
    links = app.link_file(tmp_path / "records.parquet", tmp_path / "new/links.parquet")
    assert pl.read_parquet(tmp_path / "new/links.parquet").equals(links)
    first, second, third = links["person_id"]
    assert first == second != third


@pytest.mark.parametrize(
    ("records", "message"),
    [
        (RECORDS.drop("source"), "column 'source' is missing"),
        (
            RECORDS.with_columns(born_on=pl.lit("01/03/1950")),
            "'born_on' holds text that is no date",
        ),
        (RECORDS.with_columns(nino=pl.lit(1)), "'nino' is Int32, expected String"),
    ],
)
def test_records_that_cannot_be_linked_are_refused(
    records: pl.DataFrame, message: str, tmp_path: Path
) -> None:
    records.write_parquet(tmp_path / "records.parquet")
    with pytest.raises(LinkageError, match=message):
        app.link_file(tmp_path / "records.parquet", tmp_path / "links.parquet")
    with pytest.raises(LinkageError, match="cannot be read as Parquet"):
        app.link_file(tmp_path / "nothing.parquet", tmp_path / "links.parquet")


# --- what is left for outreach -------------------------------------------------------------------


def test_inv_07_nobody_protected_has_a_postal_address(ran: Run) -> None:
    out = ran.settings.out
    contacts = pl.read_parquet(out / "contacts.parquet")
    people = pl.read_parquet(out / "people.parquet").select("person_id", "benefit_unit_id")
    flagged = contacts.filter(pl.col("protected_address") | pl.col("safeguarding_hold"))
    units = people.join(flagged, on="person_id", how="semi").select("benefit_unit_id")
    theirs = people.join(units, on="benefit_unit_id", how="semi").select("person_id")
    assert flagged.height > 0
    assert contacts.join(theirs, on="person_id", how="semi")["post"].null_count() == theirs.height
    addresses = pl.read_parquet(out / "addresses.parquet").join(theirs, on="person_id", how="semi")
    assert addresses["reason"].unique().to_list() == ["protected"]
    assert addresses.select(pl.col("lines", "place", "source").is_not_null().any()).row(0) == (
        (False,) * 3
    )
    written = contacts["post"].drop_nulls()
    assert written.len() > 100
    assert written.str.contains(r"\nZZ[0-9]+ [0-9][A-Z]{2}$").all()


def test_a_move_is_known_however_often_a_day_is_worked_out(ran: Run, tmp_path: Path) -> None:
    people = pl.read_parquet(ran.settings.out / "addresses.parquet")
    who = people.filter(pl.col("reason").is_null())["person_id"][0]

    def found(batch: FeedBatch, days: int) -> str | None:
        day = DAY + timedelta(days=days)
        table = addresses_of(batch, ran.links, ran.assembled, day, tmp_path)
        write_whole(table, tmp_path / "addresses.parquet")
        return table.filter(person_id=who)["reason"].item()

    theirs = ran.links.filter(person_id=who).select("source", "record_id")
    elsewhere = ran.batch.records.join(
        theirs.with_columns(_moved=True), on=["source", "record_id"], how="left"
    ).with_columns(
        postcode=pl.when(pl.col("_moved")).then(pl.lit("ZZ99 9ZZ")).otherwise("postcode")
    )
    moved = replace(ran.batch, records=elsewhere.drop("_moved"))
    assert [found(ran.batch, 0), found(ran.batch, 0)] == [None, None]
    assert [found(moved, 1) for _ in range(3)] == ["moved_lately"] * 3
    assert [found(moved, 2), found(moved, 28), found(moved, 29)] == [
        "moved_lately",
        "moved_lately",
        None,
    ]
