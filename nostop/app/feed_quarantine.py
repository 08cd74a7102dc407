"""The rows of a feed that a run set aside: why, how many, and what their values look like.

No value is ever shown, only its shape: `12/13/1990` is `99/99/9999`. What stands in many rows of a
column of codes is a code and nobody's own, so that is shown as it is.
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from nostop.app.feed_status import RunOfFeeds
from nostop.app.gather import files_of, read_files
from nostop.feeds import FeedDeclaration, read_declaration
from nostop.feeds.files import Files, joined
from nostop.frames import Quarantine, check
from nostop.model import SettingsError, nearest
from nostop.ports import RawTable

QUARANTINE = "quarantine.csv"
EMPTY = "(empty)"
#: As many rows as a published count must have: a value in fewer may tell of somebody.
MANY = 10
FEW_VALUES = 10
LONGEST_CODE = 10
LONGEST_SHAPE = 40


@dataclass(frozen=True, slots=True)
class SetAside:
    """What a run set aside of one feed.

    reasons: column (nullable), reason, rows, file and line of the first.
    examples: column, reason, shape, rows, file and line of the first: the commonest shapes of each
        reason; None where the feed's files were not looked at.
    """

    status: dict[str, object]
    reasons: pl.DataFrame
    examples: pl.DataFrame | None


def set_aside(
    run: RunOfFeeds, feed: str, files: tuple[Path, Path] | None = None, shapes: int = 5
) -> SetAside:
    """Return what a run set aside of a feed.

    Args:
        run: the run.
        feed: the id of one of its feeds.
        files: the folders of the feeds and of their declarations, to look at the values.
        shapes: how many shapes of each reason are shown.

    Raises:
        SettingsError: the run knows no such feed, or its files are other ones by now.
        FeedError: the declaration or a file cannot be read.
    """
    status = run.of(feed)
    rows = quarantine_of(run, feed)
    told = None
    if files is not None:
        declaration = declaration_of(feed, files[1])
        read = joined(declaration, read_again(run, declaration, files[0]))
        told = _examples(declaration, read, rows, shapes)
    return SetAside(status, reasons_of(rows), told)


def quarantine_of(run: RunOfFeeds, feed: str) -> pl.DataFrame:
    """Return `Quarantine` of one feed of a run.

    Raises:
        SettingsError: the run's folder lacks it.
    """
    path = run.out / QUARANTINE
    if not path.is_file():
        raise SettingsError(f"{path}: is not there: run again into this folder")
    rows = pl.read_csv(path, infer_schema=False).with_columns(pl.col("line").cast(pl.Int64))
    # A spreadsheet is kept from running a name as a formula; here it is the file's name again.
    rows = rows.with_columns(pl.col("file").str.replace(r"^'([=+\-@])", "${1}"))
    return check(Quarantine, rows.filter(pl.col("source") == feed))


def reasons_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Return how many rows of `Quarantine` have each reason, the commonest first."""
    first = rows.sort("file", "line", maintain_order=True)
    return (
        first.group_by("column", "reason", maintain_order=True)
        .agg(pl.len().cast(pl.Int64).alias("rows"), pl.col("file", "line").first())
        .sort("rows", "column", "reason", descending=[True, False, False], nulls_last=True)
    )


def declaration_of(feed: str, folder: Path) -> FeedDeclaration:
    """Return the declaration of a feed.

    Raises:
        SettingsError: the folder has none of that name; the nearest is named.
        FeedError: it cannot stand.
    """
    path = folder / f"{feed}.yaml"
    if not path.is_file():
        known = sorted(file.stem for file in folder.glob("*.yaml"))
        raise SettingsError(f"{folder}: has no declaration {feed}.yaml{nearest(feed, known)}")
    return read_declaration(path)


def read_again(run: RunOfFeeds, declaration: FeedDeclaration, folder: Path) -> list[RawTable]:
    """Return the files of a feed as the run read them.

    Raises:
        SettingsError: they are not those of the run any more.
        FeedError: one cannot be read.
    """
    files = files_of(declaration, folder)
    if not files:
        raise SettingsError(f"{folder}: has no file {declaration.file}: give the run's --feeds")
    tables = read_files(declaration, files)
    found, was = joined(declaration, tables), run.of(declaration.id)["sha256"]
    names = set(quarantine_of(run, declaration.id)["file"])
    if (was is not None and found.table.sha256 != was) or not names <= set(found.names):
        raise SettingsError(
            f"{folder}: {found.table.file} is not what the run in {run.out} read, so its lines "
            "would be other rows: run again, or give the folder as it was"
        )
    return tables


def _examples(
    declaration: FeedDeclaration, files: Files, rows: pl.DataFrame, shapes: int
) -> pl.DataFrame:
    placed = rows.with_columns(_line=files.counted_on(rows)) if rows.height else rows
    parts = [empty_examples()]
    for name in placed["column"].drop_nulls().unique().sort():
        values = files.table.rows.select("_line", value=name)
        part = placed.filter(pl.col("column") == name).join(
            values, on="_line", how="left", validate="1:1"
        )
        codes = declaration.columns[name].kind == "code"
        parts.append(_shapes(part, codes=codes).group_by("column", "reason").head(shapes))
    return pl.concat([part.select(parts[0].columns) for part in parts])


def empty_examples() -> pl.DataFrame:
    """Return a table of no examples."""
    kinds = dict.fromkeys(("column", "reason", "shape"), pl.String())
    schema = {**kinds, "rows": pl.Int64(), "file": pl.String(), "line": pl.Int64()}
    return pl.DataFrame(schema=schema)


def _shapes(part: pl.DataFrame, *, codes: bool) -> pl.DataFrame:
    shown = part.sort("file", "line").with_columns(shape=shape_of("value"))
    if codes and part["value"].n_unique() <= FEW_VALUES:
        short = pl.col("value").str.len_chars() <= LONGEST_CODE
        many = pl.len().over("value") >= MANY
        shown = shown.with_columns(shape=pl.when(short & many).then("value").otherwise("shape"))
    return (
        shown.group_by("column", "reason", "shape", maintain_order=True)
        .agg(pl.len().cast(pl.Int64).alias("rows"), pl.col("file", "line").first())
        .sort("reason", "rows", "shape", descending=[False, True, False])
    )


def shape_of(column: str) -> pl.Expr:
    """Return the shape of text: X for a capital, x for another letter, 9 for a digit."""
    text = pl.col(column).str.strip_chars()
    shape = (
        text.str.slice(0, LONGEST_SHAPE)
        .str.replace_all(r"[\p{L}\p{M}&&[^\p{Lu}]]", "x")
        .str.replace_all(r"\p{Lu}", "X")
        .str.replace_all(r"\p{N}", "9")
    )
    long = pl.concat_str(shape, pl.lit(" ..."))
    whole = pl.when(text.str.len_chars() > LONGEST_SHAPE).then(long).otherwise(shape)
    return pl.when(text != "").then(whole).otherwise(pl.lit(EMPTY))
