"""A good pack, what an author may do to it, and what is said then."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from nostop.rulebook import examine
from tests.rulebook.small import AWARDS, FACTS, GATEWAYS, RATES, pack_text, write_rules

GOOD = pack_text(
    {"not_rich": "money < week_a"},
    {"part_a": "at_least(week_a - money, 0)"},
    {"money": ("benefit_unit", "total(pay)")},
    asked="pay",
)
PACK, RATES_FILE, CASES = "uk/alpha/pack.yaml", "uk/alpha/rates.yaml", "uk/alpha/cases/some.yaml"
#: Where the one condition's formula stands.
AT_WHEN = f"{PACK}:16:36"
SOME_CASES = """\
situations:
  somebody: {people: {ann: {role: adult}}, households: {home: {nation: england}}}
cases:
  - {name: no pay, effective_date: 2026-06-01, start_from: somebody,
    change: {people: {ann: {pay: 0}}}, expect: {outcome: entitled}}
  - {name: much pay, effective_date: 2026-06-01, start_from: somebody,
    change: {people: {ann: {pay: 90000}}}, expect: {outcome: not_entitled}}
"""


class Mistake(NamedTuple):
    """What is changed in which good file, and all that is said about it: `file:line:column:
    message`."""

    name: str
    file: str
    change: Callable[[str], str]
    expected: str


def put(old: str, new: str) -> Callable[[str], str]:
    """Return the change of one piece of a file."""

    def change(text: str) -> str:
        assert old in text, f"{old!r} is not in the file"
        return text.replace(old, new, 1)

    return change


def formula(text: str) -> Callable[[str], str]:
    """Return the change that puts another formula in the place of the one condition's."""
    return put("when: 'money < week_a'", "when: '" + text.replace("'", "''") + "'")


def both(*changes: Callable[[str], str]) -> Callable[[str], str]:
    """Return several changes, one after another."""

    def change(text: str) -> str:
        for each in changes:
            text = each(text)
        return text

    return change


def rates_named_in(text: str) -> str:
    """Return the rates and tables that a pack names, or one: what nothing reads is a mistake."""
    start, *entries = re.split(r"^(?=  \w+:)|^(?=tables:)", RATES, flags=re.MULTILINE)
    named = {*re.findall(r"\w+", text), "tables"}
    kept = [each for each in entries if each.split(":")[0].strip() in named]
    return start + ("".join(kept).removesuffix("tables:\n") or entries[0])


def write(folder: Path, changes: Mapping[str, Callable[[str], str]]) -> Path:
    """Write the good pack's rules folder with some of its files changed; a file that is not there
    yet is made of an empty text."""
    changed_pack = changes.get(PACK, str)(GOOD)
    files = {
        PACK: GOOD,
        RATES_FILE: RATES if RATES_FILE in changes else rates_named_in(changed_pack),
        CASES: SOME_CASES,
        "gateways.yaml": GATEWAYS,
        "facts.yaml": FACTS,
        "awards.yaml": AWARDS,
    }
    changed = {file: change(files.get(file, "")) for file, change in changes.items()}
    return write_rules(folder, {**files, **changed})


def told(folder: Path) -> str:
    """Return what `rules check` says of a folder, a line for each problem."""
    _, problems = examine(folder)
    return "\n".join(str(problem) for problem in problems).replace(f"{folder}/", "")
