"""What is refused before anything is kept, in the service's own words."""

import base64
import json

import httpx
import pytest

from nostop.notify_simulator import (
    EMAIL_TEMPLATE,
    LETTER_TEMPLATE,
    TEXT_TEMPLATE,
    Settings,
    running,
)
from tests.notify_simulator.conftest import LIVE, TEAM, TEST, Running, token

EMAIL = {
    "email_address": "someone@example.org",
    "template_id": EMAIL_TEMPLATE,
    "personalisation": {"subject": "A", "body": "B"},
}
TEXT = {
    "phone_number": "07700900123",
    "template_id": TEXT_TEMPLATE,
    "personalisation": {"body": "B"},
}
LINES = {
    "address_line_1": "Ms A Example",
    "address_line_2": "1 Sample Street",
    "address_line_3": "SW1A 1AA",
}
LETTER = {
    "template_id": LETTER_TEMPLATE,
    "personalisation": {"subject": "A", "body": "B", **LINES},
}
ANY = "00000000-0000-4000-8000-000000000000"


def changed(body: dict, **changes: object) -> dict:
    return {name: value for name, value in {**body, **changes}.items() if value is not ...}


def with_lines(*lines: str) -> dict:
    numbered = {f"address_line_{number}": line for number, line in enumerate(lines, start=1)}
    return {**LETTER, "personalisation": {"subject": "A", "body": "B", **numbered}}


VALIDATION = [
    ("email", changed(EMAIL, template_id=...), "template_id is a required property"),
    ("email", changed(EMAIL, template_id="one"), "template_id is not a valid UUID"),
    ("email", changed(EMAIL, cc="a"), "Additional properties are not allowed (cc was unexpected)"),
    (
        "email",
        changed(EMAIL, cc="a", bcc="b"),
        "Additional properties are not allowed (cc, bcc were unexpected)",
    ),
    (
        "email",
        changed(EMAIL, email_address="a@b..c"),
        "email_address Not a valid email address",
    ),
    ("email", changed(EMAIL, email_address=1), "email_address 1 is not of type string"),
    (
        "email",
        changed(EMAIL, personalisation="a"),
        "personalisation a is not of type object",
    ),
    (
        "email",
        changed(EMAIL, one_click_unsubscribe_url="http://example.org"),
        "one_click_unsubscribe_url is not a valid https url",
    ),
    ("email", changed(EMAIL, reference="r" * 1001), f"reference {'r' * 1001} is too long"),
    (
        "email",
        changed(EMAIL, scheduled_for="2020-01-01T09:00:00"),
        "scheduled_for datetime can not be in the past",
    ),
    (
        "email",
        changed(EMAIL, scheduled_for="2099-01-01T09:00:00"),
        "scheduled_for datetime can only be 24 hours in the future",
    ),
    ("sms", changed(TEXT, phone_number="07700"), "phone_number Not enough digits"),
    ("sms", changed(TEXT, phone_number="0770090012345"), "phone_number Too many digits"),
    (
        "sms",
        changed(TEXT, phone_number="07700 900 12x"),
        "phone_number Must not contain letters or symbols",
    ),
    ("letter", changed(LETTER, personalisation=...), "personalisation is a required property"),
    ("letter", with_lines("A", "SW1A 1AA"), "Address must be at least 3 lines"),
    (
        "letter",
        with_lines("A", "1 Street", "Nowhere"),
        "Last line of address must be a real UK postcode or another country",
    ),
    ("letter", with_lines("A", "No fixed abode", "SW1A 1AA"), "Must be a real address"),
    (
        "letter",
        with_lines("A", "--", "SW1A 1AA"),
        "The first 2 lines of the address must both include at least one alphanumeric character",
    ),
    (
        "letter",
        with_lines("A", "(1 Street)", "SW1A 1AA"),
        "Address lines must not start with any of the following characters:"
        " @ ( ) = [ ] \u201d \\ / , < >",
    ),
    (
        "letter",
        with_lines("Cpl A", "BFPO 12", "Germany"),
        "The last line of a BFPO address must not be a country.",
    ),
    (
        "letter",
        {"reference": "a", "content": "JVBERg==", "postage": "third"},
        "postage invalid. It must be either first, second or economy.",
    ),
]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory):
    """One simulator for all that is refused: nothing of it is kept."""
    settings = Settings(tmp_path_factory.mktemp("shared") / "ledger.sqlite")
    with running(settings) as url, httpx.Client(base_url=url) as http:
        yield Running(url, http, {}.get)
        assert http.get("/_control/ledger").json()["accepted"] == 0


@pytest.mark.parametrize(("kind", "body", "message"), VALIDATION, ids=lambda value: str(value)[:40])
def test_a_body_that_is_not_as_described(
    shared: Running, kind: str, body: dict, message: str
) -> None:
    answer = shared.post(f"notifications/{kind}", body)
    assert (answer.status_code, answer.json()) == (
        400,
        {"status_code": 400, "errors": [{"error": "ValidationError", "message": message}]},
    )


BAD_REQUESTS = [
    ("email", changed(EMAIL, template_id=ANY), "Template not found"),
    (
        "email",
        changed(EMAIL, template_id=TEXT_TEMPLATE),
        "sms template is not suitable for email notification",
    ),
    ("email", changed(EMAIL, personalisation={}), "Missing personalisation: subject, body"),
    (
        "email",
        changed(EMAIL, personalisation={"subject": "A", "body": None}),
        "Missing personalisation: body",
    ),
    ("sms", changed(TEXT, personalisation={"body": " \n "}), "Your message is empty."),
    (
        "sms",
        changed(TEXT, personalisation={"body": "a" * 919}),
        "Your message is too long. Text messages cannot be longer than 918 characters."
        " Your message is 919 characters long.",
    ),
    (
        "email",
        changed(EMAIL, personalisation={"subject": "A", "body": "a" * 2_000_001}),
        "Your message is too long. Emails cannot be longer than 2000000 bytes."
        " Your message is 2000001 bytes.",
    ),
    (
        "email",
        changed(EMAIL, email_reply_to_id=ANY),
        f"email_reply_to_id {ANY} does not exist in database for service id {LIVE.service_id}",
    ),
    (
        "sms",
        changed(TEXT, personalisation={"body": {"file": "eA=="}}),
        "Can only send a file by email",
    ),
    (
        "letter",
        {"reference": "a", "content": "a"},
        "Cannot decode letter content (invalid base64 encoding)",
    ),
]


@pytest.mark.parametrize(
    ("kind", "body", "message"), BAD_REQUESTS, ids=lambda value: str(value)[:40]
)
def test_what_cannot_be_done(shared: Running, kind: str, body: dict, message: str) -> None:
    answer = shared.post(f"notifications/{kind}", body)
    assert (answer.status_code, answer.json()["errors"]) == (
        400,
        [{"error": "BadRequestError", "message": message}],
    )


def test_everything_that_is_wrong_is_told_at_once(shared: Running) -> None:
    answer = shared.post("notifications/sms", {"phone_number": "0770", "to": "me"})
    assert [error["message"] for error in answer.json()["errors"]] == [
        "phone_number Not enough digits",
        "template_id is a required property",
        "Additional properties are not allowed (to was unexpected)",
    ]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"{", "Invalid JSON supplied in POST data"),
        (b"", "Invalid JSON supplied in POST data"),
        (b"\xff", "Invalid JSON supplied in POST data"),
    ],
)
def test_a_body_that_is_no_json(shared: Running, raw: bytes, message: str) -> None:
    answer = shared.http.post(
        "/v2/notifications/sms", content=raw, headers={"Authorization": f"Bearer {token()}"}
    )
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (400, message)


def test_words_that_are_no_text_fail_alone(shared: Running) -> None:
    words = {"subject": "A", "body": "B"}
    for body in (
        {**EMAIL, "reference": "\ud800"},
        {**EMAIL, "personalisation": words | {"body": "\ud800"}},
    ):
        answer = shared.http.post(
            "/v2/notifications/email",
            content=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token()}"},
        )
        assert answer.status_code == 500
        assert answer.json()["errors"] == [
            {"error": "UnicodeEncodeError", "message": "Internal server error"}
        ]


def test_an_unknown_path_and_a_wrong_verb(shared: Running) -> None:
    assert shared.post("notifications/fax", EMAIL).status_code == 404
    assert shared.http.get("/v3").status_code == 404
    assert shared.http.delete("/v2/notifications").status_code == 405
    assert shared.get("notifications/one").json()["errors"][0]["message"] == (
        "notification_id is not a valid UUID"
    )
    assert shared.get("notifications?page=2").json()["errors"][0]["message"] == (
        "Additional properties are not allowed (page was unexpected)"
    )


def test_letters_by_a_team_key_or_in_trial_mode(shared: Running) -> None:
    team = shared.post("notifications/letter", LETTER, TEAM)
    shared.control("service", {"live": False})
    trial = shared.post("notifications/letter", LETTER)
    stranger = shared.post("notifications/email", EMAIL)
    shared.control("service", {"live": True, "permissions": ["email"]})
    not_allowed = shared.post("notifications/letter", LETTER)
    texts = shared.post("notifications/sms", TEXT)
    shared.control("service", {"permissions": ["email", "sms", "letter"]})
    abroad = shared.post("notifications/sms", changed(TEXT, phone_number="+33 6 12 34 56 78"))
    overseas = shared.post("notifications/letter", with_lines("A", "1 Rue", "France"))
    answers = [team, trial, stranger, not_allowed, texts, abroad, overseas]
    assert [(answer.status_code, answer.json()["errors"][0]["message"]) for answer in answers] == [
        (403, "Cannot send letters with a team api key"),
        (403, "Cannot send letters when service is in trial mode"),
        (
            400,
            "Can\u2019t send to this recipient when service is in trial mode"
            " \u2013 see https://www.notifications.service.gov.uk/trial-mode",
        ),
        (400, "Service is not allowed to send letters"),
        (400, "Service is not allowed to send text messages"),
        (400, "Cannot send to international mobile numbers"),
        (400, "Must be a real UK postcode"),
    ]


def test_the_team_and_its_guests_can_be_written_to(simulator: Running) -> None:
    simulator.control("service", {"team": ["Team@example.org"], "guests": ["+44 7700 900456"]})
    to_team = changed(EMAIL, email_address="team@EXAMPLE.org")
    to_guest = changed(TEXT, phone_number="07700900456")
    assert simulator.post("notifications/email", to_team, TEAM).status_code == 201
    assert simulator.post("notifications/sms", to_guest, TEAM).status_code == 201
    assert simulator.post("notifications/sms", TEXT, TEAM).status_code == 400
    assert simulator.post("notifications/letter", LETTER, TEST).status_code == 201


def test_links_in_what_a_stranger_wrote_are_taken_out(simulator: Running) -> None:
    words = {"subject": "A", "body": "See https://example.org/x or example.org, [now]"}
    answer = simulator.post(
        "notifications/email",
        changed(EMAIL, personalisation=words, sanitise_content_for=["body"]),
    )
    sanitised = "See  or example\\. org, \\[now\\]"
    assert answer.json()["content"]["body"] == sanitised
    assert answer.json()["sanitised_content"] == {
        "body": {"unsanitised": words["body"], "sanitised": sanitised}
    }


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"no pdf", "validation-failed"),
        (b"%PDF-1.7 X5O!P%@AP$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*", "virus-scan-failed"),
        (b"%PDF-1.7 ", "received"),
    ],
)
def test_a_precompiled_letter_ends_by_what_is_in_it(
    simulator: Running, content: bytes, status: str
) -> None:
    body = {"reference": "m-1", "content": base64.b64encode(content).decode()}
    sent = simulator.post("notifications/letter", body, TEST).json()
    simulator.advance(20)
    assert simulator.get(f"notifications/{sent['id']}").json()["status"] == status


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (("Ms A Example", "1 Street", "Borchester", "bb11aa", "UK"), "BB1 1AA"),
        (("Cpl A Example", "Some Barracks", "BFPO 12"), "BFPO 12"),
        (("Mme A Example", "1 Rue", "Paris", "FRANCE"), "France"),
    ],
)
def test_an_address_that_letters_reach(
    simulator: Running, given: tuple[str, ...], shown: str
) -> None:
    assert simulator.post("notifications/letter", with_lines(*given)).status_code == 201
    (row,) = simulator.http.get("/_control/ledger/rows").json()["rows"]
    assert row["recipient"].split(", ")[-1] == shown
