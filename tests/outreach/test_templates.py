import re
from pathlib import Path

import pytest

from nostop.model import OutreachError
from nostop.outreach import letters_in, load_templates
from nostop.outreach.templates import Template, load_scripts, load_texts
from nostop.outreach.text_length import PREFERRED_MESSAGES, messages_in

FOLDER = Path(__file__).parents[2] / "notifications" / "templates"
ENGLISH = sorted(FOLDER.glob("*.en.md"))
WELSH = sorted(FOLDER.glob("*.cy.md"))
SHORT = sorted(FOLDER.glob("*.txt"))
NAME = "pension_credit.entitled.en.md"
GOOD = "Subject: ((scheme_title)): news\n\nDear ((first_name))\n"


def load(folder: Path, text: str | bytes, name: str = NAME) -> object:
    data = text.encode() if isinstance(text, str) else text
    (folder / name).write_bytes(data)
    return load_templates(folder)


def test_a_template_is_read_by_scheme_kind_and_language(tmp_path: Path):
    assert list(load(tmp_path, GOOD)) == [("pension_credit", "entitled", "en")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("first_name", "frist_name"), "frist_name.*did you mean 'first_name'"),
        (GOOD.replace("first_name", "nino"), r"\(\(nino\)\) is not a field"),
        (GOOD.replace("first_name", "amount"), r"\(\(amount\)\) is not a field"),
        (GOOD.replace("scheme_title", "surname"), r"\(\(surname\)\) is not a field here"),
        (GOOD.replace("first_name))", "first_name"), "without its other half"),
        (GOOD + "((", "without its other half"),
        ("Dear ((first_name))\n", "expected 'Subject"),
        ("Subject: x\nDear\n", "expected 'Subject"),
        ("Subject: x\n\n\n", "expected 'Subject"),
        ("Subject: \n\nDear\n", "the subject must have"),
        ("Subject: " + "x" * 151 + "\n\nDear\n", "the subject must have"),
        (GOOD + "You could get £88 a week\n", ":4: a message names no amount"),
        (GOOD + "hidden\u200b\n", ":4: holds a tab"),
        (GOOD.replace("\n", "\r\n"), ":1: holds a tab"),
        (GOOD + "x" * 20_001, "at most 20000"),
        (b"Subject: x\n\nJos\xe9\n", "not UTF-8"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused(tmp_path: Path, text, message: str):
    with pytest.raises(OutreachError, match=message):
        load(tmp_path, text)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("pension_credit.en.md", "is called <scheme>"),
        ("pension_credit.entitle.en.md", "did you mean 'entitled'"),
    ],
)
def test_a_file_of_another_name_is_refused(tmp_path: Path, name: str, message: str):
    with pytest.raises(OutreachError, match=message):
        load(tmp_path, GOOD, name)


def test_an_empty_or_missing_folder_is_refused(tmp_path: Path):
    with pytest.raises(OutreachError, match="holds no template"):
        load_templates(tmp_path)
    with pytest.raises(OutreachError, match="no such folder"):
        load_templates(tmp_path / "none")


@pytest.mark.parametrize("file", ENGLISH, ids=lambda file: file.name)
def test_english_letters_say_what_they_must(file: Path):
    text = file.read_text("utf-8")
    said = [
        "not a decision",
        "does not promise",
        "((claim_url))",
        "((claim_phone))",
        "((how_to_stop))",
    ]
    said += ["If this looks wrong", "Free advice", "citizensadvice.org.uk", "If you do nothing"]
    assert [words for words in said if words not in text] == []


@pytest.mark.parametrize("file", WELSH, ids=lambda file: file.name)
def test_welsh_letters_say_what_they_must(file: Path):
    text = file.read_text("utf-8")
    said = [
        "Nid penderfyniad",
        "Nid yw'n addo",
        "((claim_url))",
        "((claim_phone))",
        "((how_to_stop))",
    ]
    said += ["yn anghywir", "Cyngor am ddim", "citizensadvice.org.uk/cymraeg", "Os na wnewch"]
    assert [words for words in said if words not in text] == []


@pytest.mark.parametrize("file", [*ENGLISH, *WELSH, *SHORT], ids=lambda file: file.name)
def test_letters_neither_accuse_nor_promise_nor_name_an_amount(file: Path):
    text = file.read_text("utf-8").lower().replace("does not promise that you will get", "")
    banned = ["fraud", "investigat", "overpa", "penalt", "you must", "you will get", "entitled to"]
    banned += ["twyll", "ymchwil", "cosb", "rhaid i chi hawlio", "byddwch yn cael"]
    assert [word for word in banned if word in text] == []
    assert not re.search(r"\d", text)


@pytest.mark.parametrize("english", ENGLISH, ids=lambda file: file.name)
def test_welsh_and_english_letters_have_the_same_parts(english: Path):
    welsh = english.with_name(english.name.replace(".en.", ".cy."))
    shapes = [
        [line.count("#") for line in file.read_text("utf-8").split("\n")]
        for file in (english, welsh)
    ]
    assert shapes[0] == shapes[1]
    fields = [re.findall(r"\(\((\w+)\)\)", file.read_text("utf-8")) for file in (english, welsh)]
    assert fields[0] == fields[1]


def test_worth_asking_letters_say_that_facts_are_missing():
    for file in FOLDER.glob("*.worth_asking.*.md"):
        text = file.read_text("utf-8")
        assert "we do not hold all the facts" in text or "nad yw'r holl ffeithiau gennym" in text


def test_a_letter_is_written_where_every_language_has_it(tmp_path: Path):
    for name in ("a.entitled.en", "a.entitled.cy", "a.worth_asking.en", "b.worth_asking.cy"):
        (tmp_path / f"{name}.md").write_text("Subject: Something\n\nWords.\n", encoding="utf-8")
    assert letters_in(load_templates(tmp_path)) == {("a", "entitled")}


TEXT = "((sender)): news of ((scheme_title)). Reply STOP.\n"
TEXT_NAME = "text.entitled.en.txt"


def load_short(folder: Path, text: str, name: str = TEXT_NAME) -> object:
    (folder / name).write_text(text, encoding="utf-8")
    return (load_texts if name.startswith("text") else load_scripts)(folder)


def test_short_templates_are_read_by_kind_and_language(tmp_path: Path):
    script = "script.worth_asking.cy.txt"
    assert list(load_short(tmp_path, TEXT)) == [("entitled", "en")]
    assert list(load_short(tmp_path, "Helo.\n", script)) == [("worth_asking", "cy")]
    found = load_texts(tmp_path)["entitled", "en"]
    assert found.subject.parts == ("",)
    assert found.body.parts == ("", "sender", ": news of ", "scheme_title", ". Reply STOP.\n")
    assert load_scripts(tmp_path)["worth_asking", "cy"].body.parts == ("Helo.\n",)


def test_letters_are_read_as_if_no_short_template_were_there(tmp_path: Path):
    load_short(tmp_path, TEXT)
    assert list(load(tmp_path, GOOD)) == [("pension_credit", "entitled", "en")]


def test_a_letter_may_say_who_sends_it(tmp_path: Path):
    assert load(tmp_path, GOOD + "((sender))\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TEXT.replace("scheme_title", "first_name"), r"\(\(first_name\)\) is not a field here"),
        (TEXT.replace("scheme_title", "surname"), r"\(\(surname\)\) is not a field here"),
        (TEXT.replace("((sender))", "We"), "does not say who sends it"),
        (TEXT + "You could get £88 a week\n", ":2: a message names no amount"),
        (TEXT + "x" * 850, r"about 9[0-9]+ characters with its fields, .* at most 918"),
        (" \n", "is empty"),
    ],
)
def test_a_text_message_that_cannot_be_used_is_refused(tmp_path: Path, text, message: str):
    with pytest.raises(OutreachError, match=message):
        load_short(tmp_path, text)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("text.en.txt", "is called text.<kind>.<language>.txt"),
        ("texts.entitled.en.txt", "is called text.<kind>"),
        ("text.entitle.en.txt", "did you mean 'entitled'"),
        ("text.entitled.fr.txt", "language 'fr' is not one of"),
        ("script.entitled.en.txt", "holds no template text.<kind>"),
    ],
)
def test_a_short_template_of_another_name_is_refused(tmp_path: Path, name: str, message: str):
    (tmp_path / name).write_text(TEXT)
    with pytest.raises(OutreachError, match=message):
        load_texts(tmp_path)


def test_a_folder_without_scripts_is_refused(tmp_path: Path):
    with pytest.raises(OutreachError, match="holds no template script"):
        load_scripts(tmp_path)
    with pytest.raises(OutreachError, match="no such folder"):
        load_scripts(tmp_path / "none")


def test_ours_have_every_kind_in_every_language():
    every = {(kind, language) for kind in ("entitled", "worth_asking") for language in ("en", "cy")}
    assert load_texts(FOLDER).keys() == load_scripts(FOLDER).keys() == every


@pytest.mark.parametrize("file", SHORT, ids=lambda file: file.name)
def test_short_templates_say_what_they_must(file: Path):
    text = file.read_text("utf-8")
    said = ["((sender))", "((scheme_title))", "((claim_url))", "((claim_phone))"]
    if ".cy." in file.name:
        said += ["Nid penderfyniad", "Nid yw'n addo", "yn anghywir", "yngor am ddim"]
        said += ["anylion banc", "STOP" if file.name.startswith("text") else "byddwn yn stopio"]
    else:
        said += ["not a decision", "does not promise", "this looks wrong", "ree advice"]
        said += ["bank details", "STOP" if file.name.startswith("text") else "we will stop"]
    assert [words for words in said if words not in text] == []
    unsure = "we do not hold all the facts" in text or "nad yw'r holl ffeithiau gennym" in text
    assert unsure == ("worth_asking" in file.name)


@pytest.mark.parametrize("english", sorted(FOLDER.glob("*.en.txt")), ids=lambda file: file.name)
def test_welsh_and_english_short_templates_have_the_same_parts(english: Path):
    welsh = english.with_name(english.name.replace(".en.", ".cy."))
    texts = [file.read_text("utf-8") for file in (english, welsh)]
    shapes = [[line.count("#") for line in text.split("\n")] for text in texts]
    assert shapes[0] == shapes[1]
    fields = [re.findall(r"\(\((\w+)\)\)", text) for text in texts]
    assert fields[0] == fields[1]


def claim_details(scheme: str, language: str) -> dict[str, str]:
    """Return the fields of a scheme that has letters, read from its pack."""
    (pack,) = (FOLDER.parents[1] / "rules").glob(f"*/{scheme}/pack.yaml")
    text = pack.read_text("utf-8")
    titles = re.search(r"^title: \{en: (.+), cy: (.+)\}$", text, re.MULTILINE)
    url = re.search(r"^  url: (https\S+)$", text, re.MULTILINE)
    phone = re.search(r'^  phone: "([0-9 ]+)"$', text, re.MULTILINE)
    assert titles, url
    assert phone
    return {
        "scheme_title": titles[1 if language == "en" else 2],
        "claim_url": url[1] if url else "",
        "claim_phone": phone[1],
        "sender": "Example Council Welfare Rights",
    }


def filled(template: Template, values: dict[str, str]) -> str:
    parts = enumerate(template.body.parts)
    return "".join(values[part] if turn % 2 else part for turn, part in parts)


def test_our_texts_are_three_messages_or_fewer():
    """A circumflex in a Welsh title makes it more: all the text then takes twice the room."""
    texts = load_texts(FOLDER)
    schemes = sorted({file.name.split(".")[0] for file in ENGLISH})
    lengths = {
        (scheme, *key): messages_in(filled(template, claim_details(scheme, key[1])))
        for scheme in schemes
        for key, template in texts.items()
    }
    longer = {key: count for key, count in lengths.items() if count > PREFERRED_MESSAGES}
    assert {(scheme, language) for scheme, _, language in longer} == {("tv_licence_over_75", "cy")}


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("a" * 918, 6),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ŵ" + "a" * 69, 1),
        ("ŵ" + "a" * 70, 2),
        ("â" + "a" * 200, 3),
        ("à" + "a" * 159, 1),
        ("\U0001f600" * 35, 1),
        ("\U0001f600" * 36, 2),
    ],
)
def test_how_many_messages_a_text_is(text: str, messages: int):
    assert messages_in(text) == messages
