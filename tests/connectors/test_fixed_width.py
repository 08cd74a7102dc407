"""Fixed-width files: positions, padding, and every line that does not fit the layout."""

from pathlib import Path

import pytest

from connectors.fixed_width import FixedWidthFile
from nostop.model import FeedError
from nostop.testing import check_connector

LAYOUT = FixedWidthFile(fields={"account": "1-4", "band": 5, "name": "6-13"})


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "feed.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_fixed_width_file_keeps_every_promise_of_the_seam(tmp_path: Path) -> None:
    table = check_connector(LAYOUT, written(tmp_path, "0001AANN     \n0002 ZOË     \n"))
    assert table.rows.to_dicts() == [
        {"account": "0001", "band": "A", "name": "ANN", "_line": 1},
        {"account": "0002", "band": None, "name": "ZOË", "_line": 2},
    ]


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        ("0003AANN", None, "has 8 characters where the layout has 13"),
        ("0003AANN      ", None, "has 14 characters where the layout has 13"),
        ("", None, "has 0 characters where the layout has 13"),
        ("0003AANN\tX   ", "name", "holds a control or an invisible character"),
        ("0003\u202eANN     ", "band", "holds a control or an invisible character"),
    ],
)
def test_line_that_does_not_fit_is_rejected(
    tmp_path: Path, line: str, column: str | None, reason: str
) -> None:
    table = LAYOUT.read(written(tmp_path, f"0001AANN     \n{line}\n0002BBOB     \n"))
    assert table.rejected.rows() == [(2, column, reason)]
    assert table.rows["_line"].to_list() == [1, 3]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("0001AANN     \n".encode("utf-16"), "is UTF-16 or UTF-32"),
        ("0001AZOË     \n".encode("latin-1"), "line 1: byte 0xCB is not utf-8"),
        ("0001AANN     \r0002BBOB     \r", "line ends are bare CR (old Mac)"),
        (b"0001A\0NN     \n", "line 1: holds a NUL byte"),
    ],
)
def test_bad_file_is_refused_whole(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(FeedError) as error:
        LAYOUT.read(written(tmp_path, content))
    assert said in str(error.value)


def test_empty_file_has_no_rows(tmp_path: Path) -> None:
    table = LAYOUT.read(written(tmp_path, ""))
    assert (table.rows.height, table.rejected.height) == (0, 0)


def test_windows_line_ends_and_byte_order_mark_are_no_part_of_a_value(tmp_path: Path) -> None:
    table = LAYOUT.read(written(tmp_path, b"\xef\xbb\xbf0001AANN     \r\n"))
    assert table.rows.rows() == [("0001", "A", "ANN", 1)]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "fields: name at least one"),
        ({"a": "1-4", "b": "4-6"}, "field 'b' begins at 4, before 'a' ends at 4"),
        ({"a": "4-1"}, "field 'a': ends at 1, before it begins at 4"),
        ({"a": "0-3"}, "field 'a': '0-3' is no position"),
        ({"a": "x"}, "field 'a': 'x' is no position"),
        ({"_line": "1-3"}, "field '_line'"),
    ],
)
def test_impossible_layout_is_refused(fields: dict[str, str | int], said: str) -> None:
    with pytest.raises(FeedError, match=said):
        FixedWidthFile(fields=fields)
