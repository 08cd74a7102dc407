"""The strict YAML reader: what is read, what is refused, and the place of every value."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.model import YamlError
from nostop.strict_yaml import MAX_BYTES, MAX_DEPTH, parse_yaml, read_yaml

FILE = Path("a.yaml")


def read(text: str) -> Any:
    return parse_yaml(text, FILE).data


def refusal(text: str) -> str:
    with pytest.raises(YamlError) as refused:
        read(text)
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("15000", 15000),
        ("-1", -1),
        ("0", 0),
        ("true", True),
        ("2026-06-01", date(2026, 6, 1)),
        ("plain words", "plain words"),
        ('"12:30"', "12:30"),
        ("'NO'", "NO"),
        ('"2026-06-01"', "2026-06-01"),
        ('""', ""),
        ("55/100", "55/100"),
        ("E08000035", "E08000035"),
        ("2026.1.2 and more", "2026.1.2 and more"),
        ("ŵyl y môr", "ŵyl y môr"),
        ("[1, two]", [1, "two"]),
        ("{a: 1}", {"a": 1}),
        (">-\n  one\n  two", "one two"),
    ],
)
def test_value_is_read_as_it_is_written(text: str, value: object) -> None:
    found = read(f"key: {text}")["key"]
    assert found == value
    assert type(found) is type(value)


GUESSED = "could be read in more than one way"
AMBIGUOUS = "is ambiguous: write true, false, or the word in quotes"


@pytest.mark.parametrize("text", ["NO", "yes", "On", "off", "y", "N", "null", "~", "True", "FALSE"])
def test_word_that_yaml_takes_for_something_else_is_refused(text: str) -> None:
    assert refusal(f"key: {text}") == f"a.yaml:1:6: '{text}' {AMBIGUOUS}"


@pytest.mark.parametrize(
    "text",
    [
        "010", "1_000", "1.5", "5.", ".5", "+.5", "1e9", "1.5E-3", "12:30", "1:30:45", ".nan",
        "-.inf", "0x1F", "0o17", "0b11", "+5", "2026-6-1", "2026-06-01T10:00:00Z",
        "2026-06-01 10:00",
    ],
)  # fmt: skip
def test_number_or_date_in_another_form_is_refused(text: str) -> None:
    assert refusal(f"key: {text}").startswith(f"a.yaml:1:6: '{text}' {GUESSED}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", "2:1: key 'a' is written twice: keep one of them"),
        ("a: &x 1", "1:4: anchors and aliases (& and *) are not used here: write the value out"),
        ("a: *x", "1:4: anchors and aliases (& and *) are not used here: write the value out"),
        ("a: !!str 1", "1:4: tag 'tag:yaml.org,2002:str' is not used here: write plain text, "
         "numbers or dates"),
        ("<<: {a: 1}", "1:1: key '<<' is ambiguous in YAML: use another word"),
        ("no: 1", "1:1: key 'no' is ambiguous in YAML: use another word"),
        ("[1]: 1", "1:1: a key must be a single word"),
        ("a:", "1:3: the value is empty: write one, or take the key out"),
        ("a: 2026-02-30", "1:4: '2026-02-30' is no date: day is out of range for month"),
        (f"a: {'9' * 19}", "1:4: a number of more than 18 digits: no amount is that large"),
        (f"{'k' * 201}: 1", "1:1: a key of 201 characters: 200 is the most"),
        ("a: 1\nb:\n\tc: 1", "3:1: a tab or a sign that means something in YAML: indent with "
         "spaces, and put text that begins with a sign in quotes"),
        ("a: 'b", "1:6: a quote is opened and never closed"),
        ("a: [1, 2", "2:1: a bracket or a comma is missing"),
        ("---\na: 1\n---\nb: 1", "3:1: more than one document in a file: keep one"),
        ("# a\u202eb\na: 1", "1:4: an invisible character (U+202E): take it out"),
        ("a: x\n\nb: c\u200bd", "3:5: an invisible character (U+200B): take it out"),
        ('a: "\\u2066"', "1:4: an invisible character (U+2066): take it out"),
        ('"a\\0": 1', "1:1: an invisible character (U+0000): take it out"),
    ],
)  # fmt: skip
def test_mistake_is_told_with_its_line_and_column(text: str, message: str) -> None:
    assert refusal(text) == f"a.yaml:{message}"


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_nesting_is_followed_to_its_limit_and_no_further(opening: str) -> None:
    closing = {"[": "]", "{a: ": "}", "- ": ""}[opening]
    assert read(opening * MAX_DEPTH + "x" + closing * MAX_DEPTH)
    assert f"nested more than {MAX_DEPTH} deep" in refusal(opening * (MAX_DEPTH + 1) + "x")


def test_file_of_too_many_values_is_refused_where_they_are_too_many() -> None:
    assert len(read(f"a: [{'x, ' * 20_000}]")["a"]) == 20_000
    found = refusal(f"a: [{'x, ' * 30_000}]")
    assert found == "a.yaml:1:74993: has more than 25,000 keys and values: split the file"


def test_empty_file_is_refused() -> None:
    assert refusal("# nothing\n") == "a.yaml: is empty"


def test_file_is_read_as_utf8_with_or_without_a_mark(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes("\ufeffa: ŵyl\n".encode())
    assert read_yaml(file).data == {"a": "ŵyl"}
    file.write_bytes(b"a: wyl\n\xff")
    with pytest.raises(YamlError, match=r"is not UTF-8 \(byte 7\): save it as UTF-8"):
        read_yaml(file)


def test_file_of_the_most_bytes_is_read_and_one_more_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"a: 1 #" + b"x" * (MAX_BYTES - 6))
    assert read_yaml(file).data == {"a": 1}
    file.write_bytes(b"a: 1 #" + b"x" * (MAX_BYTES - 5))
    with pytest.raises(YamlError, match="262,145 bytes; a rule file may have 262,144: split it"):
        read_yaml(file)


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(YamlError, match="cannot be read: No such file or directory"):
        read_yaml(tmp_path / "none.yaml")


def test_place_of_a_value_is_that_of_its_key_and_of_an_entry_its_own() -> None:
    document = parse_yaml("a:\n  b: [1,\n    {c: 2}]\n", FILE)
    assert document.place("a") == (1, 1)
    assert document.place("a", "b") == (2, 3)
    assert document.place("a", "b", 1) == (3, 5)
    assert document.place("a", "b", 1, "c") == (3, 6)
    assert document.place("a", "b", 1, "d", "e") == (3, 5)
    assert str(document.problem("is wrong", "a", "b", 0)) == "a.yaml:2:7: is wrong"


@settings(derandomize=True, max_examples=300)
@given(st.text(alphabet="ab01:-.#&*!|>'\"{}[],? \t\n~_%@`x\u200b\u202eŵ", max_size=40))
def test_any_text_is_read_or_refused_with_its_file(text: str) -> None:
    told = ""
    try:
        read(text)
    except YamlError as refused:
        told = str(refused)
    assert not told or told.startswith("a.yaml:")
