"""Who may open which case: by area, and never their own or that of somebody they know."""

from datetime import UTC, date, datetime

import polars as pl
import pytest
from sqlalchemy import Engine, event, insert, select

from nostop.app.casework.access import Who, household_openable, openable, person_openable
from nostop.model import NotHere, StoreError
from nostop.store.access import known_as, put_people, within
from nostop.store.rows import put, table_of
from nostop.store.tables_access import AccountTie, CasePerson
from nostop.store.tables_casework import WorkItem
from nostop.store.tables_outreach import PersonHeir, Recipient
from tests.store.frames import run

AT = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
EVERYWHERE = Who("carys", None)
CARDIFF = Who("carys", frozenset({"W06000015"}))
LEEDS = Who("carys", frozenset({"E08000035"}))


@pytest.fixture
def cases(store: Engine) -> Engine:
    """B1 (P1, P2) in Cardiff, B2 (P3) in Leeds, B3 (P4) nobody knows where."""
    run(store)
    items = pl.DataFrame(
        {
            "benefit_unit_id": ["B1", "B2", "B3"],
            "household_id": ["H1", "H2", "H3"],
            "area": ["W06000015", "E08000035", None],
        }
    ).with_columns(
        run_id=pl.lit("run-1"),
        schemes=pl.lit(1),
        unknown_facts=pl.lit(0),
        in_conflict=pl.lit(value=False),
        flagged_at=pl.lit(AT),
        due_at=pl.lit(AT),
        state=pl.lit("open"),
    )
    with store.begin() as connection:
        put(connection, WorkItem, items)
        put_people(
            connection,
            people(("P1", "H1"), ("P2", "H1"), ("P3", "H2"), ("P4", "H3")),
        )
    return store


def people(*rows: tuple[str, str]) -> pl.DataFrame:
    blank = {"benefit_unit_id": None, "surname_key": None, "born_on": None, "postcode": None}
    schema = {
        "person_id": pl.String,
        "household_id": pl.String,
        "benefit_unit_id": pl.String,
        "surname_key": pl.String,
        "born_on": pl.Date,
        "postcode": pl.String,
    }
    filled = [{"person_id": who, "household_id": home, **blank} for who, home in rows]
    return pl.DataFrame(filled, schema=schema)


def tie(engine: Engine, person_id: str, kind: str = "own") -> None:
    row = {"account_id": "carys", "person_id": person_id, "kind": kind, "said_by": "a", "at": AT}
    with engine.begin() as connection:
        connection.execute(insert(table_of(AccountTie)), row)


def listed(engine: Engine, who: Who) -> list[str]:
    item = table_of(WorkItem)
    query = select(item.c.benefit_unit_id).where(within(who)).order_by(item.c.benefit_unit_id)
    with engine.begin() as connection:
        return list(connection.execute(query).scalars())


def opened(engine: Engine, who: Who) -> list[str]:
    """Ask case by case what `listed` asks at once."""
    found = []
    for case in ("B1", "B2", "B3"):
        try:
            openable(engine, who, case)
        except NotHere:
            continue
        found.append(case)
    return found


@pytest.mark.parametrize(
    ("who", "theirs"),
    [
        (EVERYWHERE, ["B1", "B2", "B3"]),
        (CARDIFF, ["B1"]),
        (LEEDS, ["B2"]),
        (Who("carys", frozenset({"W06000015", "E08000035"})), ["B1", "B2"]),
        (Who("carys", frozenset()), []),
    ],
)
def test_an_official_opens_the_cases_of_their_areas_and_no_other(
    cases: Engine, who: Who, theirs: list[str]
):
    assert listed(cases, who) == theirs
    assert opened(cases, who) == theirs


@pytest.mark.parametrize("kind", ["own", "relative", "known"])
def test_nobody_opens_a_household_with_themselves_or_somebody_they_know(cases: Engine, kind: str):
    tie(cases, "P2", kind)
    assert listed(cases, EVERYWHERE) == opened(cases, EVERYWHERE) == ["B2", "B3"]
    assert listed(cases, Who("kofi", None)) == ["B1", "B2", "B3"]
    for gate, what in ((openable, "B1"), (household_openable, "H1"), (person_openable, "P1")):
        with pytest.raises(NotHere):
            gate(cases, EVERYWHERE, what)


def test_a_tie_holds_under_the_id_that_took_over(cases: Engine):
    tie(cases, "OLD")
    with cases.begin() as connection:
        connection.execute(insert(table_of(PersonHeir)), {"was": "OLD", "person_id": "P3"})
    assert listed(cases, EVERYWHERE) == ["B1", "B3"]


def test_a_tie_holds_where_only_the_contact_register_knows_the_household(cases: Engine):
    tie(cases, "P9")
    row = {"person_id": "P9", "language": "en", "household_id": "H2"}
    nowhere = {"person_id": "P8", "language": "en", "household_id": None}
    with cases.begin() as connection:
        connection.execute(insert(table_of(Recipient)), [row, nowhere])
    tie(cases, "P8")
    assert listed(cases, EVERYWHERE) == ["B1", "B3"]


def test_households_and_people_open_as_their_cases_do(cases: Engine):
    household_openable(cases, CARDIFF, "H1")
    person_openable(cases, CARDIFF, "P2")
    for gate, what in (
        (household_openable, "H2"),
        (household_openable, "H9"),
        (person_openable, "P3"),
        (person_openable, "P9"),
    ):
        with pytest.raises(NotHere):
            gate(cases, CARDIFF, what)


def test_not_there_and_not_theirs_take_the_same_queries_and_say_the_same(cases: Engine):
    tie(cases, "P3")
    said: dict[str, tuple[list[str], str]] = {}
    for case in ("B2", "B3", "B9"):
        statements: list[str] = []

        def keep(_c: object, _u: object, statement: str, *_: object, into: list[str] = statements):
            into.append(statement)

        event.listen(cases, "before_cursor_execute", keep)
        with pytest.raises(NotHere) as error:
            openable(cases, CARDIFF, case)
        event.remove(cases, "before_cursor_execute", keep)
        said[case] = (statements, str(error.value))
    assert said["B2"] == said["B3"] == said["B9"]
    assert "B2" not in said["B2"][1]


def test_people_of_an_earlier_run_go_and_a_value_that_does_not_fit_is_refused(cases: Engine):
    with cases.begin() as connection:
        put_people(connection, people(("P7", "H1")))
        kept = connection.execute(select(table_of(CasePerson).c.person_id)).scalars().all()
    assert kept == ["P7"]
    with pytest.raises(StoreError, match=r"case_people\.person_id"), cases.begin() as connection:
        put_people(connection, people(("Zebedee Quill", "H1")))


def test_a_tie_by_surname_and_birth_date_holds_however_the_name_is_written(cases: Engine):
    named = people(("P1", "H1"), ("P3", "H2")).with_columns(
        surname_key=pl.Series(["O'Siân-Jones", "Osian Jones"]),
        born_on=pl.Series([date(1951, 2, 28), date(1951, 2, 27)]),
    )
    with cases.begin() as connection:
        put_people(connection, named)
    assert listed(cases, EVERYWHERE) == ["B1", "B2", "B3"]
    tie(cases, known_as("OSIAN JONES", date(1951, 2, 28)))
    assert listed(cases, EVERYWHERE) == ["B2", "B3"]
