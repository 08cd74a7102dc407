import json
import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine

from nostop.app.outreach.news import receive_callback
from nostop.store import read_table, upgrade
from nostop.store.tables_audit import AuditEntry
from nostop.store.tables_outreach import ContactPoint, MessageNews, SeenNews
from tests.outreach_news.campaigns import ADA, AT, cases, id_of, send, sent, status, stops, why

TOKEN = "a-token-of-our-own"  # noqa: S105 - of nothing


def post(engine: Engine, kind: str, token: str = TOKEN, **body: object) -> int:
    raw = json.dumps(body).encode()
    return receive_callback(engine, kind, (f"Bearer {token}", raw), TOKEN, AT)


def receipt(who: str, state: str, key: str = "11111111-aaaa") -> dict[str, object]:
    return {"id": key, "reference": id_of(who), "status": state}


def text_from(number: str, words: str, key: str = "22222222-bbbb") -> dict[str, object]:
    return {"id": key, "source_number": number, "message": words}


def test_a_delivery_receipt_moves_its_message_and_is_acted_on_once(engine: Engine):
    send(engine)
    assert post(engine, "delivery_receipt", **receipt("ada", "delivered")) == 200
    assert post(engine, "delivery_receipt", **receipt("ada", "delivered")) == 200
    assert status(engine) == {"ada": "delivered", "bo": "sent"}
    news = read_table(engine, MessageNews)
    assert news.filter(source="callback").height == 1


def test_an_address_that_does_not_work_is_not_used_again(engine: Engine):
    send(engine)
    assert post(engine, "delivery_receipt", **receipt("ada", "permanent-failure")) == 200
    assert status(engine) == {"ada": "failed", "bo": "sent"}
    points = read_table(engine, ContactPoint)
    assert points.filter(kind="email")["bad_since"].to_list() == [AT, None]
    assert points.filter(kind="phone")["bad_since"].to_list() == [None]


def test_inv_05_a_wrong_token_is_401_and_nothing_is_written(engine: Engine):
    send(engine)
    before = read_table(engine, AuditEntry).height
    for token in ("", "another-token-of-theirs"):
        assert post(engine, "delivery_receipt", token, **receipt("ada", "delivered")) == 401
    assert post(engine, "received_text", "x" * 18, **text_from("447700900123", "STOP")) == 401
    assert status(engine) == {"ada": "sent", "bo": "sent"}
    assert read_table(engine, SeenNews).is_empty()
    assert read_table(engine, AuditEntry).height == before


def test_inv_07_stop_from_a_number_stops_whoever_has_it(engine: Engine):
    assert post(engine, "received_text", **text_from("447700900123", "Stop!")) == 200
    assert stops(engine) == [("ada", "opted_out")]
    assert send(engine).sent.words == {"sent": 1}
    assert why(engine) == {"ada": "opted_out", "bo": None}


def test_the_number_and_the_words_of_a_reply_are_kept_nowhere(engine: Engine):
    send(engine)
    words = text_from("447700900999", "stop you are wrong about my mother")
    assert post(engine, "received_text", **words) == 200
    rows = [read_table(engine, each).rows() for each in (AuditEntry, SeenNews, MessageNews)]
    assert "900999" not in f"{rows}"
    assert "mother" not in f"{rows}"


def test_an_opt_out_of_somebody_unknown_is_put_before_a_person(engine: Engine):
    """A newer run may know the number of nobody any more: that is no reason to lose their word."""
    send(engine)
    assert post(engine, "received_text", **text_from("447700900999", "STOP")) == 200
    assert cases(engine) == [("review", "opt_out_nobody_found", None, "open")]
    (entry,) = read_table(engine, AuditEntry).filter(action="news.taken")["detail"]
    assert json.loads(entry)["key"] == "received_text:22222222-bbbb"


def test_a_complaint_is_an_opt_out_of_the_messages_recipient(engine: Engine):
    send(engine)
    said = {"complaint_id": "33333333-cccc", "reference": id_of("ada")}
    assert post(engine, "complaint", **said) == 200
    assert stops(engine) == [("ada", "opted_out")]


@pytest.mark.parametrize(
    ("words", "case"),
    [
        ("You are wrong", ("wrong", "disputed", "ada", "open")),
        ("who is this", ("review", "reply", "ada", "open")),
    ],
)
def test_a_reply_in_words_is_for_a_person_and_until_then_nothing_more_goes(
    engine: Engine, words: str, case: tuple[str, ...]
):
    assert post(engine, "received_text", **text_from("07700900123", words)) == 200
    assert cases(engine) == [case]
    assert stops(engine) == []
    assert send(engine).sent.words == {"sent": 1}
    assert why(engine) == {"ada": "open_case", "bo": None}


def test_a_returned_letter_opens_a_case_and_stops_no_person(engine: Engine):
    send(engine)
    said = {"notification_id": "44444444-dddd", "reference": id_of("ada")}
    assert post(engine, "returned_letter", **said) == 200
    assert status(engine) == {"ada": "failed", "bo": "sent"}
    assert cases(engine) == [("returned", "did_not_arrive", "ada", "open")]
    assert stops(engine) == []


def test_news_of_what_others_sent_through_the_same_service_is_left_alone(engine: Engine):
    send(engine)
    body = {"id": "55555555-eeee", "reference": "their-own-reference", "status": "delivered"}
    assert post(engine, "delivery_receipt", **body) == 200
    said = {"complaint_id": "66666666-ffff", "reference": "their-own-reference"}
    assert post(engine, "complaint", **said) == 200
    assert read_table(engine, SeenNews).is_empty()
    assert cases(engine) == []


def test_inv_05_the_same_callback_twice_at_once_is_acted_on_once(
    empty_postgresql: Engine, tmp_path: Path
):
    upgrade(empty_postgresql)
    sent(empty_postgresql, tmp_path, ADA)
    body = text_from("447700900123", "this is a mistake")
    both = [
        threading.Thread(target=post, args=(empty_postgresql, "received_text"), kwargs=body)
        for _ in range(2)
    ]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert read_table(empty_postgresql, SeenNews).height == 1
    assert len(cases(empty_postgresql)) == 1
