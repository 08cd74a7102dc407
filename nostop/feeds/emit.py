"""The frames that typed rows make: records, facts, awards, relations and contacts."""

import polars as pl

from nostop.feeds.conditions import exists, holds, mapped
from nostop.feeds.declaration import (
    UNSTATED,
    Award,
    Fact,
    FeedDeclaration,
    Flag,
    PeriodWords,
    Person,
    Words,
)
from nostop.feeds.rows import AS_OF, KEY, LINE, REASON, REPEATS, record_id
from nostop.frames import SourceContacts

_TEXTS = (
    "nino", "first_name", "middle_names", "surname", "born_on", "uprn", "address_line_1",
    "postcode", "town",
)  # fmt: skip


def records(declaration: FeedDeclaration, rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Return `SourceRecords` of each person that rows mention themselves."""
    own = {name: person for name, person in declaration.people.items() if not person.refers_to}
    return [
        _records(declaration, name, rows.filter(exists(person))) for name, person in own.items()
    ]


def _records(declaration: FeedDeclaration, name: str, rows: pl.DataFrame) -> pl.DataFrame:
    person = declaration.people[name]
    return rows.select(
        source=pl.lit(declaration.id),
        record_id=record_id(declaration, name),
        sex=_words(person.sex),
        seen_on=pl.col(AS_OF),
        **{attribute: _attribute(person, attribute) for attribute in _TEXTS},
    )


def _attribute(person: Person, attribute: str) -> pl.Expr:
    column = getattr(person, attribute)
    dtype = pl.Date if attribute == "born_on" else pl.String
    return pl.lit(None, dtype) if column is None else pl.col(column)


def people_set_aside(declaration: FeedDeclaration, bad: pl.DataFrame) -> list[pl.DataFrame]:
    """Return `SourceRecords` of the people whom rows in quarantine mention, as far as readable.

    A row that only repeats an earlier one loses nothing, so it sets nobody aside.
    """
    lost = bad.filter(pl.col(REASON) != REPEATS).sort(LINE)
    # A key may be what is wrong with the row, and may be another row's.
    lost = lost.with_columns(
        pl.concat_str(pl.lit("line "), pl.col(LINE).cast(pl.String)).alias(KEY)
    )
    parts = [
        _records(declaration, name, lost.filter(exists(person)))
        for name, person in declaration.people.items()
    ]
    return [pl.concat(parts).unique("record_id", keep="first", maintain_order=True)]


def holds_of(set_aside: pl.DataFrame) -> pl.DataFrame:
    """Return `SourceContacts` that put people of rows in quarantine on hold."""
    nothing = {name: pl.lit(None, pl.String) for name in ("email", "phone", "language")}
    unknown = {name: pl.lit(None, pl.Boolean) for name in ("opted_out", "protected_address")}
    return set_aside.select(
        "source", "record_id", safeguarding_hold=pl.lit(value=True), **nothing, **unknown
    ).select(SourceContacts.columns().keys())


def relations(declaration: FeedDeclaration, good: pl.DataFrame) -> list[pl.DataFrame]:
    """Return `SourceRelations` between people of one row; none to a record that is not there."""
    known = pl.concat([part.select("record_id") for part in records(declaration, good)])
    parts = []
    for relation in declaration.relations:
        both = exists(declaration.people[relation.person]) & exists(
            declaration.people[relation.has]
        )
        part = good.filter(both & holds(relation.when)).select(
            source=pl.lit(declaration.id),
            record_id=record_id(declaration, relation.person),
            other_record_id=record_id(declaration, relation.has),
            relation=pl.lit(relation.as_),
            as_of=pl.col(AS_OF),
        )
        part = part.join(known, on="record_id", how="semi")
        parts.append(part.join(known, left_on="other_record_id", right_on="record_id", how="semi"))
    return parts


def facts(declaration: FeedDeclaration, good: pl.DataFrame) -> list[pl.DataFrame]:
    """Return `SourceFacts`, one row for each fact that a row states."""
    return [_fact(declaration, fact, good) for fact in declaration.facts]


def _fact(declaration: FeedDeclaration, fact: Fact, good: pl.DataFrame) -> pl.DataFrame:
    name = declaration.person_of(fact)
    stated = good.filter(exists(declaration.people[name]) & holds(fact.when))
    part = stated.select(
        source=pl.lit(declaration.id),
        record_id=record_id(declaration, name),
        fact=pl.lit(fact.fact),
        value=_value(fact),
        as_of=pl.col(AS_OF),
        line=pl.col(LINE),
        additive=pl.lit(fact.additive),
    )
    return part.filter(pl.col("value").is_not_null())


def _value(fact: Fact) -> pl.Expr:
    if fact.column is None:
        return pl.lit(canonical(fact.constant))
    column = pl.col(fact.column)
    if not fact.codes:
        return column.cast(pl.String)
    words = {code: canonical(word) for code, word in fact.codes.items() if word != UNSTATED}
    return column.replace_strict(words, default=None, return_dtype=pl.String)


def canonical(value: object) -> str | None:
    """Return a value as the text that facts carry: `true`, `15000`, `2026-06-01`, `lcwra`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def awards(declaration: FeedDeclaration, good: pl.DataFrame) -> list[pl.DataFrame]:
    """Return `SourceAwards`, one row for each award that rows state."""
    return [_award(declaration, award, good) for award in declaration.awards]


def _award(declaration: FeedDeclaration, award: Award, good: pl.DataFrame) -> pl.DataFrame:
    name = declaration.person_of(award)
    stated = good.filter(exists(declaration.people[name]) & holds(award.when)).sort(LINE)
    if award.once_per:
        stated = stated.unique(award.once_per, keep="first", maintain_order=True)
    amount = pl.lit(None, pl.Int64) if award.amount is None else pl.col(award.amount)
    return stated.select(
        source=pl.lit(declaration.id),
        record_id=record_id(declaration, name),
        scheme=_words(award.scheme),
        status=_words(award.status),
        amount=amount,
        per=pl.when(amount.is_not_null()).then(_words(award.per)),
        starts_on=_date(award.starts_on),
        ends_on=_date(award.ends_on),
        as_of=pl.col(AS_OF),
    )


def _words(part: str | Words | PeriodWords | None) -> pl.Expr:
    if part is None or isinstance(part, str):
        return pl.lit(None if part is None else str(part), pl.String)
    return mapped(part)


def _date(column: str | None) -> pl.Expr:
    return pl.lit(None, pl.Date) if column is None else pl.col(column)


def contacts(declaration: FeedDeclaration, good: pl.DataFrame) -> list[pl.DataFrame]:
    """Return `SourceContacts` of the rows that say anything on contacting a person."""
    parts = []
    for contact in declaration.contacts:
        name = declaration.person_of(contact)
        stated = good.filter(exists(declaration.people[name]) & holds(contact.when))
        said = {
            "email": _text(contact.email),
            "phone": _text(contact.phone),
            "language": _words(contact.language),
            "opted_out": _flag(contact.opted_out),
            "protected_address": _flag(contact.protected_address),
            "safeguarding_hold": _flag(contact.safeguarding_hold),
        }
        part = stated.select(
            source=pl.lit(declaration.id), record_id=record_id(declaration, name), **said
        )
        anything = pl.any_horizontal(pl.col(column).is_not_null() for column in said)
        parts.append(part.filter(anything).select(SourceContacts.columns().keys()))
    return parts


def _text(column: str | None) -> pl.Expr:
    return pl.lit(None, pl.String) if column is None else pl.col(column)


def _flag(part: Flag | None) -> pl.Expr:
    return pl.lit(None, pl.Boolean) if part is None else mapped(part)
