import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.app.sending import claim_details
from nostop.model import OutreachError
from nostop.outreach import Rendered, as_messages, letters_in, load_templates, plan, render
from nostop.rulebook import default_rules_dir, load_rulebook
from tests.outreach.frames import POLICY, SCHEMES, contacts, determinations, people

OF_SCHEMES = claim_details(load_rulebook(default_rules_dir()))
TEMPLATES = load_templates(Path(__file__).parents[2] / "notifications" / "templates")
ALL = [(scheme, kind, language) for scheme, kind, language in sorted(TEMPLATES)]


def rendered(
    contact: dict[str, object] | None = None, determination: dict[str, object] | None = None
) -> Rendered:
    known = contacts(contact or {})
    rows = plan(determinations(determination or {}), people({}), known, POLICY)
    return render(rows, known, OF_SCHEMES, TEMPLATES)


def test_a_message_has_the_recipients_names_and_how_to_claim():
    (message,) = as_messages(rendered().messages)
    assert (message.to, message.subject) == (
        "ann@example.org",
        "Pension Credit: you may be missing out",
    )
    assert message.body.startswith("Dear Ann Jones\n")
    assert "https://www.gov.uk/pension-credit/how-to-claim" in message.body
    assert "0800 99 1234" in message.body
    assert "((" not in message.body


def test_a_message_goes_to_the_phone_where_there_is_no_email():
    assert rendered({"email": None}).messages["to"].to_list() == ["07700 900123"]


@pytest.mark.parametrize(("scheme", "kind", "language"), ALL)
def test_every_template_renders(scheme: str, kind: str, language: str):
    outcome = {"outcome": "unknown", "worth_asking": True} if kind == "worth_asking" else {}
    result = rendered({"language": language}, {"scheme": scheme, **outcome})
    (message,) = as_messages(result.messages)
    title = OF_SCHEMES.filter(pl.col("scheme") == scheme)[f"title_{language}"].item()
    assert message.subject.startswith(title)
    assert message.language == language
    assert result.messages["template_sha256"].item() == TEMPLATES[scheme, kind, language].sha256


def test_every_template_is_of_a_scheme_and_in_every_language():
    pairs = sorted(letters_in(TEMPLATES))
    assert [(scheme, kind, lang) for scheme, kind in pairs for lang in ("cy", "en")] == ALL
    assert {scheme for scheme, _ in pairs} <= set(OF_SCHEMES["scheme"])


def test_only_planned_rows_are_rendered():
    result = rendered({"opted_out": True})
    assert (result.messages.height, result.failed) == (0, ())


def test_inv_10_a_partner_changes_nothing_in_the_message():
    alone = rendered().messages
    couple = people({}, {"person_id": "P2", "born_on": None})
    known = contacts(
        {}, {"person_id": "P2", "first_name": "Canary", "surname": "Partner", "email": "c@d.org"}
    )
    rows = plan(determinations({}), couple, known, POLICY)
    assert render(rows, known, SCHEMES, TEMPLATES).messages.equals(alone)


def test_inv_09_nothing_but_names_and_claim_details_is_in_a_message():
    canaries = {"person_id": "Pcanary1", "phone": "07700 900999", "email": "canary2@example.org"}
    known = contacts(canaries)
    decided = determinations(
        {
            "benefit_unit_id": "Bcanary3",
            "household_id": "Hcanary4",
            "amount": 987654,
            "amount_low": 987653,
            "amount_high": 987655,
            "because": ["canary5"],
            "missing": ["canary6"],
            "pack_version": "canary7",
        }
    )
    unit = people(
        {"person_id": "Pcanary1", "benefit_unit_id": "Bcanary3", "household_id": "Hcanary4"}
    )
    rows = plan(decided, unit, known, POLICY)
    (message,) = as_messages(render(rows, known, SCHEMES, TEMPLATES).messages)
    text = message.subject + message.body + message.message_id
    assert "canary" not in text.lower()
    assert not re.search(r"9876|9,876|1950|900999|£", text)


def failure(contact: dict[str, object]) -> str | None:
    result = rendered(contact)
    assert result.messages.height == 0
    (receipt,) = result.failed
    assert receipt.status == "failed"
    return receipt.reason


@pytest.mark.parametrize("name", ["first_name", "surname"])
@pytest.mark.parametrize(
    "value",
    [
        "Ann\nBcc: x",
        "Ann\r",
        "Ann\x00",
        "Ann\t",
        "A =?UTF-8?Q?=0A?=Bcc: injected",
        "see https://evil",
        "www.evil",
        "me@evil",
        "An\u200bn",
        "An\u202en",
        "An\u2028n",
        "A" * 101,
    ],
)
def test_a_name_that_is_not_safe_refuses_the_message(name: str, value: str):
    reason = failure({name: value})
    assert reason == f"unsafe_value: {name}"


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_name_refuses_the_message(value: str | None):
    assert failure({"surname": value}) == "missing_value: surname"


@pytest.mark.parametrize(
    "email",
    ["ann", "ann@", "a b@example.org", "a@b.org,c@d.org", "<a@b.org>", "a@b.org\nBcc: x@y.org"],
)
def test_a_bad_address_is_a_failed_receipt(email: str):
    assert failure({"email": email}) == "bad_contact_details"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("O'Brien-Siôn", "O'Brien-Siôn"),
        ("((surname))", r"\(\(surname\)\)"),
        ("[here](evil)", r"\[here\]\(evil\)"),
        ("evil.com", "evil. com"),
        ("J.P.", "J. P."),
        ("# A *b* `c`", r"\# A \*b\* \`c\`"),
        ("José", "José"),
        ("SIÔN", "Siôn"),
        ("O'BRIEN-LLŶN", "O'Brien-Llŷn"),
        ("MARY ANN", "Mary Ann"),
        ("MCDONALD", "MCDONALD"),
        ("DiCaprio", "DiCaprio"),
    ],
)
def test_a_name_reads_as_itself_and_is_never_a_template(name: str, written: str):
    (message,) = as_messages(rendered({"first_name": name}).messages)
    assert message.body.startswith(f"Dear {written} Jones\n")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40)), min_size=1, max_size=20))
def test_no_name_changes_the_shape_of_a_message(names: list[tuple[str, str]]):
    plain = next(as_messages(rendered().messages))
    ids = [{"person_id": f"P{n}", "benefit_unit_id": f"B{n}"} for n in range(len(names))]
    named = [{"first_name": first, "surname": surname} for first, surname in names]
    known = contacts(
        *({"person_id": f"P{n}", "email": "ann@example.org"} | name for n, name in enumerate(named))
    )
    units = determinations(*({"benefit_unit_id": row["benefit_unit_id"]} for row in ids))
    result = render(plan(units, people(*ids), known, POLICY), known, SCHEMES, TEMPLATES)
    assert result.messages.height + len(result.failed) == len(names)
    for message in as_messages(result.messages):
        assert message.subject == plain.subject
        assert message.body.split("\n")[1:] == plain.body.split("\n")[1:]
        assert not re.search(r"\(\(|\]\(|://", message.body.split("\n")[0])


def test_hashes_tell_bodies_apart():
    first, second = (rendered({"surname": name}).messages for name in ("Jones", "Smith"))
    assert first["template_sha256"].equals(second["template_sha256"])
    assert not first["body_sha256"].equals(second["body_sha256"])


@pytest.mark.parametrize(
    "change",
    [
        {"claim_url": "http://www.gov.uk/x"},
        {"claim_url": "https://www.gov.uk/x y"},
        {"claim_url": "javascript:alert(1)"},
        {"claim_phone": "call us"},
        {"title_en": "Pension\nCredit"},
        {"title_cy": "[x](y)"},
        {"title_en": ""},
    ],
)
def test_claim_details_that_are_not_fit_for_a_letter_are_refused(change: dict[str, str]):
    details = SCHEMES.with_columns(pl.lit(value).alias(name) for name, value in change.items())
    rows = plan(determinations({}), people({}), contacts({}), POLICY)
    with pytest.raises(OutreachError, match="not fit for a letter"):
        render(rows, contacts({}), details, TEMPLATES)


def test_what_a_planned_row_needs_must_be_there():
    rows = plan(determinations({}), people({}), contacts({}), POLICY)
    with pytest.raises(OutreachError, match=r"no claim details for \['pension_credit'\]"):
        render(rows, contacts({}), SCHEMES.slice(1), TEMPLATES)
    with pytest.raises(OutreachError, match=r"no template pension_credit\.entitled\.en\.md"):
        render(rows, contacts({}), SCHEMES, {})
    with pytest.raises(OutreachError, match="1 recipients are not in the contacts"):
        render(rows, contacts(), SCHEMES, TEMPLATES)
