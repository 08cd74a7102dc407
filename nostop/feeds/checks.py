"""What must hold between the parts of a declaration: every name leads somewhere, every type fits.

A misspelt code in a condition would switch a fact off in silence, and a feed declared complete
would then say "none" of everybody. So a condition tests columns of codes, and codes on their list.
"""

from collections.abc import Iterator
from datetime import date

from nostop.feeds.columns import ColumnType
from nostop.feeds.declaration import (
    Award,
    Complete,
    Fact,
    FeedDeclaration,
    Flag,
    Newest,
    PeriodWords,
    When,
    Words,
)
from nostop.model import AWARD_STATUSES, nearest
from nostop.strict_yaml import KeyPath

#: A message, and the key path it is about.
Found = tuple[str, KeyPath]

_ATTRIBUTE_KINDS = {
    "nino": ("nino",),
    "born_on": ("date",),
    "uprn": ("uprn",),
    "postcode": ("postcode",),
    "email": ("email",),
    "phone": ("phone",),
    "amount": ("pounds", "pence"),
    "starts_on": ("date",),
    "ends_on": ("date",),
}
_PERSON_TEXTS = (
    "nino",
    "first_name",
    "middle_names",
    "surname",
    "born_on",
    "uprn",
    "address_line_1",
    "postcode",
    "town",
)


def problems(declaration: FeedDeclaration) -> list[Found]:
    """Return one message for each thing in a declaration that leads nowhere or does not fit."""
    found = [
        *_contract(declaration),
        *_keys(declaration),
        *_changes(declaration),
        *_people(declaration),
        *_relations(declaration),
        *_facts(declaration),
        *_awards(declaration),
        *_contacts(declaration),
        *_complete(declaration),
    ]
    for number, refusal in enumerate(declaration.refuse):
        found += _when(declaration, refusal.when, ("refuse", number, "when"))
    return found


def _column(
    declaration: FeedDeclaration, name: str, keys: KeyPath, kinds: tuple[str, ...] = ()
) -> Iterator[Found]:
    column = declaration.columns.get(name)
    if column is None:
        hint = nearest(name, list(declaration.columns))
        yield f"column '{name}' is not among the columns{hint}", keys
    elif kinds and column.kind not in kinds:
        yield f"column '{name}' is {column.kind}, expected {' or '.join(kinds)}", keys


def _contract(declaration: FeedDeclaration) -> Iterator[Found]:
    contract = declaration.contract
    least, most = contract.rows_at_least, contract.rows_at_most
    if least is None and contract.rows_about is None:
        hint = "write rows_at_least, or rows_about: {count: 50000, within: 20%}"
        yield f"how many rows does the source promise? {hint}", ("contract",)
    if least is not None and most is not None and most < least:
        found = f"at most {most:,} rows is less than at least {least:,}"
        yield found, ("contract", "rows_at_most")


def _keys(declaration: FeedDeclaration) -> Iterator[Found]:
    for number, name in enumerate(declaration.record):
        yield from _column(declaration, name, ("record", number))
        if name in declaration.columns and declaration.columns[name].may_be_empty:
            yield f"column '{name}' names the row, so it cannot be empty", ("record", number)
    if isinstance(declaration.as_of, Newest):
        yield from _column(declaration, declaration.as_of.newest, ("as_of", "newest"), ("date",))
    if isinstance(declaration.as_of, str):
        yield from _column(declaration, declaration.as_of, ("as_of",), ("date",))
        column = declaration.columns.get(declaration.as_of)
        if column is not None and column.may_be_empty:
            yield f"column '{declaration.as_of}' dates the row, so it cannot be empty", ("as_of",)
    if declaration.current is not None:
        yield from _column(
            declaration, declaration.current.column, ("current", "column"), ("date",)
        )


def _changes(declaration: FeedDeclaration) -> Iterator[Found]:
    changes = declaration.changes
    if changes is None:
        return
    at: KeyPath = ("changes",)
    for name, kinds in (("watermark", ("date", "whole")), ("sequence", ("whole",))):
        column = getattr(changes, name)
        if column is not None:
            yield from _column(declaration, column, (*at, name), kinds)
            if column in declaration.columns and declaration.columns[column].may_be_empty:
                yield f"column '{column}' orders the changes, so it cannot be empty", (*at, name)
    yield from _when(declaration, changes.deleted, (*at, "deleted"))
    if isinstance(changes.whole, dict):
        yield from _when(declaration, changes.whole, (*at, "whole"))
    if changes.whole is None and declaration.complete_for:
        hint = "say under whole how a whole file is told, or it may lack what came before"
        yield f"a file of changes is complete for nothing: {hint}", at


def _when(declaration: FeedDeclaration, when: When, keys: KeyPath) -> Iterator[Found]:
    for name, wanted in when.items():
        column = declaration.columns.get(name)
        if column is None or isinstance(wanted, str):
            yield from _column(declaration, name, (*keys, name))
        elif column.kind != "code":
            hint = "give it a list of codes ('one of A, B'), or test it for filled or empty"
            yield f"column '{name}' has no list of codes: {hint}", (*keys, name)
        else:
            yield from _codes(name, column, wanted, (*keys, name))


def _codes(name: str, column: ColumnType, codes: list[str], keys: KeyPath) -> Iterator[Found]:
    if not codes:
        yield f"no code of column '{name}' is named: leave the condition out", keys
    for code in codes:
        if code not in column.codes:
            hint = nearest(code, list(column.codes))
            yield (
                f"column '{name}' has no code '{code}', only {', '.join(column.codes)}{hint}",
                keys,
            )


def _mapped(
    declaration: FeedDeclaration, part: Words | PeriodWords | Flag, keys: KeyPath
) -> Iterator[Found]:
    column = declaration.columns.get(part.column)
    if column is None or column.kind != "code":
        yield from _column(declaration, part.column, (*keys, "column"), ("code",))
    else:
        yield from _codes(part.column, column, list(part.codes), (*keys, "codes"))


def _person(declaration: FeedDeclaration, name: str | None, keys: KeyPath) -> Iterator[Found]:
    if name is not None and name not in (*declaration.people, "household"):
        hint = nearest(name, list(declaration.people))
        yield f"'{name}' is not among the people of a row{hint}", keys


def _people(declaration: FeedDeclaration) -> Iterator[Found]:
    for name, person in declaration.people.items():
        keys: KeyPath = ("people", name)
        yield from _when(declaration, person.when, (*keys, "when"))
        for attribute in _PERSON_TEXTS:
            column = getattr(person, attribute)
            if column is not None:
                kinds = _ATTRIBUTE_KINDS.get(attribute, ())
                yield from _column(declaration, column, (*keys, attribute), kinds)
        if person.sex is not None:
            yield from _mapped(declaration, person.sex, (*keys, "sex"))
        if person.refers_to is not None:
            yield from _column(declaration, person.refers_to.column, (*keys, "refers_to"))
        elif not person.naming:
            yield f"'{name}' has no column that says who it is", keys


def _relations(declaration: FeedDeclaration) -> Iterator[Found]:
    for number, relation in enumerate(declaration.relations):
        keys: KeyPath = ("relations", number)
        yield from _person(declaration, relation.person, (*keys, "person"))
        yield from _person(declaration, relation.has, (*keys, "has"))
        yield from _when(declaration, relation.when, (*keys, "when"))


def _facts(declaration: FeedDeclaration) -> Iterator[Found]:
    for number, fact in enumerate(declaration.facts):
        keys: KeyPath = ("facts", number)
        yield from _person(declaration, fact.of, (*keys, "of"))
        yield from _when(declaration, fact.when, (*keys, "when"))
        if (fact.column is None) == (fact.constant is None):
            yield f"fact '{fact.fact}' needs a column or a constant, and not both", keys
        elif fact.column is not None:
            yield from _fact_column(declaration, fact, fact.column, keys)


def _fact_column(
    declaration: FeedDeclaration, fact: Fact, name: str, keys: KeyPath
) -> Iterator[Found]:
    yield from _column(declaration, name, (*keys, "column"))
    column = declaration.columns.get(name)
    if column is None:
        return
    if column.kind == "code":
        if not fact.codes:
            yield f"fact '{fact.fact}': say what each code of '{name}' means, under codes", keys
        else:
            yield from _codes(name, column, list(fact.codes), (*keys, "codes"))
    elif fact.codes:
        yield f"column '{name}' is {column.kind} and has no codes", (*keys, "codes")
    if fact.per is not None and not column.is_money:
        yield f"column '{name}' is {column.kind}: only an amount has a period", (*keys, "per")
    if fact.additive and column.kind not in ("pounds", "pence", "whole"):
        yield f"column '{name}' is {column.kind} and cannot be added up", (*keys, "additive")


def _awards(declaration: FeedDeclaration) -> Iterator[Found]:
    for number, award in enumerate(declaration.awards):
        keys: KeyPath = ("awards", number)
        yield from _person(declaration, award.of, (*keys, "of"))
        yield from _award(declaration, award, keys)
        if award.amount is not None and award.per is None:
            yield "an amount needs its period: add per", keys
        for status in words(award.status):
            if status not in AWARD_STATUSES:
                hint = nearest(status, list(AWARD_STATUSES))
                yield f"'{status}' is no status of an award{hint}", (*keys, "status")


def _award(declaration: FeedDeclaration, award: Award, keys: KeyPath) -> Iterator[Found]:
    yield from _when(declaration, award.when, (*keys, "when"))
    for attribute in ("amount", "starts_on", "ends_on"):
        column = getattr(award, attribute)
        if column is not None:
            kinds = _ATTRIBUTE_KINDS[attribute]
            yield from _column(declaration, column, (*keys, attribute), kinds)
    for attribute in ("scheme", "status", "per"):
        part = getattr(award, attribute)
        if isinstance(part, Words | PeriodWords):
            yield from _mapped(declaration, part, (*keys, attribute))
    for column in award.once_per:
        yield from _column(declaration, column, (*keys, "once_per"))


def words(part: str | Words) -> list[str]:
    """Return every word that a constant or a map of codes can give."""
    return [part] if isinstance(part, str) else list(part.codes.values())


def _contacts(declaration: FeedDeclaration) -> Iterator[Found]:
    for number, contact in enumerate(declaration.contacts):
        keys: KeyPath = ("contacts", number)
        yield from _person(declaration, contact.of, (*keys, "of"))
        yield from _when(declaration, contact.when, (*keys, "when"))
        for attribute in ("email", "phone"):
            column = getattr(contact, attribute)
            if column is not None:
                yield from _column(declaration, column, (*keys, attribute), (attribute,))
        if contact.hold_where_set_aside and declaration.complete_for:
            hint = "what a row in quarantine leaves out would be read as none"
            yield f"a feed that is complete cannot hold its people: {hint}", keys
        for attribute in ("language", "opted_out", "protected_address", "safeguarding_hold"):
            part = getattr(contact, attribute)
            if part is not None:
                yield from _mapped(declaration, part, (*keys, attribute))


def _complete(declaration: FeedDeclaration) -> Iterator[Found]:
    facts = {fact.fact for fact in declaration.facts}
    schemes = {word for award in declaration.awards for word in words(award.scheme)}
    for number, complete in enumerate(declaration.complete_for):
        keys: KeyPath = ("complete_for", number)
        yield from _complete_days(declaration, complete, keys)
        for kind, names, known in (
            ("facts", complete.facts, facts),
            ("awards", complete.awards, schemes),
        ):
            for name in names:
                if name not in known:
                    hint = nearest(name, sorted(known))
                    yield (
                        f"this feed states no '{name}', so it is not complete for it{hint}",
                        (*keys, kind),
                    )


def _complete_days(
    declaration: FeedDeclaration, complete: Complete, keys: KeyPath
) -> Iterator[Found]:
    starts, ends = complete.from_, complete.to
    for end, day in (("from", starts), ("to", ends)):
        if isinstance(day, str):
            yield from _column(declaration, day, (*keys, end), ("date",))
    if isinstance(starts, date) and isinstance(ends, date) and ends < starts:
        yield f"ends on {ends}, before it begins on {starts}", (*keys, "to")


def _kinds_of(fact: Fact, declaration: FeedDeclaration) -> set[str]:
    """Return the types of the catalogue that a fact's value can be of."""
    values = list(fact.codes.values()) if fact.codes else [fact.constant]
    if fact.column is not None and not fact.codes:
        column = declaration.columns[fact.column]
        kinds = {"date": {"date"}, "whole": {"int"}, "pounds": {"money"}, "pence": {"money"}}
        return kinds.get(column.kind, {"code"})
    if all(isinstance(value, bool) for value in values):
        return {"bool"}
    if all(isinstance(value, date) for value in values):
        return {"date"}
    if all(isinstance(value, int) for value in values):
        return {"int", "money"}
    return {"enum", "code"}


def against_catalogue(
    declaration: FeedDeclaration, catalogue: dict[str, tuple[str, str | None]]
) -> Iterator[Found]:
    """Yield what does not agree with the fact catalogue: fact -> (type, period)."""
    for number, fact in enumerate(declaration.facts):
        keys: KeyPath = ("facts", number)
        if fact.fact not in catalogue:
            hint = nearest(fact.fact, sorted(catalogue))
            yield f"fact '{fact.fact}' is not in the fact catalogue{hint}", (*keys, "fact")
            continue
        kind, per = catalogue[fact.fact]
        if kind not in _kinds_of(fact, declaration):
            given = " or ".join(sorted(_kinds_of(fact, declaration)))
            yield f"fact '{fact.fact}' is {kind} in the catalogue, here it is {given}", keys
        elif fact.per != per and kind == "money":
            said = f"for a {per}" if per else "a stock, without a period"
            hint = f"per: {per}" if per else "no per"
            yield f"fact '{fact.fact}' is {said}: write {hint}", (*keys, "per")
