"""Populations larger than memory: dealt out by household into parts on disk, determined part by
part, and put together in order."""

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from nostop.determination.decode import in_words
from nostop.determination.determine import Determiner
from nostop.determination.parquet import TABLES, read_frames, read_tables, whole_file
from nostop.determination.written import write_determinations
from nostop.model import SituationError
from nostop.rulebook import Rulebook
from nostop.rulebook.plan import KEYS

#: Up to how many people are determined at once in memory, and how many a part holds beyond that.
IN_MEMORY = 1_500_000
PEOPLE_A_PART = 500_000


def determine_files(
    folder: Path, out: Path, book: Rulebook, effective_on: date, schemes: list[str] | None = None
) -> int:
    """Determine everybody in a folder of frames (see `read_frames`), write `Determinations` sorted
    by scheme and subject to one Parquet file, and return how many rows it has.

    Raises:
        SituationError, FrameError, RuleError: as `read_frames` and `determine`; nothing is written
            then.
    """
    determiner = Determiner(book, effective_on, schemes)
    people = _scanned(folder, "people").select(pl.len()).collect().item()
    if people <= IN_MEMORY:
        with whole_file(out) as unfinished:
            found = determiner.by_scheme(read_frames(folder, book.catalogue))
            return write_determinations(found, unfinished)
    with TemporaryDirectory(dir=out.parent, prefix=".determining-") as name:
        space = Path(name)
        parts = -(-people // PEOPLE_A_PART)
        _deal_out(folder, space, parts)
        for part in range(parts):
            _determine_part(determiner, space, part)
        return _put_together(determiner, space, out)


def _scanned(folder: Path, name: str) -> pl.LazyFrame:
    path = folder / f"{name}.parquet"
    if not path.exists():
        raise SituationError(f"{path}: is missing")
    try:
        frame = pl.scan_parquet(path)
        frame.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise SituationError(f"{path}: cannot be read as Parquet: {reason}") from error
    return frame


def _deal_out(folder: Path, space: Path, parts: int) -> None:
    """Write the rows of each table into files by part: a household is whole in one."""
    for name in TABLES:
        if name == "awards" and not (folder / "awards.parquet").exists():
            continue
        rows = _scanned(folder, name)
        columns = rows.collect_schema().names()
        if name == "awards":
            # An award of somebody who is not among the people counts for nobody.
            homes = _scanned(folder, "people").select("person_id", "household_id")
            rows = rows.join(homes, on="person_id", how="inner")
        elif "household_id" not in columns:
            missing = f"column 'household_id' is missing, found {columns}"
            raise SituationError(f"{folder / name}.parquet: {missing}")
        part = pl.col("household_id").cast(pl.String).hash(seed=0) % parts
        target = pl.PartitionBy(space / name, key="part", include_key=False)
        rows.select(*columns, part.alias("part")).sink_parquet(target, mkdir=True)
        # What a part without a row is read from: the same columns, nobody in them.
        rows.select(columns).head(0).sink_parquet(space / f"{name}.parquet")
    for name, key in (("people", "person_id"), ("benefit_units", "benefit_unit_id")):
        _must_be_one_each(_scanned(folder, name), key, folder / f"{name}.parquet")


def _must_be_one_each(rows: pl.LazyFrame, key: str, path: Path) -> None:
    # Within a part each id is looked at again; the same id in two parts shows only here.
    if key in rows.collect_schema().names():
        found = rows.select(count=pl.len(), ids=pl.col(key).n_unique()).collect().row(0)
        if found[0] != found[1]:
            what = key.removesuffix("_id").replace("_", " ")
            raise SituationError(f"{path}: '{key}' repeats: each row is one {what}")


def _determine_part(determiner: Determiner, space: Path, part: int) -> None:
    tables = {}
    for name in TABLES:
        held = space / name / f"part={part}"
        if (space / f"{name}.parquet").exists():
            tables[name] = held if held.exists() else space / f"{name}.parquet"
    situation = read_tables(tables, determiner.book.catalogue)
    for coded in determiner.by_scheme(situation):
        rows = in_words(coded)
        target = space / "found" / rows["scheme"][0]
        target.mkdir(parents=True, exist_ok=True)
        rows.write_parquet(target / f"{part}.parquet")


def _put_together(determiner: Determiner, space: Path, out: Path) -> int:
    """Merge each scheme's parts, which are sorted, and write scheme after scheme."""
    keys = {each.scheme.id: KEYS[each.scheme.pack.decides_for] for each in determiner.plan.schemes}
    wholes = []
    for name in sorted(keys):
        parts = [
            pl.scan_parquet(file) for file in sorted((space / "found" / name).glob("*.parquet"))
        ]
        if parts:
            wholes.append(space / f"{name}.whole.parquet")
            _merged(parts, keys[name]).sink_parquet(wholes[-1])
    together = pl.concat([pl.scan_parquet(whole) for whole in wholes])
    written = space / "together.parquet"
    together.sink_parquet(written)
    rows: int = together.select(pl.len()).collect().item()
    written.replace(out)
    return rows


def _merged(parts: list[pl.LazyFrame], key: str) -> pl.LazyFrame:
    """Sorted frames as one, merged two by two."""
    while len(parts) > 1:
        pairs = [parts[start : start + 2] for start in range(0, len(parts), 2)]
        parts = [pair[0].merge_sorted(pair[1], key) if pair[1:] else pair[0] for pair in pairs]
    return parts[0]


__all__ = ["determine_files"]
