"""A case on one page: everything that somebody needs who has two minutes for it.

That a record is read is written down before any of it is read.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from nostop.app.casework import case_parts as parts
from nostop.app.casework.access import openable
from nostop.app.casework.case_file import (
    CaseFile,
    Corrected,
    FactValue,
    corrected,
    read_case,
    rows_of,
    sources_of,
    standing_facts,
)
from nostop.app.casework.case_history import timeline_of
from nostop.app.casework.case_parts import Known
from nostop.app.casework.case_view import Both, CaseView, ClaimView, SchemeView
from nostop.app.casework.deciding import OF_THE_UNIT, open_kinds
from nostop.app.casework.next_step import next_step
from nostop.app.casework.warm import WarmHome, WarmRules, WarmShelf, rules_of_run, shown
from nostop.app.casework.why import Missing, WhyLine
from nostop.app.rules import rules_at
from nostop.model import NotHere
from nostop.store import Act, reading
from nostop.store.access import Who
from nostop.store.audit import record_read
from nostop.store.case_files import read_case_file
from nostop.store.case_page import CaseRows, case_rows, colleagues, people_of_case

PURPOSE = "case_work"
_TOLD = ("entitled", "unknown")
_NO_FILE = "cases: nothing is kept of this household any more"


@dataclass(frozen=True, slots=True)
class Desk:
    """What somebody works on cases with: the store, the rules, who they are, the time, and why they
    read them."""

    engine: Engine
    shelf: WarmShelf
    rules: Path
    who: Who
    at: datetime
    is_senior: bool
    purpose: str = PURPOSE

    @property
    def act(self) -> Act:
        """Who does something, and when."""
        return Act(self.who.account_id, self.at)

    def titles(self) -> dict[str, Both]:
        """Return what schemes are called, by id."""
        return {
            name: {"en": each.pack.title.en, "cy": each.pack.title.cy}
            for name, each in rules_at(self.rules, self.at).schemes.items()
        }


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case that is read: what is kept of it, its file, what was corrected, its rules, and its
    household under them."""

    rows: CaseRows
    file: CaseFile
    corrections: tuple[Corrected, ...]
    warm: WarmRules
    home: WarmHome
    known: Known

    @property
    def facts(self) -> Sequence[FactValue]:
        """Its facts with what was corrected."""
        return self.known.facts

    def supposing(self, more: Sequence[Corrected]) -> WarmHome:
        """Return the household with `more` corrected."""
        rows = rows_of(self.file, (*self.corrections, *more), self.warm.book.catalogue)
        return self.warm.home(rows)


@dataclass(frozen=True, slots=True)
class _Told:
    """What the rules say of one flag now: outcome and amounts as they may be shown, and whether it
    is known that they do not get it."""

    outcome: str
    low: int | None
    high: int | None
    why: tuple[WhyLine, ...]
    missing: tuple[Missing, ...]
    receipt_known: bool = True


def read_open_case(desk: Desk, unit: str) -> OpenCase:
    """Return a case, once it is written down that its people's records are read.

    Raises:
        NotHere: there is none, or it is not theirs.
    """
    with reading(desk.engine) as connection:
        openable(connection, desk.who, unit)
        people = people_of_case(connection, unit)
    record_read(desk.engine, desk.who.account_id, people, desk.purpose, desk.at)
    with reading(desk.engine) as connection:
        rows = case_rows(connection, unit)
        filed = None if rows is None else read_case_file(connection, rows.item["household_id"])
        if rows is None or filed is None:
            raise NotHere(_NO_FILE)
        wanted = rules_of_run(connection, desk.rules, filed.run_id)
    file = read_case(filed.document)
    warm = desk.shelf.of(wanted, desk.at)
    standing = corrected(rows.standing)
    facts = standing_facts(file, standing)
    known = Known(rows, file, facts, warm.book, desk.at.date())
    home = warm.home(rows_of(file, standing, warm.book.catalogue))
    return OpenCase(rows, file, standing, warm, home, known)


def show_case(desk: Desk, unit: str) -> CaseView:
    """Return the page of a case, once it is written down that somebody reads it.

    Raises:
        NotHere: there is none, or it is not theirs.
    """
    return view_of(desk, read_open_case(desk, unit))


def view_of(desk: Desk, case: OpenCase) -> CaseView:
    """Return the page of a case that is read."""
    known, rows, item = case.known, case.rows, case.rows.item
    flags = _flags(rows)
    told = _told_of_each(case, flags)
    path = _path(case, told)
    schemes = tuple(_scheme(desk, case, flag, told[flag["scheme"]]) for flag in flags)
    stated = parts.stated_of(known)
    states = [each.state for each in schemes]
    kinds = open_kinds(states, senior=desk.is_senior)
    means = {name: parts.label(fact.means) for name, fact in known.book.catalogue.facts.items()}
    missing = parts.missing_of(known, {name: each.missing for name, each in told.items()})
    return CaseView(
        id=known.unit,
        household_id=item["household_id"],
        version=item["version"],
        state=item["state"],
        area=item["area"],
        nation=item["nation"],
        assignee=rows.names.get(item["assignee"] or "", item["assignee"]),
        is_mine=item["assignee"] == desk.who.account_id,
        due_on=item["due_at"].date(),
        is_late=item["state"] == "open" and item["due_at"] < desk.at,
        protected=parts.is_protected(case.file),
        people=parts.people_of(known),
        names=known.names,
        fact_means=means,
        others=tuple(rows.others.filter(rows.others["state"] != "gone")["benefit_unit_id"]),
        next=next_step(known, item, schemes, missing),
        schemes=schemes,
        path=path,
        missing=missing,
        conflicts=parts.conflicts_of(known),
        links=parts.links_of(known),
        less_sure=not all(map(parts.is_sure, case.file.of_unit(known.unit))),
        facts=parts.facts_of(known, stated),
        corrections=parts.corrections_of(known),
        timeline=timeline_of(rows, _titles(known, rows), means),
        messages=parts.messages_of(known),
        notes=parts.notes_of(rows),
        documents=parts.documents_of(rows),
        kinds=tuple(each for each in kinds if each in OF_THE_UNIT),
        phones=parts.phones_of(known),
    )


def _path(case: OpenCase, told: Mapping[str, _Told]) -> tuple[ClaimView, ...]:
    """Return the claims to make. What the run said that one is worth is told only where nothing
    that was corrected makes it another; one that the rules do not find any more is none."""
    over = {name for name, each in told.items() if each.outcome not in _TOLD}
    loaded = {f["scheme"] for f in _flags(case.rows) if _is_as_loaded(f, told[f["scheme"]])}
    another = told.keys() - over - loaded
    return tuple(
        replace(each, gain=parts.NOT_KNOWN) if each.scheme in another else each
        for each in parts.path_of(case.known)
        if each.scheme not in over
    )


def _is_as_loaded(flag: Mapping[str, Any], told: _Told) -> bool:
    said = (flag["outcome"], flag["amount_low"], flag["amount_high"])
    return told.receipt_known and (told.outcome, told.low, told.high) == said


def conditions_for(case: OpenCase, scheme: str) -> tuple[tuple[str, str], ...]:
    """Return id and words of each condition of a scheme, in the order of its rules."""
    found = case.warm.book.schemes.get(scheme)
    if found is None:
        return ()
    said = ((each.id, each.says) for each in found.pack.entitled_when)
    return (("applies_in", "Lives where the scheme applies"), *said)


def colleagues_of(desk: Desk, area: str | None) -> dict[str, str]:
    """Return who could take a case of an area: names, by account, without the visitor."""
    with reading(desk.engine) as connection:
        found = colleagues(connection, area)
    return {account: name for account, name in found.items() if account != desk.who.account_id}


def _flags(rows: CaseRows) -> list[dict[str, Any]]:
    """The flags of a case: what is to be looked at first, then what is worth most."""
    order = {"open": 0, "waiting": 1, "second": 2}
    found = rows.flags.to_dicts()
    return sorted(
        found,
        key=lambda each: (
            order.get(each["state"], 3),
            each["outcome"] != "entitled",
            -(each["gain_year"] or 0),
            each["scheme"],
        ),
    )


def _titles(known: Known, rows: CaseRows) -> dict[str, Both]:
    schemes = {
        *rows.flags["scheme"],
        *rows.decisions["scheme"].drop_nulls(),
        *rows.messages["scheme"],
    }
    return {scheme: known.title(scheme) for scheme in schemes}


def _told_of_each(case: OpenCase, flags: Sequence[Mapping[str, Any]]) -> dict[str, _Told]:
    """What the rules say of each flag, by scheme."""
    is_run = [each for each in flags if each["scheme"] in case.warm.schemes]
    decided = decided_now(case.home, [each["scheme"] for each in is_run if each["state"] != "gone"])
    by_scheme: dict[str, list[dict[str, Any]]] = {}
    for (scheme, _), row in decided.items():
        by_scheme.setdefault(scheme, []).append(row)
    return {each["scheme"]: _told(case, each, by_scheme.get(each["scheme"], [])) for each in flags}


def _told(case: OpenCase, flag: Mapping[str, Any], decided: Sequence[Mapping[str, Any]]) -> _Told:
    """What the rules say of a flag: as its run did, or worked out anew with what was corrected.

    Args:
        decided: of its scheme, in the whole household, as it may be shown.
    """
    scheme, subject = flag["scheme"], flag["subject_id"]
    now = next((row for row in decided if _subject_of(row) == subject), None)
    if now is None:
        # The scheme is not in force any more, or whom the flag was for not in this household.
        return _Told("gone", None, None, (), ())
    why = case.home.why(scheme, subject, sources_of(case.facts))
    missing = case.home.missing(scheme, subject)
    known = now["claimed"] is False
    if known and not case.corrections:
        low, high = flag["amount_low"], flag["amount_high"]
        return _Told(flag["outcome"], low, high, why, missing)
    mine = {each.person_id for each in case.file.of_unit(case.known.unit)}
    low, high = amounts_of(now, decided, mine)
    return _Told(now["outcome"] or "not_shown", low, high, why, missing, receipt_known=known)


def _subject_of(row: Mapping[str, Any]) -> str:
    return str(row["person_id"] or row["benefit_unit_id"] or row["household_id"])


def amounts_of(
    now: Mapping[str, Any], decided: Sequence[Mapping[str, Any]], unit: Collection[str]
) -> tuple[int | None, int | None]:
    """Return the bounds of what a flag is worth, in pence. Of a scheme that decides for each person
    it stands for everybody of the unit of whom it says the same, as when it was loaded.

    Args:
        now: the determination of the flag's subject. decided: those of the scheme. unit: person ids
            of the benefit unit.
    """
    if now.get("person_id") is None or now.get("claimed") is not False:
        return now.get("amount_low"), now.get("amount_high")
    same = [
        row
        for row in decided
        if row["person_id"] in unit
        and row["claimed"] is False
        and row["outcome"] == now["outcome"]
        and (row["outcome"] == "entitled" or row["worth_asking"])
    ] or [now]
    low, high = ([row[name] for row in same] for name in ("amount_low", "amount_high"))
    return _sum(low), _sum(high)


def _sum(amounts: Sequence[int | None]) -> int | None:
    """A sum of what is known of each; None where it is not of one."""
    return None if None in amounts else sum(each for each in amounts if each is not None)


def decided_now(
    home: WarmHome, schemes: Sequence[str] | None = None
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what the rules say now (by default of every scheme), as it may be shown, by (scheme,
    subject id)."""
    return {(row["scheme"], _subject_of(row)): row for row in shown(home.decide(schemes))}


def _scheme(desk: Desk, case: OpenCase, flag: Mapping[str, Any], told: _Told) -> SchemeView:
    known, scheme = case.known, flag["scheme"]
    kinds = open_kinds([flag["state"]], senior=desk.is_senior)
    path = next(
        (
            row
            for row in case.file.paths
            if row["scheme"] == scheme and row["benefit_unit_id"] == known.unit
        ),
        {},
    )
    is_run = scheme in case.warm.schemes
    return SchemeView(
        scheme=scheme,
        title=known.title(scheme),
        outcome=told.outcome,
        state=flag["state"],
        amount=parts.amount_words(flag["per"], told.low, told.high),
        whose=known.names.get(flag["person_id"] or ""),
        effective_on=flag["effective_on"],
        since=case.rows.item["flagged_at"],
        backdate_months=path.get("backdate_months"),
        deadline=flag["deadline"],
        lost_each_week=flag["lost_each_week"] if _is_as_loaded(flag, told) else None,
        receipt_known=told.receipt_known,
        why=told.why,
        missing=tuple(each.fact for each in told.missing),
        pack_version=flag["pack_version"],
        rules_changed=is_run and case.warm.version_of(scheme) != flag["pack_version"],
        kinds=tuple(each for each in kinds if each not in OF_THE_UNIT),
    )
