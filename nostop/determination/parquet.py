"""Tables from Parquet files -> a situation. A fact without a column is unknown; a column that
nobody knows is an error."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from nostop.determination.values import edges, known_keys
from nostop.frames import Awards, Situation, empty
from nostop.model import AWARD_STATUSES, Level, SituationError
from nostop.rulebook.catalogue import Catalogue, Fact, too_large

#: The tables of a situation; only awards may be lacking.
TABLES = ("people", "benefit_units", "households", "awards")
_KEY_COLUMNS = {
    Level.PERSON: ("person_id", "benefit_unit_id", "household_id", "confidence", "awards_known"),
    Level.BENEFIT_UNIT: ("benefit_unit_id", "household_id"),
    Level.HOUSEHOLD: ("household_id",),
}


def read_frames(folder: Path, catalogue: Catalogue) -> Situation:
    """Read people.parquet, benefit_units.parquet, households.parquet and, if there, awards.parquet.

    Without awards.parquet, receipt is unknown for everybody; with it, a scheme without a row is not
    claimed.

    Raises:
        SituationError: a file is missing or cannot be read, or a column is not known.
    """
    paths = {name: folder / f"{name}.parquet" for name in TABLES}
    if not paths["awards"].exists():
        del paths["awards"]
    return read_tables(paths, catalogue)


def read_tables(paths: Mapping[str, Path], catalogue: Catalogue) -> Situation:
    """Read each of `TABLES` from its file (or folder of files), as `read_frames` does."""
    return Situation(
        people=_frame(paths["people"], catalogue, Level.PERSON),
        benefit_units=_frame(paths["benefit_units"], catalogue, Level.BENEFIT_UNIT),
        households=_frame(paths["households"], catalogue, Level.HOUSEHOLD),
        awards=_awards_frame(paths["awards"], list(catalogue.awards))
        if "awards" in paths
        else None,
    )


def write_whole(rows: pl.DataFrame, path: Path) -> None:
    """Write a table to a Parquet file that is there only when it is whole."""
    with whole_file(path) as unfinished:
        rows.write_parquet(unfinished)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give the path to write a file to; it takes its name when it is whole, and is gone if not."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _frame(path: Path, catalogue: Catalogue, level: Level) -> pl.DataFrame:
    frame = _parquet(path)
    known_keys(frame.columns, (*catalogue.at(level), *_KEY_COLUMNS[level]), str(path))
    _check_values(frame, catalogue.at(level), path)
    return frame


def _parquet(path: Path) -> pl.DataFrame:
    if not path.exists():
        raise SituationError(f"{path}: is missing")
    try:
        return pl.read_parquet(path, hive_partitioning=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise SituationError(f"{path}: cannot be read as Parquet: {reason}") from error


def _check_values(frame: pl.DataFrame, facts: Mapping[str, Fact], path: Path) -> None:
    """Refuse values that the catalogue does not allow; which person holds them is not said."""
    for name, fact in facts.items():
        if name in frame.columns:
            _check_words(frame[name], fact, f"{path}: {name}")
            _check_sizes(frame[name], fact, f"{path}: {name}")


def _check_words(column: pl.Series, fact: Fact, where: str) -> None:
    if fact.values and column.dtype == pl.String:
        odd = set(column.drop_nulls().unique()) - set(fact.values)
        if odd:
            raise SituationError(f"{where}: '{min(odd)}' is none of {', '.join(fact.values)}")


def _check_sizes(column: pl.Series, fact: Fact, where: str) -> None:
    for edge in edges(column):
        if fact.largest is not None and abs(edge) > fact.largest:
            raise SituationError(f"{where}: a value is {too_large(fact.type)}")
        if fact.non_negative and edge < 0:
            raise SituationError(f"{where}: a value is below 0")
        if fact.at_most is not None and edge > fact.at_most:
            raise SituationError(f"{where}: a value is above {fact.at_most}")


def _awards_frame(path: Path, known: list[str]) -> pl.DataFrame:
    frame = _parquet(path)
    schema = empty(Awards).schema
    known_keys(frame.columns, schema, str(path))
    for name in ("person_id", "scheme", "status"):
        if name not in frame.columns:
            raise SituationError(f"{path}: column '{name}' is missing, found {frame.columns}")
    for name, allowed in (("scheme", known), ("status", list(AWARD_STATUSES))):
        for value in frame[name].unique().to_list():
            if value not in allowed:
                raise SituationError(f"{path}: {name} '{value}' is none of {', '.join(allowed)}")
    absent = [
        pl.lit(None, dtype=kind).alias(name)
        for name, kind in schema.items()
        if name not in frame.columns
    ]
    return frame.with_columns(absent).select(
        pl.col(name).cast(kind) for name, kind in schema.items()
    )
