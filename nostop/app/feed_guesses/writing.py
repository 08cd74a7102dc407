"""A guessed declaration as YAML: each guess on a line that says why, for a person to confirm."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nostop.app.feed_guesses.columns import Column
from nostop.app.feed_guesses.meanings import Dated, Mentioned
from nostop.app.feed_guesses.statements import StatedAward, StatedFact
from nostop.feeds.reading import UNCONFIRMED
from nostop.model import YamlError
from nostop.strict_yaml import parse_yaml

_INLINE = 80


@dataclass(frozen=True, slots=True)
class Guesses:
    """All that is guessed of a feed; `record` with how far it names the rows of the sample."""

    id: str
    department: str
    file: str
    connector: str
    settings: Mapping[str, object]
    rows: int
    columns: Mapping[str, Column]
    people: list[Mentioned]
    relations: list[tuple[str, str, str]]
    record: list[str]
    record_why: str
    as_of: Dated | str
    facts: list[StatedFact]
    award: StatedAward | None
    contacts: Mapping[str, str]


def declaration_of(guesses: Guesses) -> str:
    """Return the text of a declaration; a line with a guess says why, after `# CONFIRM:`."""
    parts = [
        _head(guesses),
        _contract(guesses),
        _columns(guesses),
        _record(guesses),
        _people(guesses),
        _relations(guesses),
        _facts(guesses),
        _award(guesses),
        _contacts(guesses),
        _complete(),
    ]
    return "\n\n".join("\n".join(lines) for lines in map(list, parts) if lines) + "\n"


def _confirm(text: str, why: str) -> str:
    return f"{text}  {UNCONFIRMED} {why}"


def _scalar(value: object, *, within: bool = False) -> str:
    """Return one value as YAML that the strict reader gives back the same; `within` brackets."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = str(value)
    try:
        written = f"- [{text}]" if within else f"- {text}"
        plain = parse_yaml(written, Path("value")).data == [[text] if within else text]
    except YamlError:
        plain = False
    return text if plain else json.dumps(text, ensure_ascii=False)


def _flow(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value, within=True)


def _key(key: object) -> str:
    try:
        plain = parse_yaml(f"{key}: x", Path("key")).data == {key: "x"}
    except YamlError:
        plain = False
    return str(key) if plain else json.dumps(key, ensure_ascii=False)


def _head(guesses: Guesses) -> Iterator[str]:
    title = guesses.id.replace("_", " ")
    yield "# Guessed from a sample by `nostop feeds new`. As long as a line has the mark CONFIRM,"
    yield "# nostop refuses this file: check with the source what the line says, mend it, take the"
    yield "# mark out."
    yield f"id: {guesses.id}"
    yield _confirm(f"title: {_scalar(title[:1].upper() + title[1:])}", "what the feed is, in words")
    yield _confirm(f"department: {_scalar(guesses.department)}", "who sends it")
    why = "the entry of rules/gateways.yaml that lets us read it"
    yield _confirm(f"gateway: {guesses.id}", why)
    yield f"connector: {guesses.connector}"
    if guesses.settings:
        files = [key for key in guesses.settings if key.endswith("_file")]
        named = {key: Path(str(guesses.settings[key])).name for key in files}
        yield from _block("settings", {**guesses.settings, **named}, 0)
        for key in files:
            yield f"{UNCONFIRMED} {named[key]} has to stand beside this file"
    yield _confirm(f"file: {_scalar(guesses.file)}", "* stands for what differs from file to file")


def _block(key: str, value: object, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if not isinstance(value, Mapping) or len(_flow(value)) <= _INLINE:
        yield f"{indent}{_key(key)}: {_flow(value)}"
        return
    yield f"{indent}{_key(key)}:"
    for inner, each in value.items():
        yield from _block(str(inner), each, depth + 1)


def _contract(guesses: Guesses) -> Iterator[str]:
    yield "contract:"
    least = f"half of the sample's {guesses.rows:,} rows"
    yield _confirm(f"  rows_at_least: {max(guesses.rows // 2, 1)}", least)
    yield _confirm("  bad_rows_at_most: 2%", "more, and nothing of the file is used")
    yield _confirm("  fresh_for_days: 60", "how often does the source send it?")


def _columns(guesses: Guesses) -> Iterator[str]:
    yield "columns:"
    needed = {*guesses.record}
    if isinstance(guesses.as_of, Dated) and not guesses.as_of.newest:
        needed.add(guesses.as_of.column)
    for column in guesses.columns.values():
        kind = _type(column, may_be_empty=column.type.may_be_empty and column.name not in needed)
        yield _confirm(f"  {_key(column.name)}: {_scalar(kind)}", column.why)


def _type(column: Column, *, may_be_empty: bool) -> str:
    kind = column.type
    words = {"date": f"date {kind.written}", "code": f"one of {', '.join(kind.codes)}"}
    text = words.get(kind.kind, kind.kind)
    comma = "," if kind.kind == "code" else ""
    return f"{text}{comma} or empty" if may_be_empty else text


def _record(guesses: Guesses) -> Iterator[str]:
    yield _confirm(f"record: {_flow(guesses.record)}", guesses.record_why)
    as_of = guesses.as_of
    if isinstance(as_of, str):
        yield _confirm(f"as_of: {as_of}", "the day given: every file of this feed would have it")
        return
    value = _flow({"newest": as_of.column}) if as_of.newest else _scalar(as_of.column)
    yield _confirm(f"as_of: {value}", as_of.why)
    if as_of.current:
        current = f"current: {_flow({'column': as_of.column, 'share_at_least': '5%'})}"
        yield _confirm(current, "facts and awards come from its latest month only")


def _people(guesses: Guesses) -> Iterator[str]:
    yield "people:"
    for place, person in enumerate(guesses.people):
        why = "the one the row is about" if place == 0 else "also mentioned in the row"
        yield _confirm(f"  {person.name}:", f"{why}, by the names of these columns")
        for attribute, column in person.columns.items():
            if attribute == "sex":
                words = {"column": column, "codes": person.sexes}
                yield _confirm(f"    sex: {_flow(words)}", "what the codes stand for")
            else:
                yield f"    {attribute}: {_scalar(column)}"
        if place and not {"postcode", "uprn", "address_line_1"} & person.columns.keys():
            yield f"    {UNCONFIRMED} lives where the first does? Then name those columns here too"


def _relations(guesses: Guesses) -> Iterator[str]:
    if guesses.relations:
        yield "relations:"
    for person, has, as_ in guesses.relations:
        line = f"  - {_flow({'person': person, 'has': has, 'as': as_})}"
        yield _confirm(line, "by the names of their columns")


def _facts(guesses: Guesses) -> Iterator[str]:
    usable = [fact for fact in guesses.facts if fact.usable]
    if usable:
        yield "facts:"
    for fact in usable:
        line: dict[str, object] = {"fact": fact.fact, "of": fact.of, "column": fact.column.name}
        line |= {"codes": fact.codes} if fact.codes else {}
        line |= {"per": fact.per} if fact.per else {}
        line |= {"may_be_empty": True} if fact.column.type.may_be_empty else {}
        yield _confirm(f"  - {_flow(line)}", fact.why)
    for fact in guesses.facts:
        if not fact.usable:
            may = f"column {_scalar(fact.column.name)} may state fact {fact.fact}"
            yield f"{UNCONFIRMED} {may}: {fact.why}"


def _award(guesses: Guesses) -> Iterator[str]:
    award = guesses.award
    if award is None:
        return
    if award.status is None:
        hint = "name the column of its status, and the word for each code"
        yield f"{UNCONFIRMED} rows may state the award {award.scheme} ({award.why}): {hint}"
        return
    line: dict[str, object] = {
        "scheme": award.scheme,
        "status": {"column": award.status, "codes": award.statuses},
    }
    if award.amount is not None:
        line["amount"] = award.amount
        line["per"] = award.per or {"column": award.frequency, "codes": award.frequencies}
    line |= {"starts_on": award.starts_on} if award.starts_on else {}
    line |= {"ends_on": award.ends_on} if award.ends_on else {}
    yield "awards:"
    entries = iter(line.items())
    yield _confirm(f"  - {_pair(next(entries))}", award.why)
    for pair in entries:
        yield _confirm(f"    {_pair(pair)}", "by its name and codes")


def _pair(pair: tuple[str, object]) -> str:
    return f"{pair[0]}: {_flow(pair[1])}"


def _contacts(guesses: Guesses) -> Iterator[str]:
    if guesses.contacts:
        yield "contacts:"
        yield _confirm(f"  - {_flow(guesses.contacts)}", f"how to reach {guesses.people[0].name}")


def _complete() -> Iterable[str]:
    return [
        "# What the lack of a record means is never guessed: see complete_for in README.md beside",
        "# the declarations, and state it only where the source says so in writing.",
    ]
