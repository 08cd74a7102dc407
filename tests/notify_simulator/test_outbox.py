"""The page for people: what was accepted, as it would look, and nothing of it is ever run."""

from html.parser import HTMLParser

from nostop.notify_simulator import EMAIL_TEMPLATE, LETTER_TEMPLATE, TEXT_TEMPLATE
from tests.notify_simulator.conftest import Running


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict]] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.found.append((tag, dict(attrs)))


def elements(html: str) -> list[tuple[str, dict]]:
    parser = Elements()
    parser.feed(html)
    return parser.found


def email(subject: str) -> dict:
    return {
        "email_address": "someone@example.org",
        "template_id": EMAIL_TEMPLATE,
        "reference": "m-1",
        "personalisation": {"subject": subject, "body": "Dear Ms Example"},
    }


def test_the_page_shows_each_message_the_newest_first(simulator: Running) -> None:
    simulator.post("notifications/email", email("Money you may be due"))
    text = {"phone_number": "07700900123", "template_id": TEXT_TEMPLATE}
    simulator.post("notifications/sms", {**text, "personalisation": {"body": "Ring us."}})
    lines = {"address_line_1": "Ms A", "address_line_2": "1 Street", "address_line_3": "SW1A 1AA"}
    letter = {"subject": "A letter", "body": "Dear Ms A", **lines}
    simulator.post(
        "notifications/letter", {"template_id": LETTER_TEMPLATE, "personalisation": letter}
    )
    page = simulator.http.get("/")
    order = [page.text.index(f">{title} to ") for title in ("Letter", "Text message", "E-mail")]
    assert order == sorted(order)
    shown = [
        words in page.text
        for words in ("3 accepted", "Money you may be due", "Ring us.", "Ms A<br>1 Street")
    ]
    assert shown == [True, True, True, True]


def test_the_page_can_be_read_by_everybody(simulator: Running) -> None:
    simulator.post("notifications/email", email("A"))
    found = elements(simulator.http.get("/").text)
    tags = [tag for tag, _ in found]
    assert ("html", {"lang": "en-GB"}) in found
    assert [tag for tag in tags if tag in ("h1", "h2", "h3")] == ["h1", "h2", "h3"]
    assert (tags.count("table"), tags.count("caption"), tags.count("main")) == (1, 1, 1)
    assert {attributes.get("scope") for tag, attributes in found if tag == "th"} == {"col"}
    assert ("a", {"class": "skip", "href": "#messages"}) in found


def test_nothing_in_a_message_is_run(simulator: Running) -> None:
    attack = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'"
    body = email(attack)
    body["reference"] = attack
    body["personalisation"]["body"] = attack
    assert simulator.post("notifications/email", body).status_code == 201
    page = simulator.http.get("/")
    assert {tag for tag, _ in elements(page.text)}.isdisjoint({"script", "img"})
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline';")
    assert "frame-ancestors 'none'" in policy


def test_older_messages_are_on_another_page(simulator: Running) -> None:
    assert "Nothing has been accepted yet." in simulator.http.get("/").text
    for number in range(51):
        simulator.post("notifications/email", email(f"Number {number}."))
    page = simulator.http.get("/").text
    assert "Number 50." in page
    assert "Number 0." not in page
    (older,) = [
        attributes["href"]
        for tag, attributes in elements(page)
        if tag == "a" and "older_than" in attributes.get("href", "")
    ]
    assert "Number 0." in simulator.http.get(older).text
