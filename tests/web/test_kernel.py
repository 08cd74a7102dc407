"""Signing in, what a visitor may, and how what goes wrong is told."""

import pytest

from nostop.model import SettingsError
from nostop.web.application import create_app
from nostop.web.house import House
from nostop.web.pages import environment
from nostop.web.rooms.start import own_path
from nostop.web.service import Service
from nostop.web.serving import serve
from nostop.web.words import LANGUAGES, welsh
from tests.web.words_used import words_used


def test_whoever_is_not_signed_in_is_shown_the_way(anybody):
    answer = anybody.get("/queue", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=/queue"


def test_after_signing_in_somebody_is_where_they_wanted_to_be(anybody):
    answer = anybody.form("/sign-in", {"account": "carys.case", "next": "/accessibility"})
    assert answer.headers["location"] == "/accessibility"
    assert "Carys Case" in anybody.get("/accessibility").text


@pytest.mark.parametrize(
    "asked",
    ["//example.org", "https://example.org", "/\\example.org", "javascript:alert(1)", "/a\nb", ""],
)
def test_nobody_is_sent_elsewhere_after_signing_in(asked: str):
    assert own_path(asked) == "/"


def test_the_session_is_new_at_each_sign_in_and_the_old_one_ends(client_as):
    client = client_as("caseworker")
    before = client.cookies["nostop_session"]
    client.cookies.delete("nostop_session")
    client.form("/sign-in", {"account": "kofi.case", "next": "/"})
    assert client.cookies["nostop_session"] != before


def test_after_signing_out_the_old_session_opens_nothing(client_as):
    client = client_as("caseworker")
    token = client.cookies["nostop_session"]
    client.form("/sign-out", at="/accessibility")
    client.cookies.set("nostop_session", token)
    assert client.get("/", follow_redirects=False).headers["location"] == "/sign-in?next=/"


def test_whoever_was_writing_when_their_session_ended_gets_their_words_back(anybody):
    said = "Rang her: she has no savings & <b>no</b> partner"
    answer = anybody.post("/cases/B1/notes", data={"csrf": "x", "text": said})
    assert answer.status_code == 403
    assert "she has no savings &amp; &lt;b&gt;no&lt;/b&gt; partner" in answer.text
    assert 'href="/sign-in?next=/cases/B1"' in answer.text
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("more", [{"sec-fetch-site": "cross-site"}, {"hx-request": "true"}])
def test_no_words_are_given_back_to_another_site_or_into_a_part_of_a_page(anybody, more):
    said = {"text": "words of somebody else"}
    answer = anybody.post("/cases/B1/notes", data=said, headers=more, follow_redirects=False)
    assert answer.status_code in (204, 303)
    assert "words" not in answer.text


def test_what_a_role_does_not_open_looks_like_what_is_not_there(client_as):
    client = client_as("auditor")
    forbidden, missing = client.get("/queue"), client.get("/no-such-page")
    assert forbidden.status_code == missing.status_code == 404
    assert forbidden.text.replace("/queue", "") == missing.text.replace("/no-such-page", "")


def test_a_form_without_its_token_is_refused(client_as):
    client = client_as("caseworker")
    answer = client.post("/sign-out", data={"csrf": "guessed"})
    assert answer.status_code == 403
    assert "This page is too old" in answer.text


def test_a_form_of_another_site_is_refused(client_as):
    client = client_as("caseworker")
    answer = client.post("/sign-out", data={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_a_page_in_welsh_says_so(anybody):
    answer = anybody.get("/language/cy?back=/accessibility", follow_redirects=True)
    assert '<html lang="cy"' in answer.text
    assert "Hygyrchedd" in answer.text


def test_every_word_of_every_page_has_its_welsh():
    assert sorted(words_used() - welsh().keys()) == []


def test_every_template_can_be_read():
    for name in environment().list_templates(filter_func=lambda each: "/macros/" not in each):
        if not name.startswith("govuk_frontend_jinja/") and name.endswith(".html"):
            environment().get_template(name)


def test_the_languages_are_english_and_welsh():
    assert LANGUAGES == ("en", "cy")


def test_the_development_sign_in_is_for_this_machine_only(house: House):
    service = Service("sqlite:///somewhere.db", house.settings)
    with pytest.raises(SettingsError, match="lets anybody in"):
        serve(service, ("0.0.0.0", 0), 1, pytest.fail)  # noqa: S104 - it must be refused


def test_a_host_that_is_not_ours_is_refused(house: House):
    from tests.web.conftest import Client

    with Client(create_app(house), base_url="http://elsewhere.example.org") as client:
        assert client.get("/sign-in").status_code == 400


def test_a_body_that_is_too_long_is_refused(client_as):
    client = client_as("caseworker")
    answer = client.post("/sign-out", content=b"x", headers={"Content-Length": "99999999"})
    assert answer.status_code == 413
