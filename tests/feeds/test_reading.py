"""Declarations: each mistake is told once, with its place and what to write instead."""

from pathlib import Path

import polars as pl
import pytest

from nostop.feeds import read_declaration
from nostop.frames import FactCatalogue, empty
from nostop.model import FeedError
from tests.feeds.small import SMALL, declared, declared_file


def test_good_declaration_is_read(tmp_path: Path) -> None:
    declaration = declared(tmp_path)
    assert declaration.id == "small_awards"
    assert declaration.first_person == "claimant"
    assert declaration.columns["amount"].is_money


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        (
            "gateway: small",
            "gatway: small",
            "4:1",
            "key 'gatway' is not known here; did you mean 'gateway'?",
        ),
        ("gateway: small\n", "", "1:1", "key 'gateway' is missing"),
        ("bad_rows_at_most", "bad_rows_at_mst", "7:30", "did you mean 'bad_rows_at_most'?"),
        ("60%", '"0.6"', "7:30", "is no share: write a percentage such as 5%"),
        ("ref: text", "ref: txt", "9:3", "'txt' is no column type: write one of text, nino"),
        ("dob: date DD/MM/YYYY", "dob: date DD/MM/YY", "13:3", "dates are not read as DD/MM/YY"),
        (
            "record: [ref]",
            "record: [reff]",
            "26:10",
            "column 'reff' is not among the columns; did you mean 'ref'?",
        ),
        (
            "record: [ref]",
            "record: [nino]",
            "26:10",
            "column 'nino' names the row, so it cannot be empty",
        ),
        ("as_of: as_at", "as_of: surname", "27:1", "column 'surname' is text, expected date"),
        ("as_of: as_at", "as_of: end", "27:1", "column 'end' dates the row, so it cannot be empty"),
        (
            "surname: surname",
            "surnam: surname",
            "32:5",
            "key 'surnam' is not known here; did you mean 'surname'?",
        ),
        (
            "nino: nino\n    f",
            "nino: surname\n    f",
            "30:5",
            "column 'surname' is text, expected nino",
        ),
        ("M: male,", "X: male,", "34:24", "column 'sex' has no code 'X', only F, M, U"),
        (
            "has: partner,",
            "has: partnr,",
            "39:24",
            "'partnr' is not among the people of a row; did you mean 'partner'?",
        ),
        ("as: partner}", "as: wife}", "39:38", "as: input should be 'partner', 'child'"),
        (
            "benefit: [SP], freq: [M]",
            "benefit: [PS], freq: [M]",
            "41:13",
            "column 'benefit' has no code 'PS', only SP, PC",
        ),
        (
            "benefit: [SP], freq: [M]",
            "surname: [SP], freq: [M]",
            "41:13",
            "column 'surname' has no list of codes",
        ),
        (
            "benefit: [SP], freq: [M]",
            "benefit: full, freq: [M]",
            "41:13",
            "benefit: input should be 'filled' or 'empty'",
        ),
        (
            "benefit: [SP], freq: [M]",
            "benefit: [1], freq: [M]",
            "41:23",
            "1 is a number or true/false: write it in quotes",
        ),
        (
            "column: amount, per: week",
            "column: amout, per: week",
            "43:27",
            "column 'amout' is not among the columns",
        ),
        (
            "column: amount, per: week",
            "per: week",
            "43:5",
            "fact 'state_pension' needs a column or a constant",
        ),
        (
            "per: week, when",
            "per: fortnight, when",
            "43:43",
            "per: 'fortnight' is no period: write week, month, year, once",
        ),
        (
            "column: amount, per",
            "column: dob, per",
            "43:40",
            "column 'dob' is date: only an amount has a period",
        ),
        (
            "column: amount, per: week",
            "column: status",
            "43:5",
            "say what each code of 'status' means, under codes",
        ),
        (
            "constant: england",
            "constant: england, additive: 1",
            "44:54",
            "additive: input should be a valid boolean",
        ),
        (
            "SP: state_pension, PC",
            "SQ: state_pension, PC",
            "46:31",
            "column 'benefit' has no code 'SQ'",
        ),
        ("END: ended", "END: closed", "47:5", "'closed' is no status of an award"),
        (
            "freq, codes",
            "freqs, codes",
            "49:11",
            "column 'freqs' is not among the columns; did you mean 'freq'?",
        ),
        (
            "freq, codes",
            "freq, cods",
            "49:25",
            "key 'cods' is not known here; did you mean 'codes'?",
        ),
        (
            "facts: [state_pension]",
            "facts: [statepension]",
            "53:33",
            "this feed states no 'statepension'",
        ),
        (
            "id: small_awards",
            "id: other_awards",
            "1:1",
            "id 'other_awards' is not the file's name 'small_awards'",
        ),
        (
            "id: small_awards",
            "id: small_awards\nid: small_awards",
            "2:1",
            "key 'id' is written twice: keep one of them",
        ),
        (
            "title: Awards",
            "title: &a Awards",
            "2:8",
            "anchors and aliases (& and *) are not used here",
        ),
        ("gateway: small", "gateway: !!python/name:os.system x", "4:10", "tag "),
        (
            "codes: {F: female",
            "codes: {Y: female",
            "34:32",
            "key 'Y' is ambiguous in YAML: use another word",
        ),
    ],
)
def test_mistake_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, place: str, said: str
) -> None:
    with pytest.raises(FeedError) as error:
        declared(tmp_path, (old, new))
    told = str(error.value)
    assert said in told
    assert f"small_awards.yaml:{place}: " in told


def test_two_mistakes_are_two_lines(tmp_path: Path) -> None:
    with pytest.raises(FeedError) as error:
        declared(tmp_path, ("record: [ref]", "record: [reff]"), ("as_of: as_at", "as_of: as_att"))
    assert len(str(error.value).splitlines()) == 2


def test_union_is_one_mistake_and_not_one_for_each_member(tmp_path: Path) -> None:
    with pytest.raises(FeedError) as error:
        declared(tmp_path, ("freq, codes", "freq, cods"))
    told = str(error.value).splitlines()
    assert [line.split(": ", 1)[1] for line in told] == [
        "key 'cods' is not known here; did you mean 'codes'?"
    ]


def test_hostile_yaml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "small_awards.yaml"
    for text, said in (
        ("a: " + "[" * 40 + "]" * 40, "is nested more than 32 deep"),
        (SMALL + "#" * 300_000, "may have 262,144"),
        ("", "is empty"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(FeedError, match=said):
            read_declaration(path)
    path.write_bytes("title: é".encode("latin-1"))
    with pytest.raises(FeedError, match="is not UTF-8"):
        read_declaration(path)


def catalogue(*rows: tuple[str, str, str, str | None]) -> pl.DataFrame:
    whole = [
        {"fact": fact, "level": level, "type": kind, "per": per, "nil": None,
         "applies_to_adults": True, "applies_to_children": True}
        for fact, level, kind, per in rows
    ]  # fmt: skip
    return pl.DataFrame(whole, schema=empty(FactCatalogue).schema)


PENSION = ("state_pension", "person", "money", "week")
NATION = ("nation", "household", "enum", None)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([PENSION], "fact 'nation' is not in the fact catalogue"),
        ([("state_pensions", *PENSION[1:]), NATION], "did you mean 'state_pensions'?"),
        ([("state_pension", "person", "money", "month"), NATION], "for a month: write per: month"),
        ([("state_pension", "person", "money", None), NATION], "is a stock, without a period"),
        (
            [("state_pension", "person", "int", None), NATION],
            "is int in the catalogue, here it is money",
        ),
        ([PENSION, ("nation", "household", "bool", None)], "is bool in the catalogue"),
    ],
)
def test_fact_that_is_not_as_in_the_catalogue_is_refused(
    tmp_path: Path, rows: list[tuple[str, str, str, str | None]], said: str
) -> None:
    with pytest.raises(FeedError, match=said):
        read_declaration(declared_file(tmp_path), catalogue(*rows))
    assert read_declaration(declared_file(tmp_path), catalogue(PENSION, NATION))


def test_pattern_cannot_leave_the_folder(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="file: "):
        declared(tmp_path, ("small_awards*.csv", "../small_awards*.csv"))
