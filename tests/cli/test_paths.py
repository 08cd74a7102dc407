"""`nostop paths`: what a caseworker sees of a situation, and the file of a folder of frames."""

import json
from pathlib import Path

import polars as pl
import pytest

from nostop.frames import ClaimPaths, check
from tests.claim_paths.small import OLD, home, person, write_book
from tests.cli.conftest import Nostop

SIGNPOSTS = """\
signposts:
  - id: crisis_help
    title: {en: Crisis help, cy: Cymorth}
    says: {en: Ask your council., cy: Gofynnwch.}
    applies_in: [england]
    from: 2026-04-01
    url: https://example.org/crisis
    cite: some guidance
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return write_book(tmp_path / "rules", {"signposts.yaml": SIGNPOSTS})


@pytest.fixture
def case(tmp_path: Path) -> Path:
    file = tmp_path / "case.json"
    file.write_text(json.dumps({"on": "2026-06-01", **home({"ann": person(**OLD)})}))
    return file


def test_paths_shows_the_order_and_the_words(nostop: Nostop, rules: Path, case: Path) -> None:
    ended = nostop("paths", case, "--rules", rules)
    assert ended.code == 0
    lines = [line.strip() for line in ended.out.splitlines()]
    assert "Over everybody affected: £10,400.00 more a year." in lines
    assert "Can be claimed then: Licence." in lines
    assert lines.index("To say to the person:") < lines.index(
        "1. Claim Pension: https://example.org/claim Ask for it to be backdated: up to 3 months. "
        "It opens: Licence."
    )
    assert lines[-1] == "Crisis help: Ask your council. https://example.org/crisis"


@pytest.mark.parametrize(("on", "nation"), [("2026-03-31", "england"), ("2026-06-01", "wales")])
def test_paths_shows_signposts_of_the_nation_and_the_day_alone(
    nostop: Nostop, rules: Path, tmp_path: Path, on: str, nation: str
) -> None:
    file = tmp_path / "other.json"
    file.write_text(json.dumps(home({"ann": person(**OLD)}, nation=nation)))
    ended = nostop("paths", file, "--on", on, "--rules", rules)
    assert ended.code == 0
    assert "Crisis help" not in ended.out


def test_paths_as_json_has_the_rows_and_the_words(nostop: Nostop, rules: Path, case: Path) -> None:
    (found,) = json.loads(nostop("paths", case, "--json", "--rules", rules).out)
    assert [each["scheme"] for each in found["claims"]] == ["pension", "licence"]
    assert found["claims"][0]["effective_date"] == "2026-06-01"
    assert found["claims"][0]["for_the_person"].startswith("1. Claim Pension")
    assert found["signposts"] == {"home": ["crisis_help"]}


def test_paths_of_frames_are_written(nostop: Nostop, rules: Path, tmp_path: Path) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    keys = {"benefit_unit_id": ["b"], "household_id": ["h"]}
    born = pl.Series(["1950-03-01"]).str.to_date()
    pl.DataFrame(
        {"person_id": ["p"], **keys, "role": ["adult"], "born_on": born, "income": [0],
         "is_cared_for": [False]}
    ).write_parquet(frames / "people.parquet")  # fmt: skip
    pl.DataFrame({**keys, "childcare": [0]}).write_parquet(frames / "benefit_units.parquet")
    pl.DataFrame({"household_id": ["h"], "nation": ["wales"]}).write_parquet(
        frames / "households.parquet"
    )
    none = {name: pl.Series([], dtype=pl.String) for name in ("person_id", "scheme", "status")}
    pl.DataFrame(none).write_parquet(frames / "awards.parquet")
    out = tmp_path / "out" / "paths.parquet"
    ended = nostop("paths", frames, "--on", "2026-06-01", "--out", out, "--rules", rules)
    assert (ended.code, ended.err.strip()) == (0, f"2 claims written to {out}")
    written = check(ClaimPaths, pl.read_parquet(out))
    assert written["scheme"].to_list() == ["pension", "licence"]


def test_paths_needs_a_day_and_a_place_for_frames(
    nostop: Nostop, rules: Path, case: Path, tmp_path: Path
) -> None:
    assert nostop("paths", tmp_path, "--rules", rules).code == 2
    assert nostop("paths", case, "--out", tmp_path / "x.parquet", "--rules", rules).code == 2
    undated = tmp_path / "undated.json"
    undated.write_text(json.dumps(home({"ann": person(**OLD)})))
    ended = nostop("paths", undated, "--rules", rules)
    assert ended.code == 2
    assert "names no day" in ended.err
