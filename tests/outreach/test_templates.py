import re
from pathlib import Path

import pytest

from nostop.model import OutreachError
from nostop.outreach import letters_in, load_templates

FOLDER = Path(__file__).parents[2] / "notifications" / "templates"
ENGLISH = sorted(FOLDER.glob("*.en.md"))
WELSH = sorted(FOLDER.glob("*.cy.md"))
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


def sentences(text: str) -> list[str]:
    lines = [line for line in text.split("\n")[2:] if line and "((" not in line]
    return [part for line in lines for part in re.split(r"(?<=[.!?])\s+", line.lstrip("# "))]


def readability(text: str) -> float:
    """The Automated Readability Index: roughly the school year, so 4 is a child of nine or ten."""
    parts = sentences(text)
    words = [word for part in parts for word in re.findall(r"[A-Za-z']+", part)]
    letters = sum(len(word) for word in words)
    return 4.71 * letters / len(words) + 0.5 * len(words) / len(parts) - 21.43


@pytest.mark.parametrize("file", ENGLISH, ids=lambda file: file.name)
def test_english_letters_can_be_read_at_nine_to_eleven(file: Path):
    assert readability(file.read_text("utf-8")) < 6


@pytest.mark.parametrize("file", ENGLISH, ids=lambda file: file.name)
def test_english_letters_say_what_they_must(file: Path):
    text = file.read_text("utf-8")
    said = ["not a decision", "does not promise", "((claim_url))", "((claim_phone))", "word STOP"]
    said += ["If this looks wrong", "Free advice", "citizensadvice.org.uk", "If you do nothing"]
    assert [words for words in said if words not in text] == []


@pytest.mark.parametrize("file", WELSH, ids=lambda file: file.name)
def test_welsh_letters_say_what_they_must(file: Path):
    text = file.read_text("utf-8")
    said = ["Nid penderfyniad", "Nid yw'n addo", "((claim_url))", "((claim_phone))", "gair STOP"]
    said += ["yn anghywir", "Cyngor am ddim", "citizensadvice.org.uk/cymraeg", "Os na wnewch"]
    assert [words for words in said if words not in text] == []


@pytest.mark.parametrize("file", [*ENGLISH, *WELSH], ids=lambda file: file.name)
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
