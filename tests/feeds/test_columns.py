"""Each type of column: what it takes, what it becomes, and what it refuses."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.feeds.columns import parse_column_type, value_of


def read(kind: str, *texts: str) -> list[object]:
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    return frame.select(value_of(pl.col("text"), parse_column_type(kind)))["text"].to_list()


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("date DD/MM/YYYY", "29/02/2024", date(2024, 2, 29)),
        ("date DD/MM/YYYY", "29/02/2023", None),
        ("date DD/MM/YYYY", "29/02/1900", None),
        ("date DD/MM/YYYY", "01/01/1900", date(1900, 1, 1)),
        ("date DD/MM/YYYY", "31/12/1899", None),
        ("date DD/MM/YYYY", "31/12/2100", date(2100, 12, 31)),
        ("date DD/MM/YYYY", "01/01/2101", None),
        ("date DD/MM/YYYY", "12/31/2020", None),
        ("date DD/MM/YYYY", "2020-12-31", None),
        ("date DD/MM/YYYY", "1/2/2020", None),
        ("date DD/MM/YYYY", "01/02/20", None),
        ("date DD/MM/YYYY", "01/02/2020 ", None),
        ("date DD/MM/YYYY", "00/00/0000", None),
        ("date DD-MM-YYYY", "01-02-2020", date(2020, 2, 1)),
        ("date DD.MM.YYYY", "01.02.2020", date(2020, 2, 1)),
        ("date DD.MM.YYYY", "01/02/2020", None),
        ("date YYYY-MM-DD", "2020-02-01", date(2020, 2, 1)),
        ("date YYYY-MM-DD", "2020-02-01T00:00:00Z", None),
        ("date YYYYMMDD", "20200229", date(2020, 2, 29)),
        ("date YYYYMMDD", "20210229", None),
        ("date YYYY-MM", "2024-02", date(2024, 2, 29)),
        ("date YYYY-MM", "2026-13", None),
        ("date YYYY-MM", "2026-1", None),
        ("date YYYY-MM-DDThh:mm:ss", "2026-05-27T06:00:00Z", date(2026, 5, 27)),
        ("date YYYY-MM-DDThh:mm:ss", "2026-05-27T06:00:00.123+01:00", date(2026, 5, 27)),
        ("date YYYY-MM-DDThh:mm:ss", "2026-05-27", date(2026, 5, 27)),
        ("date YYYY-MM-DDThh:mm:ss", "2026-05", None),
        ("pounds", "150.00", 15000),
        ("pounds", "150", 15000),
        ("pounds", "0.29", 29),
        ("pounds", "0", 0),
        ("pounds", "10000000.00", 1_000_000_000),
        ("pounds", "10000000.01", None),
        ("pounds", "99999999999999999999", None),
        ("pounds", "-5.00", None),
        ("pounds", "+5.00", None),
        ("pounds", "£5", None),
        ("pounds", "1,234.56", None),
        ("pounds", "12,50", None),
        ("pounds", "5.5", None),
        ("pounds", "5.555", None),
        ("pounds", ".50", None),
        ("pounds", "5.", None),
        ("pounds", "007.00", None),
        ("pounds", "1e3", None),
        ("pounds", "NaN", None),
        ("pounds", "inf", None),
        ("pounds", "0x10", None),
        ("pounds", "\u0661\u0662", None),
        ("pence", "00241700", 241700),
        ("pence", "-1", None),
        ("pence", "1.5", None),
        ("pence", "999999999999", None),
        ("whole", "3", 3),
        ("whole", "03", None),
        ("whole", "3.0", None),
        ("nino", "QQ123456C", "QQ123456C"),
        ("nino", "qq 12 34 56 c", "QQ123456C"),
        ("nino", "AB123456A", "AB123456A"),
        ("nino", "QA123456A", None),
        ("nino", "AQ123456A", None),
        ("nino", "BG123456A", None),
        ("nino", "ZZ123456A", None),
        ("nino", "AO123456A", None),
        ("nino", "DA123456A", None),
        ("nino", "QQ123456E", None),
        ("nino", "QQ12345C", None),
        ("nino", "QQ123456", None),
        ("postcode", "ZZ1 1AA", "ZZ1 1AA"),
        ("postcode", "zz11aa", "ZZ1 1AA"),
        ("postcode", "SW1A 1AA", "SW1A 1AA"),
        ("postcode", "M1 1AE", "M1 1AE"),
        ("postcode", "ZZ1  1AA", None),
        ("postcode", "ZZ1 1A", None),
        ("postcode", "11A ZZ1", None),
        ("uprn", "000100023456", "100023456"),
        ("uprn", "0", None),
        ("uprn", "1234567890123", None),
        ("uprn", "12a", None),
        ("one of IP, END", "IP", "IP"),
        ("one of IP, END", "ip", None),
        ("one of IP, END", "XX", None),
        ("text", "O'Neill-Doğan", "O'Neill-Doğan"),
        ("text", "x" * 200, "x" * 200),
        ("text", "x" * 201, None),
        ("email", "ann.marsh@example.org", "ann.marsh@example.org"),
        ("email", "ann@example.org,bob@example.org", None),
        ("email", "Ann <ann@example.org>", None),
        ("email", "ann@localhost", None),
        ("phone", "07700 900123", "07700900123"),
        ("phone", "+44 7700 900123", "+447700900123"),
        ("phone", "07700 900123 ext 4", None),
        ("phone", "12345", None),
    ],
)
def test_value_is_read_by_its_type_or_not_at_all(kind: str, text: str, value: object) -> None:
    assert read(kind, text) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "texts",
        "date",
        "date DD/MM/YY",
        "one of",
        "one of A,, B",
        "one of A, A",
        "nino?",
        5,
        None,
    ],
)
def test_column_of_no_type_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"is no column type|dates are not read|must stand once"):
        parse_column_type(text)


def test_column_may_be_empty_only_where_it_says_so() -> None:
    assert parse_column_type("one of A, B, or empty").codes == ("A", "B")
    assert parse_column_type("one of A, B or empty").may_be_empty
    assert parse_column_type("date YYYYMMDD or empty").may_be_empty
    assert not parse_column_type("nino").may_be_empty


@given(st.integers(0, 1_000_000_000))
def test_pounds_become_exactly_their_pence(pence: int) -> None:
    assert read("pounds", f"{pence // 100}.{pence % 100:02d}") == [pence]


@settings(deadline=None)
@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_every_day_of_two_centuries_is_a_date(day: date) -> None:
    forms = ["%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y-%m-%d", "%Y%m%d"]
    kinds = ["DD/MM/YYYY", "DD-MM-YYYY", "DD.MM.YYYY", "YYYY-MM-DD", "YYYYMMDD"]
    for form, kind in zip(forms, kinds, strict=True):
        assert read(f"date {kind}", day.strftime(form)) == [day]


@settings(deadline=None)
@given(st.text(max_size=12))
def test_no_text_breaks_a_column(text: str) -> None:
    safe = text.encode("utf-8", "ignore").decode()
    for kind in ("text", "nino", "postcode", "uprn", "pounds", "pence", "whole", "email", "phone"):
        assert len(read(kind, safe)) == 1
    for kind in ("date DD/MM/YYYY", "date YYYY-MM", "one of A, B"):
        assert len(read(kind, safe)) == 1
