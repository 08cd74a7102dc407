"""Beginning a pack: what is written, what is left to fill in, and what is refused."""

import re
from pathlib import Path, PurePosixPath

import pytest

from nostop.app.new_scheme import begin_scheme, place_of
from nostop.model import Level, Period, SettingsError
from nostop.rulebook import examine
from nostop.rulebook.words.scaffold import NewScheme, new_gateway
from nostop.strict_yaml import parse_yaml, read_yaml
from tests.app.tidy import tidy_rules

#: What an author writes into the blanks, by the words of each.
ANSWERS = {
    "the GSS code": "E08000035",
    "england": "england",
    "its name": "A grant for winter",
    "one plain sentence": "Help in winter.",
    "the same in Welsh": "Cymorth yn y gaeaf.",
    "the team": "The winter team",
    "the body": "DWP",
    "the first day": "2026-01-01",
    "a short name": "is_ill",
    "what the law asks": "You are ill",
    "the same as a formula": "any_adult(ill)",
    "where the law": "Winter Act s.1",
    "what to tell": "You are not ill",
    "what is paid": "The grant",
    "the page": "https://example.org/claim",
    "what the amount is": "The grant",
    "the day from which": "2026-01-01",
    "whole pence": "500",
    "the law that sets": "Winter Act s.2",
    "a day, as 1951": "1951-06-01",
    "a day, as 2026": "2026-06-01",
    "what is different": "{ill: false}",
    "the id of the condition": "is_ill",
    "in braces, a fact": "{ill: unknown}",
    "that fact": "ill",
}


def new(place: str, **given: str) -> NewScheme:
    return NewScheme(PurePosixPath(place), Level.BENEFIT_UNIT, Period.WEEK, 2026, **given)


def fill_in(folder: Path) -> None:
    for file in folder.rglob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        for start, answer in ANSWERS.items():
            text = re.sub(rf'"FILL IN: {start}[^"]*"', answer, text)
        file.write_text(text, encoding="utf-8")


def test_new_files_are_strict_yaml_and_each_blank_is_a_problem_with_its_line(
    tmp_path: Path,
) -> None:
    rules = tidy_rules(tmp_path, "alpha")
    begun = begin_scheme(rules, new("uk/winter"))
    assert [file.relative_to(rules / "uk/winter").as_posix() for file in begun.files] == [
        "pack.yaml",
        "rates.yaml",
        "cases/first.yaml",
    ]
    written = [
        (file, number, text)
        for file in sorted(begun.files)
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        for text in re.findall(r'"(FILL IN[^"]*)"', line)
    ]
    found = [(each.path, each.line, each.message) for each in examine(rules)[1]]
    assert sorted(found) == sorted(
        (file, number, f"line {number} still says {text}") for file, number, text in written
    )
    assert len(written) > 20
    for file in begun.files:
        assert read_yaml(file).data


@pytest.mark.parametrize("place", ["uk/winter", "wales/winter", "local/borchester/winter"])
def test_pack_with_every_blank_filled_in_passes_the_check(tmp_path: Path, place: str) -> None:
    rules = tidy_rules(tmp_path, "alpha")
    begun = begin_scheme(rules, new(place, title_en="Winter", title_cy="Gaeaf"))
    assert begun.award is not None
    awards, gateways = rules / "awards.yaml", rules / "gateways.yaml"
    awards.write_text(awards.read_text(encoding="utf-8") + begun.award, encoding="utf-8")
    known = gateways.read_text(encoding="utf-8")
    gateways.write_text(known.replace("gamma]", "gamma, winter]"), encoding="utf-8")
    fill_in(rules / place)
    assert [each.message for each in examine(rules)[1]] == []


def test_award_that_is_known_already_is_not_asked_for(tmp_path: Path) -> None:
    rules = tidy_rules(tmp_path, "alpha")
    assert begin_scheme(rules, new("uk/universal_credit")).award is None


def test_gateway_is_the_entry_that_the_file_needs() -> None:
    data = parse_yaml("gateways:\n" + new_gateway("winter"), Path("gateways.yaml")).data
    (entry,) = data["gateways"]
    assert entry["schemes"] == ["winter"]
    assert set(entry) == {
        "id",
        "law",
        "fields",
        "from_body",
        "to_body",
        "purpose",
        "schemes",
        "from",
        "status",
    }


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    rules = tidy_rules(tmp_path, "alpha")
    before = (rules / "uk/alpha/pack.yaml").read_bytes()
    with pytest.raises(SettingsError, match="is there already; nothing was written"):
        begin_scheme(rules, new("uk/alpha"))
    with pytest.raises(
        SettingsError, match=r"'alpha' is already the name of .*uk/alpha/pack\.yaml"
    ):
        begin_scheme(rules, new("wales/alpha"))
    assert (rules / "uk/alpha/pack.yaml").read_bytes() == before
    assert not (rules / "wales").exists()


def test_folder_without_facts_is_no_rules_folder(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"it has no facts\.yaml"):
        begin_scheme(tmp_path, new("uk/winter"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scotlnd/winter", "'scotlnd' is no jurisdiction; did you mean 'scotland'?"),
        ("winter", "'winter' is no jurisdiction"),
        ("uk/a/b", "'uk/a/b': write uk/SCHEME"),
        ("local/winter", "'local/winter': write local/COUNCIL/SCHEME"),
        ("uk/Winter Grant", "'Winter Grant' cannot be an id"),
        ("uk/../facts", "'uk/../facts': write uk/SCHEME"),
        ("local/../winter", "'..' cannot be an id"),
    ],
)
def test_place_that_cannot_be_is_refused(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(message)):
        place_of(text)


def test_place_is_the_folder_below_the_rules() -> None:
    assert place_of("local/borchester/winter/") == PurePosixPath("local/borchester/winter")
