"""A flagged benefit unit with messages planned to it, for the tests of casework. All invented."""

from datetime import UTC, date, datetime

from sqlalchemy import Engine, insert, select, update

from nostop.store import Act
from nostop.store.decisions import Seen
from nostop.store.rows import table_of
from nostop.store.tables import OutreachMessage
from nostop.store.tables_access import CasePerson
from nostop.store.tables_audit import AuditEntry
from nostop.store.tables_casework import Flag, WorkItem
from nostop.store.tables_events import Case
from nostop.store.tables_outreach import Recipient
from tests.store.campaigns import campaign

AT = datetime(2026, 6, 1, 10, tzinfo=UTC)
CARYS, KOFI, SIAN = Act("carys", AT), Act("kofi", AT), Act("sian", AT)
FIRST = Seen("B1", 1)


def flagged(engine: Engine) -> None:
    """B1 (ada and her partner bo) is flagged for pension_credit and attendance_allowance; ada is to
    be written to about pension_credit by an approved campaign. B2 is cem's, in the same house."""
    campaign(engine, "ada", "cem")
    with engine.begin() as connection:
        for unit in ("B1", "B2"):
            connection.execute(insert(table_of(WorkItem)), item(unit))
        for unit, scheme, who, outcome in (
            ("B1", "attendance_allowance", "bo", "unknown"),
            ("B1", "pension_credit", "ada", "entitled"),
            ("B2", "pension_credit", "cem", "entitled"),
        ):
            connection.execute(insert(table_of(Flag)), flag(unit, scheme, who, outcome))
        for who, unit in (("ada", "B1"), ("bo", "B1"), ("cem", "B2")):
            person = {"person_id": who, "household_id": "H1", "benefit_unit_id": unit}
            connection.execute(insert(table_of(CasePerson)), person)
            recipients = table_of(Recipient)
            mine = update(recipients).where(recipients.c.person_id == who)
            connection.execute(mine.values(benefit_unit_id=unit, household_id="H1"))


def item(unit: str) -> dict[str, object]:
    return {
        "benefit_unit_id": unit,
        "household_id": "H1",
        "run_id": "run-spring",
        "area": "E06000001",
        "nation": "england",
        "schemes": 2,
        "unknown_facts": 0,
        "in_conflict": False,
        "flagged_at": AT,
        "due_at": AT,
        "state": "open",
    }


def flag(unit: str, scheme: str, who: str, outcome: str) -> dict[str, object]:
    return {
        "benefit_unit_id": unit,
        "scheme": scheme,
        "subject_id": unit,
        "person_id": who,
        "run_id": "run-spring",
        "effective_on": date(2026, 6, 1),
        "pack_version": "2026.1",
        "outcome": outcome,
        "per": "week",
        "missing": 0,
        "state": "open",
    }


def flag_states(engine: Engine, unit: str = "B1") -> dict[str, str]:
    table = table_of(Flag)
    return pairs(
        engine, select(table.c.scheme, table.c.state).where(table.c.benefit_unit_id == unit)
    )


def the_item(engine: Engine, unit: str = "B1") -> dict[str, object]:
    table = table_of(WorkItem)
    with engine.begin() as connection:
        query = select(table).where(table.c.benefit_unit_id == unit)
        return dict(connection.execute(query).mappings().one())


def messages(engine: Engine) -> dict[str, tuple[str, str | None]]:
    table = table_of(OutreachMessage)
    with engine.begin() as connection:
        query = select(table.c.recipient_id, table.c.state, table.c.suppression)
        return {who: (state, why) for who, state, why in connection.execute(query)}


def open_overrides(engine: Engine) -> list[tuple[str, str, str]]:
    table = table_of(Case)
    query = select(table.c.benefit_unit_id, table.c.scheme, table.c.reason)
    with engine.begin() as connection:
        return sorted(
            tuple(row) for row in connection.execute(query.where(table.c.kind == "override"))
        )


def audited(engine: Engine, action: str) -> list[tuple[str, str | None, str]]:
    table = table_of(AuditEntry)
    query = select(table.c.actor, table.c.subject, table.c.detail).where(table.c.action == action)
    with engine.begin() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(table.c.seq))]


def pairs(engine: Engine, query: object) -> dict[str, str]:
    with engine.begin() as connection:
        return dict(tuple(row) for row in connection.execute(query))  # type: ignore[call-overload]
