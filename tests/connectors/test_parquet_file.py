"""Parquet: each type as text, rows that cannot be right, and files that are refused whole."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from connectors.parquet_file import ParquetFile
from nostop.model import FeedError
from nostop.testing import check_connector

LONDON = ZoneInfo("Europe/London")
moment = datetime.fromisoformat


def written(folder: Path, table: pl.DataFrame) -> Path:
    path = folder / "pay.parquet"
    table.write_parquet(path)
    return path


def test_parquet_keeps_every_promise_of_the_seam(tmp_path: Path) -> None:
    table = pl.DataFrame({"id": ["001234", "e\u0301", ""], "paid": [1.5, None, 2.0]})
    assert check_connector(ParquetFile(), written(tmp_path, table)).rows.to_dicts() == [
        {"id": "001234", "paid": "1.5", "_line": 1},
        {"id": "é", "paid": None, "_line": 2},
        {"id": None, "paid": "2", "_line": 3},
    ]


def test_column_of_any_name_is_read(tmp_path: Path) -> None:
    table = pl.DataFrame({"_fault": ["a", "\x00"], "wrong": ["b", "c"]})
    found = ParquetFile().read(written(tmp_path, table))
    assert found.rows.to_dicts() == [{"_fault": "a", "wrong": "b", "_line": 1}]
    assert found.rejected.select("line", "column").rows() == [(2, "_fault")]


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("A", pl.Categorical, "A"),
        ("A", pl.Enum(["A", "B"]), "A"),
        (-7, pl.Int8, "-7"),
        (2**63, pl.UInt64, "9223372036854775808"),
        (Decimal("12.50"), pl.Decimal(10, 2), "12.50"),
        (0.1, pl.Float32, "0.1"),
        (12.0, pl.Float64, "12"),
        (-0.0, pl.Float64, "0"),
        (0.1 + 0.2, pl.Float64, "0.30000000000000004"),
        (1e22, pl.Float64, "10000000000000000000000"),
        (1.5e-9, pl.Float64, "0.0000000015"),
        (True, pl.Boolean, "true"),
        (None, pl.Null, None),
        (date(2026, 5, 2), pl.Date, "2026-05-02"),
        (time(10, 30), pl.Time, "10:30:00"),
        (moment("2026-05-02"), pl.Datetime("ms"), "2026-05-02"),
        (moment("2026-05-02T03:04:05"), pl.Datetime("us"), "2026-05-02T03:04:05"),
        (moment("2026-05-02T03:04:05.000600"), pl.Datetime("ns"), "2026-05-02T03:04:05.000600"),
        (
            datetime(2026, 5, 2, tzinfo=LONDON),
            pl.Datetime("us", "Europe/London"),
            "2026-05-02T00:00:00+01:00",
        ),
        (datetime(2026, 5, 2, tzinfo=UTC), pl.Datetime("us", "UTC"), "2026-05-02T00:00:00+00:00"),
    ],
)
def test_value_of_each_type(
    tmp_path: Path, value: object, kind: pl.DataType, text: str | None
) -> None:
    table = ParquetFile().read(
        written(tmp_path, pl.DataFrame({"a": pl.Series([value], dtype=kind)}))
    )
    assert table.rows["a"].to_list() == [text]


def test_row_that_cannot_be_right_is_rejected_with_its_number_and_column(tmp_path: Path) -> None:
    table = pl.DataFrame(
        {
            "id": ["a", "b", "c\x00", "d\u202e", "e"],
            "paid": [1.0, float("nan"), 3.0, 4.0, float("inf")],
        }
    )
    read = ParquetFile().read(written(tmp_path, table))
    assert read.rows["_line"].to_list() == [1]
    assert read.rejected.rows() == [
        (2, "paid", "is no finite number"),
        (3, "id", "holds a control or an invisible character"),
        (4, "id", "holds a control or an invisible character"),
        (5, "paid", "is no finite number"),
    ]


def test_rows_changed_after_a_day_are_read_where_the_settings_say_which_column_tells(
    tmp_path: Path,
) -> None:
    days = [date(2026, 5, 1), date(2026, 5, 2), None, date(2026, 5, 3)]
    path = written(tmp_path, pl.DataFrame({"id": ["a", "b", "c", "d"], "changed": days}))
    reader = ParquetFile(changed_on="changed")
    assert reader.read(path).rows.height == 4
    assert reader.read(path, since=date(2026, 5, 2)).rows["_line"].to_list() == [3, 4]
    assert ParquetFile().read(path, since=date(2026, 5, 2)).rows.height == 4
    with pytest.raises(FeedError, match="changed_on 'id' is no column of dates"):
        ParquetFile(changed_on="id").read(path)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (pl.Series("a", [[1]]), "column 'a' is a list or has parts of its own"),
        (pl.Series("a", [{"b": 1}]), "column 'a' is a list or has parts of its own"),
        (pl.Series("a", [b"x"]), "column 'a' is Binary"),
        (pl.Series("a", [1], dtype=pl.Duration), "column 'a' is Duration"),
        (pl.Series("_line", [1]), "the name of a column is empty, '_line'"),
        (pl.Series("a\u200b", [1]), r"holds an invisible character: 'a\u200b'"),
        (pl.Series(" ", [1]), "the name of a column is empty"),
    ],
)
def test_column_that_is_not_plain_is_refused(tmp_path: Path, column: pl.Series, said: str) -> None:
    with pytest.raises(FeedError) as error:
        ParquetFile().read(written(tmp_path, pl.DataFrame([column])))
    assert said in str(error.value)


def test_file_that_is_no_whole_parquet_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, pl.DataFrame({"id": [f"row {n}" for n in range(50)]}))
    whole = path.read_bytes()
    for content, said in [
        (b"", "is no Parquet file"),
        (b"id,paid\na,1\n", "is no Parquet file: it does not begin with PAR1"),
        (whole[: len(whole) // 2], "does not end with PAR1: a part of the file is missing"),
        (b"PAR1", "does not end with PAR1|a part of the file is missing"),
        (whole[:-4] + b"PARE", "is encrypted"),
        (whole[:20] + b"\xff" * 60 + whole[80:], "cannot be read as Parquet"),
        (whole[:-60] + b"\xff" * 50 + whole[-10:], "cannot be read as Parquet"),
        (whole[:-8] + b"\xff\xff\xff\x7f" + b"PAR1", "describes itself in too many bytes"),
    ]:
        path.write_bytes(content)
        with pytest.raises(FeedError, match=said):
            ParquetFile().read(path)


def test_damage_at_any_place_is_told_or_does_no_harm(tmp_path: Path) -> None:
    path = written(tmp_path, pl.DataFrame({"id": ["a"] * 40, "n": list(range(40))}))
    whole = path.read_bytes()
    refused = 0
    for place in range(0, len(whole), 9):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            ParquetFile().read(path)
        except FeedError:
            refused += 1
    assert refused > 20


def test_hostile_sizes_are_refused_unread(tmp_path: Path) -> None:
    path = written(tmp_path, pl.DataFrame({"id": [1, 2], "b": [1, 2]}))
    for reader, said in [
        (ParquetFile(max_rows=1), "has more than 1 rows"),
        (ParquetFile(max_columns=1), "has more than 1 columns"),
        (ParquetFile(max_bytes=10), "at most 10 are read"),
    ]:
        with pytest.raises(FeedError, match=said):
            reader.read(path)
