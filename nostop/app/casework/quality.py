"""Quality: where caseworkers and rules differ, how far people agree, what is missing, what feeds
get wrong. Counts only: nobody is in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
from sqlalchemy import Connection, Engine

from nostop.app.casework.agreement import Agreement, agreement
from nostop.app.casework.case_parts import source_words
from nostop.app.casework.warm import WarmShelf, rules_of_run
from nostop.app.results import formula_safe
from nostop.linkage.tally import tally
from nostop.model import NotHere
from nostop.rulebook import Rulebook
from nostop.store import Act, close_case, reading
from nostop.store import quality as store
from nostop.store.access import Who
from nostop.store.audit import record_read
from nostop.store.link_changes import people_of_unit
from nostop.store.link_tasks import answer_pairs, answers_of_sample
from nostop.store.quality import Overridden

__all__ = ["Overridden"]

TEXT, NUMBER, MONEY, SHARE = "text", "number", "money", "share"
#: Of fewer than this no share is told.
FEWEST = 10
_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its key, its heading in English, and what it holds."""

    key: str
    heading: str
    kind: str = TEXT

    @property
    def is_figure(self) -> bool:
        """Whether it holds figures: they stand on the right."""
        return self.kind != TEXT


@dataclass(frozen=True, slots=True)
class Finding:
    """One table, and the sentence on top: English with places for `names`.

    rows: as they are shown, in the order of column `order`; `left_off` is how many more there are.
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: pl.DataFrame
    says: str
    names: Mapping[str, str | int]
    order: str
    left_off: int = 0


@dataclass(frozen=True, slots=True)
class Words:
    """What conditions, facts and schemes are called, in the rules of the run that was loaded
    last."""

    book: Rulebook | None
    language: str = "en"

    def scheme(self, name: str | None) -> str:
        """Return the title of a scheme."""
        known = self.book.schemes.get(name) if self.book and name else None
        if known is None:
            return name or ""
        title = known.pack.title
        return title.cy if self.language == "cy" else title.en

    def condition(self, scheme: str | None, name: str | None) -> tuple[str, str]:
        """Return what a condition says, and the law that says so."""
        known = self.book.schemes.get(scheme) if self.book and scheme else None
        for each in known.pack.entitled_when if known else ():
            if each.id == name:
                return each.says, str(each.cite)
        return name or "", ""

    def fact(self, name: str) -> str:
        """Return what a fact means."""
        known = self.book.catalogue.facts.get(name) if self.book else None
        return known.means if known else name


#: The tables of the page, in its order.
NAMES = ("overrides", "unknowns", "quarantine", "corrections")
_COLUMNS = {
    "overrides": (
        Column("scheme", "Scheme"),
        Column("condition", "Condition"),
        Column("law", "Law"),
        Column("kind", "Decided instead"),
        Column("decisions", "Decisions", NUMBER),
        Column("of", "Of all decisions on the scheme", NUMBER),
        Column("share", "Share", SHARE),
    ),
    "unknowns": (
        Column("fact", "Missing fact"),
        Column("scheme", "Scheme"),
        Column("flags", "Flags it holds open", NUMBER),
        Column("gain_year", "Up to, a year", MONEY),
        Column("priced", "Flags with a known amount", NUMBER),
    ),
    "quarantine": (
        Column("source", "Feed"),
        Column("field", "Column"),
        Column("reason", "Why rows were set aside"),
        Column("rows", "Rows", NUMBER),
        Column("rows_read", "Rows read of the feed", NUMBER),
        Column("share", "Share", SHARE),
    ),
    "corrections": (
        Column("source", "Who had said it"),
        Column("fact", "Fact"),
        Column("corrections", "Times put right", NUMBER),
    ),
}
_CAPTIONS = {
    "overrides": "Decisions that differ from the rules, by condition",
    "unknowns": "Flags held open, by missing fact",
    "quarantine": "Rows set aside, by feed",
    "corrections": "Facts put right by caseworkers, by department",
}
_FIRST = {
    "overrides": "decisions",
    "unknowns": "gain_year",
    "quarantine": "rows",
    "corrections": "corrections",
}


def words_of(engine: Engine, shelf: WarmShelf, rules: Path, at: datetime, language: str) -> Words:
    """Return the words of the rules that the run loaded last was worked out with; none where no
    run is there."""
    with reading(engine) as connection:
        run_id = store.newest_run(connection)
        if run_id is None:
            return Words(None, language)
        wanted = rules_of_run(connection, rules, run_id)
    return Words(shelf.of(wanted, at).book, language)


def finding(engine: Engine, name: str, words: Words, order: str | None = None) -> Finding:
    """Return one table, sorted by a column: figures the largest first, text from A.

    Raises:
        NotHere: there is no such table.
    """
    whole = _made(engine, name, words)
    columns = _COLUMNS[name]
    by = {column.key: column for column in columns}
    chosen = by.get(order or "", by[_FIRST[name]])
    rest = [column.key for column in columns if column.key != chosen.key]
    # Equal figures stand in the order of the other columns, so that it is always the same.
    rows = whole.sort(
        chosen.key, *rest, descending=[chosen.is_figure, *(False for _ in rest)], nulls_last=True
    )
    says, names = _advice(name, whole.sort(_FIRST[name], descending=True, nulls_last=True))
    return Finding(
        name=name,
        caption=_CAPTIONS[name],
        columns=columns,
        rows=rows.select(list(by)).head(_MOST_SHOWN),
        says=says,
        names=names,
        order=chosen.key,
        left_off=max(0, rows.height - _MOST_SHOWN),
    )


def as_csv(engine: Engine, name: str, words: Words) -> bytes:
    """Return the whole of a table as CSV with its headings: counts only, nobody is in it, and
    nothing that a spreadsheet would run.

    Raises:
        NotHere: there is no such table.
    """
    rows = _made(engine, name, words)
    keys = [column.key for column in _COLUMNS[name]]
    order = rows.sort(
        _FIRST[name], *keys, descending=[True, *(False for _ in keys)], nulls_last=True
    )
    return formula_safe(order.select(keys)).write_csv().encode()


def _made(engine: Engine, name: str, words: Words) -> pl.DataFrame:
    if name not in NAMES:
        raise NotHere("quality: there is no such table")
    with reading(engine) as connection:
        return _MADE[name](connection, words)


def _share(part: str, whole: str) -> pl.Expr:
    """A share of few tells nothing."""
    enough = pl.col(whole) >= FEWEST
    return pl.when(enough).then(pl.col(part) / pl.col(whole)).alias("share")


def _overrides(connection: Connection, words: Words) -> pl.DataFrame:
    rows = store.overrides(connection)
    said = [words.condition(*row) for row in rows.select("scheme", "condition").rows()]
    return rows.with_columns(
        scheme=pl.Series([words.scheme(each) for each in rows["scheme"]], dtype=pl.String),
        condition=pl.Series([each[0] for each in said], dtype=pl.String),
        law=pl.Series([each[1] for each in said], dtype=pl.String),
    ).with_columns(_share("decisions", "of"))


def _unknowns(connection: Connection, words: Words) -> pl.DataFrame:
    rows = store.unknowns(connection)
    return rows.with_columns(
        fact=pl.Series([words.fact(each) for each in rows["fact"]], dtype=pl.String),
        scheme=pl.Series([words.scheme(each) for each in rows["scheme"]], dtype=pl.String),
    )


def _quarantine(connection: Connection, _words: Words) -> pl.DataFrame:
    rows = store.quarantine(connection).with_columns(_share("rows", "rows_read"))
    return rows.with_columns(_sources(rows["source"]).alias("source"))


def _sources(names: pl.Series) -> pl.Series:
    """Feeds in words; where there is none, nobody had said it."""
    return pl.Series([source_words(each) or "-" for each in names], dtype=pl.String)


def _corrections(connection: Connection, words: Words) -> pl.DataFrame:
    rows = store.corrections(connection)
    return rows.select(
        _sources(rows["old_source"]).alias("source"),
        pl.Series("fact", [words.fact(each) for each in rows["fact"]], dtype=pl.String),
        "corrections",
    )


_MADE = {
    "overrides": _overrides,
    "unknowns": _unknowns,
    "quarantine": _quarantine,
    "corrections": _corrections,
}


def _advice(name: str, rows: pl.DataFrame) -> tuple[str, Mapping[str, str | int]]:
    """Return what to do first, by the first row: English with places, and what goes there."""
    if rows.is_empty():
        return _NOTHING[name], {}
    return _ADVICE[name], dict(rows.row(0, named=True))


_NOTHING = {
    "overrides": "Nobody has decided otherwise than the rules: there is nothing to look at.",
    "unknowns": "No flag waits for a missing fact.",
    "quarantine": "No row was set aside: there is nothing to ask a department.",
    "corrections": "Nobody has put a fact right yet.",
}
_ADVICE = {
    "overrides": "Look first at {scheme}, “{condition}”: {decisions} decisions differ from the "
    "rules there.",
    "unknowns": "Ask first for “{fact}” ({scheme}): it holds {flags} flags open.",
    "quarantine": "Ask first about {source}, column {field}: {rows} rows were set aside.",
    "corrections": "Ask {source} first about “{fact}”: caseworkers put it right {corrections} "
    "times.",
}


# --- agreement -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Agreements:
    """How far caseworkers agree on flags and on pairs of records; how many flags wait for a second
    reader; how right links are, by stratum (see `nostop.linkage.tally`)."""

    flags: Agreement
    links: Agreement
    waiting: int
    link_quality: pl.DataFrame


def agreements(engine: Engine) -> Agreements:
    """Return how far people agree who looked at the same thing."""
    with reading(engine) as connection:
        flags = agreement(store.second_readings(connection))
        links = agreement(answer_pairs(connection))
        waiting = store.second_readings_open(connection)
    return Agreements(flags, links, waiting, tally(*answers_of_sample(engine)))


# --- what comes back to rule authors -------------------------------------------------------------


def override_cases(engine: Engine, who: Who) -> list[Overridden]:
    """Return the open cases of rule authors, the oldest first: ids and words of ours only."""
    return store.override_cases(engine, who)


def override_shown(engine: Engine, who: Who, case_id: str, at: datetime) -> Overridden:
    """Return a case of rule authors with what the caseworker wrote, once it is written down whose
    it is.

    Raises:
        NotHere: there is none, or it is not for them.
    """
    unit = store.override_case(engine, who, case_id)
    with reading(engine) as connection:
        people = people_of_unit(connection, unit)
    record_read(engine, who.account_id, people, "override_review", at)
    return store.read_override(engine, case_id)


def close_override(engine: Engine, who: Who, case_id: str, word: str, at: datetime) -> None:
    """Close a case of rule authors: `word` is why (see `CLOSES`).

    Raises:
        NotHere: there is none, or it is not for them.
    """
    if word not in CLOSES:
        raise NotHere("quality: there is no such answer")
    store.override_case(engine, who, case_id)
    close_case(engine, case_id, word, Act(who.account_id, at))


#: Why a rule author closes a case: a word, and what it says.
CLOSES = {
    "rules_right": "The rules are right as they are",
    "rules_changed": "The rules are changed, or a change is proposed",
    "feed_wrong": "The rules are right: what a department said was wrong",
}
