"""Hostile rules folders, examined in a process of their own: each is refused in words, with its
place, and without much memory. What they cost in seconds is for the benchmark to tell."""

import pytest

from nostop.app.bench_hostile import HostileCost, examined
from nostop.app.hostile_inputs import HostileInput, hostile_inputs

INPUTS = hostile_inputs()
MOST_MEGABYTES = 100
#: What the message of some must say, besides where it is.
SAID = {
    "alias bomb": "pack.yaml:1:4: anchors and aliases (& and *) are not used here",
    "100,000 brackets": "pack.yaml:1:35: is nested more than 32 deep",
    "merge key": "pack.yaml:1:1: key '<<' is ambiguous in YAML",
    "file of 50 MB": "pack.yaml:1:1: is 50,000,007 bytes; a rule file may have 262,144",
    "key written twice": "pack.yaml:20:1: key 'owner' is written twice",
    "number of a million digits": "pack.yaml:5:8: a number of more than 18 digits",
    "30 February": "pack.yaml:5:8: '2026-02-30' is no date",
    "NUL by escape": "pack.yaml:5:8: an invisible character (U+0000)",
    "right-to-left in a comment": "pack.yaml:20:3: an invisible character (U+202E)",
    "name with zero width": "pack.yaml:12:6: an invisible character (U+200B)",
    "name with a letter that looks the same": "pack.yaml:12:3: 'm\u043eney' cannot be a name",
    "name that Python reads as another": "pack.yaml:14:32: holds '\ufb01' (U+FB01)",
    "minus sign of print": "(U+2212), which no formula has: write -",
    "half a character in a word": "a word has plain letters, digits and signs only",
    "2,000 workings": "pack.yaml:11:1: 'work_out' has more than 300 entries",
    "280 workings, each on the one before": "rests on more than 50 workings, one upon another",
    "workings that double": "rests on more than 50 workings, one upon another",
    "circle of 250 workings": "goes round in a circle: w0 -> w249 -> w248",
    "formula: import": "is not part of the rule language",
    "formula: comment": "holds '#': what follows it would not be read",
    "formula: 900 operands without end": "is too large: split it into workings",
    "formula: choices without end, closed": "is nested too deep: split it into workings",
    "CSV of a million rows": "t.csv:50002:1: has too many rows: 50,000 is the most",
    "CSV of a million columns": "t.csv:1:1: a line of 2,000,006 characters: 2,000 is the most",
    "CSV elsewhere": "rates.yaml:10:44: write rows, or the name of one CSV file in this folder",
}


@pytest.fixture(scope="module")
def costs() -> dict[str, HostileCost]:
    return {cost.name: cost for cost in examined(INPUTS)}


def test_hostile_inputs_are_told_apart_by_name() -> None:
    assert len({each.name for each in INPUTS}) == len(INPUTS) >= 100
    assert SAID.keys() <= {each.name for each in INPUTS}


@pytest.mark.parametrize("name", [each.name for each in INPUTS])
def test_hostile_folder_is_refused_with_its_place(name: str, costs: dict[str, HostileCost]) -> None:
    cost = costs[name]
    assert cost.is_refused
    files = next(each.files for each in INPUTS if each.name == name)
    assert all(line.split(":")[0] in files for line in cost.told)
    assert all(len(line) < 1_000 for line in cost.told)
    assert SAID.get(name, "") in cost.told[0]
    assert cost.megabytes < MOST_MEGABYTES


def test_folder_before_anything_hostile_is_done_to_it_is_good() -> None:
    (cost,) = examined([HostileInput("good", {})])
    assert cost.told == ()
    assert cost.seconds < 60


def test_workings_that_double_and_are_no_chain_too_long_are_let_through() -> None:
    doubled = next(each for each in INPUTS if each.name == "workings that double")
    (name, content), *_ = doubled.changed.items()
    lines = content.decode().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(tuple(f"  w{n}:" for n in range(45, 60)))]
    text = "".join(kept).replace("'w59'", "'w44'")
    (cost,) = examined([HostileInput("doubled", {name: text.encode()})])
    assert cost.told == ()
    assert cost.seconds < 60
