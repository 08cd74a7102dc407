"""Each bad delimited file of the promises, with what is said of it; and good files, exactly."""

import csv
import io
import time
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.delimited import DelimitedFile
from nostop.model import FeedError
from nostop.testing import check_connector

GOOD = "ref,forename,amount\n1,Ann,150.00\n2,Bob,\n"


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "feed.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rejected(table_rows: pl.DataFrame) -> list[tuple[int, str | None, str]]:
    return table_rows.rows()


def test_delimited_file_keeps_every_promise_of_the_seam(tmp_path: Path) -> None:
    table = check_connector(DelimitedFile(), written(tmp_path, GOOD))
    assert table.file == "feed.csv"
    assert table.rows.to_dicts() == [
        {"ref": "1", "forename": "Ann", "amount": "150.00", "_line": 2},
        {"ref": "2", "forename": "Bob", "amount": None, "_line": 3},
    ]
    assert table.rejected.is_empty()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "feed.csv: is empty: not even a header line"),
        (GOOD.encode("utf-16"), "is UTF-16 or UTF-32, not utf-8: save it as UTF-8"),
        (GOOD.encode("utf-16-le"), "is UTF-16 or UTF-32, not utf-8: save it as UTF-8"),
        (GOOD.encode("utf-16-be"), "is UTF-16 or UTF-32, not utf-8: save it as UTF-8"),
        (GOOD.encode("utf-32"), "is UTF-16 or UTF-32, not utf-8: save it as UTF-8"),
        ("a,b\nJosé,1\n".encode("latin-1"), "feed.csv: line 2: byte 0xE9 is not utf-8"),
        (GOOD.replace("\n", "\r"), "line 1: line ends are bare CR (old Mac): save it with LF"),
        (b"a,b\n1,x\0y\n", "feed.csv: line 2: holds a NUL byte, so it is not plain text"),
        ("a,b,a\n1,2,3\n", "line 1: columns ['a'] stand twice in the header: keep one of each"),
        # One column in two spellings of the same letters is one column.
        ("\u00e9,e\u0301\n1,2\n", "line 1: columns ['\u00e9'] stand twice in the header"),
        ("a,,b\n1,2,3\n", "line 1: column 2 has no name"),
        ("a,_line\n1,2\n", "line 1: a column is named '_line'"),
        ('a,"b\n1,2\n', "line 1: a quotation mark in the header is not closed"),
        ("a,b\u200b\n1,2\n", "line 1: a column's name holds a control or an invisible character"),
        (b"PK\x03\x04zip", "is a zip archive or a spreadsheet: unpack or export it"),
        (b"\x1f\x8bgzip", "is a gzip archive: unpack or export it"),
        (",".join(f"c{i}" for i in range(1001)) + "\n", "line 1: has more than 1,000 columns"),
    ],
)
def test_bad_file_is_refused_whole(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(FeedError) as error:
        DelimitedFile().read(written(tmp_path, content))
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        ("1,Ann", None, "has 2 values where the header names 3 columns"),
        ("1,Ann,5,6", None, "has 4 values where the header names 3 columns"),
        ("", None, "the line is empty"),
        ('1,"Ann,5', None, "a quotation mark is not closed on its line, or stands inside a value"),
        ('1,A"nn,5', None, "a quotation mark is not closed on its line, or stands inside a value"),
        ('1,"An"n,5', None, "a quotation mark is not closed on its line, or stands inside a value"),
        ("1,A\x07nn,5", "forename", "holds a control or an invisible character"),
        ("1,A\tnn,5", "forename", "holds a control or an invisible character"),
        ("1,Ann\r,5", "forename", "holds a control or an invisible character"),
        ("1,Ann,5\x1b[31m", "amount", "holds a control or an invisible character"),
        ("1,A\u202enn,5", "forename", "holds a control or an invisible character"),
        ("1,Ann\u200b,5", "forename", "holds a control or an invisible character"),
        ("1,A\ufeffnn,5", "forename", "holds a control or an invisible character"),
        ("1,A\u0085nn,5", "forename", "holds a control or an invisible character"),
        ("1,Jos\ufffd,5", "forename", "holds a control or an invisible character"),
        ("1,Ann\u2028,5", "forename", "holds a control or an invisible character"),
    ],
)
def test_bad_row_is_rejected_with_its_line(
    tmp_path: Path, line: str, column: str | None, reason: str
) -> None:
    table = DelimitedFile().read(written(tmp_path, f"{GOOD}{line}\n4,Dee,1.00\n"))
    assert rejected(table.rejected) == [(4, column, reason)]
    assert table.rows["_line"].to_list() == [2, 3, 5]


def test_quoted_line_break_is_two_rejected_lines_and_later_numbers_are_right(
    tmp_path: Path,
) -> None:
    content = 'ref,address\n1,"Flat 2\nHigh Street"\n2,"Flat 3, Low Road"\n'
    table = DelimitedFile().read(written(tmp_path, content))
    assert table.rejected["line"].to_list() == [2, 3]
    assert table.rows.rows() == [("2", "Flat 3, Low Road", 4)]


def test_nothing_is_inferred(tmp_path: Path) -> None:
    values = ["001234", "NaN", "inf", "1e400", "2026-06-01", "true", "null", " x ", "N/A"]
    content = "value\n" + "\n".join(values) + "\n"
    table = DelimitedFile().read(written(tmp_path, content))
    assert table.rows["value"].to_list() == values


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_and_a_missing_last_one_change_nothing(
    tmp_path: Path, end: str, *, last: bool
) -> None:
    content = GOOD.replace("\n", end)
    content = content if last else content.removesuffix(end)
    assert DelimitedFile().read(written(tmp_path, content)).rows.height == 2


def test_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    table = DelimitedFile().read(written(tmp_path, b"\xef\xbb\xbf" + GOOD.encode()))
    assert table.rows.columns[0] == "ref"


def test_header_only_file_has_no_rows_and_its_columns(tmp_path: Path) -> None:
    table = DelimitedFile().read(written(tmp_path, "a,b\n"))
    assert (table.rows.height, table.rows.columns) == (0, ["a", "b", "_line"])


def test_latin_1_is_read_only_where_the_contract_says_so(tmp_path: Path) -> None:
    path = written(tmp_path, "name\nJosé\n".encode("latin-1"))
    assert DelimitedFile(encoding="latin-1").read(path).rows["name"].to_list() == ["José"]


def test_utf_8_declared_as_latin_1_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "name\nJosé\n")
    with pytest.raises(FeedError, match="is UTF-8 though its contract says latin-1"):
        DelimitedFile(encoding="latin-1").read(path)


def test_decomposed_letters_become_composed(tmp_path: Path) -> None:
    table = DelimitedFile().read(written(tmp_path, "name\nJose\u0301\n"))
    assert table.rows["name"].to_list() == ["Jos\u00e9"]


def test_greek_question_mark_makes_no_new_column(tmp_path: Path) -> None:
    # NFC turns U+037E into a semicolon: composed before the split, it would be a delimiter.
    table = DelimitedFile(delimiter=";").read(written(tmp_path, "a;b\nx\u037e;y\n"))
    assert table.rows.rows() == [("x;", "y", 2)]


def test_same_bytes_have_the_same_sha256_and_others_another(tmp_path: Path) -> None:
    first = DelimitedFile().read(written(tmp_path, GOOD)).sha256
    again = DelimitedFile().read(written(tmp_path, GOOD)).sha256
    other = DelimitedFile().read(written(tmp_path, GOOD + "3,Cy,1.00\n")).sha256
    assert first == again != other


def test_one_endless_line_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    with path.open("wb") as file:
        file.write(b"a,b\n")
        file.write(b"x" * (3 * 1024 * 1024))
        file.truncate(300 * 1024 * 1024)
    began = time.process_time()
    with pytest.raises(FeedError, match="has a line of more than 1,048,576 bytes"):
        DelimitedFile().read(path)
    assert time.process_time() - began < 1


@pytest.mark.parametrize("length", [63, 64, 65, 128, 1000])
@pytest.mark.parametrize("before", [0, 1, 40, 70, 5000])
def test_line_cap_is_exact_wherever_the_line_stands(
    tmp_path: Path, length: int, before: int
) -> None:
    connector = DelimitedFile(max_line_bytes=64)
    path = written(tmp_path, "a\n" + "b\n" * before + "c" * length + "\nd\n")
    if length > 64:
        with pytest.raises(FeedError, match="has a line of more than 64 bytes"):
            connector.read(path)
    else:
        assert connector.read(path).rows.height == before + 2


@pytest.mark.parametrize(
    ("connector", "said"),
    [
        (DelimitedFile(max_bytes=10), "is 40 bytes, at most 10 are read: split the file"),
        (DelimitedFile(max_rows=1), "has more than 1 rows: split the file"),
        (DelimitedFile(max_columns=2), "has more than 2 columns"),
    ],
)
def test_too_large_a_file_is_refused(tmp_path: Path, connector: DelimitedFile, said: str) -> None:
    with pytest.raises(FeedError, match=said):
        connector.read(written(tmp_path, GOOD))


def test_folder_or_missing_file_is_an_error_by_name(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.csv"):
        with pytest.raises(FeedError, match=f"{path.name}: there is no such file"):
            DelimitedFile().read(path)


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "\0", "é"])
def test_impossible_delimiter_is_refused(delimiter: str) -> None:
    with pytest.raises(FeedError, match="write one character"):
        DelimitedFile(delimiter=delimiter)


def test_unknown_encoding_is_refused() -> None:
    with pytest.raises(FeedError, match="encoding 'utf8-lossy' is not offered"):
        DelimitedFile(encoding="utf8-lossy")


def test_nothing_personal_is_in_a_reason(tmp_path: Path) -> None:
    content = 'nino,name\nQQ123456A,Marker\x07\n"QQ123456A,Marker\nQQ123456A,Marker,1\n'
    table = DelimitedFile().read(written(tmp_path, content))
    told = " ".join(f"{column} {reason}" for _, column, reason in table.rejected.rows())
    assert table.rejected.height == 3
    assert "QQ123456A" not in told
    assert "Marker" not in told


VALUE = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Zl", "Zp", "Cs", "Cn", "Co"]),
    max_size=6,
).filter(lambda text: "\ufffd" not in text)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(st.tuples(VALUE, VALUE, VALUE), min_size=1, max_size=8),
    delimiter=st.sampled_from([",", ";", "|", "\t"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_a_csv_writer_wrote_is_read_back(
    tmp_path: Path, rows: list[tuple[str, str, str]], delimiter: str, quoting: int
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator="\n")
    writer.writerows([("a", "b", "c"), *rows])
    table = DelimitedFile(delimiter=delimiter).read(written(tmp_path, text.getvalue()))
    expected = pl.DataFrame(rows, schema=dict.fromkeys("abc", pl.String), orient="row")
    expected = expected.select(pl.all().str.normalize("NFC"))
    assert table.rejected.is_empty()
    assert table.rows.drop("_line").fill_null("").equals(expected)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=st.lists(st.text('ab,"\r\té\u200b', max_size=8), min_size=1, max_size=12))
def test_every_line_is_a_row_or_rejected(tmp_path: Path, lines: list[str]) -> None:
    table = DelimitedFile().read(
        written(tmp_path, "x,y\n" + "".join(f"{line}\n" for line in lines))
    )
    found = sorted([*table.rows["_line"], *table.rejected["line"]])
    assert found == list(range(2, len(lines) + 2))
    for number, x, y in table.rows.select("_line", "x", "y").rows():
        line = lines[number - 2].removesuffix("\r")
        assert [x or "", y or ""] == next(csv.reader([line]))


def test_blocks_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = "a,b\n" + "".join(f'{i},"é {i}"\n{i}\n' for i in range(200))
    path = written(tmp_path, content)
    whole = DelimitedFile().read(path)
    monkeypatch.setattr("connectors._lines._BLOCK", 7)
    monkeypatch.setattr("connectors._lines._CHUNK", 5)
    pieces = DelimitedFile().read(path)
    assert whole.rows.equals(pieces.rows)
    assert whole.rejected.equals(pieces.rejected)
    assert whole.sha256 == pieces.sha256
    assert (whole.rows.height, whole.rejected.height) == (200, 200)
