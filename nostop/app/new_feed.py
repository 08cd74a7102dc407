"""Beginning a feed: a declaration guessed from a sample file, each guess marked for a person."""

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from nostop import plugins
from nostop.app.feed_guesses.columns import guess_columns
from nostop.app.feed_guesses.meanings import (
    guess_date,
    guess_people,
    guess_record,
    guess_relations,
)
from nostop.app.feed_guesses.source import Settings, connector_of
from nostop.app.feed_guesses.statements import guess_award, guess_contacts, guess_facts
from nostop.app.feed_guesses.writing import Guesses, declaration_of
from nostop.feeds import load, read_declaration
from nostop.feeds.columns import parse_column_type, value_of
from nostop.feeds.reading import UNCONFIRMED
from nostop.model import FeedError, SettingsError
from nostop.ports import RawTable
from nostop.rulebook.catalogue import Catalogue, load_catalogue

_ID = re.compile(r"(?=.{3,60}\Z)[a-z][a-z0-9]+(?:_[a-z0-9]+)+")
#: Values by which a first line is seen to be a row of somebody, and no header.
_OF_PEOPLE = ("nino", "postcode", "email", "date DD/MM/YYYY", "date YYYY-MM-DD", "date YYYYMMDD")
_LONG_NAME = 80


@dataclass(frozen=True, slots=True)
class NewFeed:
    """What is known of a feed before its sample is looked at.

    Attributes:
        id: `<department>_<dataset>`, the name of the declaration's file.
        sample: a file as the source sends it.
        department: in words; left out, the first part of the id in capitals.
        connector, settings: how the file is read; left out, its suffix and content say.
        as_of: the day for which the file holds, where no column of it says.
    """

    id: str
    sample: Path
    department: str | None = None
    connector: str | None = None
    settings: Mapping[str, object] | None = None
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class BegunFeed:
    """What was written; how many guesses wait for a person; what became of the sample's rows.

    `refused` says why the sample read through it is refused as a whole, where it is.
    """

    file: Path
    guesses: int
    rows: int
    quarantined: int
    refused: str | None


def begin_feed(rules: Path, new: NewFeed, out: Path | None = None) -> BegunFeed:
    """Write a declaration guessed from a sample: nothing of a person in the sample is in it.

    Args:
        rules: the rules folder, whose facts and awards the columns are held against.
        new: the sample and what is known of it.
        out: where to write; left out, `<id>.yaml` in the current folder.

    Raises:
        SettingsError: the id or the file's name cannot be, the file is there already, or the sample
            does not tell how it is read, whom it is about or of when it is.
        FeedError: the connector cannot read the sample, or read none of its rows.
        PluginError: there is no such connector, or a setting does not fit it.
    """
    file = out or Path(f"{new.id}.yaml")
    if not _ID.fullmatch(new.id):
        rule = "small letters and digits, as department_dataset"
        raise SettingsError(f"--id '{new.id}' cannot be an id: write {rule}")
    if file.name != f"{new.id}.yaml":
        raise SettingsError(f"--out {file}: the file of this feed is called {new.id}.yaml")
    if new.department is not None and len(new.department) < 2:
        raise SettingsError(f"--department '{new.department}': write its name")
    if file.exists():
        raise SettingsError(f"{file}: is there already; nothing was written")
    name, settings = connector_of(new.sample, new.connector, dict(new.settings or {}))
    table = plugins.connector(name, settings).read(new.sample)
    _refuse(table)
    text = declaration_of(_guessed(new, (name, settings), table, load_catalogue(rules)))
    begun = _tried(file, text, table)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return begun


def _refuse(table: RawTable) -> None:
    """Raise FeedError for a sample without rows, and for one whose header is somebody's row."""
    if table.rows.is_empty():
        raise FeedError(f"{table.file}: none of its rows can be read: nothing can be guessed")
    name = pl.col("name")
    fits = [value_of(name, parse_column_type(kind)).is_not_null() for kind in _OF_PEOPLE]
    fits.append(name.str.len_chars() > _LONG_NAME)
    header = pl.DataFrame({"name": table.rows.columns})
    if header.select(pl.any_horizontal(*fits).any()).item():
        hint = "ask for a header line with the names of the columns"
        raise FeedError(f"{table.file}: its first line holds data, not names: {hint}")


def _guessed(
    new: NewFeed, read_by: tuple[str, Settings], table: RawTable, catalogue: Catalogue
) -> Guesses:
    rows = table.rows.drop("_line")
    columns = guess_columns(rows)
    people = guess_people(columns)
    record, record_why = guess_record(rows, columns, people)
    as_of = new.as_of.isoformat() if new.as_of else guess_date(columns, people)
    if as_of is None:
        hint = "add --as-of with the day for which the file holds"
        raise SettingsError(f"{table.file}: no column of dates says of when a row is: {hint}")
    return Guesses(
        id=new.id,
        department=new.department or new.id.partition("_")[0].upper(),
        file=_pattern(new.sample),
        connector=read_by[0],
        settings=read_by[1],
        rows=rows.height,
        columns=columns,
        people=people,
        relations=guess_relations(people),
        record=record,
        record_why=record_why,
        as_of=as_of,
        facts=list(guess_facts(columns, people, catalogue)),
        award=guess_award(new.id, columns, catalogue),
        contacts=guess_contacts(columns),
    )


def _pattern(sample: Path) -> str:
    """Return what the files of a source are called: `pay_20260501.csv` -> `pay_*.csv`."""
    stem = re.sub(r"[0-9]{4,}(?:-?[0-9]{2})*", "*", sample.stem)
    stem = re.sub(r"[^A-Za-z0-9_*.-]", "?", stem)
    return f"{stem}{'' if '*' in stem else '*'}{sample.suffix}"


def _tried(file: Path, text: str, table: RawTable) -> BegunFeed:
    """Read the sample through the declaration as it will be once every guess is confirmed."""
    answered = "".join(f"{line.partition(UNCONFIRMED)[0]}\n" for line in text.splitlines())
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, file.name)
        place.write_text(answered, encoding="utf-8")
        declaration = read_declaration(place)
    rows = table.rows.height + table.rejected.height
    guesses = text.count(UNCONFIRMED)
    try:
        quarantined = load(declaration, table).quarantine.height
    except FeedError as error:
        return BegunFeed(file, guesses, rows, rows, str(error))
    return BegunFeed(file, guesses, rows, quarantined, None)
