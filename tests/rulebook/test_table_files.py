"""Tables whose rows stand in a CSV file beside rates.yaml."""

from datetime import date
from pathlib import Path

from nostop.determination.determine import determine
from nostop.rulebook import check, load_rulebook
from tests.rulebook.small import RATES, pack_text, situation, write_rules

TABLE = """\
  rent_by_area:
    means: Weekly rent by area and rooms
    keys: {area: exact, rooms: exact}
    type: money
    per: week
    values:
      - {from: 2020-01-01, reference: law, file: rents.csv}
"""
ROWS = "area,rooms,value\nE1,1,10000\nE1,2,15000\nE2,1,9000\n"


def rules(folder: Path, rows: str) -> Path:
    pack = pack_text({"has_rent": "rent > 0"}, {"part": "rate(rent_by_area, area, rooms)"})
    files = {"uk/alpha/rates.yaml": RATES + TABLE, "uk/alpha/rents.csv": rows}
    return write_rules(folder, files, alpha=pack)


def test_rows_of_a_file_are_read_like_rows_written_out(tmp_path: Path) -> None:
    book = load_rulebook(rules(tmp_path, ROWS))
    given = situation(
        book.catalogue,
        [{}],
        households=[
            {"household_id": "h", "nation": "england", "rent": 1, "area": "E1", "rooms": 2}
        ],
    )
    found = determine(given, book, date(2026, 6, 1), ["alpha"])
    assert found["amount"].to_list() == [15000]


def test_another_row_changes_the_version(tmp_path: Path) -> None:
    before = load_rulebook(rules(tmp_path / "a", ROWS)).scheme("alpha").version
    after = load_rulebook(rules(tmp_path / "b", ROWS + "E2,2,1\n")).scheme("alpha").version
    assert before != after


def told(folder: Path, rows: str) -> list[str]:
    return [f"{each.path.name}:{each.line}: {each.message}" for each in check(rules(folder, rows))]


def test_a_row_with_too_few_cells_is_refused_at_its_line(tmp_path: Path) -> None:
    assert told(tmp_path, "area,rooms,value\nE1,1\n") == [
        "rents.csv:2: has 2 cells, and the header 3: mend the row"
    ]


def test_a_value_that_is_no_amount_is_refused(tmp_path: Path) -> None:
    (found,) = told(tmp_path, "area,rooms,value\nE1,1,74.79\n")
    assert found.endswith("value '74.79' is no money: write whole pence")


def test_a_row_written_twice_is_refused(tmp_path: Path) -> None:
    (found,) = told(tmp_path, ROWS + "E1,1,1\n")
    assert "the row for E1, 1 is written 2 times: keep one of them" in found


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    folder = rules(tmp_path, ROWS)
    (folder / "uk/alpha/rents.csv").unlink()
    (found,) = check(folder)
    assert found.message == "'rents.csv' cannot be read: No such file or directory"


def test_a_file_of_another_folder_is_refused(tmp_path: Path) -> None:
    folder = rules(tmp_path, ROWS)
    rates = folder / "uk/alpha/rates.yaml"
    rates.write_text(rates.read_text().replace("rents.csv", "../rents.csv"))
    (found,) = check(folder)
    assert found.message == "write rows, or the name of one CSV file in this folder, not both"
