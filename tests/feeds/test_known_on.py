"""What a feed said on a day of knowledge: later rows are not there, and nothing is made of it."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nostop.app import default_declarations_dir
from nostop.feeds import FeedBatch, load, read_declaration
from nostop.feeds.batch import SHAPES
from nostop.feeds.known import is_known_whole
from nostop.feeds.rows import typed
from nostop.model import FeedError
from tests.feeds.small import declared, table

Row = dict[str, str | None]
#: The rows of a test are of these days of May 2026.
EARLY, MIDDLE, LATE = date(2026, 5, 1), date(2026, 5, 11), date(2026, 5, 21)
EARLY_ROW: Row = {"as_at": "01/05/2026"}
LATE_ROW: Row = {"as_at": "21/05/2026"}
COUPLE: Row = {"partner_surname": "Field", "partner_dob": "01/02/1950"}
CONTACTS = (
    "complete_for:",
    "contacts:\n  - {language: {column: benefit, codes: {SP: en, PC: cy}}}\ncomplete_for:",
)
BY_SNAPSHOT = ("as_of: as_at", "as_of: as_at\ncurrent: {column: as_at, share_at_least: 1%}")
#: What rows state, each row by itself.
STATED = ("records", "facts", "awards", "relations", "contacts", "set_aside")


def counts(batch: FeedBatch) -> tuple[int, ...]:
    """Return how many rows were read, good, in quarantine and later."""
    names = ("rows_read", "rows_good", "rows_quarantined", "rows_later")
    return batch.status.select(names).row(0)


def test_row_dated_later_was_not_known(tmp_path: Path) -> None:
    rows = table({}, {**LATE_ROW, **COUPLE})
    batch = load(declared(tmp_path, CONTACTS), rows, known_on=MIDDLE)
    assert counts(batch) == (2, 1, 0, 1)
    assert batch.quarantine.is_empty()
    for name in ("records", "facts", "awards", "contacts"):
        assert set(getattr(batch, name)["record_id"]) == {"A1"}, name
    assert batch.relations.is_empty()
    assert batch.status.select("state", "reason", "as_of").row(0) == ("ok", None, MIDDLE)


def test_row_of_the_day_of_knowledge_itself_is_known(tmp_path: Path) -> None:
    declaration, rows = declared(tmp_path), table({}, LATE_ROW)
    assert counts(load(declaration, rows, known_on=LATE)) == (2, 2, 0, 0)
    assert counts(load(declaration, rows, known_on=LATE - timedelta(days=1))) == (2, 1, 0, 1)


def test_feed_that_goes_on_after_the_day_claims_no_absence(tmp_path: Path) -> None:
    declaration, rows = declared(tmp_path), table({}, LATE_ROW)
    assert load(declaration, rows, known_on=MIDDLE).completeness.is_empty()
    whole = load(declaration, rows).completeness
    assert whole.height == 3
    assert load(declaration, rows, known_on=LATE).completeness.equals(whole)


def test_later_row_in_quarantine_ends_the_claim_of_absence_too(tmp_path: Path) -> None:
    rows = table({}, {**LATE_ROW, "amount": "x"})
    batch = load(declared(tmp_path), rows, known_on=MIDDLE)
    assert counts(batch) == (2, 1, 0, 1)
    assert batch.completeness.is_empty()


def test_only_people_of_bad_rows_known_then_are_set_aside(tmp_path: Path) -> None:
    bad: Row = {"amount": "x"}
    rows = table({}, bad, {**bad, **LATE_ROW}, {"as_at": "21/5/26"})
    batch = load(declared(tmp_path, ("60%", "100%")), rows, known_on=MIDDLE)
    # Nobody can say that a row without a day is later: silence about its people stays unread.
    assert batch.set_aside["record_id"].to_list() == ["line 3", "line 5"]
    assert batch.quarantine["line"].to_list() == [3, 5]
    assert counts(batch) == (4, 1, 2, 1)


def test_snapshots_by_date_tell_whom_the_latest_one_known_lacks(tmp_path: Path) -> None:
    declaration = declared(tmp_path, BY_SNAPSHOT)
    rows = table(EARLY_ROW, {}, {}, LATE_ROW)
    batch = load(declaration, rows, known_on=MIDDLE)
    assert batch.records["record_id"].to_list() == ["A1", "A2", "A3"]
    assert set(batch.facts["record_id"]) == {"A2", "A3"}
    assert batch.completeness.equals(load(declaration, rows).completeness)
    assert batch.status["as_of"].to_list() == [MIDDLE]
    before = load(declaration, rows, known_on=EARLY - timedelta(days=1))
    assert before.completeness.is_empty()


def test_snapshot_too_small_to_be_one_is_held_as_on_any_day(tmp_path: Path) -> None:
    declaration = declared(tmp_path, (BY_SNAPSHOT[0], BY_SNAPSHOT[1].replace("1%", "50%")))
    rows = table(EARLY_ROW, EARLY_ROW, {}, LATE_ROW, LATE_ROW, LATE_ROW)
    assert load(declaration, rows)
    with pytest.raises(FeedError, match="only 1 of 3 rows are of the latest as_at"):
        load(declaration, rows, known_on=MIDDLE)


def test_file_that_holds_on_its_newest_day_is_known_from_that_day_on(tmp_path: Path) -> None:
    declaration = declared(tmp_path, ("as_of: as_at", "as_of: {newest: as_at}"))
    rows = table(EARLY_ROW, LATE_ROW)
    before = load(declaration, rows, known_on=MIDDLE)
    assert counts(before) == (2, 0, 0, 2)
    assert before.records.is_empty()
    assert before.completeness.is_empty()
    assert counts(load(declaration, rows, known_on=LATE)) == (2, 2, 0, 0)


def test_file_of_one_stated_day_is_known_from_that_day_on(tmp_path: Path) -> None:
    declaration = declared(tmp_path, ("as_of: as_at", "as_of: 2026-05-11"))
    assert load(declaration, table({}), known_on=EARLY).records.is_empty()
    assert load(declaration, table({}), known_on=MIDDLE).records.height == 1


def test_feed_of_which_nothing_was_known_is_missing_and_says_why(tmp_path: Path) -> None:
    batch = load(declared(tmp_path), table({}, LATE_ROW), known_on=EARLY)
    status = batch.status.row(0, named=True)
    assert status["state"] == "missing"
    assert status["reason"] == "small_awards.csv: no row of it is of 2026-05-01 or before"
    assert (status["file"], status["sha256"]) == ("small_awards.csv", "0" * 64)
    assert (status["rows_read"], status["rows_later"], status["as_of"]) == (2, 2, None)
    for name in (*STATED, "completeness"):
        assert getattr(batch, name).is_empty(), name


def test_empty_file_has_no_day_on_which_it_lacked_anybody(tmp_path: Path) -> None:
    declaration = declared(tmp_path, ("rows_at_least: 1", "rows_at_least: 0"))
    assert load(declaration, table()).completeness.height == 3
    assert load(declaration, table(), known_on=LATE).completeness.is_empty()


@pytest.mark.parametrize(
    ("effective_on", "known_on", "stale"),
    [
        (date(2026, 6, 10), date(2026, 7, 1), False),  # 30 days before, as without --known-on
        (date(2026, 6, 11), date(2026, 7, 1), True),  # hindsight makes it no fresher
        (date(2027, 4, 12), LATE, False),  # a forecast: it was fresh when it was known
        (date(2027, 4, 12), date(2026, 6, 11), True),
        (MIDDLE, MIDDLE, False),
    ],
)
def test_feed_is_fresh_on_the_earlier_of_the_two_days(
    tmp_path: Path, effective_on: date, known_on: date, *, stale: bool
) -> None:
    declaration, rows = declared(tmp_path), table({})
    if not stale:
        assert load(declaration, rows, effective_on=effective_on, known_on=known_on)
        return
    with pytest.raises(FeedError, match=r"newest row is of 2026-05-11, more than 30 days before"):
        load(declaration, rows, effective_on=effective_on, known_on=known_on)


def test_age_of_a_feed_is_that_of_what_was_known(tmp_path: Path) -> None:
    rows = table({"as_at": "01/04/2026"}, LATE_ROW)
    on = date(2026, 5, 15)
    assert load(declared(tmp_path), rows, effective_on=on)
    with pytest.raises(FeedError, match="newest row is of 2026-04-01, more than 30 days before"):
        load(declared(tmp_path), rows, effective_on=on, known_on=on)


def test_contract_is_kept_or_broken_by_all_rows_of_the_file(tmp_path: Path) -> None:
    declaration = declared(tmp_path, ("60%", "25%"), ("rows_at_least: 1", "rows_at_least: 4"))
    rows = table({}, {"amount": "x"}, LATE_ROW, LATE_ROW)
    assert counts(load(declaration, rows, known_on=MIDDLE)) == (4, 1, 1, 2)
    broken = table({}, {"amount": "x"}, {**LATE_ROW, "amount": "x"}, LATE_ROW)
    with pytest.raises(FeedError, match="2 of 4 rows are bad"):
        load(declaration, broken, known_on=MIDDLE)


# --- the declarations that ship -----------------------------------------------------------------


def test_of_our_feeds_only_pay_by_month_is_a_snapshot_for_each_date() -> None:
    """Awards in payment or recently ended, claims by the day they were assessed, accounts, pupils
    and patients: each is an extract of one day, from which those who have gone drop out."""
    declarations = [read_declaration(file) for file in default_declarations_dir().glob("*.yaml")]
    complete = [each for each in declarations if each.complete_for]
    by_snapshot = [
        each.id for each in complete if each.current and each.current.column == each.as_of
    ]
    others = {each.id for each in declarations} - {each.id for each in complete}
    assert others == {"outreach_register"}
    assert by_snapshot == ["hmrc_rti"]


# --- laws ---------------------------------------------------------------------------------------

ROWS = st.lists(
    st.fixed_dictionaries(
        {"as_at": st.sampled_from(["01/05/2026", "11/05/2026", "21/05/2026", "", "x"])},
        optional={
            "ref": st.sampled_from(["A1", "A2"]),
            "amount": st.sampled_from(["1.00", "£1"]),
            "benefit": st.sampled_from(["SP", "PC", "??"]),
            "status": st.sampled_from(["IP", "END"]),
            "partner_surname": st.sampled_from(["Field", None]),
        },
    ),
    min_size=1,
    max_size=7,
)
DAYS = st.sampled_from([EARLY - timedelta(days=1), EARLY, MIDDLE, LATE - timedelta(days=1), LATE])
given_rows = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
LENIENT = (CONTACTS, ("60%", "100%"))


def is_within(part: pl.DataFrame, whole: pl.DataFrame) -> bool:
    """Return whether every row of one table is in another."""
    return part.join(whole, on=part.columns, how="anti", nulls_equal=True).is_empty()


@given_rows
@given(rows=ROWS)
def test_knowing_until_the_last_row_is_knowing_all(tmp_path: Path, rows: list[Row]) -> None:
    for changes in (LENIENT, (*LENIENT, BY_SNAPSHOT)):
        declaration = declared(tmp_path, *changes)
        whole, known = (
            load(declaration, table(*rows)),
            load(declaration, table(*rows), known_on=LATE),
        )
        dated = any(row["as_at"] in ("01/05/2026", "11/05/2026", "21/05/2026") for row in rows)
        for name in SHAPES:
            if name != "completeness" or dated:
                assert getattr(whole, name).equals(getattr(known, name)), name


@given_rows
@given(rows=ROWS, days=st.tuples(DAYS, DAYS))
def test_who_knows_less_knows_a_part_of_it(
    tmp_path: Path, rows: list[Row], days: tuple[date, date]
) -> None:
    """Where each row states by itself, facts only vanish: no row, and no absence, is added."""
    declaration = declared(tmp_path, *LENIENT)
    less, more = (load(declaration, table(*rows), known_on=day) for day in sorted(days))
    for name in (*STATED, "completeness"):
        assert is_within(getattr(less, name), getattr(more, name)), name
    for batch in (less, more):
        read, good, quarantined, later = counts(batch)
        assert read == good + quarantined + later
        assert quarantined == batch.quarantine.height


@given_rows
@given(rows=ROWS, day=DAYS)
def test_later_rows_might_as_well_not_be_in_the_file(
    tmp_path: Path, rows: list[Row], day: date
) -> None:
    """Also with `current`: then the latest known date speaks, and its values may be older."""
    own: list[Row] = [{**row, "ref": f"R{number}"} for number, row in enumerate(rows)]
    for changes in (LENIENT, (*LENIENT, BY_SNAPSHOT)):
        whole = table(*own)
        declaration = declared(tmp_path, *changes)
        earlier = [
            row
            for row, as_of in zip(own, typed(declaration, whole)["_as_of"], strict=True)
            if as_of is None or as_of <= day
        ]
        if not earlier:
            continue
        known = load(declaration, whole, known_on=day)
        alone = load(declaration, table(*earlier), known_on=day)
        for name in ("records", "awards", "relations", "contacts"):
            assert getattr(known, name).equals(getattr(alone, name)), name
        assert known.facts.drop("line").equals(alone.facts.drop("line"))
        assert known.set_aside.height == alone.set_aside.height


def test_absence_is_claimed_of_no_day_after_which_rows_follow(tmp_path: Path) -> None:
    declaration = declared(tmp_path)
    rows = typed(declaration, table({}, LATE_ROW))
    claimed = [day for day in (EARLY, MIDDLE, LATE) if is_known_whole(declaration, rows, day)]
    assert claimed == [LATE]
