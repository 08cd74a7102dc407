"""What the channels for GOV.UK Notify send, and what each answer, or none, means for a message."""

import gc
import hashlib
import logging
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import jwt
import pytest

from nostop import plugins
from nostop.model import PluginError
from nostop.ports import Asks, Message, Receipt
from notifications.govuk_notify import NotifyEmail, NotifyLetter, NotifyText
from tests.notifications.answering import CLOSE, DRIP, HALF, HANG, RESET, Said, answering

SERVICE = "44444444-4444-4444-8444-444444444444"
SECRET = "55555555-5555-4555-8555-555555555555"  # noqa: S105 - of no service
KEY = f"demo-live-{SERVICE}-{SECRET}"
NOTIFY_ID = "aaaaaaaa-0000-4000-8000-000000000001"
TEMPLATE = "bbbbbbbb-0000-4000-8000-000000000001"
BODY = "Dear Ann\n\nYou may get Pension Credit.\n"
EMAIL = Message(
    message_id="M0123456789",
    recipient_id="P1",
    scheme="pension_credit",
    language="en",
    to="ann@example.org",
    subject="Pension Credit",
    body=BODY,
)
TEXT = replace(EMAIL, to="07700 900123")
LETTER = replace(
    EMAIL, to="", name="Ann Example", address=("1 High Street", "Borchester", "SW1A 1AA")
)
APPROVED = hashlib.sha256(f"Pension Credit\n\n{BODY}".encode()).hexdigest()


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOSTOP_GOVUK_NOTIFY_API_KEY", KEY)
    for name in ("BASE_URL", "EMAIL_TEMPLATE_ID", "TEXT_TEMPLATE_ID", "LETTER_TEMPLATE_ID"):
        monkeypatch.delenv(f"NOSTOP_GOVUK_NOTIFY_{name}", raising=False)


@pytest.fixture
def service() -> Iterator:
    with answering() as running:
        yield running


def accepted(**changes) -> Said:
    content = {"subject": "Pension Credit", "body": BODY.strip()}
    return Said(201, {"id": NOTIFY_ID, "reference": "M0123456789", "content": content} | changes)


def refused(status: int, error: str, message: str, **headers: str) -> Said:
    body = {"status_code": status, "errors": [{"error": error, "message": message}]}
    return Said(status, body, headers)


def send(channel_type, service, message: Message) -> Receipt:
    channel = channel_type(base_url=service.url, answer_seconds=2)
    try:
        (receipt,) = channel.send([message])
    finally:
        channel.close()
    return receipt


def ask(service, *message_ids: str) -> list[Receipt]:
    channel = NotifyEmail(base_url=service.url, answer_seconds=2)
    try:
        return list(channel.ask(message_ids))
    finally:
        channel.close()


# What is sent


@pytest.mark.parametrize(
    ("channel", "message", "path", "template", "sent"),
    [
        (
            NotifyEmail,
            replace(EMAIL, unsubscribe_url="https://example.org/u/1"),
            "/v2/notifications/email",
            "11111111-1111-4111-8111-111111111111",
            {
                "email_address": "ann@example.org",
                "personalisation": {"subject": "Pension Credit", "body": BODY},
                "one_click_unsubscribe_url": "https://example.org/u/1",
            },
        ),
        (
            NotifyText,
            TEXT,
            "/v2/notifications/sms",
            "22222222-2222-4222-8222-222222222222",
            {"phone_number": "07700 900123", "personalisation": {"body": BODY}},
        ),
        (
            NotifyLetter,
            LETTER,
            "/v2/notifications/letter",
            "33333333-3333-4333-8333-333333333333",
            {
                "personalisation": {
                    "address_line_1": "Ann Example",
                    "address_line_2": "1 High Street",
                    "address_line_3": "Borchester",
                    "address_line_4": "SW1A 1AA",
                    "subject": "Pension Credit",
                    "body": BODY,
                }
            },
        ),
    ],
    ids=["email", "text", "letter"],
)
def test_one_message_is_one_request_with_our_reference(
    service, channel, message, path, template, sent
):
    service.next = accepted()
    receipt = send(channel, service, message)
    assert receipt == Receipt("M0123456789", "sent", NOTIFY_ID, None, body_sha256=APPROVED)
    (heard,) = service.heard
    assert (heard["verb"], heard["path"]) == ("POST", path)
    assert heard["body"] == {**sent, "template_id": template, "reference": "M0123456789"}


def test_each_request_is_signed_anew_with_the_key(service):
    service.next = accepted()
    send(NotifyEmail, service, EMAIL)
    scheme, _, token = service.heard[0]["headers"]["Authorization"].partition(" ")
    assert (scheme, jwt.get_unverified_header(token)) == ("Bearer", {"typ": "JWT", "alg": "HS256"})
    claims = jwt.decode(token, SECRET, algorithms=["HS256"])
    assert (claims["iss"], set(claims)) == (SERVICE, {"iss", "iat"})


def test_nothing_is_sent_before_it_is_asked_for_and_one_receipt_for_each_in_order(service):
    service.next = lambda heard: accepted(reference=heard["body"]["reference"])
    channel = NotifyEmail(base_url=service.url)
    receipts = channel.send(replace(EMAIL, message_id=f"M000000{turn}") for turn in range(3))
    assert service.heard == []
    assert next(receipts).message_id == "M0000000"
    assert len(service.heard) == 1
    assert [receipt.message_id for receipt in receipts] == ["M0000001", "M0000002"]
    channel.close()


def test_a_channel_that_nobody_closes_leaves_no_connection_open(service):
    service.next = accepted()
    channel = NotifyEmail(base_url=service.url)
    assert [receipt.status for receipt in channel.send([EMAIL])] == ["sent"]
    # A socket that is left open warns when it goes, and a warning is an error here.
    del channel
    gc.collect()


def test_several_threads_share_a_channel(service):
    service.next = lambda heard: accepted(reference=heard["body"]["reference"])
    channel = NotifyEmail(base_url=service.url)
    told: list[Receipt] = []

    def some(thread: int) -> None:
        batch = [replace(EMAIL, message_id=f"M{thread:02}{turn:06}") for turn in range(10)]
        told.extend(channel.send(batch))

    threads = [threading.Thread(target=some, args=(turn,)) for turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    channel.close()
    assert {receipt.status for receipt in told} == {"sent"}
    ours = sorted(f"M{thread:02}{turn:06}" for thread in range(4) for turn in range(10))
    assert sorted(receipt.message_id for receipt in told) == ours
    assert sorted(heard["body"]["reference"] for heard in service.heard) == ours


# INV 16: what the provider says that it sends


@pytest.mark.parametrize(
    ("content", "same"),
    [
        ({"subject": "Pension Credit", "body": BODY}, True),
        ({"subject": "Pension Credit", "body": BODY.strip()}, True),
        ({"subject": "Pension Credit", "body": BODY.replace("\n\n", "\r\n\r\n")}, True),
        ({"subject": "Pension Credit", "body": "Borchester: " + BODY}, False),
        ({"subject": "Pension Credit", "body": BODY.replace("may", "will")}, False),
        ({"subject": "Housing Benefit", "body": BODY}, False),
    ],
)
def test_inv_16_the_hash_is_the_approved_one_only_where_the_words_are(service, content, same):
    service.next = accepted(content=content)
    receipt = send(NotifyEmail, service, EMAIL)
    assert receipt.status == "sent"
    assert (receipt.body_sha256 == APPROVED) is same


def test_inv_16_typography_of_notify_is_not_another_text(service):
    service.next = accepted(content={"subject": "Ann\u2019s \u2013 news", "body": BODY})
    message = replace(EMAIL, subject="Ann's - news")
    approved = hashlib.sha256(f"Ann's - news\n\n{BODY}".encode()).hexdigest()
    assert send(NotifyEmail, service, message).body_sha256 == approved


@pytest.mark.parametrize("content", [None, [], {"body": 7}, {"subject": None, "body": "x"}])
def test_inv_16_a_provider_that_does_not_say_gives_no_hash(service, content):
    service.next = accepted(content=content)
    assert send(NotifyEmail, service, EMAIL) == Receipt("M0123456789", "sent", NOTIFY_ID, None)


# Answers that refuse


FAILED = {"status": "failed"}
STOPPED = {"status": "not_taken", "stop": True}
CONTACT = FAILED | {"reason": "bad_contact_details", "bad_contact": True}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refused(400, "ValidationError", "email_address Not a valid email address"), CONTACT),
        (refused(400, "ValidationError", "phone_number Not enough digits"), CONTACT),
        (refused(400, "ValidationError", "Must be a real UK postcode"), CONTACT),
        (refused(400, "ValidationError", "Must be a real address"), CONTACT),
        (
            refused(400, "ValidationError", "reference x is too long"),
            FAILED | {"reason": "refused"},
        ),
        (
            refused(
                400,
                "BadRequestError",
                "Can\u2019t send to this recipient using a team-only API key",
            ),
            FAILED | {"reason": "not_allowed_here"},
        ),
        (
            refused(
                400,
                "BadRequestError",
                "Can\u2019t send to this recipient when service is in trial mode \u2013 see x",
            ),
            FAILED | {"reason": "not_allowed_here"},
        ),
        (
            refused(
                400,
                "BadRequestError",
                "Your message is too long. Text messages cannot be longer than 918 characters.",
            ),
            FAILED | {"reason": "too_long"},
        ),
        (
            refused(400, "BadRequestError", "Cannot send to international mobile numbers"),
            FAILED | {"reason": "international_number"},
        ),
        (
            refused(400, "BadRequestError", "Template not found"),
            STOPPED | {"reason": "template_refused"},
        ),
        (
            refused(400, "BadRequestError", "Missing personalisation: name"),
            STOPPED | {"reason": "template_refused"},
        ),
        (
            refused(400, "BadRequestError", "Service is not allowed to send letters"),
            STOPPED | {"reason": "service_refused"},
        ),
        (
            refused(401, "AuthError", "Unauthorized: authentication token must be provided"),
            STOPPED | {"reason": "key_refused"},
        ),
        (
            refused(403, "AuthError", "Invalid token: API key revoked"),
            STOPPED | {"reason": "key_refused"},
        ),
        (
            refused(
                403, "AuthError", "Error: Your system clock must be accurate to within 30 seconds"
            ),
            STOPPED | {"reason": "our_clock_is_wrong"},
        ),
        (
            refused(403, "BadRequestError", "Cannot send letters with a team api key"),
            STOPPED | {"reason": "not_allowed_here"},
        ),
        (
            refused(404, "NoResultFound", "No result found"),
            STOPPED | {"reason": "no_such_address"},
        ),
        (
            refused(429, "TooManyRequestsError", "Exceeded send limits (email: 250000) for today"),
            STOPPED | {"reason": "limit_of_the_day"},
        ),
        (
            refused(429, "RateLimitError", "Exceeded rate limit for key type LIVE of 3000"),
            {"status": "not_taken", "reason": "too_fast", "retry_after": 2.0},
        ),
        (
            refused(429, "RateLimitError", "Exceeded rate limit", **{"Retry-After": "7"}),
            {"status": "not_taken", "reason": "too_fast", "retry_after": 7.0},
        ),
    ],
    ids=lambda value: value.body["errors"][0]["message"][:40] if isinstance(value, Said) else "",
)
def test_a_refusal_says_what_follows(service, answer: Said, expected: dict):
    service.next = answer
    receipt = send(NotifyEmail, service, EMAIL)
    known = {"reference": None, "reason": None, **expected}
    assert receipt == Receipt("M0123456789", **known)
    assert len(service.heard) == 1


# INV 4: answers that are lost


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        (RESET, "connection_broke_off"),
        (CLOSE, "connection_broke_off"),
        (HALF, "connection_broke_off"),
        (Said(500, {"status_code": 500, "errors": []}), "answered_500"),
        (Said(503, b"<html>busy</html>"), "answered_503"),
        (refused(504, "EventletTimeout", "timeout"), "answered_504"),
        (Said(404, b"<html>not Notify</html>"), "answered_404"),
        (Said(408, b""), "answered_408"),
        (Said(400, b"<html>not Notify</html>"), "answered_400"),
        (Said(200, {"id": NOTIFY_ID, "reference": "M0123456789"}), "answered_200"),
        (Said(201, b"{not json"), "answer_unfit"),
        (Said(201, b"[" * 100_000), "answer_unfit"),
        (Said(201, {"reference": "M0123456789"}), "answer_unfit"),
        (accepted(id="Ann Example, 1 High Street"), "answer_unfit"),
        (accepted(reference="M9999999999"), "answer_unfit"),
        (Said(201, b" " * 1_100_000), "answer_too_long"),
    ],
    ids=str,
)
def test_inv_04_an_answer_that_is_lost_is_unknown_and_nothing_is_sent_again(service, what, reason):
    service.next = what
    assert send(NotifyEmail, service, EMAIL) == Receipt("M0123456789", "unknown", None, reason)
    assert len(service.heard) == 1


@pytest.mark.parametrize("what", [HANG, DRIP])
def test_inv_04_a_provider_that_hangs_leaves_the_message_unknown(service, what):
    service.next = what
    channel = NotifyEmail(base_url=service.url, answer_seconds=0.2)
    assert list(channel.send([EMAIL])) == [
        Receipt("M0123456789", "unknown", None, "no_answer_in_time")
    ]
    channel.close()
    assert len(service.heard) == 1


def test_inv_04_a_kept_connection_that_is_reset_leaves_the_message_unknown(service):
    service.next = accepted()
    channel = NotifyEmail(base_url=service.url)
    assert [receipt.status for receipt in channel.send([EMAIL])] == ["sent"]
    service.next = RESET
    assert [receipt.status for receipt in channel.send([EMAIL])] == ["unknown"]
    assert len(service.heard) == 2
    channel.close()


def test_inv_04_a_redirect_is_not_followed(service):
    with answering(accepted()) as elsewhere:
        service.next = Said(307, b"", {"Location": f"{elsewhere.url}/v2/notifications/email"})
        receipt = send(NotifyEmail, service, EMAIL)
        assert elsewhere.heard == []
    assert receipt == Receipt("M0123456789", "unknown", None, "redirected", stop=True)


def test_inv_04_what_was_lost_is_resolved_by_asking(service):
    kept: list[str] = []

    def forgetful(heard):
        if heard["verb"] == "POST":
            if "lost" in heard["body"]["reference"]:
                kept.append(heard["body"]["reference"])
            return RESET
        asked = heard["path"].partition("reference=")[2]
        rows = [{"id": NOTIFY_ID, "reference": asked, "status": "delivered"}]
        return Said(200, {"notifications": rows if asked in kept else []})

    service.next = forgetful
    for message_id in ("M-lost-answer", "M-never-there"):
        receipt = send(NotifyEmail, service, replace(EMAIL, message_id=message_id))
        assert receipt.status == "unknown"
    assert ask(service, "M-lost-answer", "M-never-there") == [
        Receipt("M-lost-answer", "delivered", NOTIFY_ID, None),
        Receipt("M-never-there", "not_found", None, None),
    ]


def test_a_service_that_nobody_listens_at_has_taken_nothing():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    channel = NotifyEmail(base_url=f"http://127.0.0.1:{port}")
    expected = Receipt("M0123456789", "not_taken", None, "cannot_connect", retry_after=5.0)
    assert list(channel.send([EMAIL])) == [expected]
    asked = Receipt("M0123456789", "unknown", None, "cannot_connect", retry_after=5.0)
    assert list(channel.ask(["M0123456789"])) == [asked]
    channel.close()


def test_a_service_that_speaks_no_tls_has_taken_nothing(service):
    channel = NotifyEmail(base_url=service.url.replace("http:", "https:"), answer_seconds=2)
    assert [receipt.status for receipt in channel.send([EMAIL])] == ["not_taken"]
    assert service.heard == []
    channel.close()


# Messages that are never sent


@pytest.mark.parametrize(
    ("channel", "message", "reason", "bad_contact"),
    [
        (NotifyEmail, replace(EMAIL, to="a@example.org\nBcc: b@x"), "unfit: to", True),
        (NotifyEmail, replace(EMAIL, to=""), "unfit: to", True),
        (NotifyEmail, replace(EMAIL, subject="A =?UTF-8?Q?=0A?=Bcc: b"), "unfit: subject", False),
        (NotifyEmail, replace(EMAIL, body=""), "unfit: body", False),
        (NotifyEmail, replace(EMAIL, message_id="../x"), "unfit: message_id", False),
        (
            NotifyEmail,
            replace(EMAIL, unsubscribe_url="http://example.org/u"),
            "unfit: unsubscribe_url",
            False,
        ),
        (NotifyText, replace(TEXT, to="020 7946 0000"), "bad_contact_details", True),
        (NotifyText, replace(TEXT, to="0770090012"), "bad_contact_details", True),
        (NotifyText, replace(TEXT, to="ann@example.org"), "bad_contact_details", True),
        (NotifyText, replace(TEXT, to="+44 7700 901000"), "bad_contact_details", True),
        (NotifyLetter, replace(LETTER, address=("SW1A 1AA",)), "bad_contact_details", True),
        (NotifyLetter, replace(LETTER, address=("x",) * 7), "bad_contact_details", True),
        (
            NotifyLetter,
            replace(LETTER, address=("1 High St", " ", "E1")),
            "bad_contact_details",
            True,
        ),
        (
            NotifyLetter,
            replace(LETTER, address=("1\nHigh", "B", "E1")),
            "bad_contact_details",
            True,
        ),
        (NotifyLetter, replace(LETTER, name=""), "unfit: name", False),
    ],
)
def test_a_message_that_cannot_arrive_is_failed_without_a_call(
    service, channel, message, reason, bad_contact
):
    receipt = send(channel, service, message)
    assert receipt == Receipt(message.message_id, "failed", None, reason, bad_contact=bad_contact)
    assert service.heard == []


@pytest.mark.parametrize("number", ["07700900999", "+447700900000", "07911 123456", "+33612345678"])
def test_numbers_of_mobiles_and_of_drama_are_called(service, number: str):
    service.next = accepted()
    assert send(NotifyText, service, replace(TEXT, to=number)).status == "sent"


# Asking


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"status": "created"}, {"status": "sent"}),
        ({"status": "sending"}, {"status": "sent"}),
        ({"status": "pending"}, {"status": "sent"}),
        ({"status": "accepted", "type": "letter"}, {"status": "sent"}),
        ({"status": "delivered"}, {"status": "delivered"}),
        ({"status": "received", "type": "letter"}, {"status": "delivered"}),
        (
            {"status": "permanent-failure", "type": "email"},
            {"status": "failed", "reason": "permanent_failure", "bad_contact": True},
        ),
        (
            {"status": "permanent-failure", "type": "letter"},
            {"status": "failed", "reason": "permanent_failure"},
        ),
        ({"status": "temporary-failure"}, {"status": "failed", "reason": "temporary_failure"}),
        ({"status": "technical-failure"}, {"status": "failed", "reason": "technical_failure"}),
        ({"status": "cancelled"}, {"status": "failed", "reason": "cancelled"}),
        ({"status": "validation-failed"}, {"status": "failed", "reason": "validation_failed"}),
        ({"status": "virus-scan-failed"}, {"status": "failed", "reason": "virus_scan_failed"}),
        ({"status": "a-new-word"}, {"status": "sent", "reason": "state_not_known"}),
        ({"status": "sending", "cost_in_pounds": 0.0233}, {"status": "sent", "cost_pence": 3}),
        ({"status": "sending", "cost_in_pounds": 0.05}, {"status": "sent", "cost_pence": 5}),
        ({"status": "sending", "cost_in_pounds": 0}, {"status": "sent", "cost_pence": 0}),
        ({"status": "sending", "cost_in_pounds": None}, {"status": "sent"}),
        ({"status": "sending", "cost_in_pounds": float("nan")}, {"status": "sent"}),
        (
            {"status": "sending", "cost_in_pounds": 0, "is_cost_data_ready": False},
            {"status": "sent"},
        ),
    ],
    ids=str,
)
def test_what_notify_knows_is_told_in_our_words(service, row: dict, expected: dict):
    known = {"id": NOTIFY_ID, "reference": "M0123456789", **row}
    service.next = Said(200, {"notifications": [known]})
    assert ask(service, "M0123456789") == [
        Receipt("M0123456789", **{"reference": NOTIFY_ID, "reason": None, **expected})
    ]
    assert service.heard[0]["path"] == "/v2/notifications?reference=M0123456789"


def test_a_message_that_went_twice_is_told(service):
    other = "aaaaaaaa-0000-4000-8000-000000000002"
    first = {"id": NOTIFY_ID, "status": "temporary-failure", "cost_in_pounds": 0.0233}
    second = {"id": other, "status": "delivered", "cost_in_pounds": 0.0233}
    rows = [{**row, "reference": "M0123456789"} for row in (first, second)]
    service.next = Said(200, {"notifications": rows})
    assert ask(service, "M0123456789") == [
        Receipt("M0123456789", "delivered", other, "sent_twice", cost_pence=6)
    ]


@pytest.mark.parametrize(
    ("what", "reason", "stop"),
    [
        (Said(500, {}), "answered_500", False),
        (Said(404, {}), "answered_404", False),
        (refused(403, "AuthError", "Invalid token: API key revoked"), "key_refused", True),
        (refused(429, "RateLimitError", "Exceeded"), "answered_429", False),
        (Said(200, b"{"), "answer_unfit", False),
        (Said(200, {"notifications": None}), "answer_unfit", False),
        (
            Said(200, {"notifications": [{"id": NOTIFY_ID, "reference": "M9", "status": "sent"}]}),
            "answer_unfit",
            False,
        ),
        (RESET, "connection_broke_off", False),
    ],
    ids=str,
)
def test_an_error_is_never_taken_for_not_found(service, what, reason, stop):
    service.next = what
    (receipt,) = ask(service, "M0123456789")
    assert (receipt.status, receipt.reason, receipt.stop) == ("unknown", reason, stop)


def test_an_id_that_is_none_is_not_asked_for(service):
    (receipt,) = ask(service, "M1&status=delivered")
    assert (receipt.status, receipt.reason) == ("unknown", "unfit: message_id")
    assert service.heard == []


# Settings


@pytest.mark.parametrize("name", ["govuk_notify_email", "govuk_notify_text", "govuk_notify_letter"])
def test_each_is_a_plugin(service, name: str):
    channel = plugins.channel(name, {"base_url": service.url, "template_id": TEMPLATE})
    assert isinstance(channel, Asks)
    assert (channel.kind, channel.at_once) == (
        {"email": "email", "text": "phone", "letter": "post"}[name.rpartition("_")[2]],
        1,
    )
    channel.close()


@pytest.mark.parametrize(
    ("variables", "settings", "complaint"),
    [
        ({"API_KEY": ""}, {}, "NOSTOP_GOVUK_NOTIFY_API_KEY is not set"),
        ({"API_KEY": KEY[:-1]}, {}, "NOSTOP_GOVUK_NOTIFY_API_KEY holds no API key"),
        ({"BASE_URL": "http://example.org"}, {}, "NOSTOP_GOVUK_NOTIFY_BASE_URL.*https://"),
        ({"BASE_URL": "http://127.0.0.1.example.org"}, {}, "NOSTOP_GOVUK_NOTIFY_BASE_URL.*https"),
        ({"BASE_URL": "https://ann:secret@example.org"}, {}, "nothing more"),
        ({"BASE_URL": "notify"}, {}, "nothing more"),
        ({"BASE_URL": "https://example.org"}, {}, "TEMPLATE_ID to the id"),
        ({}, {}, "template_id is missing"),
        ({}, {"template_id": "letter one"}, "template_id is no UUID"),
        ({"EMAIL_TEMPLATE_ID": "x"}, {"base_url": "http://localhost:1"}, "template_id is no UUID"),
        ({}, {"base_url": "http://example.org"}, "base_url: has to begin with https"),
        ({}, {"template_id": TEMPLATE, "answer_seconds": 0}, "answer_seconds"),
    ],
)
def test_a_setting_that_cannot_be_right_is_refused_at_once(
    monkeypatch, variables, settings, complaint
):
    for name, value in variables.items():
        monkeypatch.setenv(f"NOSTOP_GOVUK_NOTIFY_{name}", value)
    with pytest.raises(PluginError, match=complaint) as refusal:
        plugins.channel("govuk_notify_email", settings)
    for secret in (SECRET, SECRET[:-1], "ann:secret", "letter one"):
        assert secret not in str(refusal.value)


def test_a_template_of_the_environment_is_used_and_the_setting_goes_first(monkeypatch, service):
    service.next = accepted()
    monkeypatch.setenv("NOSTOP_GOVUK_NOTIFY_BASE_URL", service.url)
    monkeypatch.setenv("NOSTOP_GOVUK_NOTIFY_EMAIL_TEMPLATE_ID", TEMPLATE)
    other = TEMPLATE.replace("b", "c")
    for channel in (NotifyEmail(), NotifyEmail(template_id=other)):
        list(channel.send([EMAIL]))
        channel.close()
    assert [heard["body"]["template_id"] for heard in service.heard] == [TEMPLATE, other]


def test_inv_37_nothing_personal_and_no_secret_is_logged_or_shown(service, caplog):
    caplog.set_level(logging.DEBUG)
    service.next = lambda heard: RESET if heard["verb"] == "POST" else Said(500)
    receipt = send(NotifyLetter, service, replace(LETTER, to="ann@example.org"))
    channel = NotifyEmail(base_url=service.url)
    (asked,) = channel.ask(["M0123456789"])
    shown = f"{channel!r} {receipt!r} {asked!r} {caplog.text}"
    channel.close()
    assert "httpcore" in caplog.text
    for secret in (SECRET, "ann@example.org", "Ann Example", "High Street", "Dear Ann"):
        assert secret not in shown
