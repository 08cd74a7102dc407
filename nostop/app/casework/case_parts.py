"""The parts of a case's page, each from what the store and the case file have."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from nostop.app.casework.case_file import CASEWORKER, CaseFile, FactValue, Person, sources_of
from nostop.app.casework.case_view import (
    Both,
    ClaimView,
    ConflictView,
    CorrectionView,
    DocumentView,
    FactGroup,
    LinkView,
    MessageView,
    MissingView,
    NoteView,
    PersonView,
    SaidView,
    Stated,
)
from nostop.app.casework.fact_values import evidence_parts, fact_words
from nostop.app.casework.why import Missing, means_of
from nostop.model import NEVER, Level, Period, pounds
from nostop.rulebook import Rulebook
from nostop.store.case_page import CaseRows
from nostop.store.work_items import SURE_PER_MILLE

NOT_KNOWN: Both = {"en": "not known", "cy": "ddim yn hysbys"}
#: What is shown of a fact that would tell which home somebody lives in: nothing, on this page.
_NOT_SHOWN = ("uprn",)
#: Departments whose names are letters.
_DEPARTMENTS = ("dwp", "hmrc", "nhs")
_ADVICE = {
    "negative": "Together they would have less, as far as is known",
    "unsettled": "What it comes to in the end is not settled",
    "irreversible": "It could not be taken back",
    "other_person_affected": "It changes what somebody else gets",
    "alternative": "It cannot be had beside another claim of this list",
}
_HOW = {"email": "e-mail", "phone": "text or call", "post": "letter"}
_STATUS = {
    "planned": "planned",
    "suppressed": "will not be sent",
    "held_out": "not written to for now",
    "claimed": "on its way",
    "sent": "sent",
    "failed": "failed",
    "unknown": "may have gone: somebody looks",
}
_A = {
    Period.WEEK: ("{} a week", "{} yr wythnos"),
    Period.MONTH: ("{} a month", "{} y mis"),
    Period.YEAR: ("{} a year", "{} y flwyddyn"),
    Period.ONCE: ("{} once", "{} unwaith"),
}


@dataclass(frozen=True, slots=True)
class Known:
    """What the parts are made of: a case's rows, its file, its facts with what was corrected, the
    rules' words, and the day."""

    rows: CaseRows
    file: CaseFile
    facts: Sequence[FactValue]
    book: Rulebook
    today: date

    @property
    def unit(self) -> str:
        """The benefit unit that the case is of."""
        return str(self.rows.item["benefit_unit_id"])

    @property
    def names(self) -> dict[str, str]:
        """Names of people, by id; nobody without one."""
        named = ((each.person_id, plain_name(each.name)) for each in self.file.people)
        return {person_id: name for person_id, name in named if name}

    def title(self, scheme: str) -> Both:
        """What a scheme is called; by its id where the rules do not have it any more."""
        found = self.book.schemes.get(scheme)
        if found is None:
            return {"en": scheme, "cy": scheme}
        return {"en": found.pack.title.en, "cy": found.pack.title.cy}

    def means(self, fact: str) -> str:
        """What a fact is, in words; of receipt, which no fact is, its own."""
        return label(means_of(self.book.catalogue, fact))


def label(means: str) -> str:
    """Return what a fact means without how its absence is written: `Date of death; 9999-12-31 where
    known to be alive` is Date of death."""
    return means.partition(";")[0]


def people_of(known: Known) -> tuple[PersonView, ...]:
    """Return the household: the benefit unit first, adults before children."""
    born = {
        each.subject_id: date.fromisoformat(each.value)
        for each in known.facts
        if each.fact == "born_on" and each.value is not None
    }
    # A feed's date of death is in the record; one that a caseworker was told is on the case alone.
    died = {
        each.subject_id
        for each in known.facts
        if (each.fact, each.source) == ("died_on", CASEWORKER)
        and each.value not in (None, NEVER.isoformat())
    }
    here = [*known.file.of_unit(known.unit)]
    others = [each for each in known.file.people if each.benefit_unit_id != known.unit]
    return tuple(
        PersonView(
            person_id=each.person_id,
            name=known.names.get(each.person_id),
            role=each.role,
            age=age_on(born.get(each.person_id), known.today),
            in_unit=each.benefit_unit_id == known.unit,
            is_deceased=each.is_deceased is True or each.person_id in died,
        )
        for each in (*here, *others)
    )


def age_on(born: date | None, on: date) -> int | None:
    """Return whole years on a day; None where the birthday is not known or still to come."""
    if born is None or born == NEVER or born > on:
        return None
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def is_protected(file: CaseFile) -> bool:
    """Whether somebody of a household must be left alone, or nobody knows that they need not be."""
    return any(
        each.protected_address is not False or each.safeguarding_hold is not False
        for each in file.people
    )


def phones_of(known: Known) -> dict[str, str]:
    """Return telephone numbers of the unit's adults by name: none where somebody is protected, and
    none of anybody who is not to be contacted."""
    if is_protected(known.file):
        return {}
    stopped = set(known.rows.stops["person_id"])
    return {
        known.names.get(each.person_id, each.person_id): each.phone
        for each in known.file.of_unit(known.unit)
        if each.role == "adult" and each.phone and each.person_id not in stopped
    }


def stated_of(known: Known) -> dict[tuple[str, str], Stated]:
    """Return facts in words, by (subject id, fact id): those that are known, and may be shown."""
    found = {}
    for (subject, name), each in sources_of(known.facts).items():
        fact = known.book.catalogue.facts.get(name)
        words = None if fact is None else fact_words(fact, each.value)
        if fact is None or words is None or name in _NOT_SHOWN:
            continue
        found[subject, name] = Stated(
            fact=name,
            means=label(fact.means),
            subject_id=subject,
            value=words,
            source=source_words(each.source),
            as_of=each.as_of,
            corrected=each.source == CASEWORKER,
            in_conflict=each.conflict,
        )
    return found


def facts_of(known: Known, stated: Mapping[tuple[str, str], Stated]) -> tuple[FactGroup, ...]:
    """Return the facts of everybody in the benefit unit, of the unit, and of the household."""
    groups: list[tuple[str, str, str | None]] = [
        (Level.PERSON.value, each.person_id, known.names.get(each.person_id, each.person_id))
        for each in known.file.of_unit(known.unit)
    ]
    groups.append((Level.BENEFIT_UNIT.value, known.unit, None))
    groups.append((Level.HOUSEHOLD.value, known.file.household_id, None))
    levels = {(each.subject_id, each.fact): each.level for each in known.facts}
    found = []
    for level, subject, name in groups:
        facts = tuple(
            each
            for key, each in sorted(stated.items(), key=lambda pair: pair[1].means)
            if key[0] == subject and levels[key] == level
        )
        if facts:
            found.append(FactGroup(level, subject, name, facts))
    return tuple(found)


def amount_words(per: str, low: int | None, high: int | None) -> Both | None:
    """Return an amount or its bounds in words; None where nothing is known of it."""
    english, welsh = _A[Period(per)]
    if high is None and not low:
        return None
    if low is not None and low == high:
        return {"en": english.format(pounds(low)), "cy": welsh.format(pounds(low))}
    if high is None:
        return {
            "en": "at least " + english.format(pounds(low or 0)),
            "cy": "o leiaf " + welsh.format(pounds(low or 0)),
        }
    if not low:
        return {
            "en": "up to " + english.format(pounds(high)),
            "cy": "hyd at " + welsh.format(pounds(high)),
        }
    between = f"{pounds(low)} to {pounds(high)}", f"{pounds(low)} i {pounds(high)}"
    return {"en": english.format(between[0]), "cy": welsh.format(between[1])}


def path_of(known: Known) -> tuple[ClaimView, ...]:
    """Return the claims of the benefit unit in their order, then those that need advice first."""
    mine = [row for row in known.file.paths if row["benefit_unit_id"] == known.unit]
    ordered = sorted(mine, key=lambda row: (row["step"] is None, row["step"] or 0, row["scheme"]))
    return tuple(_claim(known, row) for row in ordered)


def _claim(known: Known, row: Mapping[str, Any]) -> ClaimView:
    opens = [known.title(each) for each in row["opens"] or ()]
    return ClaimView(
        scheme=row["scheme"],
        step=row["step"],
        title=known.title(row["scheme"]),
        whose=known.names.get(row["person_id"]),
        gain=_gain(row),
        opens={language: tuple(each[language] for each in opens) for language in ("en", "cy")},
        reasons=tuple(_ADVICE[each] for each in row["reasons"] or () if each in _ADVICE),
        deadline=row["deadline"],
    )


def _gain(row: Mapping[str, Any]) -> Both:
    if row["gain_year"] is not None:
        words = pounds(row["gain_year"])
        return {"en": words, "cy": words}
    found = amount_words("year", row["gain_year_low"], row["gain_year_high"])
    if found is not None:
        return found
    if row["gain_once"]:
        once = pounds(row["gain_once"])
        return {"en": f"{once} once", "cy": f"{once} unwaith"}
    return NOT_KNOWN


def missing_of(known: Known, asks: Mapping[str, Sequence[Missing]]) -> tuple[MissingView, ...]:
    """Return what is missing: what settles most outcomes first, then amounts, then what is cheapest
    to ask.

    Args:
        asks: of each scheme what could settle it.
    """
    found: dict[str, dict[str, Missing]] = {}
    for scheme, several in asks.items():
        for each in several:
            found.setdefault(each.fact, {})[scheme] = each

    def order(fact: str) -> tuple[int, int, int, str]:
        several = found[fact].values()
        outcomes = sum(not each.is_of_amount for each in several)
        return -outcomes, -len(several), min(each.effort or 9 for each in several), fact

    return tuple(_missing(known, fact, found[fact]) for fact in sorted(found, key=order))


def _missing(known: Known, name: str, of: Mapping[str, Missing]) -> MissingView:
    fact = known.book.catalogue.facts.get(name)
    here = {known.unit, known.file.household_id, *(each.person_id for each in known.file.people)}
    # Of people who may be there, and have no record, nobody can be asked one by one.
    whose = sorted(here & {subject for each in of.values() for subject in each.subject_ids})
    # Of several people it is asked one by one: the first is where it begins.
    subject = whose[0] if whose else ""
    href = fact_href(known.unit, fact.level, subject, name) if fact and subject else ""
    answers = (each.answers for each in of.values() if not each.is_of_amount)
    return MissingView(
        fact=name,
        means=known.means(name),
        whose=", ".join(known.names[each] for each in whose if each in known.names) or None,
        settles=_titles(known, of, of_amount=False),
        settles_amounts=_titles(known, of, of_amount=True),
        answers=tuple(each.words for each in next(answers, ()) if each.settles),
        href=href,
    )


def _titles(
    known: Known, of: Mapping[str, Missing], *, of_amount: bool
) -> dict[str, tuple[str, ...]]:
    titles = [known.title(scheme) for scheme, each in of.items() if each.is_of_amount == of_amount]
    return {language: tuple(title[language] for title in titles) for language in ("en", "cy")}


def fact_href(unit: str, level: str, subject: str, fact: str) -> str:
    """Return where a fact is corrected: opaque ids only."""
    return f"/cases/{unit}/facts/{level}/{subject}/{fact}"


def conflicts_of(known: Known) -> tuple[ConflictView, ...]:
    """Return facts of the benefit unit or its household of which sources differ, and that nobody
    here has settled."""
    mine = {each.person_id for each in known.file.of_unit(known.unit)}
    mine |= {known.unit, known.file.household_id}
    settled = {(each.subject_id, each.fact) for each in known.facts if each.source == CASEWORKER}
    groups: dict[tuple[str, str, str], list[Any]] = {}
    for each in known.file.conflicts:
        if each.subject_id in mine and (each.subject_id, each.fact) not in settled:
            groups.setdefault((each.level, each.subject_id, each.fact), []).append(each)
    return tuple(
        ConflictView(
            means=known.means(fact),
            whose=known.names.get(subject),
            said=tuple(_said(known, each) for each in said),
            href=fact_href(known.unit, level, subject, fact),
        )
        for (level, subject, fact), said in groups.items()
        if fact in known.book.catalogue.facts
    )


def _said(known: Known, each: Any) -> SaidView:  # noqa: ANN401 - a `case_file.Said`
    words = fact_words(known.book.catalogue.facts[each.fact], each.value) or each.value
    used = each.is_best and each.in_conflict != "unknown"
    return SaidView(source_words(each.source) or each.source, words, each.as_of, used)


def source_words(source: str | None) -> str | None:
    """Return the name of a feed in words: `hmrc_rti` is HMRC rti, `council_tax` Council tax; of
    several, all."""
    if source is None or source == CASEWORKER:
        return None
    names = []
    for each in source.split(", "):
        first, _, rest = each.partition("_")
        head = first.upper() if first in _DEPARTMENTS else first.capitalize()
        names.append(" ".join(part for part in (head, rest.replace("_", " ")) if part))
    return ", ".join(names)


def plain_name(name: str | None) -> str | None:
    """Return a name that a source keeps in capitals as it is written by hand; not where capitals
    stand inside it, as in McDonald: only its owner knows which."""
    if name is None or not name.isupper() or re.search(r"\bMA?C", name):
        return name
    return name.title()


def sure_words(confidence: float | None) -> str:
    """Return in words how sure it is that records are one person's."""
    if confidence is None:
        return "not known"
    if confidence * 1000 >= 999:
        return "almost certain: they agree on what names nobody else"
    if confidence * 1000 >= SURE_PER_MILLE:
        return "very likely"
    return "less sure than we need before we write: look at the records"


def is_sure(person: Person) -> bool:
    """Whether the links of somebody are as sure as outreach asks."""
    return person.confidence is not None and person.confidence * 1000 >= SURE_PER_MILLE


def links_of(known: Known) -> tuple[LinkView, ...]:
    """Return how sure the links of the benefit unit's people are, and whose records they join."""
    sources: dict[str, set[str]] = {}
    for each in known.file.links:
        sources.setdefault(each.person_id, set()).add(source_words(each.source) or each.source)
    return tuple(
        LinkView(
            known.names.get(each.person_id),
            sure_words(each.confidence),
            tuple(sorted(sources.get(each.person_id, ()))),
        )
        for each in known.file.of_unit(known.unit)
    )


def corrections_of(known: Known) -> tuple[CorrectionView, ...]:
    """Return the corrections that stand, the newest first; others of the household are undone from
    their own case."""
    found = []
    for row in known.rows.standing.sort("at", descending=True).iter_rows(named=True):
        fact = known.book.catalogue.facts.get(row["fact"])
        kind, note = evidence_parts(row["evidence"])
        found.append(
            CorrectionView(
                id=row["correction_id"],
                means=known.means(row["fact"]),
                whose=known.names.get(row["subject_id"]),
                old=row["old_value"] if fact is None else fact_words(fact, row["old_value"]),
                new=row["value"] if fact is None else fact_words(fact, row["value"]),
                evidence_kind=kind,
                evidence_note=note,
                as_of=row["as_of"],
                by=known.rows.names.get(row["by"], row["by"]),
                at=row["at"],
                can_undo=row["benefit_unit_id"] == known.unit,
            )
        )
    return tuple(found)


def messages_of(known: Known) -> tuple[MessageView, ...]:
    """Return messages about the case, those that went first."""
    return tuple(
        MessageView(
            id=row["message_id"],
            title=known.title(row["scheme"]),
            to=known.names.get(row["recipient_id"]),
            how=_HOW.get(row["contact_kind"] or "", "not settled yet"),
            status="delivered" if row["delivered_at"] is not None else _STATUS[row["state"]],
            why=(row["suppression"] or "").replace("_", " ") or None,
            at=row["claimed_at"],
        )
        for row in known.rows.messages.iter_rows(named=True)
    )


def notes_of(rows: CaseRows) -> tuple[NoteView, ...]:
    """Return notes, the newest first."""
    return tuple(
        NoteView(row["text"], rows.names.get(row["by"], row["by"]), row["at"])
        for row in reversed(rows.notes.to_dicts())
    )


def documents_of(rows: CaseRows) -> tuple[DocumentView, ...]:
    """Return documents, the newest first."""
    return tuple(
        DocumentView(
            row["document_id"],
            row["name"],
            size_words(row["size"]),
            rows.names.get(row["by"], row["by"]),
            row["at"],
        )
        for row in reversed(rows.documents.to_dicts())
    )


def size_words(size: int) -> str:
    """Return a number of bytes in words: `12 KB`, `1.5 MB`."""
    if size < 1_000_000:
        return f"{max(size // 1000, 1)} KB"
    return f"{size / 1_000_000:.1f} MB"


def is_late(due_at: datetime, at: datetime) -> bool:
    """Whether the end of the service level has passed."""
    return due_at < at
