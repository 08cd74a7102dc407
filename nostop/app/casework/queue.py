"""The queue of flagged benefit units as a caseworker sees it: a search, its page, nobody's name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlencode

from nostop.app.casework.access import Who
from nostop.app.casework.cases import Desk
from nostop.hours import CALENDAR, LONDON, BankHolidays, read_bank_holidays
from nostop.store.engine import reading
from nostop.store.saved_searches import delete_search, save_search, saved_searches
from nostop.store.tables_access import areas_read
from nostop.store.work_items import (
    SORTS,
    SURE_PER_MILLE,
    Count,
    Filters,
    Page,
    areas_of,
    find,
    flags_of,
    officials,
)
from nostop.store.work_taking import Given, assign_many, claim_next, put_back

#: Cases to a page.
TO_A_PAGE = 25
ME, NOBODY = "me", "nobody"
_MOST_DAYS = 3650
_MOST_POUNDS = 1_000_000
#: How long a text of a search can be.
_LONGEST = 100
#: Query name -> the words it may have.
WORDS: dict[str, tuple[str, ...]] = {
    "state": ("open", "waiting", "second", "done"),
    "sort": tuple(SORTS),
    "links": ("sure", "less"),
    "facts": ("none", "few", "many"),
    "outcome": ("entitled", "unknown"),
    "conflict": ("yes", "no"),
    "due": ("overdue", "week"),
}
Title = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Search:
    """What a caseworker searches the queue for: each field as it is named in an address.

    gain: at least so many pounds a year. deadline: within so many days. age: the oldest fact is
    older than so many days. assignee: an account, `me`, `nobody`, or nothing for anybody.
    """

    scheme: tuple[str, ...] = ()
    area: tuple[str, ...] = ()
    gain: int | None = None
    deadline: int | None = None
    age: int | None = None
    links: str = ""
    facts: str = ""
    outcome: str = ""
    assignee: str = ""
    conflict: str = ""
    due: str = ""
    state: str = "open"
    sort: str = "lost"

    @classmethod
    def from_query(cls, query: Mapping[str, Sequence[str]]) -> tuple[Self, dict[str, str]]:
        """Return the search of an address, and by field what of it cannot be used and is left
        out."""
        wrong: dict[str, str] = {}
        found: dict[str, Any] = {}
        for name in ("scheme", "area"):
            found[name] = tuple(dict.fromkeys(each for each in query.get(name, ()) if _fits(each)))
        numbers = {"gain": _MOST_POUNDS, "deadline": _MOST_DAYS, "age": _MOST_DAYS}
        for name, most in numbers.items():
            found[name] = _whole(_last(query, name), name, most, wrong)
        for name, words in WORDS.items():
            said = _last(query, name)
            if said and said not in words:
                wrong[name] = "Choose one of the list"
            elif said:
                found[name] = said
        assignee = _last(query, "assignee")
        found["assignee"] = assignee if _fits(assignee) else ""
        return cls(**found), wrong

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Return the search of the query part of an address; what cannot be used is left out."""
        return cls.from_query(parse_qs(text))[0]

    def as_query(self) -> str:
        """Return the query part of an address: only what is not as usual."""
        usual = type(self)()
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        changed = {name: v for name, v in said.items() if v != getattr(usual, name)}
        return urlencode(changed, doseq=True)

    def without(self, name: str, value: str = "") -> Self:
        """Return the search without one of its filters, or one of its values."""
        said, usual = getattr(self, name), getattr(type(self)(), name)
        if isinstance(said, tuple) and value:
            usual = tuple(each for each in said if each != value)
        changed: dict[str, Any] = {name: usual}
        return replace(self, **changed)

    def is_narrowed(self) -> bool:
        """Whether anything but the state and the sort is asked for."""
        return replace(self, state="open", sort="lost") != type(self)()

    def filters(self, account_id: str, at: datetime) -> Filters:
        """Return what the store is asked, by somebody at a moment."""
        today = at.astimezone(LONDON).date()
        overdue, week = self.due == "overdue", self.due == "week"
        named = {ME: account_id, NOBODY: None}
        return Filters(
            state=self.state,
            schemes=self.scheme,
            least_gain=None if self.gain is None else self.gain * 100,
            deadline_before=_days(today, self.deadline, 1),
            sure=None if not self.links else self.links == "sure",
            areas=frozenset(self.area) or None,
            facts_before=_days(today, None if self.age is None else -self.age, 0),
            unknown=self.facts or None,
            outcome=self.outcome or None,
            assignee=named.get(self.assignee, self.assignee) or None,
            unassigned=self.assignee == NOBODY,
            in_conflict=None if not self.conflict else self.conflict == "yes",
            due_from=at if week else None,
            due_before=at if overdue else _next_monday(today) if week else None,
            sort=self.sort,
        )


@dataclass(frozen=True, slots=True)
class Clock:
    """How a case stands to its service level.

    kind: left or late (so many working days), today (it ends today), late_today, or day and
    late_day: the bank holidays of then are not known, and only the day can be said.
    """

    kind: str
    days: int
    due_on: date


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One case of the queue. Nobody is named. Pence; None is not known; `sure` is of its links."""

    benefit_unit_id: str
    label: str
    version: int
    schemes: tuple[Title, ...]
    area: str | None
    gain_year: int | None
    lost_each_week: int | None
    deadline: date | None
    clock: Clock
    unknown_facts: int
    in_conflict: bool
    sure: bool | None
    assignee: str | None
    has_assignee: bool
    is_mine: bool
    can_take: bool


@dataclass(frozen=True, slots=True)
class Queue:
    """A page of the queue: its cases, how many match, and what can be chosen.

    schemes, areas, people: value and text of each choice; saved: name and query.
    """

    rows: tuple[QueueRow, ...]
    count: Count
    previous: str | None
    next: str | None
    schemes: tuple[tuple[str, Title], ...]
    areas: tuple[str, ...]
    people: tuple[tuple[str, str], ...]
    saved: tuple[tuple[str, str], ...]


def look(desk: Desk, search: Search, after: str | None, before: str | None) -> Queue:
    """Return a page of the queue for somebody: only cases that they may open.

    Args:
        desk: who looks, and when.
        search: what for.
        after: the case after which the page begins; before: the one before which it ends.
    """
    page = Page(TO_A_PAGE, after, before)
    with reading(desk.engine) as connection:
        found = find(connection, desk.who, search.filters(desk.who.account_id, desk.at), page)
        ids = found.rows["benefit_unit_id"].to_list()
        flags = flags_of(connection, ids)
        everybody = officials(connection)
        areas = areas_of(connection) if desk.who.areas is None else sorted(desk.who.areas)
        saved = saved_searches(connection, desk.who.account_id)
    titles, people = desk.titles(), everybody.to_dicts()
    named = {row["account_id"]: row["name"] for row in people}
    told = _Told(desk, titles, named, _holidays(desk.rules))
    schemes: dict[str, list[str]] = {}
    for ident, scheme in flags.select("benefit_unit_id", "scheme").iter_rows():
        schemes.setdefault(ident, []).append(scheme)
    return Queue(
        rows=tuple(
            told.row(row, schemes.get(row["benefit_unit_id"], [])) for row in found.rows.to_dicts()
        ),
        count=found.count,
        previous=ids[0] if found.has_previous and ids else None,
        next=ids[-1] if found.has_next and ids else None,
        schemes=tuple(sorted(titles.items(), key=lambda each: each[1]["en"])),
        areas=tuple(areas),
        people=tuple((row["account_id"], row["name"]) for row in people if _does_casework(row)),
        saved=tuple(saved),
    )


def take_next(desk: Desk, search: Search) -> str | None:
    """Take the first case of a search that is to do and that nobody has; None where none is."""
    return claim_next(desk.engine, desk.who, search.filters(desk.who.account_id, desk.at), desk.at)


def give(desk: Desk, to: str, items: Mapping[str, int]) -> Given | None:
    """Give cases (benefit unit -> version) to an official, or `me`; only seniors to others.

    None where that official does no casework, or somebody may not give to them.
    """
    if to in (ME, desk.who.account_id):
        return assign_many(desk.engine, desk.who, desk.who, items, desk.at)
    whom = _whom(desk, to) if desk.is_senior else None
    return assign_many(desk.engine, desk.who, whom, items, desk.at) if whom else None


def give_back(desk: Desk, items: Mapping[str, int]) -> int:
    """Put cases back for anybody to take: one's own, and a senior anybody's. Return how many."""
    act = (desk.engine, desk.who)
    return sum(put_back(*act, item, desk.at, anybodys=desk.is_senior) for item in items.items())


def keep_search(desk: Desk, name: str, search: Search) -> None:
    """Keep a search under a name.

    Raises:
        StoreError: it cannot be kept: in words.
    """
    save_search(desk.engine, desk.who.account_id, name, search.as_query(), desk.at)


def forget_search(desk: Desk, name: str) -> bool:
    """Delete a search; return whether there was one."""
    return delete_search(desk.engine, desk.who.account_id, name)


def _whom(desk: Desk, account_id: str) -> Who | None:
    with reading(desk.engine) as connection:
        for row in officials(connection).to_dicts():
            if row["account_id"] == account_id and _does_casework(row):
                return Who(account_id, areas_read(row["areas"]))
    return None


def _does_casework(account: Mapping[str, Any]) -> bool:
    return not {"caseworker", "senior"}.isdisjoint(account["roles"].split())


@dataclass(frozen=True, slots=True)
class _Told:
    """What rows are told with."""

    desk: Desk
    titles: Mapping[str, Title]
    names: Mapping[str, str]
    holidays: BankHolidays

    def row(self, row: Mapping[str, Any], schemes: list[str]) -> QueueRow:
        sure, holder = row["confidence_per_mille"], row["assignee"]
        mine = holder == self.desk.who.account_id
        return QueueRow(
            benefit_unit_id=row["benefit_unit_id"],
            label=short_label(row["benefit_unit_id"]),
            version=row["version"],
            schemes=tuple(self.titles.get(each, {"en": each, "cy": each}) for each in schemes),
            area=row["area"],
            gain_year=row["gain_year"],
            lost_each_week=row["lost_each_week"],
            deadline=row["deadline"],
            clock=clock(row["due_at"], self.desk.at, row["nation"], self.holidays),
            unknown_facts=row["unknown_facts"],
            in_conflict=row["in_conflict"],
            sure=None if sure is None else sure >= SURE_PER_MILLE,
            assignee=None if holder is None else self.names.get(holder),
            has_assignee=holder is not None,
            is_mine=mine,
            can_take=row["state"] != "done" and (self.desk.is_senior or holder is None or mine),
        )


def short_label(benefit_unit_id: str) -> str:
    """Return the end of an id, enough to tell the cases of a page apart."""
    return benefit_unit_id[-8:].lstrip("-_.:")


def clock(due_at: datetime, at: datetime, nation: str | None, holidays: BankHolidays) -> Clock:
    """Return how a case stands to its service level, in working days of its nation."""
    today, due_on = at.astimezone(LONDON).date(), due_at.astimezone(LONDON).date()
    late = due_at < at
    first, last = (due_on, today) if late else (today, due_on)
    if not {first.year, last.year} <= holidays.years:
        return Clock("late_day" if late else "day", 0, due_on)
    days = (first + timedelta(days=n) for n in range(1, (last - first).days + 1))
    working = sum(1 for day in days if day.weekday() < 5 and not holidays.closes(day, nation))
    if due_on == today:
        return Clock("late_today" if late else "today", 0, due_on)
    return Clock("late" if late else "left", working, due_on)


def _holidays(rules: Path) -> BankHolidays:
    return _kept_holidays(rules, (rules / CALENDAR).stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _kept_holidays(rules: Path, _changed: int) -> BankHolidays:
    return read_bank_holidays(rules)


def _fits(text: str) -> bool:
    return 0 < len(text) <= _LONGEST and text.isprintable()


def _last(query: Mapping[str, Sequence[str]], name: str) -> str:
    return query[name][-1].strip() if query.get(name) else ""


def _whole(text: str, name: str, most: int, wrong: dict[str, str]) -> int | None:
    plain = text.removeprefix("£").replace(",", "").strip()
    if not plain:
        return None
    if plain.isascii() and plain.isdigit() and len(plain) <= len(str(most)) and int(plain) <= most:
        return int(plain)
    wrong[name] = (
        "Enter whole pounds, such as 500" if name == "gain" else "Enter a whole number of days"
    )
    return None


def _days(today: date, days: int | None, more: int) -> date | None:
    return None if days is None else today + timedelta(days=days + more)


def _next_monday(today: date) -> datetime:
    return datetime.combine(today + timedelta(days=7 - today.weekday()), time(0), LONDON)
