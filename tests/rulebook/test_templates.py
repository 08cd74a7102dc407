# ruff: noqa: E501 - rule files are quoted as authors write them
"""Packs that take what they do not write from a template."""

from pathlib import Path

import pytest

from nostop.rulebook import check, load_rulebook
from tests.rulebook.small import RATES, pack_text, write_rules

OWN = """\
scheme: alpha
template: weekly_help
cited_as: "Borchester Help Scheme 2026"
version: "2026.1"
title: {en: Help in Borchester, cy: Cymorth yn Borchester}
"""


def rules_with(folder: Path, own: str = OWN, template: str | None = None) -> Path:
    whole = pack_text({"poor": "savings < stock_a"}, {"help": "week_a"}, level="person")
    dropped = ("scheme:", "version:", "title:")
    lines = [line for line in whole.splitlines() if not line.startswith(dropped)]
    text = "\n".join(lines).replace("some law", '"((scheme)) para. 3"') + "\n"
    rules = write_rules(folder, {"uk/alpha/pack.yaml": own, "uk/alpha/rates.yaml": RATES})
    (rules / "templates").mkdir()
    (rules / "templates" / "weekly_help.yaml").write_text(template or text, encoding="utf-8")
    return rules


def test_a_pack_takes_from_its_template_what_it_does_not_write(tmp_path: Path) -> None:
    rules = rules_with(tmp_path)
    assert check(rules) == []
    pack = load_rulebook(rules).packs["alpha"]
    assert pack.title.en == "Help in Borchester"
    assert pack.award.parts["help"].formula == "week_a"


def test_citations_of_a_template_name_the_packs_own_scheme(tmp_path: Path) -> None:
    (condition,) = load_rulebook(rules_with(tmp_path)).packs["alpha"].entitled_when
    assert condition.cite == "Borchester Help Scheme 2026 para. 3"


def test_a_key_of_the_pack_stands_in_place_of_the_templates(tmp_path: Path) -> None:
    own = OWN + 'award: {parts: {more: {formula: week_b, cite: "a letter, para. 1"}}, per: week}\n'
    assert list(load_rulebook(rules_with(tmp_path, own)).packs["alpha"].award.parts) == ["more"]


@pytest.mark.parametrize(
    ("own", "told"),
    [
        (
            OWN.replace("weekly_help", "weekly_hlp"),
            "uk/alpha/pack.yaml:2:1: 'weekly_hlp' is no template; did you mean 'weekly_help'?",
        ),
        (
            OWN.replace('cited_as: "Borchester Help Scheme 2026"\n', ""),
            "uk/alpha/pack.yaml:2:1: a pack from a template says what its scheme is cited as: write cited_as",
        ),
    ],
)
def test_a_mistake_about_the_template_is_told(tmp_path: Path, own: str, told: str) -> None:
    (found,) = check(rules_with(tmp_path, own))
    assert str(found) == f"{tmp_path}/{told}"


def test_a_mistake_in_a_template_is_told_where_it_stands(tmp_path: Path) -> None:
    rules = rules_with(tmp_path)
    file = rules / "templates" / "weekly_help.yaml"
    file.write_text(file.read_text("utf-8").replace("savings <", "savngs <"), encoding="utf-8")
    (found,) = check(rules)
    assert found.path == file
    assert found.message == "'savngs' is no fact, rate or working here; did you mean 'savings'?"


def test_a_template_that_is_no_yaml_is_told(tmp_path: Path) -> None:
    (found,) = check(rules_with(tmp_path, template="a: [1\n"))
    assert found.path.name == "weekly_help.yaml"


def test_a_template_that_no_pack_names_is_told(tmp_path: Path) -> None:
    rules = rules_with(tmp_path)
    (rules / "templates" / "monthly_help.yaml").write_text("owner: Nobody\n", encoding="utf-8")
    (found,) = check(rules)
    assert str(found).endswith("monthly_help.yaml:1:1: is the template of no pack: take it out")
