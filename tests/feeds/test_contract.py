"""A feed's contract: what it promises of its rows, its people and its silence, and what a breach
does."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from nostop import store
from nostop.app.gather import read_feeds
from nostop.app.last_run import last_times
from nostop.feeds import (
    FeedBatch,
    LastTime,
    combine,
    hold_strangers,
    load,
    load_or_hold,
    read_declaration,
)
from nostop.feeds.batch import SHAPES, status_row
from nostop.model import FeedError
from tests.feeds.small import GOOD, SMALL, declared, table

PROMISE = "rows_at_least: 1"
DAY = date(2026, 6, 1)


# --- how many rows ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("promise", "before", "said"),
    [
        ("rows_at_least: 11", None, "has 10 rows, its contract says at least 11: ask the source"),
        ("rows_at_least: 1, rows_at_most: 9", None, "its contract says at most 9: ask the source"),
        ("rows_about: {count: 13, within: 20%}", None, "says about 13, within 20%: ask the source"),
        ("rows_about: {count: 8, within: 20%}", None, "says about 8, within 20%: ask the source"),
        (
            "rows_at_least: 1, rows_change_at_most: 40%",
            17,
            "the last file that was used had 17, and its contract lets them change by at most 40%",
        ),
        (
            "rows_at_least: 1, rows_change_at_most: 40%",
            7,
            "if it is, raise rows_change_at_most",
        ),
        ("rows_at_least: 1, rows_change_at_most: 40%", 0, "the last file that was used had 0"),
    ],
)
def test_volume_that_was_not_promised_holds_the_feed(
    tmp_path: Path, promise: str, before: int | None, said: str
) -> None:
    declaration = declared(tmp_path, (PROMISE, promise))
    with pytest.raises(FeedError, match=r"^small_awards\.csv: has 10 rows, ") as told:
        load(declaration, table(*[{}] * 10), last=LastTime(before))
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("promise", "before"),
    [
        ("rows_at_least: 10, rows_at_most: 10", None),
        ("rows_about: {count: 12, within: 20%}", None),
        ("rows_about: {count: 9, within: 20%}", None),
        ("rows_at_least: 1, rows_change_at_most: 40%", None),
        ("rows_at_least: 1, rows_change_at_most: 40%", 16),
        ("rows_at_least: 1, rows_change_at_most: 50%", 20),
        ("rows_at_least: 1", 1_000),
    ],
)
def test_volume_that_was_promised_is_used(tmp_path: Path, promise: str, before: int | None) -> None:
    declaration = declared(tmp_path, (PROMISE, promise))
    assert load(declaration, table(*[{}] * 10), last=LastTime(before)).records.height == 10


def test_records_that_the_last_run_did_not_know_hold_the_feed(tmp_path: Path) -> None:
    declaration = declared(tmp_path, (PROMISE, f"{PROMISE}, known_records_at_least: 60%"))
    rows = table({}, {}, {}, {})
    three, two = pl.Series(["A1", "A2", "A3"]), pl.Series(["A1", "A2", "B3"])
    assert load(declaration, rows, last=LastTime(record_ids=three)).records.height == 4
    assert load(declaration, rows).records.height == 4
    with pytest.raises(FeedError, match=r"2 of its 4 records were there .* at least 60%"):
        load(declaration, rows, last=LastTime(record_ids=two))


def test_feed_that_is_held_still_says_what_was_wrong_with_its_rows(tmp_path: Path) -> None:
    declaration = declared(tmp_path, ("60%", "10%"))
    batch = load_or_hold(declaration, table({}, {"dob": "1/1/61"}, {"sex": "?"}, {}))
    status = batch.status.row(0, named=True)
    assert status["state"] == "held"
    assert "2 of 4 rows are bad, its contract allows 10.0%" in status["reason"]
    assert status["sha256"] == "0" * 64
    assert (status["rows_read"], status["rows_good"], status["rows_quarantined"]) == (4, 2, 2)
    assert batch.quarantine.select("line", "column").rows() == [(3, "dob"), (4, "sex")]
    for name in set(SHAPES) - {"status", "quarantine"}:
        assert getattr(batch, name).is_empty(), name


# --- what earlier runs knew ---------------------------------------------------------------------


def kept_run(out: Path, day: int, *rows: pl.DataFrame) -> None:
    """Write a run into the folder's database, as `nostop run` does."""
    engine = store.open_store(f"sqlite:///{out / 'nostop.db'}")
    store.upgrade(engine)
    run_id = f"run-{day}"
    record = store.RunRecord(
        run_id=run_id,
        effective_on=DAY,
        synthetic=True,
        started_at=datetime(2026, 6, day, tzinfo=UTC),
        pack_versions={},
        inputs={},
        counts={},
    )
    store.record_run(engine, record)
    store.record_feeds(engine, run_id, pl.concat(rows))
    engine.dispose()


def test_last_file_that_was_used_counts_and_not_one_that_was_held(tmp_path: Path) -> None:
    declaration = declared(tmp_path)
    assert last_times(tmp_path, [declaration]) == {}
    used = {"state": "ok", "rows_read": 120, "rows_replaced": 20}
    kept_run(tmp_path, 1, status_row(declaration, state="ok", rows_read=80))
    kept_run(tmp_path, 2, status_row(declaration, **used))
    kept_run(tmp_path, 3, status_row(declaration, state="held", rows_read=50))
    assert last_times(tmp_path, [declaration]) == {"small_awards": LastTime(100)}


def test_file_of_half_the_rows_is_held_in_the_next_run(tmp_path: Path) -> None:
    declaration = declared(tmp_path, (PROMISE, f"{PROMISE}, rows_change_at_most: 30%"))
    kept_run(tmp_path, 1, status_row(declaration, state="ok", rows_read=4))
    head, row = ",".join(GOOD), [value or "" for value in GOOD.values()]
    for count, state in ((4, "ok"), (3, "ok"), (2, "held")):
        lines = [",".join([f"A{n}", *row[1:]]) for n in range(count)]
        (tmp_path / "small_awards.csv").write_text("\n".join([head, *lines, ""]), encoding="utf-8")
        last = last_times(tmp_path, [declaration])
        batch = read_feeds([declaration], tmp_path, DAY, None, last)
        assert batch.status["state"].to_list() == [state]


def test_records_of_the_last_run_are_read_where_a_contract_asks(tmp_path: Path) -> None:
    asks = declared(tmp_path, (PROMISE, f"{PROMISE}, known_records_at_least: 60%"))
    links = {"source": ["small_awards", "other"], "record_id": ["A1", "B1"]}
    pl.DataFrame(links).write_parquet(tmp_path / "links.parquet")
    assert last_times(tmp_path, [declared(tmp_path)]) == {}
    found = last_times(tmp_path, [asks])["small_awards"].record_ids
    assert found is not None
    assert found.to_list() == ["A1"]


# --- whose it is --------------------------------------------------------------------------------

Person = tuple[str | None, str, str, str | None, str | None]
ANN: Person = ("QQ123456C", "Ann", "Marsh", "29/02/1948", "ZZ1 1AA")
BOB: Person = (None, "Bob", "Dale", "01/01/1950", "ZZ1 1AB")
CAT: Person = (None, "Cat", "Moor", "02/01/1950", "ZZ1 1AC")
DAN: Person = ("QQ123459A", "Dan", "Hill", "03/01/1950", "ZZ1 1AD")


def people(folder: Path, name: str, *them: Person, least: str = "50%") -> tuple[FeedBatch, Path]:
    """Return a feed of these people, whose contract asks that others know them."""
    keys = ("nino", "forename", "surname", "dob", "postcode")
    rows = [dict(zip(keys, person, strict=True)) for person in them]
    path = folder / f"{name}.yaml"
    text = declared_text(name, least)
    path.write_text(text, encoding="utf-8")
    return load(read_declaration(path), table(*rows)), path


def declared_text(name: str, least: str) -> str:
    text = SMALL.replace("id: small_awards", f"id: {name}", 1)
    return text.replace(PROMISE, f"{PROMISE}, known_people_at_least: {least}", 1)


def judged(*feeds: tuple[FeedBatch, Path]) -> dict[str, tuple[str, int | None, int | None]]:
    declarations = [read_declaration(path) for _, path in feeds]
    batch = hold_strangers(combine([batch for batch, _ in feeds]), declarations)
    told = batch.status.select("source", "state", "people", "people_known").rows()
    used = set(batch.records["source"])
    assert used == {source for source, state, *_ in told if state == "ok"}
    return {source: tuple(rest) for source, *rest in told}


@pytest.mark.parametrize(
    ("other", "known"),
    [
        (("QQ123456C", "Anne", "Field", "29/02/1948", None), 1),  # NINO and birth date
        (("QQ123456C", "Anne", "Field", "28/02/1948", None), 0),  # NINO alone
        ((None, "ANN", "marsh", "29/02/1948", None), 1),  # names and birth date
        ((None, "Ann", "Marsh", "28/02/1948", "ZZ1 1AA"), 1),  # names and postcode
        ((None, "Ann", "Field", "29/02/1948", "ZZ1 1AA"), 0),  # birth date and postcode
    ],
)
def test_person_is_known_by_a_key_of_two_parts_at_least(
    tmp_path: Path, other: Person, known: int
) -> None:
    found = judged(
        people(tmp_path, "one", ANN, least="0%"), people(tmp_path, "two", other, least="0%")
    )
    assert found["one"] == ("ok", 1, known)


def test_feed_of_strangers_is_held_and_those_that_lack_it_are_judged_without(
    tmp_path: Path,
) -> None:
    found = judged(
        people(tmp_path, "one", ANN, BOB),
        people(tmp_path, "two", ANN, BOB, CAT),
        people(tmp_path, "three", DAN),
    )
    assert found == {"one": ("ok", 2, 2), "two": ("ok", 3, 2), "three": ("held", 1, 0)}


def test_only_feed_of_a_run_is_not_asked_whom_others_know(tmp_path: Path) -> None:
    assert judged(people(tmp_path, "one", ANN)) == {"one": ("ok", None, None)}


def test_reason_says_how_many_are_known(tmp_path: Path) -> None:
    feeds: Sequence[tuple[FeedBatch, Path]] = [
        people(tmp_path, "one", ANN, BOB, least="0%"), people(tmp_path, "two", CAT),
    ]  # fmt: skip
    declarations = [read_declaration(path) for _, path in feeds]
    batch = hold_strangers(combine([batch for batch, _ in feeds]), declarations)
    assert batch.status.filter(source="two")["reason"].item() == (
        "small_awards.csv: other feeds know 0 of the 1 people that were looked for, its contract "
        "says at least 50%: ask the source whether it is the right file; if it is, lower "
        "known_people_at_least"
    )


# --- what its silence means ---------------------------------------------------------------------

SILENT = "{applies_to: everybody, awards: [state_pension, pension_credit]}"


@pytest.mark.parametrize(
    ("days", "on", "complete"),
    [
        ("", DAY, True),
        ("from: 2026-06-01", DAY, True),
        ("from: 2026-06-02", DAY, False),
        ("to: 2026-06-01", DAY, True),
        ("to: 2026-05-31", DAY, False),
        ("from: 2026-04-06, to: 2026-06-30", DAY, True),
        ("from: as_at", date(2026, 5, 12), True),
        ("from: as_at", date(2026, 5, 11), False),
        ("to: as_at", date(2026, 5, 11), True),
        ("to: as_at", date(2026, 5, 12), False),
        ("to: end", date(2026, 5, 11), False),  # some rows do not say until when
        ("from: 2026-06-02", None, True),
    ],
)
def test_lack_of_a_record_means_none_only_between_the_days_declared(
    tmp_path: Path, days: str, on: date | None, complete: bool
) -> None:
    declaration = declared(tmp_path, (SILENT, SILENT.replace("}", f", {days}}}" if days else "}")))
    rows = table({"as_at": "11/05/2026"}, {"as_at": "12/05/2026", "end": "31/12/2026"})
    found = load(declaration, rows, effective_on=on).completeness
    assert found.filter(kind="award").height == (2 if complete else 0)
    # What the feed is complete for on any day stands.
    assert found.filter(kind="fact").height == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (PROMISE + ", ", "", "how many rows does the source promise? write rows_at_least, or"),
        (PROMISE, f"{PROMISE}0, rows_at_most: 9", "at most 9 rows is less than at least 10"),
        (PROMISE, "rows_about: {count: 9, withn: 1%}", "'withn' is not known here; did you mean"),
        (PROMISE, f"{PROMISE}, known_people_at_least: 5", "is no share: write a percentage"),
        (SILENT, SILENT.replace("}", ", from: surname}"), "'surname' is text, expected date"),
        (SILENT, SILENT.replace("}", ", to: as_att}"), "did you mean 'as_at'?"),
        (
            SILENT,
            SILENT.replace("}", ", from: 2026-06-01, to: 2026-05-31}"),
            "ends on 2026-05-31, before it begins on 2026-06-01",
        ),
    ],
)
def test_contract_that_cannot_stand_says_why(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(FeedError, match=r"small_awards\.yaml:\d+:\d+: ") as told:
        declared(tmp_path, (old, new))
    assert said in str(told.value)
