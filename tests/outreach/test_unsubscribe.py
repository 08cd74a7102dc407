import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.model import OutreachError
from nostop.outreach.unsubscribe import OneClick, one_click, sign, verify

SECRET, OLD_SECRET = b"s" * 32, b"o" * 40
ID = "M0123456789"
LINK = sign(SECRET, ID)
FORM = b"List-Unsubscribe=One-Click"


def parts(name: bytes = b"List-Unsubscribe", value: bytes = b"One-Click") -> bytes:
    return (
        b'--x-1\r\nContent-Disposition: form-data; name="'
        + name
        + b'"\r\n\r\n'
        + value
        + b"\r\n--x-1--\r\n"
    )


def test_a_token_is_this_one_for_ever():
    # What stands in people's mailboxes must stay good: another text here breaks every link.
    assert LINK == "1.M0123456789.PzCynpWst3w3qChx6zbXWw"


def test_a_token_says_which_message_and_is_plain_in_an_address():
    assert re.fullmatch(r"1\.M0123456789\.[A-Za-z0-9_-]{22}", LINK)
    assert verify([SECRET], LINK) == ID


def test_links_made_before_the_secret_was_changed_stay_good():
    assert verify([SECRET, OLD_SECRET], sign(OLD_SECRET, ID)) == ID
    assert verify([SECRET], sign(OLD_SECRET, ID)) is None
    assert verify([], LINK) is None


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        ID,
        LINK[:-1],
        LINK + "A",
        LINK + "=",
        LINK + " ",
        LINK + "." * 1000,
        LINK.replace("1.", "2.", 1),
        LINK.replace(ID, "M0123456788"),
        LINK.replace(ID, ID.lower()),
        "1.M0123456789.",
        "1.é0123456789.é",
        "1.M0123456789.\ud800",
        "\x00",
        "1.short." + LINK[-22:],
        "1." + "M" * 65 + "." + LINK[-22:],
    ],
)
def test_a_token_that_is_not_ours_is_of_no_message(token: str):
    assert verify([SECRET], token) is None
    assert one_click([SECRET], "POST", token, FORM) == OneClick(404)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(LINK) - 1), st.characters(codec="utf-8"))
def test_no_token_with_another_character_is_good(at: int, character: str):
    token = LINK[:at] + character + LINK[at + 1 :]
    assert verify([SECRET], token) == (ID if token == LINK else None)


@pytest.mark.parametrize(("secret", "message_id"), [(b"s" * 31, ID), (SECRET, "a b"), (SECRET, "")])
def test_what_cannot_be_signed_is_refused(secret: bytes, message_id: str):
    with pytest.raises(OutreachError, match="unsubscribe: "):
        sign(secret, message_id)


@pytest.mark.parametrize("body", [FORM, FORM + b"\r\n", parts(), parts() + b"\r\n"])
def test_inv_15_one_post_opts_out(body: bytes):
    assert one_click([SECRET], "POST", LINK, body) == OneClick(200, ID)
    # Once more, as mail programs do.
    assert one_click([SECRET], "POST", LINK, body) == OneClick(200, ID)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("token", [LINK, "1.M0123456789.wrong", ""])
@pytest.mark.parametrize("body", [b"", FORM])
def test_inv_15_a_link_scanner_changes_nothing_and_learns_nothing(method, token, body):
    assert one_click([SECRET], method, token, body) == OneClick(200)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "post", "", "POST "])
def test_another_method_changes_nothing(method: str):
    assert one_click([SECRET], method, LINK, FORM) == OneClick(405)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"List-Unsubscribe=",
        b"List-Unsubscribe=No",
        b"list-unsubscribe=one-click",
        FORM + b"&" + FORM,
        b"a=b&" + FORM,
        FORM + b" " * 3000,
        b"\xff\xfe",
        parts(name=b"Other"),
        parts(value=b"Two-Click"),
        parts() + parts(),
        b"--",
        b"--" * 1000,
        b"--x\r\n" + b"A: b\r\n" * 300,
    ],
)
def test_a_post_that_does_not_ask_for_it_changes_nothing(body: bytes):
    assert one_click([SECRET], "POST", LINK, body) == OneClick(400)
