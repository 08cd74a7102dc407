"""Whom anything but production may reach."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostop.outreach.allow_list import checked_pattern, is_allowed

LIST = tuple(checked_pattern(text) for text in ("*@example.org", "07700 900*", "ZZ1 *"))


@pytest.mark.parametrize(
    "contact",
    [
        "ada@example.org",
        "ADA@Example.ORG",
        "07700900123",
        "+44 7700 900123",
        "0044 (0)7700 900 123",
        "1 Example Street\nSkelbeck\nZZ1 0XJ",
    ],
)
def test_what_the_list_names_may_be_reached(contact: str):
    assert is_allowed(LIST, contact)


@pytest.mark.parametrize(
    "contact",
    [
        "",
        "ada@example.org.evil.net",
        "ada@example.com",
        "example.org",
        "ada@evil.net@example.org",
        "07700800123",
        "+1 7700 900123",
        "1 Example Street\nLeeds\nLS1 1AA",
        "ada@example.org\neve@real.uk",
    ],
)
def test_inv_11_nobody_else_can_be_reached(contact: str):
    assert not is_allowed(LIST, contact)


@given(st.text(max_size=60))
def test_inv_11_an_empty_list_reaches_nobody(contact: str):
    assert not is_allowed((), contact)


@pytest.mark.parametrize(
    "wide", ["*", "*@*", "@", "07*", "+44*", "*.org", "LS1 *", "ada@*", "", "  ", "07700*"]
)
def test_inv_11_a_line_that_could_reach_real_people_at_large_is_refused(wide: str):
    with pytest.raises(ValueError, match="is not an e-mail address"):
        checked_pattern(wide)


@given(st.text(max_size=30))
def test_inv_11_no_text_at_all_becomes_a_line_that_names_everybody(text: str):
    try:
        pattern = checked_pattern(text)
    except ValueError:
        return
    assert not all(
        is_allowed((pattern,), one)
        for one in ("ada@one.uk", "bo@two.uk", "07911123456", "07411654321")
    )
