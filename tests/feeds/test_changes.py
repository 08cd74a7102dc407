"""Files of changes: the latest row of a record counts, whatever the order in which it came."""

from datetime import date
from hashlib import sha256
from pathlib import Path
from random import Random

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nostop.app.gather import read_feeds
from nostop.feeds import FeedBatch, FeedDeclaration, load, load_or_hold, read_declaration
from nostop.feeds.batch import SHAPES
from nostop.model import FeedError
from nostop.ports import RawTable
from tests.feeds.small import SMALL, declared

ACT = 5
COLUMNS = ("entry", "nino", "surname", "dob", "pay", "act", "moment", "batch", "as_at")
DECLARATION = """\
id: changing
title: Pay that is sent as a whole file and then by changes
department: Small
gateway: small
connector: delimited
file: pay_*.csv
contract: {rows_at_least: 0, bad_rows_at_most: 60%, fresh_for_days: 30}
columns:
  entry: text
  nino: nino or empty
  surname: text
  dob: date YYYY-MM-DD
  pay: pounds
  act: one of A, D
  moment: date YYYY-MM-DDThh:mm:ss
  batch: whole
  as_at: date YYYY-MM-DD
record: [entry]
as_of: as_at
changes:
  watermark: moment
  deleted: {act: [D]}
  whole: pay_whole*.csv
  sequence: batch
people:
  worker: {nino: nino, surname: surname, born_on: dob}
facts:
  - {fact: gross_earnings, column: pay, per: month}
complete_for:
  - {applies_to: linked_people, facts: [gross_earnings]}
"""
Row = tuple[str | None, ...]


@pytest.fixture(scope="module")
def pay(tmp_path_factory: pytest.TempPathFactory) -> FeedDeclaration:
    path = tmp_path_factory.mktemp("changing") / "changing.yaml"
    path.write_text(DECLARATION, encoding="utf-8")
    return read_declaration(path)


def row(
    entry: str | None,
    pounds: str | None = "100.00",
    moment: str | None = "2026-05-01",
    *,
    act: str = "A",
    batch: str = "0",
    as_at: str = "2026-05-20",
) -> Row:
    return (entry, "QQ123456C", f"Marsh{entry}", "1950-01-01", pounds, act, moment, batch, as_at)


def gone(entry: str | None, moment: str, *, batch: str = "0", as_at: str = "2026-05-20") -> Row:
    """A deletion names its record, and nothing else."""
    return (entry, None, None, None, None, "D", moment, batch, as_at)


def file(name: str, *rows: Row, split: int = 0) -> RawTable:
    """A file as a connector reads it; `split` lines after its rows had no columns."""
    frame = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row").with_columns(
        pl.int_range(2, len(rows) + 2, dtype=pl.Int64).alias("_line")
    )
    lines = [(len(rows) + 2 + number, None, "has 2 values") for number in range(split)]
    schema = {"line": pl.Int64, "column": pl.String, "reason": pl.String}
    rejected = pl.DataFrame(lines, schema=schema, orient="row")
    hashed = sha256(repr((rows, split)).encode()).hexdigest()
    return RawTable(f"pay_{name}.csv", hashed, frame, rejected)


def stated(batch: FeedBatch) -> dict[str, str]:
    return dict(batch.facts.select("record_id", "value").iter_rows())


def counts(batch: FeedBatch) -> tuple[int, ...]:
    """Return how many rows were read, good, in quarantine, later and replaced."""
    names = ("read", "good", "quarantined", "later", "replaced")
    return batch.status.select(f"rows_{name}" for name in names).row(0)


# --- what counts --------------------------------------------------------------------------------


def test_correction_replaces_deletion_removes_and_the_rest_stays(pay: FeedDeclaration) -> None:
    batch = load(pay, [
        file("whole", row("1"), row("2"), row("3")),
        file("x1", row("2", "200.00", "2026-05-02", batch="1"), row("4", batch="1")),
        file("x2", gone("3", "2026-05-03", batch="2")),
    ])  # fmt: skip
    assert stated(batch) == {"1": "10000", "2": "20000", "4": "10000"}
    assert batch.records["record_id"].to_list() == ["1", "2", "4"]
    assert counts(batch) == (6, 3, 0, 0, 3)
    assert batch.status["file"].item() == "pay_whole.csv to pay_x2.csv (3 files)"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2026-05-02", "2026-05-03"),
        ("2026-05-02T09:00:00", "2026-05-02T09:00:01"),
        ("2026-05-02T09:00:00.100", "2026-05-02T09:00:00.1009"),
        ("2026-05-02", "2026-05-02T00:00:01Z"),
        ("2026-05-02T09:30:00+01:00", "2026-05-02T09:00:00Z"),
        ("2026-05-02T09:00:00Z", "2026-05-02T09:00:00-00:30"),
    ],
)
def test_change_that_came_late_does_not_undo_a_later_one(
    pay: FeedDeclaration, first: str, second: str
) -> None:
    whole = file("whole", row("1"))
    for names in (("x1", "x2"), ("x2", "x1")):
        earlier = file(names[0], row("1", "111.00", first, batch="1"))
        later = file(names[1], row("1", "222.00", second, batch="2"))
        files = sorted([whole, earlier, later], key=lambda table: table.file)
        assert stated(load(pay, files)) == {"1": "22200"}


def test_of_changes_of_one_moment_the_later_file_counts(pay: FeedDeclaration) -> None:
    batch = load(pay, [file("whole", row("1")), file("x1", row("1", "111.00", batch="1"))])
    assert stated(batch) == {"1": "11100"}


@pytest.mark.parametrize("other", [row("1", "222.00", batch="1"), gone("1", "2026-05-01")])
def test_changes_of_one_moment_in_one_file_that_differ_are_set_aside(
    pay: FeedDeclaration, other: Row
) -> None:
    whole = file("whole", row("1"), row("2"), row("3"))
    batch = load(pay, [whole, file("x1", row("1", "111.00", batch="1"), other)])
    assert stated(batch) == {"2": "10000", "3": "10000"}
    assert set(batch.quarantine["reason"]) == {
        "shares its key with another row that says otherwise"
    }
    assert set(batch.quarantine["file"]) == {"pay_x1.csv"}


def test_record_that_was_deleted_may_come_back(pay: FeedDeclaration) -> None:
    batch = load(pay, [
        file("whole", row("1")),
        file("x1", gone("1", "2026-05-02", batch="1")),
        file("x2", row("1", "300.00", "2026-05-03", batch="2")),
    ])  # fmt: skip
    assert stated(batch) == {"1": "30000"}


def test_same_file_twice_changes_nothing(pay: FeedDeclaration) -> None:
    files = [file("whole", row("1"), row("2")), file("x1", gone("2", "2026-05-02", batch="1"))]
    again = [*files, file("x2", gone("2", "2026-05-02", batch="1"))]
    once, twice = load(pay, files), load(pay, again)
    for name in SHAPES:
        assert getattr(twice, name).equals(getattr(once, name)), name


def test_whole_file_starts_afresh(pay: FeedDeclaration) -> None:
    batch = load(pay, [
        file("x0", row("1", "900.00", "2026-05-30")),
        file("whole_1", row("1"), row("2"), split=1),
        file("whole_2", row("2", batch="7"), row("3", batch="7")),
        file("x9", row("4", batch="8")),
    ])  # fmt: skip
    # The last whole file by name starts; what only earlier files had is gone.
    assert stated(batch) == {"2": "10000", "3": "10000", "4": "10000"}
    assert counts(batch) == (7, 3, 0, 0, 4)


def test_whole_file_may_be_told_by_what_its_rows_say(tmp_path: Path) -> None:
    text = DECLARATION.replace("whole: pay_whole*.csv", "whole: {act: [A]}")
    (tmp_path / "changing.yaml").write_text(text, encoding="utf-8")
    declaration = read_declaration(tmp_path / "changing.yaml")
    first, change = file("1", row("1"), row("2")), file("2", gone("1", "2026-05-02", batch="1"))
    assert stated(load(declaration, [first, change])) == {"2": "10000"}
    mixed = file("3", row("5", batch="2"), gone("2", "2026-05-02", batch="2"))
    with pytest.raises(FeedError, match=r"pay_3\.csv: some rows say that the file is whole"):
        load(declaration, [first, change, mixed])


def test_lines_are_those_of_each_file(pay: FeedDeclaration) -> None:
    batch = load(pay, [
        file("whole", row("1"), row("2", "x"), split=1),
        file("x1", row("3", batch="1"), row("4", "y", batch="1")),
    ])  # fmt: skip
    assert batch.quarantine.select("file", "line", "column").rows() == [
        ("pay_whole.csv", 3, "pay"), ("pay_whole.csv", 4, None), ("pay_x1.csv", 3, "pay"),
    ]  # fmt: skip
    assert batch.facts.select("record_id", "line").rows() == [("1", 2), ("3", 2)]


def test_files_of_a_folder_are_read_in_order_of_name(pay: FeedDeclaration, tmp_path: Path) -> None:
    for name, rows in (
        ("pay_b.csv", [row("1", "222.00", batch="1")]),
        ("pay_a.csv", [row("2", batch="0")]),
        ("pay_whole.csv", [row("1"), row("2"), row("3")]),
        ("pay_x1.csv", [row("1", "333.00", batch="1"), gone("3", "2026-05-02", batch="1")]),
        ("pay_x2.csv", [row("1", "444.00", batch="2")]),
    ):
        lines = [",".join(value or "" for value in values) for values in (COLUMNS, *rows)]
        (tmp_path / name).write_text("\n".join([*lines, ""]), encoding="utf-8")
    batch = read_feeds([pay], tmp_path, date(2026, 6, 1))
    assert batch.status["reason"].to_list() == [None]
    assert stated(batch) == {"1": "44400", "2": "10000"}
    again = read_feeds([pay], tmp_path, date(2026, 6, 1))
    assert all(getattr(batch, name).equals(getattr(again, name)) for name in SHAPES)


def test_wish_whose_change_cannot_be_read_is_a_hold(tmp_path: Path) -> None:
    text = DECLARATION.partition("complete_for:")[0].replace("  whole: pay_whole*.csv\n", "")
    said = "opted_out: {column: act, codes: {A: false, D: true, Z: true}}"
    text += f"contacts:\n  - {{{said}, hold_where_set_aside: true}}\n"
    text = text.replace("deleted: {act: [D]}", "deleted: {act: [Z]}").replace("A, D", "A, D, Z")
    (tmp_path / "changing.yaml").write_text(text, encoding="utf-8")
    declaration = read_declaration(tmp_path / "changing.yaml")
    bad = row("1", "£1", "2026-05-02", act="D", batch="1")
    batch = load(declaration, [file("1", row("1"), row("2")), file("2", bad)])
    held = batch.contacts.filter("safeguarding_hold")["record_id"]
    assert set(batch.records.join(held.to_frame(), on="record_id")["surname"]) == {"Marsh1"}
    assert batch.contacts.filter(record_id="2")["opted_out"].to_list() == [False]


# --- what is in doubt ---------------------------------------------------------------------------


def test_record_whose_latest_change_cannot_be_read_is_not_used(pay: FeedDeclaration) -> None:
    batch = load(pay, [
        file("whole", row("1"), row("2")),
        file("x1", row("1", "£200", "2026-05-02", batch="1")),
    ])  # fmt: skip
    # What it was is out of date: neither the old pay nor none at all may be read of this person.
    assert stated(batch) == {"2": "10000"}
    assert set(batch.set_aside["surname"]) == {"Marsh1"}
    assert counts(batch) == (3, 1, 1, 0, 1)


def test_change_without_a_readable_moment_may_be_the_latest(pay: FeedDeclaration) -> None:
    late = file("x2", row("1", "300.00", "2026-05-09", batch="2"))
    bad = file("x1", row("1", "200.00", "soon", batch="1"))
    assert stated(load(pay, [file("whole", row("1"), row("2")), bad, late])) == {"2": "10000"}


def test_bad_row_that_was_corrected_since_is_forgotten(pay: FeedDeclaration) -> None:
    batch = load(pay, [
        file("whole", row("1", "£100"), row("2")),
        file("x1", row("1", "100.00", "2026-05-02", batch="1")),
    ])  # fmt: skip
    assert stated(batch) == {"1": "10000", "2": "10000"}
    assert batch.quarantine.is_empty()
    assert batch.set_aside.is_empty()


@pytest.mark.parametrize("bad", [row(None, batch="1"), gone(None, "2026-05-02", batch="1")])
def test_change_to_nobody_knows_which_record_holds_the_feed(pay: FeedDeclaration, bad: Row) -> None:
    files = [file("whole", row("1"), row(None)), file("x1", bad)]
    with pytest.raises(FeedError, match=r"do not say which record .* pay_x1\.csv, line 2\)"):
        load(pay, files)


def test_line_of_changes_that_cannot_be_split_holds_the_feed(pay: FeedDeclaration) -> None:
    files = [file("whole", row("1"), split=1), file("x1", row("2", batch="1"), split=1)]
    with pytest.raises(FeedError, match=r"1 bad rows of changes .*pay_x1\.csv, line 3"):
        load(pay, files)


def test_changes_without_a_whole_file_hold_the_feed(pay: FeedDeclaration) -> None:
    batch = load_or_hold(pay, [file("x1", row("1", batch="1"))])
    assert batch.status["state"].item() == "held"
    assert "no file is a whole one (pay_whole*.csv)" in batch.status["reason"].item()
    assert batch.records.is_empty()


def test_missing_file_of_changes_holds_the_feed(pay: FeedDeclaration) -> None:
    changes = [file(f"x{n}", row(str(n), batch=str(n))) for n in (1, 2, 4, 5, 9)]
    with pytest.raises(FeedError, match="'batch' are missing before 4, before 9, from 0 to 9"):
        load(pay, [file("whole", row("0")), *changes])


def test_file_of_changes_with_other_columns_holds_the_feed(pay: FeedDeclaration) -> None:
    other = file("x1", row("1", batch="1"))
    other = RawTable(other.file, other.sha256, other.rows.rename({"pay": "wage"}), other.rejected)
    with pytest.raises(FeedError, match=r"pay_x1\.csv: lacks the columns \['pay'\]"):
        load(pay, [file("whole", row("0")), other])


def test_volume_is_of_rows_that_count(tmp_path: Path) -> None:
    text = DECLARATION.replace("rows_at_least: 0", "rows_at_least: 2")
    (tmp_path / "changing.yaml").write_text(text, encoding="utf-8")
    declaration = read_declaration(tmp_path / "changing.yaml")
    whole = file("whole", row("1"), row("2"))
    assert load(declaration, [whole]).records.height == 2
    with pytest.raises(FeedError, match="has 1 rows, its contract says at least 2"):
        load(declaration, [whole, file("x1", gone("1", "2026-05-02", batch="1"))])


# --- days of knowledge --------------------------------------------------------------------------


def test_changes_of_later_days_were_not_known(pay: FeedDeclaration) -> None:
    files = [
        file("whole", row("1"), row("2"), row("3")),
        file("x1", row("1", "200.00", "2026-05-21", batch="1", as_at="2026-05-21")),
        file("x2", gone("2", "2026-05-22", batch="2", as_at="2026-05-22")),
    ]
    before = load(pay, files, known_on=date(2026, 5, 20))
    assert stated(before) == {"1": "10000", "2": "10000", "3": "10000"}
    assert counts(before) == (5, 3, 0, 2, 0)
    assert before.completeness.is_empty()
    between = load(pay, files, known_on=date(2026, 5, 21))
    assert stated(between) == {"1": "20000", "2": "10000", "3": "10000"}
    assert counts(between) == (5, 3, 0, 1, 1)
    after = load(pay, files, known_on=date(2026, 5, 22))
    assert stated(after) == {"1": "20000", "3": "10000"}
    assert after.completeness.height == 1


def test_whole_file_of_a_later_day_did_not_start_afresh_yet(pay: FeedDeclaration) -> None:
    files = [
        file("whole_1", row("1")),
        file("whole_2", row("2", batch="1", as_at="2026-05-25")),
    ]
    assert stated(load(pay, files)) == {"2": "10000"}
    assert stated(load(pay, files, known_on=date(2026, 5, 24))) == {"1": "10000"}


# --- one whole file, or a base and its changes ---------------------------------------------------

_CHANGE = st.tuples(
    st.sampled_from("123456"),
    st.sampled_from(["A", "A", "A", "D"]),
    st.integers(0, 9_999),
)


def _told(kind: str, entry: str, pounds: int, at: int, batch: int) -> Row:
    moment = f"2026-05-01T{at // 60:02d}:{at % 60:02d}:00Z"
    if kind == "D":
        return gone(entry, moment, batch=str(batch))
    return row(entry, f"{pounds}.00", moment, batch=str(batch))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    base=st.dictionaries(st.sampled_from("123456"), st.integers(0, 9_999)),
    changes=st.lists(_CHANGE, max_size=10),
    order=st.randoms(use_true_random=False),
)
def test_base_and_changes_are_the_whole_file_of_their_end(
    pay: FeedDeclaration,
    base: dict[str, int],
    changes: list[tuple[str, str, int]],
    order: Random,
) -> None:
    last = {entry: _told("A", entry, pounds, 0, 0) for entry, pounds in base.items()}
    whole = file("whole", *last.values())
    told: list[Row] = []
    for at, (entry, kind, pounds) in enumerate(changes, start=1):
        told.append(_told(kind, entry, pounds, at, 1))
        last[entry] = told[-1]
    order.shuffle(told)
    cut = len(told) // 2
    parts = load(pay, [whole, file("x1", *told[:cut]), file("x2", *told[cut:])])
    one = load(pay, file("whole", *(r for r in last.values() if r[ACT] == "A")))
    # Where a row stood, and what was read to get there, is all that differs.
    assert parts.facts.drop("line").equals(one.facts.drop("line"))
    for name in set(SHAPES) - {"facts", "status"}:
        assert getattr(parts, name).equals(getattr(one, name)), name
    assert parts.status["rows_good"].item() == one.status["rows_good"].item()


# --- declarations -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ("changes: {watermark: surname}", "column 'surname' is text, expected date or whole"),
        ("changes: {watermark: end}", "column 'end' orders the changes, so it cannot be empty"),
        ("changes: {watermark: as_a}", "'as_a' is not among the columns; did you mean 'as_at'?"),
        ("changes: {watermrk: as_at}", "key 'watermrk' is not known here; did you mean 'water"),
        ("changes: {watermark: as_at, sequence: ref}", "'ref' is text, expected whole"),
        ("changes: {watermark: as_at, deleted: {status: [GO]}}", "has no code 'GO', only IP, END"),
        ("changes: {watermark: as_at, whole: {statu: [IP]}}", "did you mean 'status'?"),
        ("changes: {watermark: as_at, whole: a/b}", "whole"),
        ("changes: {watermark: as_at}", "a file of changes is complete for nothing"),
    ],
)
def test_declaration_of_changes_that_cannot_stand_says_why(
    tmp_path: Path, added: str, said: str
) -> None:
    assert "changes" not in SMALL
    with pytest.raises(FeedError, match=r"small_awards\.yaml:\d+:\d+: ") as told:
        declared(tmp_path, ("as_of: as_at", f"as_of: as_at\n{added}"))
    assert said in str(told.value)
