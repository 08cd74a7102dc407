# ruff: noqa: E501 - rule files are quoted as authors write them
"""Making a release, and what a run takes of it."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from nostop.app.chosen_schemes import choose_schemes
from nostop.app.releasing import ReleaseAsked, Signature, release
from nostop.app.settings import RunSettings
from nostop.model import RuleError, SettingsError
from nostop.rulebook import Rulebook, check, load_rulebook
from nostop.rulebook.history.releases import in_force, load_releases
from tests.rulebook.mistakes import rates_named_in
from tests.rulebook.small import pack_text, write_rules

BETA = pack_text({"ill": "any_adult(ill)"}, {"part_a": "week_b"}, scheme="beta", asked="ill")
ALPHA = pack_text({"settled": "not entitled(beta)"}, {"part_a": "week_a"}, asked="ill")
CASES = """\
situations:
  ill_one: {people: {ann: {role: adult, ill: true}}, households: {h: {nation: england}}}
cases:
  - {name: Somebody who is ill, effective_date: 2026-06-01, start_from: ill_one, expect: {outcome: entitled}}
  - {name: Somebody who is well, effective_date: 2026-06-01, start_from: ill_one, change: {people: {ann: {ill: false}}},
    expect: {outcome: not_entitled}}
"""
NOT = (
    CASES.replace("outcome: entitled", "outcome: once")
    .replace("outcome: not_entitled", "outcome: entitled")
    .replace("outcome: once", "outcome: not_entitled")
)
ANN = Signature("Ann Hill", "ann@example.org", "policy lead", date(2026, 3, 20))
BOB = Signature("Bob Dale", "bob@example.org", "head of law", date(2026, 3, 21))
ASKED = ReleaseAsked(date(2026, 4, 6), "synthetic_data", (ANN, BOB))
LATER = replace(ASKED, from_=date(2026, 5, 1))
FILES = {
    "uk/alpha/pack.yaml": ALPHA,
    "uk/beta/pack.yaml": BETA,
    "uk/alpha/rates.yaml": rates_named_in(ALPHA),
    "uk/beta/rates.yaml": rates_named_in(BETA),
    "uk/alpha/cases/all.yaml": NOT,
    "uk/beta/cases/all.yaml": CASES,
}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return write_rules(tmp_path / "rules", FILES)


def change(rules: Path, scheme: str, version: str = "2026.2") -> None:
    """Change a pack's words and its version."""
    file = rules / f"uk/{scheme}/pack.yaml"
    text = file.read_text(encoding="utf-8")
    text = text.replace("It holds", "It does hold").replace("2026.1", version)
    file.write_text(text, encoding="utf-8")


# --- making one -----------------------------------------------------------------------------------


def test_release_is_written_as_it_will_be_read(rules: Path) -> None:
    book = load_rulebook(rules)
    made = release(book, replace(ASKED, note='Each: "all" of them'))
    alpha, beta = (book.schemes[name].content_hash for name in ("alpha", "beta"))
    assert made.cases == 4
    assert made.file.name == "2026-04-06_synthetic_data.yaml"
    assert (
        made.file.read_text(encoding="utf-8")
        == f"""\
# Which rules run from a day on, and who approved them. Written by `nostop rules release` and never
# changed: what changes is a new release.
from: 2026-04-06
for: synthetic_data
note: "Each: \\"all\\" of them"
approved_by:
  - name: "Ann Hill"
    email: "ann@example.org"
    role: "policy lead"
    approved_on: 2026-03-20
  - name: "Bob Dale"
    email: "bob@example.org"
    role: "head of law"
    approved_on: 2026-03-21
schemes:
  alpha: {{version: "2026.1", content: "{alpha}"}}
  beta: {{version: "2026.1", content: "{beta}"}}
"""
    )
    assert check(rules) == []


def test_later_release_leaves_the_earlier_file_alone(rules: Path) -> None:
    first = release(load_rulebook(rules), ASKED).file
    text = first.read_text(encoding="utf-8") + "# Agreed at the meeting of March.\n"
    first.write_text(text, encoding="utf-8")
    change(rules, "beta")
    second = release(load_rulebook(rules), LATER)
    assert first.read_text(encoding="utf-8") == text
    assert second.before is not None
    assert second.before.name == f"releases/{first.name}"
    assert in_force(
        load_rulebook(rules),
        load_releases(load_rulebook(rules)),
        "synthetic_data",
        date(2026, 5, 1),
    ).schemes == ("alpha", "beta")


def test_release_of_one_scheme_keeps_the_others_as_they_were_released(rules: Path) -> None:
    first = release(load_rulebook(rules), ASKED).release.model.schemes
    change(rules, "alpha")
    made = release(load_rulebook(rules), replace(LATER, schemes=["alpha"])).release.model.schemes
    assert made["beta"] == first["beta"]
    assert made["alpha"].version == "2026.2"


def test_newest_release_is_replaced_only_on_its_day_and_never_a_live_one(rules: Path) -> None:
    book = load_rulebook(rules)
    first = release(book, ASKED)
    again = release(book, replace(ASKED, replace_last=True, note="Once more"))
    assert again.file == first.file
    assert again.before is None
    with pytest.raises(
        SettingsError, match="no release is from 2026-05-01; the newest is releases/2026-04-06"
    ):
        release(book, replace(LATER, replace_last=True))
    live = replace(ASKED, purpose="live")
    release(book, live)
    with pytest.raises(SettingsError, match="is for live data and may have decided"):
        release(book, replace(live, replace_last=True))


def test_replaced_release_may_have_had_another_content_under_the_same_version(rules: Path) -> None:
    release(load_rulebook(rules), ASKED)
    change(rules, "beta", version="2026.1")
    release(load_rulebook(rules), replace(ASKED, replace_last=True))
    assert check(rules) == []


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            replace(ASKED, approvers=(ANN, replace(BOB, name="ann HILL"))),
            "'ann HILL' approves twice",
        ),
        (replace(ASKED, approvers=(ANN, replace(BOB, email="ANN@example.org"))), "approves twice"),
        (replace(ASKED, approvers=(ANN,)), "needs 2 people who approve it, found 1"),
        (
            replace(ASKED, schemes=["alpha"]),
            "reads beta, which is not released as its folder stands",
        ),
    ],
)
def test_release_that_cannot_stand_is_refused_and_nothing_written(
    rules: Path, asked: ReleaseAsked, told: str
) -> None:
    with pytest.raises(RuleError, match=told):
        release(load_rulebook(rules), asked)
    assert not (rules / "releases").exists()


def test_changed_pack_needs_a_new_version_number(rules: Path) -> None:
    release(load_rulebook(rules), ASKED)
    change(rules, "beta", version="2026.1")
    with pytest.raises(RuleError, match="a version has one content"):
        release(load_rulebook(rules), LATER)


def test_release_from_no_later_day_is_refused(rules: Path) -> None:
    release(load_rulebook(rules), LATER)
    with pytest.raises(SettingsError, match="must be from a later day than the newest one"):
        release(load_rulebook(rules), ASKED)


@pytest.mark.parametrize(
    ("cases", "told"),
    [
        (NOT, "case 'Somebody who is ill' fails: outcome: expected not_entitled, found entitled"),
        (None, "beta has no case: nothing shows what it gives"),
    ],
)
def test_scheme_whose_cases_fail_or_lack_is_refused(
    rules: Path, cases: str | None, told: str
) -> None:
    file = rules / "uk/beta/cases/all.yaml"
    file.unlink()
    if cases is not None:
        file.write_text(cases, encoding="utf-8")
    with pytest.raises(RuleError, match=told):
        release(load_rulebook(rules), ASKED)
    assert not (rules / "releases").exists()


def test_case_with_a_blank_is_refused(rules: Path) -> None:
    (rules / "uk/beta/cases/more.yaml").write_text("FILL IN\n", encoding="utf-8")
    with pytest.raises(RuleError, match="FILL IN"):
        release(load_rulebook(rules), ASKED)


def test_rate_without_a_value_on_the_day_is_refused(rules: Path) -> None:
    rates = FILES["uk/beta/rates.yaml"].replace(
        "week_b: {means: Weekly amount, type: money, per: week,",
        "week_b: {means: Weekly amount, type: money, per: week, uprated: yearly,",
    )
    (rules / "uk/beta/rates.yaml").write_text(rates, encoding="utf-8")
    with pytest.raises(
        RuleError, match=r"rate 'beta\.week_b' is uprated each year and has no value for 2026-04-06"
    ):
        release(load_rulebook(rules), ASKED)


def test_scheme_may_be_released_before_it_begins(rules: Path) -> None:
    made = release(load_rulebook(rules), replace(ASKED, from_=date(2019, 1, 1)))
    assert sorted(made.release.model.schemes) == ["alpha", "beta"]


def test_words_that_cannot_be_seen_are_refused(rules: Path) -> None:
    with pytest.raises(SettingsError, match="write it in one line"):
        release(load_rulebook(rules), replace(ASKED, note="one\u2028two"))


# --- what a run takes -----------------------------------------------------------------------------


@pytest.fixture
def settings(rules: Path, tmp_path: Path) -> RunSettings:
    feeds = tmp_path / "feeds"
    feeds.mkdir()
    (feeds / "manifest.json").write_text(json.dumps({"synthetic": True}), encoding="utf-8")
    return RunSettings(
        feeds=feeds,
        out=tmp_path / "out",
        effective_on=date(2026, 6, 1),
        started_at=datetime(2026, 6, 1, tzinfo=UTC),
        rules=rules,
        declarations=tmp_path,
    )


def test_run_takes_what_is_released_and_names_what_is_not(
    rules: Path, settings: RunSettings
) -> None:
    release(load_rulebook(rules), ASKED)
    change(rules, "alpha")
    chosen = choose_schemes(load_rulebook(rules), settings)
    assert chosen.schemes == ["beta"]
    assert chosen.release == "releases/2026-04-06_synthetic_data.yaml"
    assert list(chosen.left_out) == ["alpha"]
    assert "names 2026.1+" in chosen.left_out["alpha"]


def test_scheme_asked_for_by_name_and_not_released_is_refused(
    rules: Path, settings: RunSettings
) -> None:
    release(load_rulebook(rules), ASKED)
    change(rules, "alpha")
    book = load_rulebook(rules)
    with pytest.raises(
        SettingsError, match="not released for synthetic_data on 2026-06-01:\n  alpha: "
    ):
        choose_schemes(book, replace(settings, schemes=["alpha"]))
    chosen = choose_schemes(book, replace(settings, schemes=["beta"]))
    assert (chosen.schemes, dict(chosen.left_out)) == (["beta"], {})


def test_run_without_a_release_in_force_is_refused_unless_it_goes_without(
    rules: Path, settings: RunSettings
) -> None:
    release(load_rulebook(rules), ASKED)
    book = load_rulebook(rules)
    early = replace(settings, effective_on=date(2026, 4, 5))
    with pytest.raises(
        SettingsError, match="no release for synthetic_data is in force on 2026-04-05"
    ):
        choose_schemes(book, early)
    chosen = choose_schemes(book, replace(early, unreleased=True))
    assert (chosen.schemes, chosen.release) == (["alpha", "beta"], None)


def test_people_who_are_not_made_up_need_a_release_for_live_data(
    rules: Path, settings: RunSettings
) -> None:
    book = load_rulebook(rules)
    release(book, ASKED)
    (settings.feeds / "manifest.json").unlink()
    with pytest.raises(SettingsError, match="no release for live is in force on 2026-06-01"):
        choose_schemes(book, settings)
    release(book, replace(ASKED, purpose="live"))
    assert choose_schemes(book, settings).schemes == ["alpha", "beta"]


def test_everything_that_ships_is_released_for_made_up_people(book: Rulebook) -> None:
    day = date(2026, 6, 1)
    found = in_force(book, load_releases(book), "synthetic_data", day)
    # What a scheme's own dates leave out, a release cannot put in.
    assert set(found.left_out) == {
        name for name, scheme in book.schemes.items() if not scheme.is_in_force(day)
    }
