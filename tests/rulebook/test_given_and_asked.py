# ruff: noqa: E501 - rule files are quoted as authors write them
"""What is given in kind, whom to ask, what an award closes and changes for others, and topics."""

from pathlib import Path
from typing import Any

import pytest

from nostop.determination.determine import determine
from nostop.determination.one import Decider
from nostop.determination.rows import SituationRows
from nostop.rulebook import check, load_rulebook
from tests.rulebook.small import ON, pack_text, situation, write_rules

IN_KIND = "in_kind: {says: {en: A pass for the bus, cy: Tocyn bws}, cite: some law}\n"
PARTS = """\
  parts:
    part: {formula: 'week_a', cite: some law}
  per: week
  round: {to: penny, direction: up, cite: some law}
"""
CONDITIONS = {"poor": "savings < stock_a"}


def pass_pack(more: str = "") -> str:
    """A pack for one person that gives a pass and asks for savings."""
    text = pack_text(CONDITIONS, {"part": "week_a"}, level="person", asked="savings")
    assert PARTS in text
    return text.replace(PARTS, f"  {IN_KIND}") + more


def rows(folder: Path, pack: str, **person: Any) -> list[dict[str, Any]]:
    """The determination of one person, as the plan and the interpreter both have it."""
    book = load_rulebook(write_rules(folder, alpha=pack))
    given = situation(
        book.catalogue, [{**person}], [{}], [{"household_id": "h", "nation": "england"}]
    )
    found = determine(given, book, ON, ["alpha"]).to_dicts()
    alone = Decider(book, ON, ["alpha"]).decide(
        SituationRows(
            people=given.people.to_dicts(),
            benefit_units=given.benefit_units.to_dicts(),
            households=given.households.to_dicts(),
            awards=[],
        )
    )
    assert alone == found
    return found


def test_what_is_given_in_kind_has_no_amount(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, pass_pack(), savings=0)
    assert (row["outcome"], row["amount"], row["per"]) == ("entitled", 0, "once")


def test_what_is_given_in_kind_is_worth_asking_about(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, pass_pack())
    assert (row["outcome"], row["missing"], row["worth_asking"]) == ("unknown", ["savings"], True)


@pytest.mark.parametrize(("hours", "worth_asking"), [(1, True), (0, False), (None, False)])
def test_only_those_are_asked_for_whom_the_invitation_is_known_to_hold(
    tmp_path: Path, hours: int | None, worth_asking: bool
) -> None:
    pack = pass_pack("invite_when: {says: They are known to work, when: hours > 0}\n")
    (row,) = rows(tmp_path, pack, hours=hours)
    assert (row["outcome"], row["worth_asking"]) == ("unknown", worth_asking)


def test_an_invitation_changes_no_outcome(tmp_path: Path) -> None:
    pack = pass_pack("invite_when: {says: They are known to work, when: hours > 0}\n")
    (row,) = rows(tmp_path, pack, hours=0, savings=5)
    assert (row["outcome"], row["missing"]) == ("entitled", [])


@pytest.mark.parametrize(
    ("award", "told"),
    [
        (f"award:\n{PARTS}  {IN_KIND}", "what is given in kind has no parts, per or round"),
        ("award:\n  per: week\n", "needs parts, or in_kind where no money is paid"),
        (
            "award:\n  parts:\n    part: {formula: 'week_a', cite: some law}\n",
            "needs per: week, month, year or once",
        ),
    ],
)
def test_an_award_is_money_or_in_kind(tmp_path: Path, award: str, told: str) -> None:
    pack = pack_text(CONDITIONS, {"part": "week_a"}, level="person")
    (found,) = check(write_rules(tmp_path, alpha=pack.replace(f"award:\n{PARTS}", award)))
    assert told in found.message


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            "invite_when: {says: They work, when: hours}\n",
            "is whole number where yes or no is needed",
        ),
        (
            "closes: [{award: univrsal_credit, says: It ends, cite: some law}]\n",
            "'univrsal_credit' is no award; did you mean 'universal_credit'?",
        ),
        (
            "closes: [{award: universal_credit, says: It ends, cite: some law, when: savings}]\n",
            "is money (a stock, no period) where yes or no is needed",
        ),
        (
            "changes_for_others: [{fact: ill, to: true, whose: aera, says: It changes, cite: some law}]\n",
            "'aera' is no fact; did you mean 'area'?",
        ),
    ],
)
def test_a_mistake_in_them_is_told(tmp_path: Path, more: str, told: str) -> None:
    (found,) = check(write_rules(tmp_path, alpha=pass_pack(more)))
    assert told in found.message


# --- topics -----------------------------------------------------------------------------------------

TOPIC = "topics/travel"
FACT = "facts:\n  rides: {means: Rides a bus, level: person, type: bool, nil: false, valid_for: always, effort: 2, absent_means: unknown}\n"
GATEWAY = "gateways:\n  - {id: travel, law: Invented for tests, fields: [rides], from_body: A, to_body: B, purpose: To test, schemes: [alpha], from: 2000-01-01, status: synthetic_only}\n"


def with_topic(folder: Path, facts: str = FACT, name: str = "facts.yaml") -> Path:
    pack = pack_text({"rides_a_bus": "rides"}, {"part": "week_a"}, level="person", asked="rides")
    rules = write_rules(folder, alpha=pack)
    topic = rules / TOPIC
    topic.mkdir(parents=True)
    (topic / name).write_text(facts, encoding="utf-8")
    (topic / "gateways.yaml").write_text(GATEWAY, encoding="utf-8")
    return rules


def test_facts_and_gateways_of_a_topic_are_like_the_shared_ones(tmp_path: Path) -> None:
    rules = with_topic(tmp_path)
    assert check(rules) == []
    assert load_rulebook(rules).catalogue.facts["rides"].means == "Rides a bus"


def test_a_fact_stands_in_one_file(tmp_path: Path) -> None:
    (found,) = check(with_topic(tmp_path, FACT.replace("rides:", "ill:")))
    assert str(found).endswith("facts.yaml:2:3: 'ill' stands in another facts file too")


def test_a_file_of_a_topic_with_another_name_is_read_by_nothing(tmp_path: Path) -> None:
    found = check(with_topic(tmp_path, name="fact.yaml"))
    assert any("is read by nothing" in each.message for each in found)
