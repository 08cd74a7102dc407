"""What Notify's callbacks mean, and which of them change nothing."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.model import OutreachError
from nostop.outreach.callbacks import (
    KINDS,
    LONGEST_CALLBACK,
    CallbackNews,
    CallbackRefusedError,
    callback_news,
    international,
)
from nostop.ports import Receipt

TOKEN = "a-token-of-our-own"  # noqa: S105 - of nothing
BEARER = f"Bearer {TOKEN}"
NOTIFY_ID = "aaaaaaaa-0000-4000-8000-000000000001"
DELIVERED = {
    "id": NOTIFY_ID,
    "reference": "M0123456789",
    "to": "ann@example.org",
    "status": "delivered",
    "created_at": "2026-11-22T12:00:00.000000Z",
    "completed_at": "2026-11-22T12:00:05.000000Z",
    "sent_at": "2026-11-22T12:00:01.000000Z",
    "notification_type": "email",
    "template_id": "11111111-1111-4111-8111-111111111111",
    "template_version": 1,
}
RETURNED = {
    "notification_id": NOTIFY_ID,
    "reference": "M0123456789",
    "date_sent": "2026-10-22",
    "sent_by": None,
    "template_name": "Letter",
    "template_id": "33333333-3333-4333-8333-333333333333",
    "template_version": 1,
    "spreadsheet_file_name": None,
    "spreadsheet_row_number": None,
    "upload_letter_file_name": None,
}
COMPLAINT = {
    "notification_id": NOTIFY_ID,
    "complaint_id": "cccccccc-0000-4000-8000-000000000001",
    "reference": "M0123456789",
    "to": "ann@example.org",
    "complaint_date": "2026-11-22T12:00:00.000000Z",
}


def text(message: str, number: str = "447700900123") -> dict:
    return {
        "id": "dddddddd-0000-4000-8000-000000000001",
        "source_number": number,
        "destination_number": "447700900999",
        "message": message,
        "date_received": "2026-11-22T12:00:00.000000Z",
    }


def news(kind: str, body: object, authorization: str | None = BEARER) -> CallbackNews:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return callback_news(kind, authorization, TOKEN, raw)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("delivered", ("delivered", None, False)),
        ("permanent-failure", ("failed", "permanent_failure", True)),
        ("temporary-failure", ("failed", "temporary_failure", False)),
        ("technical-failure", ("failed", "technical_failure", False)),
        ("sent", ("sent", None, False)),
        ("sending", ("sent", None, False)),
    ],
)
def test_a_delivery_receipt_says_what_became_of_the_message(state: str, expected):
    status, reason, bad_contact = expected
    assert news("delivery_receipt", DELIVERED | {"status": state}) == CallbackNews(
        "delivery_receipt",
        f"{NOTIFY_ID}:{state}",
        "M0123456789",
        Receipt("M0123456789", status, NOTIFY_ID, reason, bad_contact=bad_contact),
    )


def test_a_returned_letter_says_that_the_address_does_not_work():
    receipt = Receipt("M0123456789", "failed", NOTIFY_ID, "returned_letter", bad_contact=True)
    assert news("returned_letter", RETURNED) == CallbackNews(
        "returned_letter", f"{NOTIFY_ID}:returned", "M0123456789", receipt
    )


def test_a_complaint_is_an_opt_out():
    assert news("complaint", COMPLAINT) == CallbackNews(
        "complaint", "cccccccc-0000-4000-8000-000000000001", "M0123456789", opt_out=True
    )


@pytest.mark.parametrize("reference", [None, "", "order 66", "x", "M012345678\n", 7])
@pytest.mark.parametrize(
    ("kind", "body"),
    [("delivery_receipt", DELIVERED), ("returned_letter", RETURNED), ("complaint", COMPLAINT)],
)
def test_what_somebody_else_sent_through_the_service_is_none_of_ours(kind, body, reference):
    heard = news(kind, body | {"reference": reference})
    assert (heard.message_id, heard.receipt, heard.opt_out) == (None, None, False)


@pytest.mark.parametrize(
    "message",
    [
        *(
            "STOP",
            "stop",
            " Stop. ",
            "STOP!!!",
            "S.T.O.P",
            "\u201cSTOP\u201d",
            "STOP ALL",
            "Stop please",
        ),
        *("STOPIO", "Stopiwch", "ATAL", "atal.", "\uff33\uff34\uff2f\uff30", "st\u200bop"),
        *("Unsubscribe", "OPT OUT", "opt-out", "END", "dad-danysgrifio", "please STOP"),
    ],
)
def test_one_word_ends_all_texts_to_that_number(message: str):
    heard = news("received_text", text(message))
    assert heard == CallbackNews(
        "received_text",
        "dddddddd-0000-4000-8000-000000000001",
        None,
        opt_out=True,
        number="+447700900123",
    )


@pytest.mark.parametrize(
    ("message", "opt_out", "case"),
    [
        ("Stop texting me", True, "reply"),
        ("please stop sending these", True, "reply"),
        ("Hi, remove me from your list", True, "reply"),
        ("Stop. This is wrong", True, "disputed"),
        ("This is wrong", False, "disputed"),
        ("You have made a MISTAKE!", False, "disputed"),
        ("That is not me", False, "disputed"),
        ("Mae hyn yn anghywir", False, "disputed"),
        ("Will my pension stop?", False, "reply"),
        ("Don't stop my money", False, "reply"),
        ("In the end I claimed", False, "reply"),
        ("Thank you", False, "reply"),
        ("?", False, "reply"),
        ("", False, "reply"),
    ],
)
def test_a_reply_in_other_words_is_for_a_person(message: str, opt_out, case):
    heard = news("received_text", text(message))
    assert (heard.opt_out, heard.case) == (opt_out, case)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("447700900123", "+447700900123"),
        ("+447700900123", "+447700900123"),
        ("07700 900123", "+447700900123"),
        ("+44 (0)7700 900123", "+447700900123"),
        ("07700-900-123", "+447700900123"),
        ("+33612345678", "+33612345678"),
        ("33612345678", "+33612345678"),
        ("0044 7700 900123", "+447700900123"),
        ("BANK", None),
        ("60006", None),
        ("", None),
    ],
)
def test_a_number_is_the_same_however_it_is_written(written: str, expected: str | None):
    assert international(written) == expected


# INV 5: forged, replayed, malformed


@pytest.mark.parametrize(
    "authorization",
    [
        *(None, "", "Bearer", "Bearer ", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x"),
        *(f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN.upper()}", "Bearer \u00e9\ud800"),
    ],
)
@pytest.mark.parametrize("body", [DELIVERED, b"{", b"x" * (LONGEST_CALLBACK + 1)])
def test_inv_05_a_forged_callback_is_refused_before_it_is_read(authorization, body):
    with pytest.raises(CallbackRefusedError) as refusal:
        news("delivery_receipt", body, authorization)
    assert refusal.value.status == 401


def test_the_scheme_is_read_in_any_case():
    assert news("delivery_receipt", DELIVERED, f"bearer {TOKEN}").receipt is not None


@pytest.mark.parametrize("token", ["", "short"])
def test_inv_05_without_a_token_of_our_own_nobody_is_let_in(token: str):
    with pytest.raises(OutreachError, match="NOSTOP_GOVUK_NOTIFY_CALLBACK_TOKEN"):
        callback_news("delivery_receipt", f"Bearer {token}", token, b"{}")


def test_inv_05_the_same_news_has_the_same_key_and_other_news_another():
    first, again = news("delivery_receipt", DELIVERED), news("delivery_receipt", DELIVERED)
    later = news("delivery_receipt", DELIVERED | {"status": "permanent-failure"})
    assert first == again
    assert first.key != later.key


@pytest.mark.parametrize(
    ("kind", "body", "status", "complaint"),
    [
        ("gossip", DELIVERED, 404, "no such kind"),
        ("delivery_receipt", b"[" + b" " * LONGEST_CALLBACK + b"]", 413, "more than"),
        ("delivery_receipt", b"", 400, "no JSON object"),
        ("delivery_receipt", b"[]", 400, "no JSON object"),
        ("delivery_receipt", b"\xff\xfe{}", 400, "no JSON object"),
        ("delivery_receipt", b'{"id": NaN}', 400, "no JSON object"),
        ("delivery_receipt", b'{"id": 1, "id": 2}', 400, "no JSON object"),
        ("delivery_receipt", b'{"id":' + b"[" * 5000 + b"]" * 5000 + b"}", 400, "no JSON object"),
        ("delivery_receipt", b'{"id":' + b"9" * 5000 + b"}", 400, "no JSON object"),
        ("delivery_receipt", DELIVERED | {"id": "Ann Example"}, 400, "'id' is no id"),
        ("delivery_receipt", DELIVERED | {"id": None}, 400, "'id' is no text"),
        ("delivery_receipt", DELIVERED | {"status": "arrived"}, 400, "'status' is none of"),
        ("delivery_receipt", {"id": NOTIFY_ID}, 400, "'status' is no text"),
        ("returned_letter", DELIVERED, 400, "'notification_id'"),
        ("received_text", text("STOP", "BANK"), 400, "'source_number'"),
        ("received_text", {**text("STOP"), "message": None}, 400, "'message'"),
        ("complaint", {**COMPLAINT, "complaint_id": 5}, 400, "'complaint_id'"),
    ],
)
def test_inv_05_what_notify_does_not_say_is_refused(kind: str, body, status: int, complaint: str):
    with pytest.raises(CallbackRefusedError, match=complaint) as refusal:
        news(kind, body)
    assert refusal.value.status == status


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.one_of(
        st.binary(max_size=60),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=12),
            lambda inner: st.dictionaries(
                st.sampled_from(sorted({*DELIVERED, *RETURNED, *COMPLAINT, *text("")})), inner
            ),
            max_leaves=8,
        ).map(lambda value: json.dumps(value).encode()),
    ),
)
def test_inv_05_nothing_but_news_or_a_refusal_comes_of_any_body(kind: str, raw: bytes):
    assert _told(kind, raw) in (kind, 400)


def _told(kind: str, raw: bytes) -> str | int:
    try:
        return callback_news(kind, BEARER, TOKEN, raw).kind
    except CallbackRefusedError as refusal:
        return refusal.status


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("delivery_receipt", DELIVERED),
        ("delivery_receipt", DELIVERED | {"status": "QQ123456C"}),
        ("delivery_receipt", DELIVERED | {"id": "ann@example.org"}),
        ("complaint", COMPLAINT),
        ("received_text", text("My number is QQ123456C")),
        ("received_text", text("QQ123456C", "ann@example.org")),
    ],
)
def test_inv_37_neither_news_nor_refusal_shows_who_it_is_about(kind: str, body: dict):
    try:
        shown = repr(news(kind, body))
    except CallbackRefusedError as refusal:
        shown = f"{refusal} {refusal!r} {refusal.__cause__!r}"
    for personal in ("ann@example.org", "QQ123456C", "7700900123"):
        assert personal not in shown
