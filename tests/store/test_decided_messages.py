"""What was decided on a case holds every message that it is about, and nothing lifts it by the way:
each was found by trying to get a message past a decision."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, insert, select, update

from nostop import store
from nostop.model import StoreError
from nostop.store import Act
from nostop.store.access import Who
from nostop.store.case_page import awaiting
from nostop.store.corrections import NewCorrection, correct, undo
from nostop.store.decisions import SecondWord, Seen, Verdict, decide, second
from nostop.store.rows import table_of
from nostop.store.tables import OutreachMessage
from nostop.store.tables_access import ApiKey, CasePerson
from nostop.store.tables_casework import Flag
from nostop.store.tables_outreach import Recipient, Suppression
from tests.store.campaigns import asked, ready
from tests.store.casework import AT, CARYS, FIRST, KOFI, SIAN, flag, flag_states, flagged, messages
from tests.store.frames import messages as rendered
from tests.store.test_sending import Provider

CONFIRM = Verdict("confirm", "", "pension_credit")
SUPPRESS = Verdict("suppress", "Fled their home", about=("ada", "bo"))
OF_THE_HOUSE = Verdict("not_entitled", "Two adults", "council_tax", "lives_alone", is_override=True)
DIED = NewCorrection(
    "person", "ada", "died_on", "9999-12-31", "2026-05-20", "said_by_phone", date(2026, 6, 1)
)


@pytest.fixture
def desk(at_store: Engine) -> Engine:
    flagged(at_store)
    return at_store


def claimed(engine: Engine) -> list[str]:
    waiting = {each.message_id: each.recipient_id for each in ready(engine)}
    return sorted(waiting[each] for each in store.claim(engine, asked(), ready(engine)).message_ids)


def change_message(engine: Engine, who: str, **values: object) -> None:
    table = table_of(OutreachMessage)
    with engine.begin() as connection:
        connection.execute(update(table).where(table.c.recipient_id == who).values(**values))


def for_the_whole_house(engine: Engine) -> None:
    """A scheme of the household is flagged on B1's case; cem, of B2, is to be told of it."""
    change_message(engine, "cem", benefit_unit_id=None, scheme="council_tax")
    of_house = flag("B1", "council_tax", "ada", "entitled") | {"subject_id": "H1"}
    with engine.begin() as connection:
        connection.execute(insert(table_of(Flag)), of_house)


def stops(engine: Engine) -> dict[str, tuple[str, date | None]]:
    table = table_of(Suppression)
    query = select(table.c.person_id, table.c.reason, table.c.until_on)
    with engine.begin() as connection:
        rows = connection.execute(query.where(table.c.source == "added"))
        return {who: (reason, until_on) for who, reason, until_on in rows}


def test_a_decision_on_a_scheme_of_the_household_holds_its_message_to_anybody_there(desk: Engine):
    for_the_whole_house(desk)
    decide(desk, FIRST, OF_THE_HOUSE, CARYS)
    assert messages(desk)["cem"] == ("suppressed", "caseworker_decision")
    # Planned again by somebody who does not know of it, it is not claimed either.
    change_message(desk, "cem", state="planned", suppression=None)
    assert claimed(desk) == ["ada"]


def test_reopened_the_message_to_another_of_the_household_is_planned_again(desk: Engine):
    for_the_whole_house(desk)
    decide(desk, FIRST, OF_THE_HOUSE, CARYS)
    decide(desk, Seen("B1", 2), Verdict("reopen", "Wrong", "council_tax"), CARYS)
    assert claimed(desk) == ["ada", "cem"]


def test_what_another_case_of_the_household_holds_is_not_planned_by_deciding_on_ones_own(
    desk: Engine,
):
    for_the_whole_house(desk)
    decide(desk, FIRST, OF_THE_HOUSE, CARYS)
    decide(desk, Seen("B2", 1), CONFIRM, KOFI)
    assert messages(desk)["cem"] == ("suppressed", "caseworker_decision")


def test_a_decision_on_one_unit_leaves_another_units_message_about_the_same_scheme(desk: Engine):
    change_message(desk, "cem", benefit_unit_id="B2")
    decide(desk, FIRST, replace(OF_THE_HOUSE, scheme="pension_credit"), CARYS)
    assert claimed(desk) == ["cem"]


@pytest.mark.parametrize("newer", [Recipient, CasePerson])
def test_a_message_that_was_planned_for_their_unit_of_before_is_held(desk: Engine, newer: type):
    change_message(desk, "ada", benefit_unit_id="B-of-before")
    other = CasePerson if newer is Recipient else Recipient
    table = table_of(other)
    with desk.begin() as connection:
        gone = update(table).where(table.c.person_id == "ada")
        connection.execute(gone.values(benefit_unit_id="B-of-before"))
    decide(desk, FIRST, replace(OF_THE_HOUSE, scheme="pension_credit"), CARYS)
    change_message(desk, "ada", state="planned", suppression=None)
    assert claimed(desk) == ["cem"]


def open_again(engine: Engine) -> None:
    """A newer run says something else of pension_credit, so that it is to be decided again."""
    table = table_of(Flag)
    mine = (table.c.benefit_unit_id == "B1") & (table.c.scheme == "pension_credit")
    with engine.begin() as connection:
        connection.execute(update(table).where(mine).values(state="open"))


@pytest.mark.parametrize("until_on", [None, date(2026, 6, 2), date(2027, 1, 1)])
def test_a_refused_suppression_lifts_none_of_before(desk: Engine, until_on: date | None):
    decide(desk, FIRST, replace(SUPPRESS, about=("ada",)), CARYS)
    open_again(desk)
    again = replace(SUPPRESS, until_on=until_on, needs_second=True)
    waits = decide(desk, Seen("B1", 2), again, replace(KOFI, at=AT + timedelta(hours=1)))
    assert stops(desk) == {
        "ada": ("caseworker_no_contact", None),
        "bo": ("caseworker_no_contact", until_on),
    }
    second(desk, waits, SecondWord(3, "No need", approves=False), SIAN)
    assert stops(desk) == {"ada": ("caseworker_no_contact", None)}
    assert claimed(desk) == ["cem"]


def test_a_suppression_that_waits_prolongs_a_shorter_one_at_once(desk: Engine):
    decide(desk, FIRST, replace(SUPPRESS, until_on=date(2026, 6, 5)), CARYS)
    open_again(desk)
    decide(desk, Seen("B1", 2), replace(SUPPRESS, needs_second=True), KOFI)
    assert set(stops(desk).values()) == {("caseworker_no_contact", None)}


def test_whoever_made_a_key_is_not_the_second_person_of_what_it_decided(desk: Engine):
    key = {
        "key_id": "K1",
        "key_sha256": "0" * 64,
        "name": "Ours",
        "scopes": "decisions:write",
        "made_by": "sian",
        "made_at": AT,
        "ends_on": date(2027, 1, 1),
    }
    with desk.begin() as connection:
        connection.execute(insert(table_of(ApiKey)), key)
    waits = decide(desk, FIRST, replace(CONFIRM, needs_second=True), Act("key:K1", AT))
    with desk.begin() as connection:
        assert awaiting(connection, Who("sian", None), most=9).height == 0
        assert awaiting(connection, Who("kofi", None), most=9).height == 1
    with pytest.raises(StoreError, match="cannot be the second person"):
        second(desk, waits, SecondWord(2, "", approves=True), SIAN)
    second(desk, waits, SecondWord(2, "", approves=True), KOFI)
    assert flag_states(desk)["pension_credit"] == "confirmed"


def test_inv_06_nobody_writes_to_somebody_of_whose_death_a_caseworker_was_told(desk: Engine):
    told = correct(desk, FIRST, DIED, CARYS)
    assert stops(desk) == {"ada": ("reported_deceased", None)}
    assert claimed(desk) == ["cem"]
    undo(desk, Seen("B1", 2), told, KOFI)
    assert stops(desk) == {}


def test_inv_06_only_the_newest_word_on_a_death_counts_and_a_call_about_it_stays(desk: Engine):
    correct(desk, FIRST, DIED, CARYS)
    alive = replace(DIED, value="9999-12-31")
    later = Act("kofi", AT.replace(hour=11))
    told = correct(desk, Seen("B1", 2), alive, later)
    assert stops(desk) == {}
    undo(desk, Seen("B1", 3), told, later)
    assert stops(desk) == {"ada": ("reported_deceased", None)}


def test_inv_06_a_death_that_a_call_reported_is_not_lifted_by_undoing_ours(desk: Engine):
    store.suppress(desk, ["ada"], "reported_deceased", "calls", AT.replace(hour=9))
    told = correct(desk, FIRST, DIED, CARYS)
    undo(desk, Seen("B1", 2), told, KOFI)
    assert stops(desk) == {"ada": ("reported_deceased", None)}


def test_the_sender_of_a_run_asks_too(desk: Engine):
    plan = store.read_table(desk, OutreachMessage)
    decide(desk, FIRST, replace(OF_THE_HOUSE, scheme="pension_credit"), CARYS)
    change_message(desk, "ada", state="planned", suppression=None)
    store.suppress(desk, ["cem"], "opted_out", "a reply", AT)
    provider = Provider()
    sent = store.claim_and_record(desk, provider, rendered(plan), at=AT)
    assert (provider.ledger, sent["sent"]) == ([], 0)
    assert messages(desk) == {
        "ada": ("suppressed", "caseworker_decision"),
        "cem": ("suppressed", "opted_out"),
    }
