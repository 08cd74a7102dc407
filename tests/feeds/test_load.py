"""Loading: what good rows state, why bad ones are set aside, and when the whole feed is held."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nostop.feeds import FeedBatch, combine, load, missing, read_declaration
from nostop.model import FeedError
from tests.feeds.small import GOOD, declared, table

Row = dict[str, str | None]
COUPLE: Row = {"partner_surname": "Field", "partner_dob": "01/02/1950"}


def reasons(batch: FeedBatch) -> list[tuple[int, str | None, str]]:
    return batch.quarantine.select("line", "column", "reason").rows()


def test_good_row_states_record_fact_award_and_relation(tmp_path: Path) -> None:
    batch = load(declared(tmp_path), table(COUPLE))
    assert batch.records.to_dicts() == [
        {
            "source": "small_awards", "record_id": "A1", "nino": "QQ123456C", "first_name": "Ann",
            "middle_names": None, "surname": "Marsh", "born_on": date(1948, 2, 29),
            "sex": "female", "uprn": "100023456", "address_line_1": None, "postcode": "ZZ1 1AA",
            "town": None, "seen_on": date(2026, 5, 11),
        },
        {
            "source": "small_awards", "record_id": "A1#partner", "nino": None, "first_name": None,
            "middle_names": None, "surname": "Field", "born_on": date(1950, 2, 1), "sex": None,
            "uprn": None, "address_line_1": None, "postcode": "ZZ1 1AA", "town": None,
            "seen_on": date(2026, 5, 11),
        },
    ]  # fmt: skip
    assert batch.facts.drop("source").rows() == [
        ("A1", "nation", "england", date(2026, 5, 11), 2, False),
        ("A1", "state_pension", "15000", date(2026, 5, 11), 2, False),
    ]
    assert batch.awards.drop("source").rows() == [
        (
            "A1",
            "state_pension",
            "in_payment",
            15000,
            "week",
            date(2014, 3, 1),
            None,
            date(2026, 5, 11),
        )
    ]
    assert batch.relations.drop("source").rows() == [
        ("A1", "A1#partner", "partner", date(2026, 5, 11))
    ]
    assert batch.status.row(0, named=True) == {
        "source": "small_awards", "state": "ok", "reason": None, "file": "small_awards.csv",
        "sha256": "0" * 64, "rows_read": 1, "rows_good": 1, "rows_quarantined": 0,
        "rows_later": 0, "rows_replaced": 0, "as_of": date(2026, 5, 11),
        "fresh_until": date(2026, 6, 10), "people": None, "people_known": None,
    }  # fmt: skip
    assert batch.completeness.drop("source").rows() == [
        ("award", "pension_credit", "everybody"),
        ("award", "state_pension", "everybody"),
        ("fact", "state_pension", "linked_people"),
    ]


def test_code_that_says_nothing_is_unknown(tmp_path: Path) -> None:
    assert load(declared(tmp_path), table({"sex": "U"})).records["sex"].to_list() == [None]


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ({"forename": None}, "forename", "is empty"),
        ({"forename": "   "}, "forename", "is empty"),
        ({"nino": "QQ12345"}, "nino", "is no National Insurance number"),
        ({"dob": "31/02/1961"}, "dob", "is no date written DD/MM/YYYY, from 1900 to 2100"),
        ({"dob": "12/31/1961"}, "dob", "is no date written DD/MM/YYYY"),
        ({"dob": "12/05/2026"}, "dob", "is a birth after the day of the record"),
        ({"sex": "X"}, "sex", "is none of the codes F, M, U"),
        ({"postcode": "HERE"}, "postcode", "has not the form of a postcode"),
        ({"amount": "£150.00"}, "amount", "is no amount in pounds such as 1234.56"),
        ({"amount": "1,150.00"}, "amount", "is no amount in pounds"),
        ({"amount": "NaN"}, "amount", "is no amount in pounds"),
        ({"amount": "1e400"}, "amount", "is no amount in pounds"),
        ({"amount": "-1.00"}, "amount", "is no amount in pounds"),
        ({"amount": "20000000.00"}, "amount", "is no amount in pounds"),
        ({"amount": None}, "amount", "is empty, though the row should state state_pension"),
        ({"freq": None}, "freq", "is empty, though there is an amount"),
        ({"freq": "M"}, None, "states a weekly benefit by the month"),
        ({"end": "01/03/2010"}, "end", "is an end before the start"),
        ({"ref": "A#1"}, "ref", "names the row and holds '#'"),
        ({"surname": "x" * 201}, "surname", "is longer than 200 characters"),
        ({"as_at": "11/05/26"}, "as_at", "is no date written DD/MM/YYYY"),
    ],
)
def test_bad_value_sets_the_row_aside(
    tmp_path: Path, row: Row, column: str | None, reason: str
) -> None:
    batch = load(declared(tmp_path), table({}, row, {}))
    assert batch.records["record_id"].to_list() == ["A1", "A3"]
    assert batch.facts["record_id"].unique(maintain_order=True).to_list() == ["A1", "A3"]
    (told,) = reasons(batch)
    assert told[:2] == (3, column)
    assert reason in told[2]
    assert batch.status.select("rows_read", "rows_good", "rows_quarantined").row(0) == (3, 2, 1)


def test_empty_value_that_may_be_empty_is_unknown_and_not_zero(tmp_path: Path) -> None:
    change = ("per: week, when", "per: week, may_be_empty: true, when")
    batch = load(declared(tmp_path, change), table({"amount": None, "freq": None}))
    assert batch.facts.filter(fact="state_pension").is_empty()
    assert batch.awards["amount"].to_list() == [None]
    assert batch.awards["per"].to_list() == [None]


def test_row_that_could_not_be_split_is_in_quarantine_too(tmp_path: Path) -> None:
    batch = load(declared(tmp_path), table({}, {}, rejected=1))
    assert reasons(batch) == [(4, None, "has 2 values")]
    assert batch.status.select("rows_read", "rows_good", "rows_quarantined").row(0) == (3, 2, 1)


def test_row_that_repeats_an_earlier_one_is_set_aside_and_sets_nobody_aside(tmp_path: Path) -> None:
    batch = load(declared(tmp_path), table({"ref": "A"}, {"ref": "A"}, {}))
    assert batch.records["record_id"].to_list() == ["A", "A3"]
    assert reasons(batch) == [(3, None, "repeats an earlier row")]
    assert batch.set_aside.is_empty()


def test_rows_of_one_key_that_differ_are_all_set_aside(tmp_path: Path) -> None:
    rows: list[Row] = [{"ref": "A"}, {"ref": "A", "amount": "1.00"}, {"ref": "A"}, {}, {}, {}]
    batch = load(declared(tmp_path), table(*rows))
    assert batch.records["record_id"].to_list() == ["A4", "A5", "A6"]
    assert {reason for _, _, reason in reasons(batch)} == {
        "shares its key with another row that says otherwise"
    }


def test_people_of_a_row_in_quarantine_are_set_aside_with_what_could_be_read(
    tmp_path: Path,
) -> None:
    batch = load(declared(tmp_path), table({}, {**COUPLE, "amount": "£5", "nino": "?"}, {}))
    columns = ["record_id", "nino", "surname", "born_on", "postcode"]
    assert batch.set_aside.select(columns).rows() == [
        ("line 3", None, "Marsh", date(1948, 2, 29), "ZZ1 1AA"),
        ("line 3#partner", None, "Field", date(1950, 2, 1), "ZZ1 1AA"),
    ]
    assert batch.records["record_id"].to_list() == ["A1", "A3"]


def test_nothing_personal_is_in_quarantine_or_in_an_error(tmp_path: Path) -> None:
    markers: Row = {
        "nino": "QQ99CANARY", "surname": "Canary" * 40, "dob": "99/99/1999", "amount": "£777777",
        "postcode": "ZZ9 9ZZ9", "sex": "Canary", "uprn": "Canary9",
    }  # fmt: skip
    declaration = declared(tmp_path)
    batches = [load(declaration, table({}, {}, {name: text})) for name, text in markers.items()]
    told = " ".join(str(batch.quarantine.rows()) + str(batch.status.rows()) for batch in batches)
    with pytest.raises(FeedError) as error:
        load(declaration, table(markers))
    for text in markers.values():
        assert text is not None
        assert text not in told
        assert text not in str(error.value)


@pytest.mark.parametrize(
    ("bad", "good", "held"), [(2, 98, False), (3, 97, True), (0, 1, False), (1, 0, True)]
)
def test_more_bad_rows_than_the_contract_allows_hold_the_feed(
    tmp_path: Path, bad: int, good: int, *, held: bool
) -> None:
    declaration = declared(tmp_path, ("60%", "2%"))
    rows = table(*[{"dob": "x"}] * bad, *[{}] * good)
    if not held:
        assert load(declaration, rows).status["rows_quarantined"].to_list() == [bad]
        return
    with pytest.raises(FeedError) as error:
        load(declaration, rows)
    assert f"{bad:,} of {bad + good:,} rows are bad, its contract allows 2.0%: column dob" in str(
        error.value
    )
    assert "first on line 2" in str(error.value)


def test_empty_file_holds_the_feed_unless_its_contract_allows_it(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="has 0 rows, its contract says at least 1"):
        load(declared(tmp_path), table())
    batch = load(declared(tmp_path, ("rows_at_least: 1", "rows_at_least: 0")), table())
    assert batch.status.select("state", "rows_read", "as_of").row(0) == ("ok", 0, None)


def test_missing_or_unknown_column_holds_the_feed(tmp_path: Path) -> None:
    whole = table({})
    lacking = whole.rows.drop("dob", "nino")
    with pytest.raises(FeedError, match=r"lacks the columns \['nino', 'dob'\], found \['ref'"):
        load(declared(tmp_path), type(whole)(whole.file, whole.sha256, lacking, whole.rejected))
    more = whole.rows.with_columns(faith=pl.lit("x"))
    with pytest.raises(FeedError, match=r"has columns \['faith'\] that its contract does not name"):
        load(declared(tmp_path), type(whole)(whole.file, whole.sha256, more, whole.rejected))


def test_stale_feed_is_held_only_where_a_date_is_given(tmp_path: Path) -> None:
    declaration, rows = declared(tmp_path), table({}, {"as_at": "01/01/2020"})
    assert load(declaration, rows).status["as_of"].to_list() == [date(2026, 5, 11)]
    assert load(declaration, rows, effective_on=date(2026, 6, 10))
    with pytest.raises(FeedError, match="newest row is of 2026-05-11, more than 30 days before"):
        load(declaration, rows, effective_on=date(2026, 6, 11))


CURRENT = ("as_of: as_at", "as_of: as_at\ncurrent: {column: as_at, share_at_least: 30%}")


def test_facts_and_awards_come_only_from_the_latest_rows(tmp_path: Path) -> None:
    rows = table({"as_at": "11/04/2026"}, {}, {})
    batch = load(declared(tmp_path, CURRENT), rows)
    assert batch.records.height == 3
    assert batch.facts["record_id"].unique(maintain_order=True).to_list() == ["A2", "A3"]
    assert batch.awards["record_id"].to_list() == ["A2", "A3"]


def test_one_mistyped_year_does_not_become_the_latest(tmp_path: Path) -> None:
    rows = table({"as_at": "11/05/2062"}, {}, {}, {})
    with pytest.raises(FeedError, match="only 1 of 4 rows are of the latest as_at"):
        load(declared(tmp_path, CURRENT), rows)


def test_award_repeated_on_several_rows_counts_once(tmp_path: Path) -> None:
    change = ("    starts_on: start", "    once_per: [nino]\n    starts_on: start")
    rows = table({}, {}, {"nino": "QQ999999A"})
    batch = load(declared(tmp_path, change), rows)
    assert batch.awards["record_id"].to_list() == ["A1", "A3"]


def test_additive_facts_say_so(tmp_path: Path) -> None:
    change = ("per: week, when", "per: week, additive: true, when")
    batch = load(declared(tmp_path, change), table({}))
    assert batch.facts.filter(fact="state_pension")["additive"].to_list() == [True]


HOLD = (
    "complete_for:\n  - {applies_to: linked_people, facts: [state_pension]}\n"
    "  - {applies_to: everybody, awards: [state_pension, pension_credit]}\n"
)
HOLD_CHANGE = (HOLD, "contacts:\n  - {hold_where_set_aside: true}\n")


def test_person_whose_wish_cannot_be_read_is_on_hold(tmp_path: Path) -> None:
    batch = load(declared(tmp_path, HOLD_CHANGE), table({}, {"status": "??"}))
    held = batch.contacts.filter(pl.col("safeguarding_hold"))
    assert held["record_id"].to_list() == ["line 3"]
    assert batch.records["record_id"].to_list() == ["A1", "line 3"]
    assert batch.set_aside.is_empty()


@pytest.mark.parametrize("lost", [{"surname": None}, {"nino": "?", "dob": "?", "postcode": "?"}])
def test_wish_of_nobody_known_holds_the_feed(tmp_path: Path, lost: Row) -> None:
    with pytest.raises(FeedError, match="1 bad rows do not say whose they are"):
        load(declared(tmp_path, HOLD_CHANGE), table({}, lost))


def test_unreadable_line_in_a_feed_of_wishes_holds_the_feed(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="it may ask us not to contact somebody: mend it"):
        load(declared(tmp_path, HOLD_CHANGE), table({}, {}, rejected=1))


def test_missing_feed_brings_its_reason_and_nothing_else(tmp_path: Path) -> None:
    declaration = declared(tmp_path)
    batch = missing(declaration, "no file small_awards*.csv")
    assert batch.status.select("state", "reason", "rows_read").row(0) == (
        "missing", "no file small_awards*.csv", 0,
    )  # fmt: skip
    held = missing(declaration, "broke", held=True, file="small_awards.csv")
    assert held.status.select("state", "file").row(0) == ("held", "small_awards.csv")
    for name in ("records", "facts", "awards", "relations", "contacts", "quarantine"):
        assert getattr(batch, name).is_empty()
    assert batch.completeness.is_empty()


def test_feeds_combine_in_any_order_to_the_same_rows(tmp_path: Path) -> None:
    one = load(declared(tmp_path), table({}, COUPLE))
    (tmp_path / "b").mkdir()
    path = tmp_path / "b" / "other_awards.yaml"
    text = (tmp_path / "small_awards.yaml").read_text().replace("id: small", "id: other")
    path.write_text(text)
    two = load(read_declaration(path), table({}))
    there, back = combine([one, two]), combine([two, one])
    assert there.records.equals(back.records)
    assert there.status["source"].to_list() == ["other_awards", "small_awards"]
    with pytest.raises(FeedError, match=r"feeds \['small_awards'\] came twice"):
        combine([one, one])


CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "ref": st.sampled_from(["A1", "A2", "", "#"]),
        "dob": st.sampled_from(["29/02/1948", "29/02/1949", "", "x"]),
        "amount": st.sampled_from(["1.00", "£1", None, "NaN"]),
        "benefit": st.sampled_from(["SP", "PC", "??"]),
        "freq": st.sampled_from(["W", "M", None]),
        "partner_surname": st.sampled_from(["Field", None]),
    },
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(CHANGES, min_size=1, max_size=7), rejected=st.integers(0, 3))
def test_every_row_read_is_good_or_in_quarantine(
    tmp_path: Path, rows: list[Row], rejected: int
) -> None:
    declaration = declared(tmp_path, ("60%", "100%"))
    batch = load(declaration, table(*rows, rejected=rejected))
    status = batch.status.row(0, named=True)
    assert status["rows_read"] == len(rows) + rejected
    assert status["rows_read"] == status["rows_good"] + status["rows_quarantined"]
    assert batch.quarantine.height == status["rows_quarantined"]
    assert batch.quarantine["line"].n_unique() == batch.quarantine.height
    good = set(range(2, len(rows) + 2)) - set(batch.quarantine["line"])
    assert len(good) == status["rows_good"]
    assert set(batch.facts["line"]) == good
    assert set(batch.facts["record_id"]) <= set(batch.records["record_id"])


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order=st.permutations(range(5)))
def test_order_of_rows_changes_nothing_that_is_stated(tmp_path: Path, order: list[int]) -> None:
    rows: list[Row] = [{}, COUPLE, {"amount": "x"}, {"benefit": "PC"}, {"status": "END"}]
    named: list[Row] = [{**row, "ref": f"R{number}"} for number, row in enumerate(rows)]
    declaration = declared(tmp_path)
    straight = load(declaration, table(*named))
    mixed = load(declaration, table(*[named[place] for place in order]))
    assert straight.records.equals(mixed.records)
    assert straight.facts.drop("line").equals(mixed.facts.drop("line"))
    assert straight.awards.equals(mixed.awards)


def test_the_literal_row_is_good() -> None:
    assert set(GOOD) == set(table({}).rows.columns) - {"_line"}
