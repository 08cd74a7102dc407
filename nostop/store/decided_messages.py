"""What decisions hold back of what is planned, and let go again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, or_, select, update
from sqlalchemy.sql import ColumnElement

from nostop.events import day_of
from nostop.store.audit import Entry
from nostop.store.campaigns import Act
from nostop.store.contacts import DECIDED, HOLDING, decided_against, reasons_not_to
from nostop.store.rows import table_of
from nostop.store.tables import OutreachMessage
from nostop.store.tables_access import CasePerson
from nostop.store.tables_casework import Flag
from nostop.store.tables_outreach import Campaign


def messages_follow(connection: Connection, item: Mapping[str, Any], act: Act) -> list[Entry]:
    """Take planned messages back that a decision holds, and plan again those it holds no more and
    nothing else does; return what to write down. The claim asks the same of each message."""
    table, flags = table_of(OutreachMessage), table_of(Flag)
    mine = _messages_of(connection, item)
    held = select(flags.c.scheme).where(
        flags.c.benefit_unit_id == item["benefit_unit_id"],
        flags.c.state.in_(HOLDING),
    )
    columns = (table.c.message_id, table.c.recipient_id)
    planned = select(*columns).where(mine, table.c.state == "planned", table.c.scheme.in_(held))
    freed = select(*columns).where(
        mine,
        table.c.state == "suppressed",
        table.c.suppression == DECIDED,
        # It was planned with these words, and so may be approved: see `holding.release`.
        table.c.body_sha256.is_not(None),
        table.c.scheme.not_in(held),
    )
    order = table.c.message_id
    back = list(connection.execute(planned.order_by(order).with_for_update()))
    again = list(connection.execute(freed.order_by(order).with_for_update()))
    stops = reasons_not_to(connection, [who for _, who in again], day_of(act.at))
    # What is decided of another case of the household may hold it still.
    still = decided_against(connection, [message_id for message_id, _ in again])
    ids = [message_id for message_id, _ in back]
    free = [each for each, who in again if who not in stops and each not in still]
    _set(connection, ids, "suppressed", DECIDED)
    _set(connection, free, "planned", None)
    entries = [Entry("message.suppressed", each, {"reason": DECIDED}) for each in ids]
    return entries + [Entry("message.planned", each) for each in free]


def _set(connection: Connection, message_ids: list[str], state: str, why: str | None) -> None:
    table = table_of(OutreachMessage)
    if message_ids:
        query = update(table).where(table.c.message_id.in_(message_ids))
        connection.execute(query.values(state=state, suppression=why))


def _messages_of(connection: Connection, item: Mapping[str, Any]) -> ColumnElement[bool]:
    """Return the condition of a message to anybody of the household about this benefit unit, found
    by the key of messages: campaign and recipient. As the claim asks (`decided_against`)."""
    table, campaigns, flags = table_of(OutreachMessage), table_of(Campaign), table_of(Flag)
    people = household_people(connection, item)
    of_unit = table.c.benefit_unit_id == item["benefit_unit_id"]
    # Planned for a unit in which they were before: what was decided is of the one of now.
    theirs = table.c.recipient_id.in_(people.members)
    of_household = select(flags.c.scheme).where(
        flags.c.benefit_unit_id == item["benefit_unit_id"],
        flags.c.subject_id == item["household_id"],
    )
    of_nobody = table.c.benefit_unit_id.is_(None) & or_(
        table.c.recipient_id.in_(people.mine), table.c.scheme.in_(of_household)
    )
    return (
        table.c.campaign.in_(select(campaigns.c.campaign))
        & table.c.recipient_id.in_(people.everybody)
        & or_(of_unit, theirs, of_nobody)
    )


@dataclass(frozen=True, slots=True)
class HouseholdPeople:
    """Person ids of a household; of them those of one of its benefit units, and with them who would
    claim for it (`mine`)."""

    everybody: tuple[str, ...]
    mine: tuple[str, ...]
    members: tuple[str, ...]


def household_people(connection: Connection, item: Mapping[str, Any]) -> HouseholdPeople:
    """Return who lives in the household of a case, and who of them is in its benefit unit."""
    table, flags = table_of(CasePerson), table_of(Flag)
    unit = item["benefit_unit_id"]
    here = select(table.c.person_id, table.c.benefit_unit_id).where(
        table.c.household_id == item["household_id"]
    )
    units = {str(person): theirs for person, theirs in connection.execute(here)}
    claim = select(flags.c.person_id).where(
        flags.c.benefit_unit_id == unit, flags.c.person_id.is_not(None)
    )
    claimants = set(connection.execute(claim).scalars())
    members = {person for person, theirs in units.items() if theirs == unit}
    mine = members | claimants
    everybody = mine | units.keys()
    return HouseholdPeople(*(tuple(sorted(each)) for each in (everybody, mine, members)))
