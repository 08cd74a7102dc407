"""Standard forms: what counts as the same, and what counts as nothing."""

import polars as pl
import pytest

from nostop.linkage import text
from nostop.linkage.dwellings import with_dwelling
from tests.linkage.people import frame, record


def one(expression: pl.Expr, value: str | None) -> str | None:
    found: str | None = (
        pl.DataFrame({"x": [value]}, schema={"x": pl.String}).select(expression).item()
    )
    return found


@pytest.mark.parametrize(
    ("raw", "standard"),
    [
        ("qq 12 34 56 a", "QQ123456A"),
        ("QQ123456E", None),
        ("BG123456A", None),
        ("DA123456A", None),
        ("AB1234567", None),
        ("", None),
        (None, None),
    ],
)
def test_national_insurance_numbers(raw: str | None, standard: str | None) -> None:
    assert one(text.nino("x"), raw) == standard


@pytest.mark.parametrize(
    ("raw", "standard"),
    [("sw1a 1aa", "SW1A1AA"), ("ZZ1 1AA", "ZZ11AA"), ("N/K", None), (None, None)],
)
def test_postcodes(raw: str | None, standard: str | None) -> None:
    assert one(text.postcode("x"), raw) == standard


@pytest.mark.parametrize(
    ("raw", "standard"),
    [
        ("Núñez", "nunez"),
        ("O\u2019Neill", "oneill"),
        ("SMITH-JONES", "smithjones"),
        ("van der Berg", "vanderberg"),
        ("Łuczak", "luczak"),
        ("...", None),
    ],
)
def test_surnames(raw: str, standard: str | None) -> None:
    assert one(text.letters(text.folded("x")), raw) == standard


@pytest.mark.parametrize(
    ("raw", "standard"),
    [
        ("12 High Street", "12 high st"),
        ("12, HIGH ST.", "12 high st"),
        ("Street House", "street house"),
    ],
)
def test_address_lines(raw: str, standard: str) -> None:
    assert one(text.address_line("x"), raw) == standard


def test_a_nickname_may_belong_to_several_names_and_twins_names_to_different_ones() -> None:
    families = dict(text.name_families().rows())
    assert set(families["bert"]) == {"albert", "herbert", "robert"}
    assert not set(families["emma"]) & set(families["emily"])


def test_an_address_that_two_uprns_share_leads_to_neither() -> None:
    place = {"address_line_1": "1 Alder Road", "postcode": "ZZ1 1AA"}
    records = frame(
        record("a:1", "A B", uprn="0001", **place),
        record("a:2", "A B", uprn="2", **place),
        record("a:3", "A B", **place),
        record("a:4", "A B", postcode="ZZ1 1AA"),
    )
    found = dict(with_dwelling(records).select("record_id", "dwelling").rows())
    assert found == {"1": "U1", "2": "U2", "3": "T1 alder rd|ZZ11AA", "4": None}
