"""What may be decided and what has to be said with it; facts as they are typed; who must agree."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine

from nostop.app.casework.case_parts import (
    age_on,
    amount_words,
    plain_name,
    source_words,
    sure_words,
)
from nostop.app.casework.cases import amounts_of
from nostop.app.casework.deciding import (
    Wish,
    differs,
    needs_second,
    open_kinds,
    what_is_wrong,
)
from nostop.app.casework.fact_values import evidence_parts, evidence_text, fields_of, read_value
from nostop.rulebook.catalogue import Fact
from nostop.store import open_store, upgrade
from nostop.store.rows import table_of
from nostop.store.tables import Run
from nostop.store.tables_outreach import Campaign

TODAY = date(2026, 6, 2)
MONEY = Fact(
    means="Savings",
    level="person",
    type="money",
    non_negative=True,
    valid_for="always",
    effort=2,
    absent_means="unknown",
)
WHOLE = MONEY.model_copy(update={"type": "int"})
DAY = MONEY.model_copy(update={"type": "date", "nil": date(9999, 12, 31)})
YES = MONEY.model_copy(update={"type": "bool"})
WORD = MONEY.model_copy(update={"type": "enum", "values": ("none", "lower", "higher")})


@pytest.mark.parametrize(
    ("fact", "given", "value"),
    [
        (MONEY, {"value": "120"}, "12000"),
        (MONEY, {"value": "£1,234.50"}, "123450"),
        (MONEY, {"value": "0"}, "0"),
        (MONEY, {"value": "1200.50", "known": "not_known"}, None),
        (WHOLE, {"value": "35"}, "35"),
        (DAY, {"value-day": "1", "value-month": "2", "value-year": "1950"}, "1950-02-01"),
        (DAY, {"known": "never"}, "9999-12-31"),
        (YES, {"value": "true"}, "true"),
        (YES, {"value": "not_known"}, None),
        (WORD, {"value": "lower"}, "lower"),
    ],
)
def test_a_fact_is_read_by_its_type(fact: Fact, given: dict[str, str], value: str | None):
    typed = read_value(fact, given)
    assert (typed.value, typed.wrong) == (value, {})


@pytest.mark.parametrize(
    ("fact", "given", "field"),
    [
        (MONEY, {"value": ""}, "value"),
        (MONEY, {"value": "12.5"}, "value"),
        (MONEY, {"value": "1,23"}, "value"),
        (MONEY, {"value": "-5"}, "value"),
        (MONEY, {"value": "999999999999"}, "value"),
        (WHOLE, {"value": "2.5"}, "value"),
        (WHOLE, {"value": "-1"}, "value"),
        (DAY, {"value-day": "31", "value-month": "2", "value-year": "1950"}, "value-day"),
        (DAY, {"value-day": "1", "value-month": "2", "value-year": "50"}, "value-year"),
        (MONEY.model_copy(update={"type": "date"}), {"known": "never"}, "value-day"),
        (YES, {"value": "maybe"}, "value"),
        (WORD, {"value": "highest"}, "value"),
    ],
)
def test_what_does_not_fit_is_said_of_its_field_and_nothing_is_guessed(
    fact: Fact, given: dict[str, str], field: str
):
    typed = read_value(fact, given)
    assert (typed.value, list(typed.wrong)) == (None, [field])


@pytest.mark.parametrize(
    ("fact", "value"), [(MONEY, "123450"), (WHOLE, "3"), (DAY, "1950-02-01"), (WORD, "none")]
)
def test_a_form_filled_in_with_what_is_known_reads_back_the_same(fact: Fact, value: str):
    assert read_value(fact, fields_of(fact, value)).value == value


def test_evidence_keeps_what_it_is_and_what_was_written():
    assert evidence_parts(evidence_text("letter", "From the bank\nof 1 May")) == (
        "letter",
        "From the bank\nof 1 May",
    )


def test_only_a_senior_writes_again_to_somebody_who_must_not_be_contacted():
    assert open_kinds(["suppressed"], senior=False) == ("hand_over",)
    assert open_kinds(["suppressed"], senior=True) == ("hand_over", "reopen")
    assert open_kinds(["confirmed"], senior=False) == ("suppress", "hand_over", "reopen")
    assert "confirm" in open_kinds(["open", "second"], senior=False)
    assert open_kinds(["second"], senior=True) == ("hand_over",)


@pytest.mark.parametrize(
    ("wish", "fields"),
    [
        (Wish("confirm", "", "a"), []),
        (Wish("confirm", "", "a", outcome="unknown"), ["reason"]),
        (Wish("not_entitled", "", "a"), ["condition", "reason"]),
        (Wish("ask_evidence", "", "a"), ["about", "until-day"]),
        (Wish("ask_evidence", "", "a", about=("x",), until_on=TODAY), ["until-day"]),
        (Wish("phone", "", "a"), ["reason"]),
        (Wish("suppress", "Fled"), ["about"]),
        (Wish("hand_over", "Speaks Welsh"), ["about"]),
        (Wish("reopen", "", "a"), ["reason"]),
    ],
)
def test_what_is_missing_of_a_decision_is_said_of_its_field(wish: Wish, fields: list[str]):
    adverse = wish.outcome is not None and differs(wish.kind, wish.outcome)
    assert sorted(what_is_wrong(wish, TODAY, adverse=adverse)) == fields


def test_a_decision_differs_where_the_rules_say_something_else():
    assert not differs("confirm", "entitled")
    assert differs("confirm", "unknown")
    assert differs("confirm", "not_shown")
    assert differs("not_entitled", "entitled")
    assert not differs("not_entitled", "not_entitled")
    assert not differs("phone", "unknown")


@pytest.fixture
def with_campaign() -> Iterator[Engine]:
    engine = open_store("sqlite://")
    upgrade(engine)
    when = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
    declared = (
        "id: spring\nsender: Example Council\nschemes: [pension_credit]\n"
        "channels: [{use: outbox}]\nhours: any_time\n"
        "review: {second_approval: [not_entitled, suppress]}\n"
    )
    with engine.begin() as connection:
        run = {"run_id": "r", "effective_on": TODAY, "synthetic": True, "started_at": when}
        connection.execute(table_of(Run).insert(), run)
        row = {
            "campaign": "spring",
            "declaration": declared,
            "declaration_sha256": "a",
            "run_id": "r",
            "plan_sha256": "b",
            "approved_sha256": "b",
            "planned_by": "ada",
            "planned_at": when,
        }
        connection.execute(table_of(Campaign).insert(), row)
    yield engine
    engine.dispose()


def test_the_campaign_says_which_decisions_need_a_second_person(with_campaign: Engine):
    asks = [
        needs_second(with_campaign, [scheme], kind, {"confirm"})
        for scheme in ("pension_credit", "housing_benefit")
        for kind in ("confirm", "not_entitled", "suppress")
    ]
    assert asks == [False, True, True, True, False, False]


def test_of_a_whole_case_each_scheme_is_asked(with_campaign: Engine):
    both = ["pension_credit", "housing_benefit"]
    assert needs_second(with_campaign, both, "confirm", {"confirm"})


def test_a_plan_that_nobody_approved_spares_nobody_a_second_person(with_campaign: Engine):
    with with_campaign.begin() as connection:
        connection.execute(table_of(Campaign).update().values(approved_sha256=None))
    for kind in ("confirm", "not_entitled"):
        assert needs_second(with_campaign, ["pension_credit"], kind, {"confirm"})


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (2076, 2076, "£20.76 a week"),
        (2076, 10681, "£20.76 to £106.81 a week"),
        (0, 10681, "up to £106.81 a week"),
        (None, 10681, "up to £106.81 a week"),
        (2076, None, "at least £20.76 a week"),
    ],
)
def test_an_amount_is_said_with_its_bounds(low: int | None, high: int | None, words: str):
    said = amount_words("week", low, high)
    assert said is not None
    assert said["en"] == words


def test_of_an_amount_that_nobody_knows_nothing_is_said():
    assert amount_words("week", None, None) is None
    assert amount_words("week", 0, None) is None


def test_words_for_people():
    assert [source_words(each) for each in ("hmrc_rti", "council_tax, nhs_register", None)] == [
        "HMRC rti",
        "Council tax, NHS register",
        None,
    ]
    assert [plain_name(each) for each in ("EDNA NORMAN", "AL MCDONALD", "Siân", None)] == [
        "Edna Norman",
        "AL MCDONALD",
        "Siân",
        None,
    ]
    assert sure_words(0.9).startswith("less sure")
    assert (age_on(date(1947, 6, 2), TODAY), age_on(date(1947, 6, 3), TODAY)) == (79, 78)
    assert (age_on(None, TODAY), age_on(date(2027, 1, 1), TODAY)) == (None, None)


def row(who: str, low: int | None, high: int | None, **more: object) -> dict[str, object]:
    usual = {"claimed": False, "outcome": "entitled", "worth_asking": False}
    return usual | {"person_id": who, "amount_low": low, "amount_high": high} | more


@pytest.mark.parametrize(
    ("others", "bounds"),
    [
        ([row("bo", 7390, 7390)], (18430, 18430)),
        ([row("bo", 7390, None)], (18430, None)),
        ([row("bo", 7390, 7390, claimed=True)], (11040, 11040)),
        ([row("bo", 7390, 7390, claimed=None)], (11040, 11040)),
        ([row("bo", 0, 7390, outcome="unknown", worth_asking=True)], (11040, 11040)),
        ([row("cem", 7390, 7390)], (11040, 11040)),
    ],
)
def test_corrected_a_flag_is_worth_what_it_is_for_all_of_whom_it_stands(
    others: list[dict[str, object]], bounds: tuple[int | None, int | None]
):
    ada = row("ada", 11040, 11040)
    assert amounts_of(ada, [ada, *others], {"ada", "bo"}) == bounds


def test_the_amount_of_a_unit_is_its_own():
    of_unit = row("ada", 2076, 2076) | {"person_id": None}
    assert amounts_of(of_unit, [of_unit, row("bo", 1, 1)], {"ada", "bo"}) == (2076, 2076)
