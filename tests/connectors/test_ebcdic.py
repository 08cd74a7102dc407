"""EBCDIC records: copybooks, packed and zoned numbers, tables, code pages, and what is refused."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors._cobol_values import CODE_PAGES
from connectors.ebcdic import EbcdicFile
from nostop.model import FeedError
from nostop.testing import check_connector

AWARD = """\
000100* Awards in payment                                               OLDSYS01
000200 01  AWARD-RECORD.                                                OLDSYS01
000300     05  AWARD-REF              PIC X(4).                         OLDSYS01
000400     05  FILLER                 PIC X(2).                         OLDSYS01
000500     05  AMOUNT                 PIC S9(3)V99 COMP-3.              OLDSYS01
000600     05  DAYS-PAID              PIC 9(4) COMP.                    OLDSYS01
000700     05  BAND                   PIC S9(3).                        OLDSYS01
000800         88  LOW-BAND           VALUE 1 THRU 3.                   OLDSYS01
"""
GOOD = "A1é ".encode("cp037") + b"\x00\x00" + b"\x12\x34\x5d" + b"\x01\x00" + b"\xf0\xf1\xd2"


def written(folder: Path, content: bytes) -> Path:
    path = folder / "awards.dat"
    path.write_bytes(content)
    return path


def of(copybook: str, **given: object) -> EbcdicFile:
    return EbcdicFile(code_page="cp037", copybook=copybook, **given)  # type: ignore[arg-type]


def one(picture: str, raw: bytes, folder: Path, **given: object) -> tuple[str | None, str | None]:
    """Return the value, and what it was rejected for, of one item in a file of one record."""
    table = of(f"01 R.\n 05 A PIC {picture}.\n", **given).read(written(folder, raw))
    reason = table.rejected["reason"].first()
    return table.rows["a"].first() if table.rows.height else None, reason


def with_length(*records: bytes) -> bytes:
    return b"".join((len(r) + 4).to_bytes(2, "big") + b"\0\0" + r for r in records)


def test_ebcdic_keeps_every_promise_of_the_seam(tmp_path: Path) -> None:
    blank = "    ".encode("cp037") + b"\0\0" + b"\0\0\0" + b"\0\0" + b"\x40\x40\x40"
    table = check_connector(of(AWARD), written(tmp_path, GOOD + blank))
    assert table.rows.to_dicts() == [
        {"award_ref": "A1é", "amount": "-123.45", "days_paid": "256", "band": "-12", "_line": 1},
        {"award_ref": None, "amount": None, "days_paid": "0", "band": None, "_line": 2},
    ]
    assert table.rejected.is_empty()


@pytest.mark.parametrize(
    ("picture", "raw", "value"),
    [
        ("X(3)", "C1C2C3", "ABC"),
        ("XX", "4040", None),
        ("X(2)", "0000", None),
        ("A(2)", "C140", "A"),
        ("9(3)", "F0F0F7", "7"),
        ("9(3)", "F0F0C7", "7"),
        ("9(3)", "404040", None),
        ("99V99", "F0F1F2F3", "1.23"),
        ("V99", "F0F5", "0.05"),
        ("S9(3)", "F1F2C3", "123"),
        ("S9(3)", "F1F2D3", "-123"),
        ("S9(3)", "F0F0D0", "0"),
        ("S9(2) SIGN IS LEADING", "D1F2", "-12"),
        ("S9(2) SIGN TRAILING SEPARATE CHARACTER", "F1F260", "-12"),
        ("S9(2) LEADING SEPARATE", "4EF1F2", "12"),
        ("9(3) COMP-3", "123F", "123"),
        ("9(3) COMP-3", "123C", "123"),
        ("S9(3) PACKED-DECIMAL", "123A", "123"),
        ("S9(3) USAGE IS COMPUTATIONAL-3", "123B", "-123"),
        ("S9(3) COMP-3", "123D", "-123"),
        ("S9(3) COMP-3", "123E", "123"),
        ("S9(4) COMP-3", "01234C", "1234"),
        ("S9(4) COMP-3", "000000", None),
        ("S9(4) COMP-3", "404040", None),
        ("S9(3)V9(4) COMP-3", "0000001D", "-0.0001"),
        ("9(18) COMP-3", "0999999999999999999F", "999999999999999999"),
        ("S9(4) COMP", "FFFF", "-1"),
        ("9(4) BINARY", "0102", "258"),
        ("S9(9) COMP-4", "80000001", None),
        ("S9(5)V99 COMP", "00000064", "1.00"),
        ("S9(10) COMP", "FFFFFFFFFFFFFFFE", "-2"),
        ("9(4) COMP-5", "FFFF", "65535"),
        ("S9(18) COMP-5", "8000000000000000", "-9223372036854775808"),
    ],
)
def test_value_of_each_form(tmp_path: Path, picture: str, raw: str, value: str | None) -> None:
    found, reason = one(picture, bytes.fromhex(raw), tmp_path)
    assert found == value
    assert reason == ("has more digits than its picture" if raw == "80000001" else None)


@pytest.mark.parametrize(
    ("picture", "raw", "reason"),
    [
        ("X(2)", "C100", "holds a control or an invisible character"),
        ("X(2)", "C1CA", "holds a control or an invisible character"),
        ("X(2)", "FFFF", "holds a control or an invisible character"),
        ("9(2)", "C1F1", "holds a byte that is no digit"),
        ("9(2)", "40F1", "holds a byte that is no digit"),
        ("9(2)", "F1D1", "is below zero, and its picture has no sign"),
        ("9(2)", "F111", "has no sign where its picture puts one"),
        ("S9(2) LEADING SEPARATE", "F1F2F3", "has no sign where its picture puts one"),
        ("9(3) COMP-3", "12AF", "holds a byte that is no digit"),
        ("9(3) COMP-3", "1234", "has no sign where its picture puts one"),
        ("9(3) COMP-3", "123D", "is below zero, and its picture has no sign"),
        ("9(4) COMP-3", "11234F", "has more digits than its picture"),
        ("9(4) COMP", "2710", "has more digits than its picture"),
    ],
)
def test_value_that_its_picture_does_not_allow_is_rejected(
    tmp_path: Path, picture: str, raw: str, reason: str
) -> None:
    assert one(picture, bytes.fromhex(raw), tmp_path)[1] == reason


def test_bad_record_is_rejected_with_number_and_column_and_the_others_are_read(
    tmp_path: Path,
) -> None:
    bad = GOOD[:6] + b"\xff\xff\xff" + GOOD[9:11] + b"\xf0\xf0\x00"
    table = of(AWARD).read(written(tmp_path, GOOD + bad + GOOD))
    assert table.rejected.rows() == [(2, "amount", "holds a byte that is no digit")]
    assert table.rows["_line"].to_list() == [1, 3]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 18).flatmap(
        lambda digits: st.tuples(
            st.just(digits),
            st.integers(0, digits),
            st.lists(st.integers(1 - 10**digits, 10**digits - 1), min_size=1, max_size=5),
        )
    )
)
def test_packed_and_zoned_numbers_come_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, drawn: tuple[int, int, list[int]]
) -> None:
    digits, scale, numbers = drawn
    picture = (
        f"S{f'9({digits - scale})' if digits > scale else ''}{f'V9({scale})' if scale else ''}"
    )
    copybook = f"01 R.\n 05 P PIC {picture} COMP-3.\n 05 Z PIC {picture}.\n"
    content = b""
    for number in numbers:
        written_digits = f"{abs(number):0{digits}d}"
        halves = ("" if digits % 2 else "0") + written_digits + ("D" if number < 0 else "C")
        zoned = bytes(0xF0 + int(digit) for digit in written_digits)
        last = (0xD0 if number < 0 else 0xC0) + int(written_digits[-1])
        content += bytes.fromhex(halves) + zoned[:-1] + bytes([last])
    table = of(copybook).read(written(tmp_path_factory.mktemp("packed"), content))
    exact = [Decimal(number).scaleb(-scale) for number in numbers]
    for column in ("p", "z"):
        assert [Decimal(text) for text in table.rows[column]] == exact
        assert all(len(text.partition(".")[2]) == scale for text in table.rows[column])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.binary(min_size=14, max_size=14), max_size=4), st.sampled_from(CODE_PAGES))
def test_whatever_the_bytes_each_record_is_a_row_or_rejected(
    tmp_path_factory: pytest.TempPathFactory, records: list[bytes], code_page: str
) -> None:
    path = written(tmp_path_factory.mktemp("any"), b"".join(records) + GOOD * 3)
    table = EbcdicFile(code_page=code_page, copybook=AWARD).read(path)
    lines = sorted([*table.rows["_line"], *table.rejected["line"]])
    assert lines == list(range(1, len(records) + 4))
    assert set(table.rejected["column"]) <= {"award_ref", "amount", "days_paid", "band"}


TABLE = """
01 FAMILY.
   05 REF PIC X.
   05 SIZE-OF-FAMILY PIC 9.
   05 CHILD OCCURS 0 TO 3 TIMES DEPENDING ON SIZE-OF-FAMILY INDEXED BY I.
      10 FORENAME PIC X(2).
      10 AGE PIC 99.
"""


def test_table_that_depends_on_a_count_gives_a_column_for_each_place(tmp_path: Path) -> None:
    two = "X2AM07JO12".encode("cp037")
    padded = "Y1".encode("cp037") + "AL03".encode("cp037") + b"\xff" * 8
    table = of(TABLE, records="rdw").read(written(tmp_path, with_length(two, padded)))
    assert table.rejected.is_empty()
    assert [row[2:8] for row in table.rows.rows()] == [
        ("AM", "7", "JO", "12", None, None),
        ("AL", "3", None, None, None, None),
    ]
    assert table.rows.columns[2:] == [
        *("forename_1", "age_1", "forename_2", "age_2", "forename_3", "age_3"),
        "_line",
    ]


@pytest.mark.parametrize(
    ("record", "column", "reason"),
    [
        ("X4", "size_of_family", "is more or less often than its table allows"),
        ("X ", "size_of_family", "is more or less often than its table allows"),
        ("X2AM07JO", None, "has 8 bytes where the layout has 10"),
        ("X0AM07", None, "has 6 bytes where the layout has 2"),
        ("X", None, "has 1 bytes where the layout has 14"),
    ],
)
def test_record_whose_table_does_not_fit_its_count_is_rejected(
    tmp_path: Path, record: str, column: str | None, reason: str
) -> None:
    content = with_length("A0".encode("cp037"), record.encode("cp037"))
    padded = with_length("A0".encode("cp037"), record.encode("cp037").ljust(14, b"\x40"))
    content = padded if column else content
    table = of(TABLE, records="rdw").read(written(tmp_path, content))
    assert table.rejected.rows() == [(2, column, reason)]


def test_tables_within_tables_fillers_and_alternatives(tmp_path: Path) -> None:
    copybook = """
    01 R.
       05 YEAR-TOTAL OCCURS 2.
          10 QUARTER PIC 9 OCCURS 2 TIMES.
          10 FILLER PIC X.
       05 BY-NAME PIC X(3).
       05 BY-NUMBER REDEFINES BY-NAME.
          10 ID-NO PIC 9(2).
    """
    path = written(tmp_path, "12x34xABC".encode("cp037"))
    table = of(copybook, alternatives=["by-name"]).read(path)
    assert table.rows.columns == [
        *("quarter_1_1", "quarter_1_2", "quarter_2_1", "quarter_2_2", "by_name", "_line")
    ]
    assert table.rows.rows() == [("1", "2", "3", "4", "ABC", 1)]
    with pytest.raises(FeedError, match="line 7: BY-NAME, BY-NUMBER share one place"):
        of(copybook)


def test_digits_keep_their_zeros_where_the_settings_say_so(tmp_path: Path) -> None:
    assert one("9(6)", "010295".encode("cp037"), tmp_path) == ("10295", None)
    assert one("9(6)", "010295".encode("cp037"), tmp_path, keep_zeros=["a"]) == ("010295", None)
    assert one("9(2)", bytes.fromhex("F0C7"), tmp_path, keep_zeros=["a"]) == ("07", None)
    with pytest.raises(FeedError, match="keep_zeros: 'b' is no column of PIC 9"):
        of("01 R.\n 05 A PIC 9.\n", keep_zeros=["b"])


@pytest.mark.parametrize(
    ("code_page", "raw", "text"),
    [
        ("cp037", "4A5BB1BABBA1", "¢$£[]~"),
        ("cp500", "4A5A", "[]"),
        ("cp1140", "9F", "€"),
        ("cp285", "4A5BB0B1BABBBCA1", "$£¢[^]~¯"),
        ("cp1146", "5B9F", "£€"),
        ("cp1047", "5FADB0BABBBD", "^[¬Ý¨]"),
    ],
)
def test_code_pages(tmp_path: Path, code_page: str, raw: str, text: str) -> None:
    content = bytes.fromhex(raw)
    copybook = f"01 R.\n 05 A PIC X({len(content)}).\n"
    table = EbcdicFile(code_page=code_page, copybook=copybook).read(written(tmp_path, content))
    assert table.rows["a"].to_list() == [text]


@pytest.mark.parametrize(
    ("copybook", "said"),
    [
        ("", "copybook: holds no item"),
        ("01 R.\n 05 A PIC X(3)\n", "line 2: the entry that begins here does not end"),
        ("01 R.\n 05 A.\n", "line 2: has neither a PIC nor items under it"),
        ("01 R.\n 05 FILLER PIC X.\n", "names no item with a value"),
        ("01 R.\n 05 A PIC ZZ9.99.\n", "line 2: PIC ZZ9.99 is not read"),
        ("01 R.\n 05 A PIC X COMP-3.\n", "line 2: PIC X is text"),
        ("01 R.\n 05 A PIC 9(19).\n", "line 2: PIC 9(19) has 19 digits: 1 to 18 are read"),
        ("01 R.\n 05 A COMP-2.\n", "line 2: a floating-point number is not read"),
        ("01 R.\n 05 A PIC 9 COMP SYNC.\n", "line 2: SYNCHRONIZED may add bytes"),
        ("01 R.\n 05 A PIC 9 USAGE COMP-9.\n", "line 2: USAGE COMP-9 is not read"),
        ("01 R.\n 05 A PIC 9 SIGN LEADING.\n", "line 2: SIGN LEADING needs a PIC that begins"),
        ("01 R.\n 05 A PIX X.\n", "line 2: 'PIX' is no clause that is read; did you mean 'PIC'?"),
        ("01 R.\n 05 :T:-A PIC X.\n", "line 2: ':T:-A' is no name"),
        ("01 R.\n 66 A RENAMES B.\n", "line 2: '66' is no level number"),
        ("77 A PIC X.\n", "line 1: '77' is no level number"),
        ("COPY OTHER.\n", "line 1: COPY is not followed"),
        ("01 R.\n 05 A PIC X.\n01 S.\n", "line 3: begins a second record"),
        ("01 R.\n 10 A PIC X.\n 05 B PIC X.\n", "line 3: level 05 stands beside level 10"),
        ("01 R.\n 05 A PIC X.\n  10 B PIC X.\n", "line 3: stands under line 2, which has a PIC"),
        ("01 R.\n 05 A PIC X.\n 05 A PIC X.\n", "line 3: 'A' would be column 'a', as is line 2"),
        ("01 R.\n 05 A PIC X.\n 05 B REDEFINES C PIC X.\n", "line 3: REDEFINES C, which is not"),
        ("01 R.\n 05 A OCCURS 1 TO 3 PIC X.\n", "line 2: OCCURS 1 TO 3 needs DEPENDING ON"),
        ("01 R.\n 05 A OCCURS N PIC X.\n", "line 2: OCCURS N: write how often"),
        (
            "01 R.\n 05 A OCCURS 1 TO 3 DEPENDING ON N PIC X.\n",
            "line 2: DEPENDING ON 'N', which is no item before it",
        ),
        (
            "01 R.\n 05 N PIC 9.\n 05 A OCCURS 1 TO 3 DEPENDING ON N PIC X.\n 05 B PIC X.\n",
            "line 3: OCCURS DEPENDING ON does not end the record",
        ),
        ("01 R.\n 05 A OCCURS 2000 PIC X.\n", "line 2: there are more than 1,000 columns"),
        ("01 R.\n 05 A OCCURS 99999 PIC X.\n", "line 1: the record is longer than 32,760 bytes"),
        ("      - x\n", "line 1: continues a line, and there is none before it"),
    ],
)
def test_mistake_in_a_copybook_is_told_with_its_line(copybook: str, said: str) -> None:
    with pytest.raises(FeedError) as error:
        of(copybook)
    assert said in str(error.value)


def test_copybook_with_continued_lines_and_its_own_file(tmp_path: Path) -> None:
    book = tmp_path / "book.cpy"
    book.write_text(
        "       01  R.\n"
        "           05  CLAIM-REFE\n"
        "      -    RENCE PIC X(2) VALUE 'A LITTLE\n"
        "      -    ' TEXT'.\n"
        "      / a new page\n"
        "           05  B PIC X. *> a remark\n",
        encoding="utf-8",
    )
    reader = EbcdicFile(code_page="cp037", copybook_file=book)
    table = reader.read(written(tmp_path, "ABC".encode("cp037")))
    assert table.rows.to_dicts() == [{"claim_reference": "AB", "b": "C", "_line": 1}]
    with pytest.raises(FeedError, match=r"none\.cpy: there is no such file"):
        EbcdicFile(code_page="cp037", copybook_file=tmp_path / "none.cpy")


@pytest.mark.parametrize(
    ("given", "content", "said"),
    [
        ({}, GOOD + GOOD[:7], "is 21 bytes, which is no whole number of records of 14 bytes"),
        ({"records": "rdw"}, with_length(GOOD, GOOD)[:-3], "ends within record 2: a part of it"),
        ({"records": "rdw"}, with_length(GOOD)[:2], "ends within record 1"),
        ({"records": "rdw"}, GOOD, "record 1 begins with no length of a record"),
        ({"records": "rdw"}, b"\0\2\0\0", "record 1 begins with no length of a record"),
        ({}, b"AW00018024 QQ123456C ANN  ", "is ASCII text, not EBCDIC"),
        ({"max_bytes": 20}, GOOD * 2, "is 28 bytes, at most 20 are read"),
        ({"max_rows": 1}, GOOD * 2, "has more than 1 rows"),
    ],
)
def test_bad_file_is_refused_whole(
    tmp_path: Path, given: dict[str, object], content: bytes, said: str
) -> None:
    with pytest.raises(FeedError) as error:
        of(AWARD, **given).read(written(tmp_path, content))
    assert said in str(error.value)


def test_empty_file_has_no_rows(tmp_path: Path) -> None:
    assert of(AWARD).read(written(tmp_path, b"")).rows.height == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"code_page": "cp1252"}, "code_page 'cp1252' is not offered"),
        ({"records": "variable"}, "records 'variable': write one of fixed, rdw"),
        ({"copybook": None}, "copybook, copybook_file: give one of the two"),
        ({"alternatives": ["X"]}, "alternatives: 'X' is in no REDEFINES"),
    ],
)
def test_settings_that_do_not_fit_are_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(FeedError) as error:
        EbcdicFile(**{"code_page": "cp037", "copybook": AWARD, **given})  # type: ignore[arg-type]
    assert said in str(error.value)
