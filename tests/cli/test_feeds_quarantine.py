"""`nostop feeds status`, `quarantine` and `release`, after a run with a mistaken declaration."""

import json
import re
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from nostop import app
from nostop.app import RunSettings
from nostop.rulebook import default_rules_dir
from tests.cli.conftest import Nostop

DECLARATION = """\
id: registry
title: Pensions that a council pays
department: Borchester Council
gateway: council_tax
connector: delimited
settings: {delimiter: ",", encoding: utf-8}
file: registry*.csv
contract: {rows_at_least: 1, bad_rows_at_most: 80%, fresh_for_days: 60, known_people_at_least: 0%}
columns:
  entry: text
  forename: text
  surname: text
  dob: date DD/MM/YYYY
  kind: one of P, L
  pension: pounds
  as_at: date YYYY-MM-DD
record: [entry]
as_of: as_at
people:
  one: {first_name: forename, surname: surname, born_on: dob}
facts:
  - {fact: private_pension, column: pension, per: month}
"""
HEAD = "entry,forename,surname,dob,kind,pension,as_at"
#: Made to be found: none of these may show anywhere.
CANARIES = ("Zaphira", "Quorn", "O'Quill", "1949", "87.65")
DAY = date(2026, 6, 1)


def rows() -> list[str]:
    good = [f"{n},Ann,Hill,0{n}/01/1950,P,90.00,2026-05-20" for n in range(1, 6)]
    american = [f"{n},Zaphira,Quorn,12/{n}/1949,P,87.65,2026-05-20" for n in range(13, 16)]
    codes = [f"{n},Bob,Dale,01/02/1950,W,80.00,2026-05-20" for n in range(20, 30)]
    shifted = ["40,Cat,Moor,02/02/1950,O'Quill,80.00,2026-05-20"]
    return [*good, *american, *codes, *shifted, "41,Dan,Dell"]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `feeds`, `declarations` and `out` of a run."""
    folder = tmp_path_factory.mktemp("ran")
    other = DECLARATION.replace("id: registry", "id: absent").replace("registry*", "absent*")
    for path, text in (
        ("declarations/registry.yaml", DECLARATION),
        ("declarations/absent.yaml", other),
        ("feeds/registry.csv", "\n".join([HEAD, *rows(), ""])),
        ("feeds/manifest.json", '{"synthetic": true}'),
    ):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    app.run(
        RunSettings(
            feeds=folder / "feeds",
            out=folder / "out",
            effective_on=DAY,
            started_at=datetime(2026, 6, 1, tzinfo=UTC),
            rules=default_rules_dir(),
            declarations=folder / "declarations",
            schemes=["pension_credit"],
            unreleased=True,
        )
    )
    return folder


def told_nothing_personal(printed: str) -> bool:
    return not any(canary in printed for canary in CANARIES)


# --- status -------------------------------------------------------------------------------------


def test_status_shows_what_became_of_each_feed(ran: Path, nostop: Nostop) -> None:
    ended = nostop("feeds", "status", ran / "out")
    assert ended.code == 0
    lines = [re.sub(r"\s{2,}", " | ", line.strip()) for line in ended.out.splitlines()]
    assert "absent | missing | - | - | - | - | -" in lines
    assert "registry | ok | registry.csv | 2026-05-20 | 12 | 60 | -" in lines
    assert "registry | 20 | 5 | 15 | 0 | 0" in lines
    assert "absent is missing: no file absent*.csv" in lines


def test_status_for_machines_is_that_of_the_manifest(ran: Path, nostop: Nostop) -> None:
    ended = nostop("feeds", "status", "--run", ran / "out", "--json")
    _, registry = json.loads(ended.out)
    assert registry["state"] == "ok"
    assert (registry["age_days"], registry["fresh_for_days"]) == (12, 60)
    assert registry["fresh_until"] == "2026-07-19"


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (None, "holds no run that ended"),
        ("{}", "is not of this version of nostop"),
        ("[", "is not of this version of nostop"),
        (
            '{"effective_date": "2026-06-01", "known_on": null, "inputs": [{"source": "a"}]}',
            "run again into this folder",
        ),
    ],
)
def test_folder_of_no_run_is_refused(
    tmp_path: Path, nostop: Nostop, manifest: str | None, said: str
) -> None:
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest, encoding="utf-8")
    ended = nostop("feeds", "status", tmp_path)
    assert ended.code == 2
    assert said in ended.err


def test_status_without_a_folder_is_refused(nostop: Nostop) -> None:
    ended = nostop("feeds", "status")
    assert ended.code == 2
    assert "give the --out folder of a run" in ended.err


# --- quarantine ---------------------------------------------------------------------------------


def test_reasons_are_counted_by_column(ran: Path, nostop: Nostop) -> None:
    ended = nostop("feeds", "quarantine", "registry", "--run", ran / "out", "--json")
    told = json.loads(ended.out)
    assert [(row["column"], row["rows"], row["line"]) for row in told["reasons"]] == [
        ("kind", 11, 10),
        ("dob", 3, 7),
        (None, 1, 21),
    ]
    assert told["examples"] is None


def test_examples_show_the_shape_of_a_value_and_never_the_value(ran: Path, nostop: Nostop) -> None:
    ended = nostop(
        *("feeds", "quarantine", "registry", "--run", ran / "out", "--feeds", ran / "feeds"),
        *("--declarations", ran / "declarations", "--json"),
    )
    shapes = [
        (row["column"], row["shape"], row["rows"], row["line"])
        for row in json.loads(ended.out)["examples"]
    ]
    # A code that ten rows share is nobody's own; the name that slipped into one row is somebody's.
    assert shapes == [
        ("dob", "99/99/9999", 3, 7),
        ("kind", "W", 10, 10),
        ("kind", "X'Xxxxx", 1, 20),
    ]
    assert told_nothing_personal(ended.out + ended.err)


def test_quarantine_for_people_says_where_to_look(ran: Path, nostop: Nostop) -> None:
    ended = nostop("feeds", "quarantine", "registry", "--run", ran / "out")
    assert "registry: 15 rows were set aside" in ended.out
    assert "is no date written DD/MM/YYYY, from 1900 to 2100" in ended.out
    assert "registry.csv, line 7" in ended.out
    assert "Give the run's --feeds to see the shapes of the values." in ended.out


def test_feed_that_the_run_does_not_know_is_refused_with_the_nearest(
    ran: Path, nostop: Nostop
) -> None:
    ended = nostop("feeds", "quarantine", "registri", "--run", ran / "out")
    assert ended.code == 2
    assert "knows no feed 'registri'" in ended.err
    assert "did you mean 'registry'?" in ended.err


@pytest.mark.parametrize(("name", "first"), [("registry.csv", 1), ("registry_2.csv", 0)])
def test_files_that_changed_since_the_run_are_refused(
    ran: Path, tmp_path: Path, nostop: Nostop, name: str, first: int
) -> None:
    (tmp_path / name).write_text("\n".join([HEAD, *rows()[first:], ""]), encoding="utf-8")
    ended = nostop(
        *("feeds", "quarantine", "registry", "--run", ran / "out", "--feeds", tmp_path),
        *("--declarations", ran / "declarations"),
    )
    assert ended.code == 2
    assert f"{name} is not what the run in" in ended.err


# --- release ------------------------------------------------------------------------------------


def release(nostop: Nostop, ran: Path, declarations: Path, *more: str) -> tuple[int, str, str]:
    return nostop(
        *("feeds", "release", "registry", "--run", ran / "out", "--feeds", ran / "feeds"),
        *("--declarations", declarations, *more),
    )


@pytest.fixture
def mended(ran: Path, tmp_path: Path) -> Path:
    """The declarations with the code that was not known."""
    folder = tmp_path / "mended"
    shutil.copytree(ran / "declarations", folder)
    text = DECLARATION.replace("one of P, L", "one of P, L, W")
    (folder / "registry.yaml").write_text(text, encoding="utf-8")
    return folder


def test_mended_declaration_is_tried_and_nothing_recorded(
    ran: Path, mended: Path, nostop: Nostop
) -> None:
    code, out, _ = release(nostop, ran, mended, "--json")
    told = json.loads(out)
    assert code == 1
    assert (told["rows_set_aside"], told["rows_that_load"]) == (15, 10)
    assert [(row["column"], row["rows"]) for row in told["still"]] == [
        ("dob", 3), ("kind", 1), (None, 1),
    ]  # fmt: skip
    assert (told["newly"], told["held"], told["recorded"]) == ([], None, None)
    assert not (ran / "out" / "feed_releases.jsonl").exists()
    assert told_nothing_personal(out)


def test_decision_is_recorded_with_who_and_why(
    ran: Path, mended: Path, tmp_path: Path, nostop: Nostop
) -> None:
    again = tmp_path / "again"
    shutil.copytree(ran / "out", again / "out")
    shutil.copytree(ran / "feeds", again / "feeds")
    for why in ("W is a widow's pension", "again"):
        _, out, _ = release(nostop, again, mended, "--who", "A. Clerk", "--why", why)
        assert "of 15 rows that the run set aside, 10 now load" in out
        assert "The next nostop run with these declarations" in out
    kept = (again / "out" / "feed_releases.jsonl").read_text(encoding="utf-8").splitlines()
    first, second = (json.loads(line) for line in kept)
    assert (first["feed"], first["who"], first["why"]) == (
        "registry", "A. Clerk", "W is a widow's pension",
    )  # fmt: skip
    assert (first["rows_that_load"], first["rows_still_set_aside"]) == (10, 5)
    assert re.fullmatch("[0-9a-f]{64}", first["declaration_sha256"])
    assert second["why"] == "again"


def test_mend_that_breaks_other_rows_says_so(ran: Path, mended: Path, nostop: Nostop) -> None:
    path = mended / "registry.yaml"
    path.write_text(DECLARATION.replace("one of P, L", "one of W, L"), encoding="utf-8")
    code, out, _ = release(nostop, ran, mended, "--json")
    told = json.loads(out)
    assert code == 1
    assert [(row["column"], row["rows"]) for row in told["newly"]] == [("kind", 5)]


def test_mend_by_which_the_feed_would_be_held_is_not_recorded(
    ran: Path, mended: Path, nostop: Nostop
) -> None:
    path = mended / "registry.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("80%", "1%"), encoding="utf-8")
    code, out, _ = release(nostop, ran, mended)
    assert code == 1
    assert "of 15 rows that the run set aside, 0 now load" in out
    assert "The whole feed would be held: registry.csv: 5 of 20 rows are bad" in out
    code, _, err = release(nostop, ran, mended, "--who", "A. Clerk", "--why", "none")
    assert code == 2
    assert "would be held, so there is nothing to release" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--who", "A. Clerk"], "--who and --why: give both"),
        (["--who", " ", "--why", "x"], "--who: write 1 to 500 plain characters"),
        (["--who", "A. Clerk", "--why", "a\nb"], "--why: write 1 to 500 plain characters"),
    ],
)
def test_decision_without_its_words_is_refused(
    ran: Path, mended: Path, nostop: Nostop, words: list[str], said: str
) -> None:
    code, _, err = release(nostop, ran, mended, *words)
    assert code == 2
    assert said in err
