"""From a source's text to typed rows, each marked with the first thing that is wrong with it."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from nostop.feeds.columns import moment, value_of
from nostop.feeds.conditions import exists, holds, mapped, unmapped
from nostop.feeds.declaration import Award, FeedDeclaration, Flag, Newest, PeriodWords, Words
from nostop.model import FeedError
from nostop.ports import RawTable

KEY, AS_OF, LINE, OWN = "_key", "_as_of", "_line", "_own"
WATERMARK = "_watermark"
COLUMN, REASON = "_column", "_reason"
#: The reason of a row that loses nothing: all it says stands in an earlier row.
REPEATS = "repeats an earlier row"
DIFFERS = "shares its key with another row that says otherwise"


@dataclass(frozen=True, slots=True)
class Fault:
    """One way for a row to be wrong: the column it is told of, when it holds, and the reason."""

    column: str | None
    found: pl.Expr
    reason: str


def typed(declaration: FeedDeclaration, table: RawTable) -> pl.DataFrame:
    """Return every row with its values, key and date, and `_column`, `_reason` of its first fault.

    Raises:
        FeedError: the columns are not those of the contract.
    """
    return judged_together(declaration, judged_alone(declaration, table))


def judged_alone(declaration: FeedDeclaration, table: RawTable) -> pl.DataFrame:
    """Return rows as `typed` does, each judged by itself; `_watermark` where there are changes.

    Raises:
        FeedError: the columns are not those of the contract.
    """
    refuse_columns(declaration, table)
    texts = pl.all().exclude(LINE).str.strip_chars()
    trimmed = table.rows.with_columns(pl.when(texts != "").then(texts)).rename(
        {name: f"text {name}" for name in declaration.columns}
    )
    values = trimmed.with_columns(
        value_of(pl.col(f"text {name}"), column).alias(name)
        for name, column in declaration.columns.items()
    )
    marked = _marked(values, list(_faults_of_values(declaration)))
    keys = [_key(declaration), *_watermark(declaration)]
    rows = marked.select(LINE, *declaration.columns, COLUMN, REASON, *keys)
    rows = rows.with_columns(_as_of(declaration), _own(declaration))
    return _marked(rows, list(_faults_of_rows(declaration)))


def judged_together(declaration: FeedDeclaration, rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with the faults that show beside others: a key twice, a reference to nothing."""
    return _with_lost_references(declaration, _with_repeats(rows))


def refuse_columns(declaration: FeedDeclaration, table: RawTable) -> None:
    """Refuse a file with other columns than those of the contract.

    Raises:
        FeedError: naming those that are missing or not expected.
    """
    found = [column for column in table.rows.columns if column != LINE]
    missing = [column for column in declaration.columns if column not in found]
    extra = [column for column in found if column not in declaration.columns]
    if missing:
        raise FeedError(f"{table.file}: lacks the columns {missing}, found {found}")
    if extra:
        hint = "declare them, or ask the source to leave them out"
        raise FeedError(
            f"{table.file}: has columns {extra} that its contract does not name: {hint}"
        )


def _marked(rows: pl.DataFrame, faults: list[Fault]) -> pl.DataFrame:
    """Set `_column` and `_reason` where they are not set yet, from the first fault that holds."""
    first = pl.coalesce(
        pl.lit(None, pl.Int32),
        *(pl.when(fault.found).then(pl.lit(i, pl.Int32)) for i, fault in enumerate(faults)),
    )
    rows = rows.with_columns(_first=first)
    told = pl.DataFrame(
        {
            "_first": pl.Series(range(len(faults)), dtype=pl.Int32),
            "_new_column": pl.Series([fault.column for fault in faults], dtype=pl.String),
            "_new_reason": pl.Series([fault.reason for fault in faults], dtype=pl.String),
        }
    )
    rows = rows.join(told, on="_first", how="left", validate="m:1", maintain_order="left")
    if REASON not in rows.columns:
        return rows.drop("_first").rename({"_new_column": COLUMN, "_new_reason": REASON})
    unset = pl.col(REASON).is_null()
    rows = rows.with_columns(
        pl.when(unset).then("_new_column").otherwise(COLUMN).alias(COLUMN),
        pl.when(unset).then("_new_reason").otherwise(REASON).alias(REASON),
    )
    return rows.drop("_first", "_new_column", "_new_reason")


def _faults_of_values(declaration: FeedDeclaration) -> Iterator[Fault]:
    for name, column in declaration.columns.items():
        text = pl.col(f"text {name}")
        if not column.may_be_empty:
            yield Fault(name, text.is_null(), "is empty")
        yield Fault(name, text.is_not_null() & pl.col(name).is_null(), column.expected)


def _key(declaration: FeedDeclaration) -> pl.Expr:
    # In the source's own words, so that the source finds its row again: 2026-05, not its last day.
    parts = [pl.col(f"text {name}") for name in declaration.record]
    return pl.concat_str(parts, separator="/").alias(KEY)


def _watermark(declaration: FeedDeclaration) -> list[pl.Expr]:
    """Return which row of a record is the latest, as a number; null where it cannot be read."""
    if declaration.changes is None:
        return []
    name = declaration.changes.watermark
    if declaration.columns[name].kind == "whole":
        return [pl.col(name).alias(WATERMARK)]
    return [moment(pl.col(f"text {name}"), pl.col(name)).alias(WATERMARK)]


def _as_of(declaration: FeedDeclaration) -> pl.Expr:
    as_of = declaration.as_of
    if isinstance(as_of, Newest):
        return pl.col(as_of.newest).max().alias(AS_OF)
    return (pl.col(as_of) if isinstance(as_of, str) else pl.lit(as_of)).alias(AS_OF)


def _own(declaration: FeedDeclaration) -> pl.Expr:
    own = [exists(person) for person in declaration.people.values() if not person.refers_to]
    return pl.any_horizontal(pl.lit(value=False), *own).alias(OWN)


def _faults_of_rows(declaration: FeedDeclaration) -> Iterator[Fault]:
    for refusal in declaration.refuse:
        yield Fault(None, holds(refusal.when), refusal.reason)
    anybody = [exists(person) for person in declaration.people.values()]
    yield Fault(None, ~pl.any_horizontal(*anybody), "names nobody")
    hash_sign = pl.col(KEY).str.contains("#", literal=True)
    reason = "names the row and holds '#', which is kept for record ids"
    yield Fault(declaration.record[0], hash_sign, reason)
    if isinstance(declaration.as_of, Newest):
        yield Fault(declaration.as_of.newest, pl.col(AS_OF).is_null(), "dates no row of the file")
    yield from _faults_of_people(declaration)
    yield from _faults_of_facts(declaration)
    for award in declaration.awards:
        yield from _faults_of_award(declaration, award)
    for contact in declaration.contacts:
        where = _where(declaration, declaration.person_of(contact)) & holds(contact.when)
        parts = (contact.language, contact.opted_out, contact.protected_address)
        for part in (*parts, contact.safeguarding_hold):
            yield from _unmapped(part, where, f"contacts of {declaration.person_of(contact)}")


def _where(declaration: FeedDeclaration, person: str) -> pl.Expr:
    return exists(declaration.people[person])


def _unmapped(
    part: Words | PeriodWords | Flag | str | None, where: pl.Expr, what: str
) -> Iterator[Fault]:
    if part is not None and not isinstance(part, str):
        reason = f"has a code without a meaning in the declaration's {what}"
        yield Fault(part.column, where & unmapped(part), reason)


def _faults_of_people(declaration: FeedDeclaration) -> Iterator[Fault]:
    for name, person in declaration.people.items():
        where = exists(person)
        yield from _unmapped(person.sex, where, f"people: {name}: sex")
        if person.born_on is not None:
            unborn = where & (pl.col(person.born_on) > pl.col(AS_OF))
            yield Fault(person.born_on, unborn, "is a birth after the day of the record")
        if person.refers_to is not None:
            reference = pl.col(person.refers_to.column)
            bare = where & ~reference.str.starts_with(person.refers_to.after)
            reason = f"is no reference that begins with '{person.refers_to.after}'"
            yield Fault(person.refers_to.column, bare, reason)


def _faults_of_facts(declaration: FeedDeclaration) -> Iterator[Fault]:
    for fact in declaration.facts:
        if fact.column is None:
            continue
        where = _where(declaration, declaration.person_of(fact)) & holds(fact.when)
        if not fact.may_be_empty:
            reason = f"is empty, though the row should state {fact.fact}"
            yield Fault(fact.column, where & pl.col(fact.column).is_null(), reason)
        if fact.codes:
            reason = f"has a code without a meaning in the declaration's fact {fact.fact}"
            lost = pl.col(fact.column).is_not_null() & ~pl.col(fact.column).is_in(list(fact.codes))
            yield Fault(fact.column, where & lost, reason)


def _faults_of_award(declaration: FeedDeclaration, award: Award) -> Iterator[Fault]:
    where = _where(declaration, declaration.person_of(award)) & holds(award.when)
    for name, part in (("scheme", award.scheme), ("status", award.status), ("per", award.per)):
        yield from _unmapped(part if not isinstance(part, str) else None, where, f"awards: {name}")
    for name, part in (("scheme", award.scheme), ("status", award.status)):
        if isinstance(part, Words):
            reason = f"is empty, though the row should state the {name} of an award"
            yield Fault(part.column, where & pl.col(part.column).is_null(), reason)
    if award.amount is not None and isinstance(award.per, PeriodWords):
        alone = pl.col(award.amount).is_not_null() & mapped(award.per).is_null()
        yield Fault(award.per.column, where & alone, "is empty, though there is an amount")
    if award.starts_on is not None and award.ends_on is not None:
        backwards = pl.col(award.ends_on) < pl.col(award.starts_on)
        yield Fault(award.ends_on, where & backwards, "is an end before the start")


def record_id(declaration: FeedDeclaration, person: str) -> pl.Expr:
    """Return the record id of one person of a row: its key, `key#person`, or the one named."""
    reference = declaration.people[person].refers_to
    if reference is not None:
        return pl.col(reference.column).str.strip_prefix(reference.after)
    if person == declaration.first_person:
        return pl.col(KEY)
    return pl.concat_str(pl.col(KEY), pl.lit(f"#{person}"))


def _with_repeats(rows: pl.DataFrame) -> pl.DataFrame:
    """Mark good rows that share their key: equal ones but the first, and all that differ."""
    content = [name for name in rows.columns if name not in (LINE, COLUMN, REASON)]
    good = rows.filter(pl.col(REASON).is_null())
    doubles = good.filter(pl.struct(KEY, OWN).is_duplicated())
    versions = pl.struct(content).n_unique().over(KEY, OWN)
    later = pl.col(LINE) > pl.col(LINE).min().over(KEY, OWN)
    doubles = doubles.select(
        LINE,
        _new=pl.when(versions > 1).then(pl.lit(DIFFERS)).when(later).then(pl.lit(REPEATS)),
    )
    return _with_reasons(rows, doubles)


def _with_lost_references(declaration: FeedDeclaration, rows: pl.DataFrame) -> pl.DataFrame:
    """Mark good rows that speak only of another record, where that record is not in the file."""
    good = rows.filter(pl.col(REASON).is_null())
    known = good.filter(OWN)[KEY].implode()
    others = {name: p for name, p in declaration.people.items() if p.refers_to is not None}
    lost = pl.any_horizontal(
        pl.lit(value=False),
        *(
            exists(person) & ~record_id(declaration, name).is_in(known)
            for name, person in others.items()
        ),
    )
    reason = pl.lit("speaks of a record that is not in this file, or was set aside")
    return _with_reasons(rows, good.filter(~pl.col(OWN) & lost).select(LINE, _new=reason))


def _with_reasons(rows: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    rows = rows.join(found, on=LINE, how="left", validate="1:1", maintain_order="left")
    return rows.with_columns(pl.coalesce(REASON, "_new").alias(REASON)).drop("_new")
