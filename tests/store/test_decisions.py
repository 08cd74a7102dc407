"""Decisions: what they change, what they hold back at once, and that none is lost."""

import threading
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, select, text

from nostop import store
from nostop.model import MovedOn, NotHere, StoreError
from nostop.store import Act
from nostop.store.case_documents import (
    LARGEST,
    PDF,
    DocumentError,
    add_document,
    kind_of,
    plain_name,
    take_document,
)
from nostop.store.case_notes import SAME_WITHIN, add_note
from nostop.store.corrections import NewCorrection, correct, in_force, undo
from nostop.store.decisions import SecondWord, Seen, Verdict, decide, second, wake
from nostop.store.rows import read_table, table_of
from nostop.store.tables_casework import CaseNote, Correction, Decision
from nostop.store.tables_outreach import Suppression
from tests.store.campaigns import asked, ready
from tests.store.casework import (
    AT,
    CARYS,
    FIRST,
    KOFI,
    SIAN,
    audited,
    flag_states,
    flagged,
    messages,
    open_overrides,
    the_item,
)

CONFIRM = Verdict("confirm", "", "pension_credit")
NOT_ENTITLED = Verdict(
    "not_entitled", "They moved abroad", "pension_credit", "in_great_britain", is_override=True
)
SUPPRESS = Verdict("suppress", "Fled their home", about=("ada", "bo"))


@pytest.fixture
def desk(at_store: Engine) -> Engine:
    flagged(at_store)
    return at_store


def claimed(engine: Engine) -> list[str]:
    waiting = {each.message_id: each.recipient_id for each in ready(engine)}
    return sorted(waiting[each] for each in store.claim(engine, asked(), ready(engine)).message_ids)


def test_confirmed_is_on_the_flag_on_the_case_and_in_the_log(desk: Engine):
    decision = decide(desk, FIRST, CONFIRM, CARYS)
    assert flag_states(desk) == {"attendance_allowance": "open", "pension_credit": "confirmed"}
    assert (the_item(desk)["state"], the_item(desk)["version"]) == ("open", 2)
    detail = f'{{"decision":"{decision}","kind":"confirm","scheme":"pension_credit"}}'
    assert audited(desk, "case.decided") == [("carys", "B1", detail)]
    assert open_overrides(desk) == []
    assert claimed(desk) == ["ada", "cem"]


def test_a_case_is_done_when_nothing_of_it_is_left(desk: Engine):
    decide(desk, FIRST, CONFIRM, CARYS)
    other = Verdict("not_entitled", "Has it already", "attendance_allowance", is_override=True)
    decide(desk, Seen("B1", 2), other, CARYS)
    assert the_item(desk)["state"] == "done"


def test_nobody_is_written_to_about_a_scheme_that_a_caseworker_decided_against(desk: Engine):
    decide(desk, FIRST, NOT_ENTITLED, CARYS)
    assert messages(desk)["ada"] == ("suppressed", "caseworker_decision")
    assert claimed(desk) == ["cem"]


def test_a_message_planned_after_the_decision_is_not_claimed_either(desk: Engine):
    decide(desk, FIRST, NOT_ENTITLED, CARYS)
    with desk.begin() as connection:
        connection.execute(
            text("UPDATE outreach_messages SET state = 'planned', suppression = NULL")
        )
    assert claimed(desk) == ["cem"]
    assert messages(desk)["ada"] == ("suppressed", "caseworker_decision")


def test_a_decision_on_one_scheme_holds_no_message_about_another(desk: Engine):
    other = Verdict("not_entitled", "Has it", "attendance_allowance", is_override=True)
    decide(desk, FIRST, other, CARYS)
    assert claimed(desk) == ["ada", "cem"]


def test_an_override_is_told_to_the_authors_of_the_rule(desk: Engine):
    decide(desk, FIRST, NOT_ENTITLED, CARYS)
    assert open_overrides(desk) == [("B1", "pension_credit", "decided_otherwise")]
    with desk.begin() as connection:
        table = table_of(Decision)
        row = connection.execute(select(table.c.condition, table.c.is_override, table.c.outcome))
        assert tuple(row.one()) == ("in_great_britain", True, "entitled")


def test_what_somebody_wrote_is_in_no_log(desk: Engine):
    decide(desk, FIRST, NOT_ENTITLED, CARYS)
    add_note(desk, "B1", "Zanzibar was mentioned", CARYS)
    with desk.begin() as connection:
        log = str(connection.execute(text("SELECT * FROM audit_entries")).all())
    assert "abroad" not in log
    assert "Zanzibar" not in log


def test_the_same_note_sent_twice_is_one_and_later_or_by_another_it_is_another(desk: Engine):
    later = CARYS.at + SAME_WITHIN
    first = add_note(desk, "B1", "Rang, no answer", CARYS)
    again = Act(CARYS.by, CARYS.at + timedelta(seconds=1))
    assert add_note(desk, "B1", "Rang, no answer", again) == first
    assert add_note(desk, "B1", "Rang, no answer", KOFI) != first
    assert add_note(desk, "B1", "Rang, no answer", Act(CARYS.by, later)) != first
    assert read_table(desk, CaseNote).height == 3


def test_the_same_document_put_twice_is_kept_once(desk: Engine):
    first = add_document(desk, "B1", "letter.txt", b"Dear council", CARYS)
    again = Act(CARYS.by, CARYS.at + timedelta(days=3))
    assert add_document(desk, "B1", "copy.txt", b"Dear council", again) == first
    assert add_document(desk, "B1", "letter.txt", b"Dear council", KOFI) != first
    assert add_document(desk, "B1", "letter.txt", b"Dear Council", again) != first


def test_reopened_it_may_be_written_of_again(desk: Engine):
    decide(desk, FIRST, NOT_ENTITLED, CARYS)
    decide(desk, Seen("B1", 2), Verdict("reopen", "They are back", "pension_credit"), KOFI)
    assert flag_states(desk)["pension_credit"] == "open"
    assert messages(desk)["ada"] == ("planned", None)
    assert claimed(desk) == ["ada", "cem"]


def test_what_is_settled_is_not_decided_anew_without_reopening(desk: Engine):
    decide(desk, FIRST, CONFIRM, CARYS)
    with pytest.raises(StoreError, match="nothing of this case can be decided in this way"):
        decide(desk, Seen("B1", 2), NOT_ENTITLED, CARYS)
    assert the_item(desk)["version"] == 2


def test_while_it_waits_for_an_answer_nobody_writes_and_then_it_is_due_again(desk: Engine):
    asks = Verdict(
        "ask_evidence",
        "",
        "pension_credit",
        about=("capital",),
        until_on=date(2026, 6, 15),
    )
    decide(desk, FIRST, asks, CARYS)
    assert flag_states(desk)["pension_credit"] == "waiting"
    assert claimed(desk) == ["cem"]
    assert wake(desk, date(2026, 6, 15), SIAN) == 0
    assert wake(desk, date(2026, 6, 16), SIAN) == 1
    assert flag_states(desk)["pension_credit"] == "open"
    assert wake(desk, date(2026, 6, 16), SIAN) == 0
    assert the_item(desk)["version"] == 3


def test_suppressed_nobody_writes_to_them_of_anything(desk: Engine):
    decide(desk, FIRST, SUPPRESS, CARYS)
    assert set(flag_states(desk).values()) == {"suppressed"}
    assert the_item(desk)["state"] == "done"
    assert claimed(desk) == ["cem"]
    decide(desk, Seen("B1", 2), Verdict("reopen", "They asked us to write"), SIAN)
    with desk.begin() as connection:
        table = table_of(Suppression)
        assert "ada" not in set(connection.execute(select(table.c.person_id)).scalars())


def test_what_was_confirmed_can_still_be_suppressed_and_only_its_own_reopening_lifts_that(
    desk: Engine,
):
    decide(desk, FIRST, CONFIRM, CARYS)
    other = Verdict("not_entitled", "Has it", "attendance_allowance", is_override=True)
    decide(desk, Seen("B1", 2), other, CARYS)
    decide(desk, Seen("B1", 3), SUPPRESS, CARYS)
    decide(desk, Seen("B1", 4), Verdict("reopen", "Wrong", "attendance_allowance"), CARYS)
    assert flag_states(desk) == {"attendance_allowance": "open", "pension_credit": "suppressed"}
    assert claimed(desk) == ["cem"]
    decide(desk, Seen("B1", 5), Verdict("reopen", "They wrote", "pension_credit"), SIAN)
    # Somebody has been written to meanwhile, and she is free to be.
    assert claimed(desk) == ["ada"]


def test_suppressed_until_a_day_it_stands_until_that_day(desk: Engine):
    until = Verdict("suppress", "In hospital", about=("ada",), until_on=date(2026, 6, 20))
    decide(desk, FIRST, until, CARYS)
    with desk.begin() as connection:
        reasons = store.contacts.reasons_not_to
        assert reasons(connection, ["ada"], date(2026, 6, 20)) == {"ada": "caseworker_no_contact"}
        assert reasons(connection, ["ada"], date(2026, 6, 21)) == {}


def test_handed_over_it_is_somebody_elses_as_it_stands(desk: Engine):
    decide(desk, FIRST, Verdict("hand_over", "Speaks Welsh", about=("kofi",)), CARYS)
    assert (the_item(desk)["assignee"], the_item(desk)["state"]) == ("kofi", "open")


def awaited(engine: Engine, verdict: Verdict) -> str:
    waits = Verdict(
        verdict.kind,
        verdict.reason,
        verdict.scheme,
        about=verdict.about,
        is_override=verdict.is_override,
        needs_second=True,
    )
    return decide(engine, FIRST, waits, CARYS)


def test_a_second_person_approves_before_it_counts(desk: Engine):
    decision = awaited(desk, NOT_ENTITLED)
    assert flag_states(desk) == {"attendance_allowance": "open", "pension_credit": "second"}
    assert the_item(desk)["state"] == "open"
    assert claimed(desk) == ["cem"]
    second(desk, decision, SecondWord(2, "Agreed", approves=True), SIAN)
    assert flag_states(desk)["pension_credit"] == "not_entitled"
    with pytest.raises(MovedOn, match="answered this already"):
        second(desk, decision, SecondWord(3, "", approves=True), KOFI)


def test_refused_by_the_second_person_it_is_open_again(desk: Engine):
    decision = awaited(desk, SUPPRESS)
    assert claimed(desk) == ["cem"]
    second(desk, decision, SecondWord(2, "Ring them first", approves=False), SIAN)
    assert set(flag_states(desk).values()) == {"open"}
    assert messages(desk)["ada"] == ("planned", None)
    assert claimed(desk) == ["ada"]


def test_nobody_is_their_own_second_person(desk: Engine):
    decision = awaited(desk, NOT_ENTITLED)
    with pytest.raises(StoreError, match="cannot be the second person"):
        second(desk, decision, SecondWord(2, "", approves=True), CARYS)
    assert the_item(desk)["version"] == 2


def test_of_two_who_decide_the_same_version_the_second_is_told(desk: Engine):
    decide(desk, FIRST, CONFIRM, CARYS)
    with pytest.raises(MovedOn, match="somebody changed this case"):
        decide(desk, FIRST, NOT_ENTITLED, KOFI)
    assert flag_states(desk)["pension_credit"] == "confirmed"
    assert len(audited(desk, "case.decided")) == 1


def test_of_many_who_decide_at_once_exactly_one_does(desk: Engine):
    """Two people deciding one case: the second is told. Here eight, on either database."""
    told: list[str] = []
    start = threading.Barrier(8)

    def one(name: str) -> None:
        start.wait()
        try:
            decide(desk, FIRST, CONFIRM, Act(name, AT))
            told.append("decided")
        except MovedOn:
            told.append("moved on")

    together([lambda name=f"worker{number}": one(name) for number in range(8)])
    assert sorted(told) == ["decided"] + ["moved on"] * 7
    assert (the_item(desk)["version"], len(audited(desk, "case.decided"))) == (2, 1)


def test_a_decision_and_a_claim_at_once_never_both_win(desk: Engine):
    """Either the message went before the decision, or it does not go."""
    went: list[str] = []
    together(
        [
            lambda: went.extend(claimed(desk)),
            lambda: decide(desk, FIRST, NOT_ENTITLED, CARYS) and None,
        ]
    )
    state, why = messages(desk)["ada"]
    assert (state, why) == (
        ("claimed", None) if "ada" in went else ("suppressed", "caseworker_decision")
    )


def together(tasks: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def test_a_case_that_is_not_there_is_not_here(desk: Engine):
    for act in (
        lambda: decide(desk, Seen("B9", 1), CONFIRM, CARYS),
        lambda: correct(desk, Seen("B9", 1), CAPITAL, CARYS),
        lambda: add_note(desk, "B9", "Hello", CARYS),
        lambda: add_document(desk, "B9", "a.pdf", b"%PDF-1.7", CARYS),
    ):
        with pytest.raises(NotHere):
            act()


CAPITAL = NewCorrection(
    "benefit_unit", "B1", "capital", "1500000", "900000", "Bank letter", date(2026, 5, 30)
)


def standing(engine: Engine) -> list[tuple[str, str | None]]:
    return in_force(read_table(engine, Correction)).select("fact", "value").rows()


def test_the_newest_correction_of_a_fact_stands_until_it_is_undone(desk: Engine):
    correct(desk, FIRST, CAPITAL, CARYS)
    later = Act("kofi", AT + timedelta(minutes=5))
    unknown = NewCorrection(
        "benefit_unit", "B1", "capital", "900000", None, "Letter was old", date(2026, 6, 1)
    )
    newer = correct(desk, Seen("B1", 2), unknown, later)
    assert standing(desk) == [("capital", None)]
    undo(desk, Seen("B1", 3), newer, later)
    assert standing(desk) == [("capital", "900000")]
    with pytest.raises(MovedOn, match="taken back already"):
        undo(desk, Seen("B1", 4), newer, later)
    assert the_item(desk)["version"] == 4
    assert "900000" not in str(audited(desk, "case.corrected"))


def test_a_correction_on_an_older_version_is_not_lost_but_told(desk: Engine):
    decide(desk, FIRST, CONFIRM, KOFI)
    with pytest.raises(MovedOn):
        correct(desk, FIRST, CAPITAL, CARYS)
    assert standing(desk) == []


def test_a_corrected_fact_that_flips_a_scheme_is_told_to_its_authors_and_stops_no_message(
    desk: Engine,
):
    flips = NewCorrection(
        "benefit_unit", "B1", "capital", None, "1", "Said", date(2026, 6, 1), ("pension_credit",)
    )
    correct(desk, FIRST, flips, CARYS)
    assert open_overrides(desk) == [("B1", "pension_credit", "fact_corrected")]
    assert claimed(desk) == ["ada", "cem"]


def test_a_correction_keeps_what_departments_say(desk: Engine):
    correct(desk, FIRST, CAPITAL, CARYS)
    with desk.begin() as connection:
        table = table_of(Correction)
        row = connection.execute(select(table.c.old_value, table.c.value, table.c.evidence))
        assert tuple(row.one()) == ("1500000", "900000", "Bank letter")


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("../../etc/Passwd 1.exe", b"%PDF-1.7 ...", "Passwd-1.pdf"),
        ("C:\\Users\\x\\café.png", b"\x89PNG\r\n\x1a\n...", "caf.png"),
        ("no ending", b"\xff\xd8\xff\xe0", "no-ending.jpg"),
        ("", b"Annwyl Sam\n", "document.txt"),
    ],
)
def test_a_document_is_what_is_in_it_whatever_its_name(name: str, content: bytes, found: str):
    assert plain_name(name, kind_of(content)) == found


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"%PDF-" + b"x" * LARGEST, "10 MB or smaller"),
        (b"MZ\x90\x00", "must be a PDF"),
        (b"PK\x03\x04 a zip", "must be a PDF"),
        (b"  <svg onload=alert(1)>", "must be a PDF"),
        (b"<!doctype html>", "must be a PDF"),
        (b"\x0c\xc2\xa0\xef\xbb\xbf<svg/>", "must be a PDF"),
        (b"\xff\xfe<\x00h\x00", "must be a PDF"),
        (b"text with a \x00", "must be a PDF"),
    ],
)
def test_a_document_of_no_kind_that_is_kept_is_refused(content: bytes, why: str):
    with pytest.raises(DocumentError, match=why):
        kind_of(content)


def test_a_document_goes_out_as_it_came_in_and_its_taking_is_written_down(desk: Engine):
    document = add_document(desk, "B1", "statement.pdf", b"%PDF-1.7 x", CARYS)
    kept = take_document(desk, "B1", document, KOFI)
    assert (kept.name, kept.media_type, kept.content) == ("statement.pdf", PDF, b"%PDF-1.7 x")
    assert audited(desk, "case.document_taken") == [("kofi", "B1", f'{{"document":"{document}"}}')]
    with pytest.raises(NotHere):
        take_document(desk, "B2", document, KOFI)
