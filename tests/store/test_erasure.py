"""Erasure: nothing of a person is left, what must stay is opaque, and no feed brings them back."""

import csv
import json
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine, insert, text

from nostop import app, determination, synth
from nostop.app import RunSettings
from nostop.app.audit import Witness, new_key, verify_log
from nostop.app.erased_files import Who, without
from nostop.app.erasure import Request, erase, erased_so_far, show
from nostop.app.opened import opened
from nostop.app.superseding import check_superseded
from nostop.model import SettingsError, StoreError
from nostop.rulebook import default_rules_dir, load_rulebook
from nostop.store import read_table
from nostop.store.audit_verify import Verified, verify
from nostop.store.contacts import Loaded, load_register
from nostop.store.erasure import (
    Erasure,
    Secret,
    begin_erasure,
    erase_rows,
    erased_keys,
    scrub,
    tables_of_people,
)
from nostop.store.rows import table_of
from nostop.store.tables import Base, OutreachMessage, OutreachReceipt
from nostop.store.tables_outreach import ContactPoint, MessageOutcome, Recipient, Suppression
from tests.canaries import CANARIES

DAY = date(2026, 6, 1)
AT = datetime(2026, 6, 2, 9, tzinfo=UTC)
SCHEMES = ["child_benefit"]
KEY = "0123456789abcdef0123456789abcdef"
NO_RECORDS = pl.DataFrame(schema={"source": pl.String, "record_id": pl.String})


# --- the database -------------------------------------------------------------------------------


def a_run(engine: Engine) -> None:
    run = {"run_id": "r1", "effective_on": DAY, "synthetic": True, "started_at": AT}
    with engine.begin() as connection:
        connection.execute(insert(Base.metadata.tables["runs"]), run)


def a_message(message_id: str, person_id: str, state: str, **more: object) -> dict[str, object]:
    return {
        "message_id": message_id,
        "campaign": "c1",
        "recipient_id": person_id,
        "scheme": "pension_credit",
        "step": int(message_id[-1]),
        "kind": "entitled",
        "language": "en",
        "run_id": "r1",
        "state": state,
        "suppression": None,
        **more,
    }


def fill(engine: Engine, person_id: str) -> None:
    """Put the canary everywhere a campaign would put somebody."""
    values = list(CANARIES.values())
    who = {"language": "cy", "nation": "wales", "benefit_unit_id": "B1", "household_id": "H1"}
    points = [
        {"person_id": person_id, "kind": kind, "value": "\n".join(values[at::3]), "as_of": DAY}
        for at, kind in enumerate(("email", "phone", "post"))
    ]
    gone = {"claimed_at": AT, "channel": "smtp", "cost_pence": 12, "reference": "their-ref-mark"}
    with engine.begin() as connection:
        recipient, point = table_of(Recipient), table_of(ContactPoint)
        for table in (recipient, point):
            connection.execute(table.delete().where(table.c.person_id == person_id))
        names = {"first_name": CANARIES["first_name"], "surname": CANARIES["surname"]}
        connection.execute(insert(recipient), {"person_id": person_id, **who, **names})
        connection.execute(insert(point), points)
        connection.execute(
            insert(table_of(Suppression)),
            {"person_id": person_id, "reason": "safeguarding", "source": "added", "since": AT},
        )
        for message in (
            a_message("m-1", person_id, "sent", body_sha256="c" * 64, benefit_unit_id="B1", **gone),
            a_message("m-2", person_id, "planned"),
            a_message("m-3", person_id, "unknown", claimed_at=AT),
        ):
            connection.execute(insert(table_of(OutreachMessage)), message)
        said = {"message_id": "m-1", "status": "sent", "reference": "their-ref-mark"}
        connection.execute(
            insert(table_of(OutreachReceipt)), {**said, "reason": None, "recorded_at": AT}
        )
        award = {"message_id": "m-1", "outcome": "claimed", "seen_on": DAY, "pence": 4321}
        connection.execute(insert(table_of(MessageOutcome)), {**award, "run_id": "r1"})


def test_rows_go_what_accounting_needs_stays_and_nothing_goes_twice(store: Engine) -> None:
    a_run(store)
    fill(store, "P1")
    with store.begin() as connection:
        connection.execute(insert(table_of(OutreachMessage)), a_message("m-9", "P2", "planned"))
    records = pl.DataFrame({"source": ["dwp"], "record_id": ["AW1"]})
    erasure = Erasure(["P1"], records, "jo", "request", AT)
    assert begin_erasure(store, erasure, Secret(KEY)) == ["m-1", "m-2", "m-3"]
    erase_rows(store, erasure, Secret(KEY))
    scrub(store)
    other = Secret(KEY).pseudonym("P1")
    assert other.startswith("erased-")
    rows = read_table(store, OutreachMessage).select(
        "message_id", "recipient_id", "state", "suppression", "cost_pence", "reference",
        "body_sha256", "benefit_unit_id",
    )  # fmt: skip
    assert rows.rows() == [
        ("m-1", other, "sent", None, 12, None, None, None),
        ("m-2", other, "suppressed", "erased", None, None, None, None),
        ("m-3", other, "unknown", None, None, None, None, None),
        ("m-9", "P2", "planned", None, None, None, None, None),
    ]
    assert read_table(store, Suppression).select("person_id", "reason").rows() == [("P1", "erased")]
    assert read_table(store, Recipient).is_empty()
    assert read_table(store, ContactPoint).is_empty()
    assert read_table(store, MessageOutcome).is_empty()
    assert read_table(store, OutreachReceipt)["reference"].to_list() == [None]
    assert erased_keys(store) == {Secret(KEY).record_key("dwp", "AW1")}
    assert isinstance(verify(store, []), Verified)
    # Done again, as after a power cut, it changes nothing.
    begin_erasure(store, erasure, Secret(KEY))
    erase_rows(store, erasure, Secret(KEY))
    assert len(erased_keys(store)) == 1
    assert read_table(store, OutreachMessage)["recipient_id"].to_list() == [other] * 3 + ["P2"]


def test_a_register_that_still_has_the_person_does_not_bring_them_back(store: Engine) -> None:
    begin_erasure(store, Erasure(["P1"], NO_RECORDS, "jo", "request", AT), Secret(KEY))
    people = {"person_id": ["P1", "P2"], "first_name": ["A", "B"], "surname": ["C", "D"]}
    nothing = pl.lit(None, pl.String)
    recipients = pl.DataFrame(people).with_columns(
        language=pl.lit("en"), nation=nothing, benefit_unit_id=nothing, household_id=nothing
    )
    points = pl.DataFrame(
        {"person_id": ["P1", "P2"], "kind": "email", "value": ["a@example.org", "b@example.org"]}
    ).with_columns(as_of=pl.lit(DAY))
    stops = pl.DataFrame({"person_id": ["P1", "P3"], "reason": ["deceased", "deceased"]})
    load_register(store, Loaded(recipients, points, stops, DAY, synthetic=True), AT)
    assert read_table(store, Recipient)["person_id"].to_list() == ["P2"]
    assert read_table(store, ContactPoint)["person_id"].to_list() == ["P2"]
    assert read_table(store, Suppression).select("person_id", "reason").rows() == [
        ("P1", "erased"),
        ("P3", "deceased"),
    ]


def test_a_database_that_somebody_else_reads_is_not_said_to_be_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nostop.store.engine.WAIT_SECONDS", 0.1)
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with opened(url) as engine:
        other = sqlite3.connect(tmp_path / "store.db")
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM runs").fetchall()
        with pytest.raises(StoreError, match="another process has the database open"):
            scrub(engine)
        other.close()
        scrub(engine)
    assert not (tmp_path / "store.db-wal").exists()


def test_no_table_of_people_is_forgotten() -> None:
    """A new table with somebody in it must be thought of here."""
    looks_personal = {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if any(word in column.name for word in ("person", "recipient", "subject", "surname"))
    }
    handled = {(table.name, "person_id") for table in tables_of_people()}
    assert looks_personal - handled == {
        # An opaque id, for good.
        ("audit_entries", "subject"),
        # Their rows have a person_id where the subject is a person.
        ("event_signals", "subject"),
        ("event_signals", "subject_kind"),
        ("life_events", "subject"),
        # Renamed.
        ("outreach_messages", "recipient_id"),
        # Goes with the row.
        ("case_people", "surname_key"),
        # With the case of their benefit unit (`case_erasure`).
        ("corrections", "subject_id"),
        ("flags", "subject_id"),
        ("recipients", "surname"),
    }


def test_a_short_key_is_refused_and_no_key_is_ever_shown() -> None:
    with pytest.raises(StoreError, match="openssl rand"):
        Secret("short")
    assert KEY not in repr(Secret(KEY))
    assert Secret(KEY).record_key("a", "bc") != Secret(KEY).record_key("ab", "c")


# --- a run's tables -----------------------------------------------------------------------------


def test_rows_of_the_person_their_records_and_results_of_their_unit_go() -> None:
    records = pl.DataFrame({"source": ["dwp", "hmrc"], "record_id": ["1", "2"]})
    who = Who(frozenset({"P1", "P0"}), records, frozenset({"B1"}))
    contacts = pl.DataFrame({"person_id": ["P0", "P1", "P2"], "benefit_unit_id": ["B1"] * 3})
    assert without(contacts, who)["person_id"].to_list() == ["P2"]
    results = pl.DataFrame({"benefit_unit_id": ["B1", "B2"], "scheme": ["s", "s"]})
    assert without(results, who)["benefit_unit_id"].to_list() == ["B2"]
    evidence = pl.DataFrame(
        {"subject_id": ["H1", "H1", "B1", None], "source": ["dwp", "hmrc", "x", "hmrc"]}
        | {"record_id": ["2", "2", "9", "1"]}
    )
    assert without(evidence, who).rows() == [("H1", "dwp", "2"), (None, "hmrc", "1")]
    verdicts = pl.DataFrame(
        {"source_l": ["dwp", "dwp"], "record_id_l": ["1", "3"]}
        | {"source_r": ["x", "hmrc"], "record_id_r": ["1", "4"]}
    )
    assert without(verdicts, who).rows() == [("dwp", "3", "hmrc", "4")]


# --- a whole run --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """Feeds, a run of them, and one person in it whom the run would write to."""

    feeds: Path
    out: Path
    rules: Path
    person_id: str = ""
    markers: dict[str, str] = field(default_factory=dict)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """One scheme of the rules: reading them all takes longer than everything else here."""
    ours, few = default_rules_dir(), tmp_path / "rules"
    few.mkdir()
    for file in ours.glob("*.yaml"):
        shutil.copy(file, few)
    for name in (*SCHEMES, "qualifying_young_person"):
        shutil.copytree(ours / "uk" / name, few / "uk" / name)
    return few


def settings(place: Place) -> RunSettings:
    return RunSettings(
        feeds=place.feeds,
        out=place.out,
        effective_on=DAY,
        started_at=AT,
        rules=place.rules,
        declarations=app.default_declarations_dir(),
        schemes=SCHEMES,
        unreleased=True,
    )


@pytest.fixture
def place(tmp_path: Path, rules: Path) -> Place:
    place = Place(tmp_path / "feeds", tmp_path / "out", rules)
    book = load_rulebook(rules)
    made = synth.generate(
        150, 7, lambda situation: determination.determine(situation, book, DAY, SCHEMES), DAY
    )
    synth.write(made, place.feeds)
    app.run(settings(place))
    out = place.out
    # Whoever has most records, and a number to be reached by.
    links = pl.read_parquet(out / "links.parquet")
    reached = pl.read_parquet(out / "contacts.parquet").drop_nulls("phone")
    most = links.join(reached, on="person_id", how="semi").group_by("person_id").len()
    person_id = str(most.sort("len", "person_id")["person_id"][-1])
    mine = links.filter(person_id=person_id).select("source", "record_id").rows()
    assert len(mine) >= 3
    # One claim is the parent's record and part of the name of each child's: that stays theirs.
    others = " ".join(links.filter(pl.col("person_id") != person_id)["record_id"])
    own = [(source, record_id) for source, record_id in mine if record_id not in others]
    markers = {f"{source} {record_id}": record_id for source, record_id in own}
    assert len(markers) >= 3
    return replace(place, person_id=person_id, markers={**markers, "person": person_id})


def texts_below(*folders: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file as bytes, and every table as the text of its cells: Parquet is compressed."""
    for folder in folders:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            yield path, path.read_bytes()
            if path.suffix == ".parquet":
                yield path, json.dumps(pl.read_parquet(path).to_dicts(), default=str).encode()


def found_in(markers: dict[str, str], *folders: Path) -> set[tuple[str, str]]:
    return {
        (name, path.name)
        for path, content in texts_below(*folders)
        for name, marker in markers.items()
        if marker.encode() in content
    }


def test_inv_38_erasure_leaves_nothing_and_no_feed_brings_the_person_back(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOSTOP_ERASURE_KEY", KEY)
    out, handed = place.out, tmp_path / "handed"
    outside = tmp_path / "outside"
    outside.mkdir()
    kept = Witness(outside, tmp_path / "k", new_key(tmp_path / "k"))
    url = f"sqlite:///{out / 'nostop.db'}"
    with opened(url) as engine:
        with engine.begin() as connection:
            (run_id,) = connection.execute(text("SELECT run_id FROM runs")).one()
            connection.execute(text("INSERT INTO runs SELECT 'r1', effective_on, synthetic, "
                                    "started_at, known_on FROM runs"))  # fmt: skip
        assert run_id
        fill(engine, place.person_id)
    # What channels handed over: a file for each message, and a list for a telephone team.
    (handed / "list-1").mkdir(parents=True)
    (handed / "m-1.txt").write_text(" ".join(CANARIES.values()))
    rows = [["message_id", "name", "script"], ["m-2", CANARIES["surname"], "a\nb, c"]]
    with (handed / "list-1" / "list.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([*rows, ["m-8", "Other", "kept,\nwhole"]])
    markers = {**CANARIES, **place.markers, "receipt": "their-ref-mark"}
    before = {name for name, _ in found_in(markers, out, handed)}
    assert before == set(markers)

    request = Request("jo", "request", AT, runs=[out], outboxes=[handed])
    with opened(url) as engine:
        erased = erase(engine, place.person_id, request, KEY, kept)
        assert erased.records >= len(place.markers) - 1
        assert isinstance(verify_log(engine, kept), Verified)
        # While it is open, with its journal and shared memory beside it.
        assert (out / "nostop.db-wal").is_file()
        assert {name for name, _ in found_in(CANARIES, out)} == set()
    assert check_superseded(out, kept) == 1
    assert (handed / "list-1" / "list.csv").read_bytes() == (
        b'message_id,name,script\r\nm-8,Other,"kept,\nwhole"\r\n'
    )
    # The id itself stays where it is opaque, and must: in the log, the stop, the history of ids.
    opaque = {"nostop.db", "link_events.parquet"}
    assert {
        (name, file) for name, file in found_in(markers, out, handed)
        if not (name == "person" and file in opaque)
    } == set()  # fmt: skip
    assert erased_so_far(kept) == [place.person_id]

    monkeypatch.delenv("NOSTOP_ERASURE_KEY")
    with pytest.raises(SettingsError, match="they would come back"):
        app.run(settings(place))
    monkeypatch.setenv("NOSTOP_ERASURE_KEY", KEY)
    app.run(settings(place))
    assert place.person_id not in pl.read_parquet(out / "contacts.parquet")["person_id"]
    again = found_in(markers, out)
    assert {(name, file) for name, file in again if file not in opaque} == set()
    assert {name for name, _ in again} <= {"person"}


def test_erasure_needs_a_key_a_signature_and_a_person_who_is_there(
    store: Engine, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="NOSTOP_ERASURE_KEY"):
        erase(store, "P1", Request("jo", "request", AT), None, None)
    with pytest.raises(SettingsError, match="knows P1"):
        erase(store, "P1", Request("jo", "request", AT), KEY, None)
    with pytest.raises(SettingsError, match="NOSTOP_AUDIT_KEY_FILE"):
        erase(store, "P1", Request("jo", "request", AT, runs=[tmp_path]), KEY, None)
    with pytest.raises(StoreError, match="plain id"):
        erase(store, "Pat Example", Request("jo", "request", AT), KEY, None)


def test_inv_36_showing_a_record_is_itself_recorded_and_shown(store: Engine) -> None:
    a_run(store)
    fill(store, "P1")
    shown = show(store, "P1", "jo.smith", "subject_access", AT)
    assert set(shown) == {
        "audit_entries",
        "contact_points",
        "outreach_messages",
        "recipients",
        "suppressions",
    }
    assert shown["recipients"]["surname"].to_list() == [CANARIES["surname"]]
    assert shown["audit_entries"].select("actor", "action").rows() == [("jo.smith", "person.read")]
    with pytest.raises(StoreError):
        show(store, "P1", "jo.smith", "because I like to", AT)
