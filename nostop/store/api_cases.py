"""Which case is a person's, for a service that knows them by their id."""

from sqlalchemy import Connection, select

from nostop.store.access import Who, within
from nostop.store.rows import table_of
from nostop.store.tables_access import CasePerson
from nostop.store.tables_casework import WorkItem


def case_of_person(connection: Connection, who: Who, person_id: str) -> str | None:
    """Return the case of somebody's benefit unit, or else the first of their household, that
    somebody may open; None where there is none."""
    item, person = table_of(WorkItem), table_of(CasePerson)
    is_theirs = item.c.benefit_unit_id == person.c.benefit_unit_id
    query = (
        select(item.c.benefit_unit_id)
        .join(person, person.c.household_id == item.c.household_id)
        .where(person.c.person_id == person_id, within(who))
        .order_by(is_theirs.desc().nulls_last(), item.c.benefit_unit_id)
        .limit(1)
    )
    found: str | None = connection.execute(query).scalar()
    return found
