"""The official Python client works against the simulator unchanged."""

import io

import pytest
from notifications_python_client import prepare_upload
from notifications_python_client.errors import HTTPError
from pypdf import PdfReader

from nostop.notify_simulator import EMAIL_TEMPLATE, LETTER_TEMPLATE, TEXT_TEMPLATE
from tests.notify_simulator.conftest import LIVE, TEAM, TEST, Running

WORDS = {"subject": "Money you may be due", "body": "Dear Ms Example,\n\nPlease ring us."}
ADDRESS = {
    "address_line_1": "Ms A Example",
    "address_line_2": "1 Sample Street",
    "address_line_3": "Borchester",
    "address_line_4": "sw1a1aa",
}


def test_an_email_goes_verbatim(simulator: Running) -> None:
    sent = simulator.client.send_email_notification(
        "someone@example.org",
        EMAIL_TEMPLATE,
        WORDS,
        reference="m-1",
        one_click_unsubscribe_url="https://example.org/stop/m-1",
    )
    assert sent["reference"] == "m-1"
    assert sent["uri"] == f"{simulator.url}/v2/notifications/{sent['id']}"
    assert sent["template"]["id"] == EMAIL_TEMPLATE
    assert sent["content"] == {
        "from_email": "borchester.council@notifications.service.gov.uk",
        "subject": "Money you may be due",
        "body": "Dear Ms Example,\n\nPlease ring us.",
        "one_click_unsubscribe_url": "https://example.org/stop/m-1",
    }


def test_what_was_sent_can_be_read_again(simulator: Running) -> None:
    sent = simulator.client.send_sms_notification(
        "07700 900123", TEXT_TEMPLATE, {"body": "Please ring us."}, reference="m-2"
    )
    assert sent["content"] == {"body": "Please ring us.", "from_number": "Borchester"}
    simulator.advance(60)
    found = simulator.client.get_notification_by_id(sent["id"])
    assert {name: found[name] for name in ("id", "reference", "type", "status", "body")} == {
        "id": sent["id"],
        "reference": "m-2",
        "type": "sms",
        "status": "delivered",
        "body": "Please ring us.",
    }
    assert found["phone_number"] == "07700 900123"
    assert found["created_at"] < found["sent_at"] < found["completed_at"]
    assert found["cost_details"]["billable_sms_fragments"] == 1


def test_a_letter_is_accepted_and_has_a_pdf(simulator: Running) -> None:
    sent = simulator.client.send_letter_notification(LETTER_TEMPLATE, {**WORDS, **ADDRESS}, "m-3")
    assert sent["content"] == WORDS
    found = simulator.client.get_notification_by_id(sent["id"])
    assert (found["status"], found["line_1"], found["postage"]) == (
        "accepted",
        "Ms A Example",
        "second",
    )
    assert found["estimated_delivery"] > found["created_at"]
    pages = PdfReader(simulator.client.get_pdf_for_letter(sent["id"])).pages
    text = pages[0].extract_text()
    assert [line in text for line in ("Ms A Example", "SW1A 1AA", "Money you may be due")] == [
        True,
        True,
        True,
    ]


def test_a_long_letter_has_more_pages_than_one(simulator: Running) -> None:
    words = {"subject": "Long", "body": "A line (of many) with a \\ in it.\n" * 120}
    sent = simulator.client.send_letter_notification(LETTER_TEMPLATE, {**words, **ADDRESS})
    pages = PdfReader(simulator.client.get_pdf_for_letter(sent["id"])).pages
    assert len(pages) == 3
    assert "A line (of many) with a \\ in it." in pages[2].extract_text()


def test_a_precompiled_letter_is_checked_for_viruses_first(simulator: Running) -> None:
    client = simulator.client
    sent = client.send_precompiled_letter_notification(
        "m-4", io.BytesIO(b"%PDF-1.7 whole"), "first"
    )
    assert sent == {"id": sent["id"], "reference": "m-4", "postage": "first"}
    assert client.get_notification_by_id(sent["id"])["status"] == "pending-virus-check"
    with pytest.raises(HTTPError, match="PDFNotReadyError"):
        client.get_pdf_for_letter(sent["id"])
    simulator.advance(11)
    assert client.get_notification_by_id(sent["id"])["status"] == "accepted"
    assert client.get_pdf_for_letter(sent["id"]).read() == b"%PDF-1.7 whole"


def test_a_file_is_sent_as_a_link(simulator: Running) -> None:
    file = prepare_upload(io.BytesIO(b"a,b\n1,2\n"), filename="figures.csv")
    sent = simulator.client.send_email_notification(
        "someone@example.org", EMAIL_TEMPLATE, {"subject": "Figures", "body": file}
    )
    link = sent["content"]["body"]
    assert link == f"{simulator.url}/documents/{sent['id']}/body"
    answer = simulator.http.get(link)
    assert answer.content == b"a,b\n1,2\n"
    assert "figures.csv" in answer.headers["content-disposition"]


def test_pages_go_on_until_an_empty_one(run) -> None:
    simulator = run(page_size=3)
    client = simulator.client
    for number in range(7):
        client.send_sms_notification(
            "07700900123", TEXT_TEMPLATE, {"body": "Please ring."}, reference=f"m-{number}"
        )
    pages, older_than = [], None
    while True:
        page = client.get_all_notifications(older_than=older_than)
        pages.append([found["reference"] for found in page["notifications"]])
        if not page["notifications"]:
            assert "next" not in page["links"]
            break
        older_than = page["notifications"][-1]["id"]
    assert pages == [["m-6", "m-5", "m-4"], ["m-3", "m-2", "m-1"], ["m-0"], []]
    iterated = [found["reference"] for found in client.get_all_notifications_iterator()]
    assert iterated == [f"m-{number}" for number in range(6, -1, -1)]


def test_a_list_is_of_one_kind_of_key_and_can_be_filtered(simulator: Running) -> None:
    live, test = simulator.client, simulator.clients(TEST)
    live.send_email_notification("a@example.org", EMAIL_TEMPLATE, WORDS, reference="email")
    live.send_sms_notification(
        "07700900002", TEXT_TEMPLATE, {"body": "Ring."}, reference="wrong number"
    )
    test.send_sms_notification("07700900123", TEXT_TEMPLATE, {"body": "Ring."}, reference="test")
    simulator.advance(60)

    def references(client, **filters):
        page = client.get_all_notifications(**filters)
        return [found["reference"] for found in page["notifications"]]

    assert references(live) == ["wrong number", "email"]
    assert references(test) == ["test"]
    assert references(live, template_type="email") == ["email"]
    assert references(live, reference="wrong number") == ["wrong number"]
    assert references(live, status="permanent-failure") == ["wrong number"]
    assert references(live, status="failed") == ["wrong number"]
    assert references(live, status="delivered") == ["email"]
    with pytest.raises(HTTPError) as refused:
        live.get_all_notifications(status="lost")
    assert refused.value.message[0]["message"].startswith("status lost is not one of [cancelled,")


def test_templates_are_listed_read_and_previewed(simulator: Running) -> None:
    client = simulator.client
    listed = {found["id"]: found for found in client.get_all_templates()["templates"]}
    assert set(listed) == {EMAIL_TEMPLATE, TEXT_TEMPLATE, LETTER_TEMPLATE}
    assert listed[EMAIL_TEMPLATE]["personalisation"] == {
        "subject": {"required": True},
        "body": {"required": True},
    }
    assert [found["id"] for found in client.get_all_templates("sms")["templates"]] == [
        TEXT_TEMPLATE
    ]
    assert client.get_template(TEXT_TEMPLATE)["body"] == "((body))"
    assert client.get_template_version(TEXT_TEMPLATE, 1)["version"] == 1
    with pytest.raises(HTTPError, match="404"):
        client.get_template_version(TEXT_TEMPLATE, 2)
    previewed = client.post_template_preview(EMAIL_TEMPLATE, WORDS)
    assert (previewed["subject"], previewed["body"]) == (WORDS["subject"], WORDS["body"])
    with pytest.raises(HTTPError, match="Missing personalisation: body"):
        client.post_template_preview(EMAIL_TEMPLATE, {"subject": "A"})


def test_a_template_of_ones_own_has_versions(simulator: Running) -> None:
    template = "88888888-8888-4888-8888-888888888888"
    for body in ("Dear ((name))", "Dear ((name)), ((urgent??ring today)) ((things))"):
        simulator.control("templates", {"kind": "sms", "id": template, "body": body}, 201)
    sent = simulator.client.send_sms_notification(
        "07700900123",
        template,
        {"Name": "((urgent)) A", "urgent": "yes", "things": ["a form", "a pen", "a stamp"]},
    )
    assert sent["template"]["version"] == 2
    assert sent["content"]["body"] == "Dear ((urgent)) A, ring today a form, a pen and a stamp"
    assert simulator.client.get_template_version(template, 1)["body"] == "Dear ((name))"
    assert simulator.http.delete(f"/_control/templates/{template}").status_code == 200
    with pytest.raises(HTTPError, match="Template has been deleted"):
        simulator.client.send_sms_notification("07700900123", template, {"name": "A"})


def test_texts_that_people_send_are_read_page_by_page(run) -> None:
    simulator = run(page_size=2)
    for words in ("STOP", "Who are you?", "Thank you"):
        simulator.control("received-texts", {"from": "07700 900456", "message": words}, 201)
    texts = list(simulator.client.get_received_texts_iterator())
    assert [text["content"] for text in texts] == ["Thank you", "Who are you?", "STOP"]
    assert {text["user_number"] for text in texts} == {"447700900456"}
    assert simulator.client.get_received_texts()["links"]["next"].endswith(texts[1]["id"])


@pytest.mark.parametrize(
    ("key", "recipient", "status", "error", "message"),
    [
        (LIVE, "nobody", 400, "ValidationError", "email_address Not a valid email address"),
        (
            TEAM,
            "someone@example.org",
            400,
            "BadRequestError",
            "Can\u2019t send to this recipient using a team-only API key",
        ),
    ],
)
def test_a_refusal_reaches_the_client(
    simulator: Running, key, recipient: str, status: int, error: str, message: str
) -> None:
    with pytest.raises(HTTPError) as refused:
        simulator.clients(key).send_email_notification(recipient, EMAIL_TEMPLATE, WORDS)
    assert refused.value.status_code == status
    assert refused.value.message == [{"error": error, "message": message}]
    assert simulator.ledger()["accepted"] == 0


def test_a_stranger_and_an_unknown_id_are_refused(simulator: Running) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(HTTPError) as unknown:
        simulator.client.get_notification_by_id(nobody)
    assert (unknown.value.status_code, unknown.value.message[0]["error"]) == (404, "NoResultFound")
    stranger = type(LIVE)("stranger", LIVE.kind, nobody)
    with pytest.raises(HTTPError) as refused:
        simulator.clients(stranger).get_all_templates()
    assert refused.value.status_code == 403
    assert refused.value.message[0] == {
        "error": "AuthError",
        "message": "Invalid token: API key not found",
    }
