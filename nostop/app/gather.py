"""Every declared feed, read and checked; a feed that is missing or breaks its contract is held, and
the run goes on."""

from datetime import date
from pathlib import Path

import polars as pl

from nostop import plugins
from nostop.app.fact_table import fact_table
from nostop.feeds import FeedBatch, FeedDeclaration, combine, load, missing, read_declaration
from nostop.model import FeedError, SettingsError, nearest
from nostop.rulebook import Rulebook


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
) -> FeedBatch:
    """Return what the feeds in a folder say, all together; `known_on` as `nostop.feeds.load` has
    it.

    Raises:
        SettingsError: the folder holds a file of none of the feeds, or nothing of them was known.
        PluginError: a declaration names no known connector, or a setting that it does not have.
    """
    batches = [
        _read_feed(declaration, folder, effective_on, known_on) for declaration in declarations
    ]
    whole = combine(batches)
    if (whole.status["state"] == "missing").all():
        if whole.status["rows_later"].sum() > 0:
            raise SettingsError(f"{folder}: nothing in it is of {known_on} or before (--known-on)")
        wanted = ", ".join(declaration.file for declaration in declarations)
        raise SettingsError(f"{folder}: holds no feed; expected {wanted}")
    return whole


def _read_feed(
    declaration: FeedDeclaration, folder: Path, effective_on: date, known_on: date | None
) -> FeedBatch:
    files = sorted(folder.glob(declaration.file))
    if not files:
        return missing(declaration, f"no file {declaration.file}")
    if len(files) > 1:
        found = ", ".join(file.name for file in files)
        return missing(
            declaration, f"{len(files)} files fit {declaration.file}: {found}; leave one", held=True
        )
    connector = plugins.connector(declaration.connector, declaration.settings)
    try:
        table = connector.read(files[0])
        return load(declaration, table, effective_on=effective_on, known_on=known_on)
    except FeedError as error:
        return missing(declaration, str(error), held=True, file=files[0].name)


def told_of_trouble(status: pl.DataFrame) -> list[str]:
    """Return one line for each feed that is not used: what it is, and what follows."""
    bad = status.filter(pl.col("state") != "ok").sort("source")
    return [
        f"FEED {state.upper()}: {source}: {reason}. What only it knows is unknown in this run."
        for source, state, reason in bad.select("source", "state", "reason").iter_rows()
    ]
