"""Every declared feed, read and checked; a feed that is missing or breaks its contract is held, and
the run goes on."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from pathlib import Path
from types import MappingProxyType

import polars as pl

from nostop import plugins
from nostop.app.fact_table import fact_table
from nostop.feeds import (
    FeedBatch,
    FeedDeclaration,
    LastTime,
    combine,
    hold_strangers,
    load_or_hold,
    missing,
    read_declaration,
)
from nostop.linkage import Gathered
from nostop.model import FeedError, SettingsError, nearest
from nostop.ports import RawTable
from nostop.rulebook import Rulebook

NOTHING_BEFORE: Mapping[str, LastTime] = MappingProxyType({})


def read_declarations(folder: Path, rulebook: Rulebook) -> list[FeedDeclaration]:
    """Return every feed declaration of a folder, in order of name.

    Raises:
        SettingsError: there is none, or one names a gateway that the rules do not have.
        FeedError: a declaration cannot stand.
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise SettingsError(f"{folder}: holds no feed declaration (<department>_<dataset>.yaml)")
    catalogue = fact_table(rulebook)
    gateways = [gateway.id for gateway in rulebook.gateways]
    declarations = [read_declaration(file, catalogue) for file in files]
    for file, declaration in zip(files, declarations, strict=True):
        if declaration.gateway not in gateways:
            near = nearest(declaration.gateway, gateways)
            raise SettingsError(
                f"{file}: no gateway '{declaration.gateway}' in gateways.yaml{near}"
            )
    return declarations


def read_feeds(
    declarations: list[FeedDeclaration],
    folder: Path,
    effective_on: date,
    known_on: date | None = None,
    last: Mapping[str, LastTime] = NOTHING_BEFORE,
) -> FeedBatch:
    """Return what the feeds in a folder say, all together.

    Args:
        effective_on, known_on: as `nostop.feeds.load` has them.
        last: what earlier runs knew of each feed: see `nostop.app.last_run`.

    Raises:
        SettingsError: the folder holds a file of none of the feeds, or nothing of them was known.
        PluginError: a declaration names no known connector, or a setting that it does not have.
    """
    batches = [
        read_feed(declaration, folder, (effective_on, known_on), last.get(declaration.id))
        for declaration in declarations
    ]
    return together(batches, declarations, folder, known_on)


def together(
    batches: list[FeedBatch],
    declarations: list[FeedDeclaration],
    folder: Path,
    known_on: date | None,
) -> FeedBatch:
    """Return what feeds say together; one of too many people whom no other knows is held.

    Raises:
        SettingsError: nothing of any of them can be used, and none of them is held.
    """
    whole = hold_strangers(combine(batches), declarations)
    if (whole.status["state"] == "missing").all():
        if whole.status["rows_later"].sum() > 0:
            raise SettingsError(f"{folder}: nothing in it is of {known_on} or before (--known-on)")
        wanted = ", ".join(declaration.file for declaration in declarations)
        raise SettingsError(f"{folder}: holds no feed; expected {wanted}")
    return whole


def read_feed(
    declaration: FeedDeclaration,
    folder: Path,
    days: tuple[date, date | None],
    last: LastTime | None,
) -> FeedBatch:
    """Return what one feed in a folder says; it is missing or held where it cannot be used.

    Args:
        days: the day of the run, and the day of knowledge.
        last: what earlier runs knew of it.
    """
    files = files_of(declaration, folder)
    if not files:
        return missing(declaration, f"no file {declaration.file}")
    effective_on, known_on = days
    file = files[0].name if len(files) == 1 else None
    try:
        tables = read_files(declaration, files)
    except FeedError as error:
        return missing(declaration, str(error), held=True, file=file)
    return load_or_hold(
        declaration, tables, effective_on=effective_on, known_on=known_on, last=last or LastTime()
    )


def files_of(declaration: FeedDeclaration, folder: Path) -> list[Path]:
    """Return the files of a feed in a folder, in order of name."""
    return sorted(folder.glob(declaration.file), key=lambda file: file.name)


def read_files(declaration: FeedDeclaration, files: list[Path]) -> list[RawTable]:
    """Return what the feed's connector reads of its files.

    Raises:
        FeedError: a file cannot be read, or there are several and the feed has no changes.
        PluginError: the declaration names no known connector, or a setting that it does not have.
    """
    if len(files) > 1 and declaration.changes is None:
        found = ", ".join(file.name for file in files)
        raise FeedError(f"{len(files)} files fit {declaration.file}: {found}; leave one")
    connector = plugins.connector(declaration.connector, declaration.settings)
    return [connector.read(file) for file in files]


def gathered_from(batch: FeedBatch, rulebook: Rulebook) -> Gathered:
    """Return what the feeds brought, as linkage puts it together."""
    shared = {field.name for field in fields(Gathered)} & {field.name for field in fields(batch)}
    tables = {name: getattr(batch, name) for name in shared}
    return Gathered(**tables, catalogue=fact_table(rulebook))


def told_of_trouble(status: pl.DataFrame) -> list[str]:
    """Return one line for each feed that is not used: what it is, and what follows."""
    bad = status.filter(pl.col("state") != "ok").sort("source")
    return [
        f"FEED {state.upper()}: {source}: {reason}. What only it knows is unknown in this run."
        for source, state, reason in bad.select("source", "state", "reason").iter_rows()
    ]
