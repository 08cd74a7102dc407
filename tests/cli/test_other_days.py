"""`nostop run` and `evaluate` for a past day, for next April, and as known on another day."""

import json
import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from nostop.model import Level
from nostop.rulebook import default_rules_dir
from nostop.rulebook.catalogue import load_catalogue
from tests.cli.conftest import Nostop

RATES = "uk/child_benefit/rates.yaml"
#: Proposed for next April: 2% more than this year's £27.05 and £17.90, to the next 5p.
PROPOSED = {2705: 2760, 1790: 1830}


# --- frames for a past day ----------------------------------------------------------------------


def nil(level: Level) -> dict[str, object]:
    """Return the facts of a level that have a nil, as frames hold them."""
    facts = load_catalogue(default_rules_dir()).at(level)
    return {name: fact.nil for name, fact in facts.items() if fact.nil is not None}


PERSON: dict[str, object] = {
    **nil(Level.PERSON),
    "role": "adult",
    "born_on": date(1950, 3, 1),
    "sex": "female",
    "lives_in_uk": True,
    "has_recourse_to_public_funds": True,
}
#: A pensioner with £150.00 a week and no savings; a mother of two; somebody born in June 1959.
ANN = {**PERSON, "person_id": "ann", "state_pension": 15000}
MAY = {**PERSON, "person_id": "may", "born_on": date(1988, 5, 2)}
TOM = {
    **PERSON,
    "person_id": "tom",
    "role": "child",
    "born_on": date(2015, 1, 9),
    "sex": "male",
    "education": "school",
}
SUE = {**TOM, "person_id": "sue", "born_on": date(2018, 11, 30), "sex": "female"}
ROY = {**PERSON, "person_id": "roy", "born_on": date(1959, 6, 15), "sex": "male"}
NO_AWARDS: dict[str, pl.DataType] = {
    "person_id": pl.String(),
    "scheme": pl.String(),
    "status": pl.String(),
    "amount": pl.Int64(),
    "per": pl.String(),
    "starts_on": pl.Date(),
    "ends_on": pl.Date(),
}


def written(homes: dict[str, list[dict[str, object]]], folder: Path) -> Path:
    """Write frames of people by home, each home one benefit unit; nobody claims anything."""
    folder.mkdir()
    unit = {home: {"benefit_unit_id": home, "household_id": f"h {home}"} for home in homes}
    people = [{**person, **unit[home]} for home, living in homes.items() for person in living]
    known = {**nil(Level.HOUSEHOLD), "nation": "england"}
    households = [{**known, "household_id": each["household_id"]} for each in unit.values()]
    for name, rows in (
        ("people", people),
        ("benefit_units", list(unit.values())),
        ("households", households),
    ):
        pl.DataFrame(rows, infer_schema_length=None).write_parquet(folder / f"{name}.parquet")
    pl.DataFrame(schema=NO_AWARDS).write_parquet(folder / "awards.parquet")
    return folder


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    """Three homes: Ann's, Roy's, and May's with her children."""
    return written({"ann": [ANN], "roy": [ROY], "may": [MAY, TOM, SUE]}, tmp_path / "frames")


def evaluated(nostop: Nostop, frames: Path, on: str) -> dict[tuple[str, str], dict[str, object]]:
    """Return the result rows of a day by unit and scheme."""
    out = frames.parent / "out.parquet"
    schemes = ["--scheme", "pension_credit", "--scheme", "child_benefit"]
    ended = nostop("evaluate", frames, "--on", on, "--out", out, *schemes)
    assert ended.code == 0, ended.err
    rows = pl.read_parquet(out).to_dicts()
    return {(row["benefit_unit_id"], row["scheme"]): row for row in rows}


@pytest.mark.parametrize(
    ("on", "guarantee", "two_children"),
    [
        # Standard minimum guarantee less £150.00 a week; the eldest child's rate and one other.
        ("2024-06-03", 21815 - 15000, 2560 + 1695),
        ("2025-06-02", 22710 - 15000, 2605 + 1725),
        ("2026-06-01", 23800 - 15000, 2705 + 1790),
        # The last day of a year's rates, and the first of the next.
        ("2026-04-05", 22710 - 15000, 2605 + 1725),
        ("2026-04-06", 23800 - 15000, 2705 + 1790),
    ],
)
def test_frames_of_a_past_day_have_that_years_amounts(
    nostop: Nostop, frames: Path, on: str, guarantee: int, two_children: int
) -> None:
    rows = evaluated(nostop, frames, on)
    for key, amount in (
        (("ann", "pension_credit"), guarantee),
        (("may", "child_benefit"), two_children),
    ):
        row = rows[key]
        assert (row["outcome"], row["amount"], row["per"]) == ("entitled", amount, "week")
        assert row["effective_date"] == date.fromisoformat(on)


def test_ages_are_those_of_the_day(nostop: Nostop, frames: Path) -> None:
    """Roy is 66, and of State Pension age, on 15 June 2025."""
    outcomes = {
        on: evaluated(nostop, frames, on)["roy", "pension_credit"]["outcome"]
        for on in ("2025-06-14", "2025-06-15")
    }
    assert outcomes == {"2025-06-14": "not_entitled", "2025-06-15": "entitled"}


#: What a department states, and whether it is claimed the day before it starts, on its first and
#: last day, and the day after. A claim in progress, and an opt-out, count from when they are known.
AWARDS = {
    "paid": ("in_payment", date(2025, 4, 7), date(2026, 4, 5), [False, True, True, False]),
    "nil": ("nil_award", date(2025, 4, 7), date(2026, 4, 5), [False, True, True, False]),
    "pending": ("pending", date(2025, 4, 7), date(2026, 4, 5), [True, True, True, False]),
    "opted": ("opted_out", date(2025, 4, 7), date(2026, 4, 5), [True, True, True, False]),
    "lasting": ("in_payment", None, None, [True, True, True, True]),
    "ended": ("ended", date(2025, 4, 7), date(2026, 4, 5), [False, False, False, False]),
}


def test_awards_are_those_in_force_on_the_day(nostop: Nostop, tmp_path: Path) -> None:
    folder = written({name: [{**ANN, "person_id": name}] for name in AWARDS}, tmp_path / "frames")
    stated = [
        (name, "pension_credit", status, 6000, "week", starts_on, ends_on)
        for name, (status, starts_on, ends_on, _) in AWARDS.items()
    ]
    awards = pl.DataFrame(stated, schema=NO_AWARDS, orient="row")
    awards.write_parquet(folder / "awards.parquet")
    days = ("2025-04-06", "2025-04-07", "2026-04-05", "2026-04-06")
    rows = [evaluated(nostop, folder, on) for on in days]
    claimed = {name: [day[name, "pension_credit"]["claimed"] for day in rows] for name in AWARDS}
    assert claimed == {name: award[-1] for name, award in AWARDS.items()}
    # Receipt never changes what the law gives.
    outcomes = {day[name, "pension_credit"]["outcome"] for day in rows for name in AWARDS}
    assert outcomes == {"entitled"}


# --- next April ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def proposed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the rules with Child Benefit's rates from 12 April 2027."""
    folder = tmp_path_factory.mktemp("proposed") / "rules"
    shutil.copytree(default_rules_dir(), folder)
    lines = []
    for line in (folder / RATES).read_text(encoding="utf-8").splitlines():
        lines.append(line)
        for now, then in PROPOSED.items():
            if f"from: 2026-04-06, value: {now}," in line:
                lines.append(
                    f'      - {{from: 2027-04-12, value: {then}, reference: "proposed, not law"}}'
                )
    (folder / RATES).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first claims of Child Benefit in the sample, and the pupils of those birthdays."""
    folder = tmp_path_factory.mktemp("feeds")
    sample = Path(__file__).parents[2] / "sample_data"
    shutil.copy(sample / "manifest.json", folder)
    claims = pl.read_csv(sample / "hmrc_child_benefit.csv", infer_schema=False).head(150)
    claims.write_csv(folder / "hmrc_child_benefit.csv")
    pupils = pl.read_csv(sample / "school_census.csv", infer_schema=False)
    birthdays = claims["child_dob"].implode()
    pupils.filter(pl.col("dob").is_in(birthdays)).write_csv(folder / "school_census.csv")
    return folder


def test_year_without_rates_is_refused_by_file_with_what_to_add(
    nostop: Nostop, frames: Path, feeds: Path, tmp_path: Path
) -> None:
    out = tmp_path / "results"
    case = tmp_path / "case.json"
    case.write_text(json.dumps({"people": {"may": {"role": "adult"}}}), encoding="utf-8")
    for command in (
        ("evaluate", case),
        ("evaluate", frames, "--out", tmp_path / "out.parquet"),
        ("run", "--feeds", feeds, "--out", out, "--unreleased"),
    ):
        ended = nostop(*command, "--on", "2027-05-01", "--scheme", "child_benefit")
        assert ended.code == 2
        assert ended.out == ""
        (told,) = [line for line in ended.err.splitlines() if "rates.yaml" in line]
        assert f"{RATES}:1:1: rate 'child_benefit.eldest_child_rate' is uprated each year" in told
        assert "has no value for 2027-05-01: the one before is from 2026-04-06" in told
        assert "add that year's value; and so for 1 more: other_child_rate" in told
        assert "Traceback" not in ended.err
    assert not out.exists()


def test_frames_of_next_april_are_worked_out_with_proposed_rates(
    nostop: Nostop, frames: Path, proposed: Path
) -> None:
    out = frames.parent / "out.parquet"
    command = ("evaluate", frames, "--rules", proposed, "--scheme", "child_benefit", "--out", out)
    amounts = {}
    for on in ("2027-04-11", "2027-04-12"):
        assert nostop(*command, "--on", on).code == 0
        rows = pl.read_parquet(out).filter(benefit_unit_id="may")
        amounts[on] = rows["amount"].to_list()
    assert amounts == {"2027-04-11": [2705 + 1790], "2027-04-12": [2760 + 1830]}


def test_run_looks_ahead_to_proposed_rates_with_what_is_known_now(
    nostop: Nostop, feeds: Path, proposed: Path, tmp_path: Path
) -> None:
    out = tmp_path / "results"
    where = ("run", "--feeds", feeds, "--out", out, "--rules", proposed)
    command = (*where, "--on", "2027-05-01", "--scheme", "child_benefit")
    ended = nostop(*command, "--known-on", "2026-05-31")
    assert ended.code == 2
    assert "not released for synthetic_data on 2027-05-01" in ended.err
    ended = nostop(*command, "--unreleased")
    assert "FEED HELD: school_census" in ended.err
    shutil.rmtree(out)
    ended = nostop(*command, "--unreleased", "--known-on", "2026-05-31")
    assert ended.code == 0, ended.err
    assert "FEED HELD" not in ended.err
    assert "As known on 2026-05-31: 0 later rows are left out." in ended.out
    rows = pl.read_parquet(out / "determinations.parquet")
    assert set(rows["effective_date"]) == {date(2027, 5, 1)}
    # Two feeds name neither every child nor every couple: what is not claimed stays open.
    assert set(rows["outcome"].drop_nulls()) == {"unknown"}
    assert not any((out / "outbox").glob("*"))


# --- as known on a day --------------------------------------------------------------------------


def test_run_says_what_was_not_known_on_the_day(
    nostop: Nostop, feeds: Path, tmp_path: Path
) -> None:
    out = tmp_path / "results"
    where = ("run", "--feeds", feeds, "--out", out, "--unreleased")
    command = (*where, "--on", "2026-06-01", "--scheme", "child_benefit")
    ended = nostop(*command, "--known-on", "2026-05-15")
    assert ended.code == 0, ended.err
    reason = "school_census.csv: no row of it is of 2026-05-15 or before"
    assert f"FEED MISSING: school_census: {reason}." in ended.err
    pupils = len((feeds / "school_census.csv").read_text(encoding="utf-8").splitlines()) - 1
    assert f"As known on 2026-05-15: {pupils:,} later rows are left out." in ended.out
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["known_on"] == "2026-05-15"
    later = {feed["source"]: feed["rows_later"] for feed in manifest["inputs"]}
    assert (later["school_census"], later["hmrc_child_benefit"]) == (pupils, 0)
    refused = nostop(*command, "--known-on", "2026-05-31")
    assert refused.code == 2
    assert "holds another run" in refused.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("yesterday", "--known-on: 'yesterday' is no date; write it as 2026-06-01"),
        ("2026-04-30", "nothing in it is of 2026-04-30 or before (--known-on)"),
    ],
)
def test_day_of_knowledge_that_cannot_be_is_refused(
    nostop: Nostop, feeds: Path, tmp_path: Path, text: str, said: str
) -> None:
    out = tmp_path / "results"
    command = ("run", "--feeds", feeds, "--out", out, "--on", "2026-06-01", "--unreleased")
    ended = nostop(*command, "--scheme", "child_benefit", "--known-on", text)
    assert ended.code == 2
    assert said in ended.err
    assert not out.exists()
