"""`nostop feeds new` as an operator runs it."""

from pathlib import Path

import pytest

from tests.cli.conftest import Nostop

LINES = [f"R{n},QQ{n:06}A,Marsh{n},01/05/2026" for n in range(20)]


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "claims.csv"
    path.write_text("\n".join(["ref;nino;surname;as_at", *LINES]).replace(",", ";") + "\n")
    return path


def test_declaration_is_written_where_asked_and_the_marks_are_told(
    nostop: Nostop, tmp_path: Path, sample: Path
) -> None:
    file = tmp_path / "feeds" / "dwp_claims.yaml"
    ended = nostop(
        *("feeds", "new", sample, "--id", "dwp_claims", "--out", file, "--department", "DWP")
    )
    assert (ended.code, ended.err) == (0, "")
    assert f"written: {file}, with" in ended.out
    assert "0 of the sample's 20 rows are set aside" in ended.out
    text = file.read_text(encoding="utf-8")
    assert "settings: {delimiter: ;, encoding: utf-8}" in text
    assert "Marsh" not in text + ended.out


def test_settings_and_day_can_be_given(nostop: Nostop, tmp_path: Path) -> None:
    fixed = tmp_path / "claims.txt"
    fixed.write_text("".join(f"R{n:03}Marsh     \n" for n in range(20)))
    file = tmp_path / "dwp_claims.yaml"
    ended = nostop(
        *("feeds", "new", fixed, "--id", "dwp_claims", "--out", file, "--as-of", "2026-05-01"),
        *("--connector", "fixed_width", "--set", "fields={ref: 1-4, surname: 5-14}"),
    )
    assert (ended.code, ended.err) == (0, "")
    assert "fields: {ref: 1-4, surname: 5-14}" in file.read_text()
    assert "as_of: 2026-05-01" in file.read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--id", "claims"), "--id 'claims' cannot be an id"),
        (("--id", "dwp_claims", "--set", "x"), "--set x: write key=value"),
        (("--id", "dwp_claims", "--set", "encoding=utf-9"), "encoding 'utf-9' is not offered"),
        (("--id", "dwp_claims", "--as-of", "May"), "--as-of: 'May' is no date"),
        (("--id", "dwp_claims", "--connector", "csv"), "no connector 'csv'"),
    ],
)
def test_mistake_is_told_in_a_line(
    nostop: Nostop, sample: Path, options: tuple[str, ...], said: str
) -> None:
    ended = nostop("feeds", "new", sample, *options)
    assert ended.code == 2
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert "Marsh" not in ended.err


def test_sample_that_is_half_a_file_is_told(nostop: Nostop, tmp_path: Path) -> None:
    for name, content in [("a.parquet", b"PAR1xxxx"), ("a.xlsx", b"PK\x03\x04"), ("a.json", b"{")]:
        path = tmp_path / name
        path.write_bytes(content)
        ended = nostop("feeds", "new", path, "--id", "dwp_claims")
        assert ended.code == 2
        assert ended.err.startswith(f"nostop: {name}: ")
