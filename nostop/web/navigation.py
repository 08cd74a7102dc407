"""The rooms of the web app, in the order in which they stand at the top of each page."""

from dataclasses import dataclass

from nostop.web.guard import Visitor
from nostop.web.permissions import Permission


@dataclass(frozen=True, slots=True)
class Room:
    """A room: its address, its name in English, and what it asks of a visitor."""

    path: str
    name: str
    permission: Permission


ROOMS = (
    Room("/queue", "My work", Permission.WORK),
    Room("/search", "Find a case", Permission.WORK),
    Room("/approvals", "Second approval", Permission.SENIOR),
    Room("/links", "Link review", Permission.LINKS),
    Room("/campaigns", "Campaigns", Permission.CAMPAIGNS),
    Room("/take-up", "Take-up", Permission.TAKE_UP),
    Room("/workbench", "Rules", Permission.WORKBENCH),
    Room("/quality", "Quality", Permission.QUALITY),
    Room("/runs", "Runs and feeds", Permission.RUNS),
    Room("/audit", "Audit", Permission.AUDIT),
    Room("/exports", "Exports", Permission.EXPORT),
    Room("/exports/approve", "Approve exports", Permission.APPROVE_EXPORT),
    Room("/access", "Access", Permission.ADMIN),
)


def rooms_of(visitor: Visitor) -> tuple[Room, ...]:
    """Return the rooms that are open to somebody."""
    return tuple(room for room in ROOMS if visitor.may(room.permission))
