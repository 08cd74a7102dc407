"""Placeholders, and what a text message can carry."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.notify_simulator.errors import Refusal
from nostop.notify_simulator.wording import Template, fragments, preloaded, render

EMAIL, TEXT, LETTER = preloaded("2026-06-01T12:00:00.000000Z")


def template(kind: str, body: str, subject: str = "A") -> Template:
    return Template("t", 1, kind, "Name", subject, body, "2026-06-01T12:00:00.000000Z")


@pytest.mark.parametrize(
    ("body", "values", "shown"),
    [
        ("Dear ((first name))", {"First_Name": "Ann"}, "Dear Ann"),
        ("((a)) ((b))", {"a": "((b))", "b": "2"}, "((b)) 2"),
        ("Dear ((a??Ms )) B", {"a": "yes"}, "Dear Ms  B"),
        ("Dear ((a??Ms ))B", {"a": "no"}, "Dear B"),
        (
            "Bring:((things))",
            {"things": ["a pen", None, " a form "]},
            "Bring:\n\n* a pen\n* a form",
        ),
        ("((n)) weeks", {"n": 4}, "4 weeks"),
        ("no placeholder ( ( a ) )", {}, "no placeholder ( ( a ) )"),
    ],
)
def test_values_are_put_in_once(body: str, values: dict, shown: str) -> None:
    assert render(template("email", body), values).body == shown


def test_a_value_that_is_not_there_is_named() -> None:
    with pytest.raises(Refusal) as refused:
        render(template("email", "((b)) ((c??words))", subject="((a)) ((B))"), {"a": "1"})
    assert refused.value.entries == (("BadRequestError", "Missing personalisation: B, c"),)


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_an_email_goes_word_for_word(body: str) -> None:
    assert render(EMAIL, {"subject": "A", "body": body}).body == body.strip()


@pytest.mark.parametrize(
    ("given_text", "carried"),
    [
        ("\u201cRing us\u201d \u2013 it\u2019s free\u2026", '"Ring us" - it\'s free...'),
        ("\u0174yth \u00e0 \u0177", "\u0174yth \u00e0 \u0177"),
        ("Z\u0142oty \u010dek", "Zloty cek"),
        ("Good \U0001f600", "Good ?"),
        ("a  b\t c ,d\n\n\n\ne ", "a b c,d\n\ne"),
        ("no\u200bbreak", "nobreak"),
    ],
)
def test_a_text_message_has_only_what_phones_show(given_text: str, carried: str) -> None:
    assert render(TEXT, {"body": given_text}).body == carried


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("\u20ac" * 80, 1),
        ("\u20ac" * 81, 2),
        ("\u0175" * 70, 1),
        ("\u0175" * 71, 2),
        ("a" * 918, 6),
    ],
)
def test_how_many_texts_a_text_is_charged_as(body: str, count: int) -> None:
    assert fragments(body) == count
