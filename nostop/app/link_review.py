"""Clerical review in files: tasks out, verdicts in, and what they say of the links."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from nostop.app.link_history import read_parquet, read_verdicts, write_whole
from nostop.app.record_file import read_records
from nostop.app.results import formula_safe
from nostop.determination.parquet import whole_file
from nostop.frames import Links, Verdicts, check
from nostop.linkage.review import KEY_COLUMNS, Review, Wanted, review
from nostop.linkage.tally import tally
from nostop.linkage.verdicts import CANNOT_TELL, DIFFERENT, SAME, SIDES, given
from nostop.model import LinkageError, nearest

_WORDS = {SAME: SAME, DIFFERENT: DIFFERENT, CANNOT_TELL: CANNOT_TELL, "cannot tell": CANNOT_TELL}
_ANSWER = ["task_id", "verdict", "why"]


@dataclass(frozen=True, slots=True)
class ReviewFiles:
    """Where a review reads and writes.

    records, links: Parquet files of one linking.
    tasks: what clerks get: a file `.csv` or `.parquet`.
    verdicts: what was said so far, or None: pairs in doubt that were looked at are left out.
    """

    records: Path
    links: Path
    tasks: Path
    verdicts: Path | None = None


def key_of(tasks: Path) -> Path:
    """Return where the key to a file of tasks lies: beside it, and not for clerks."""
    return tasks.with_suffix(".key.parquet")


def parse_band(text: str) -> tuple[float, float]:
    """Return the two ends of a band such as 0.5-0.95.

    Raises:
        LinkageError: it is no band.
    """
    low, _, high = text.partition("-")
    try:
        return float(low), float(high)
    except ValueError:
        raise LinkageError(f"--band: '{text}' is no band; write it as 0.5-0.95") from None


def make_review(files: ReviewFiles, wanted: Wanted) -> Review:
    """Write, and return, tasks for clerks and the key to them.

    Raises:
        LinkageError: a file cannot be read or is not of one linking, or tasks that were written
            earlier are still there: their answers would be lost.
        FrameError: a table lacks a column or repeats a key.
    """
    for path in (files.tasks, key_of(files.tasks)):
        if path.exists():
            raise LinkageError(f"{path}: is there already; take its verdicts, or name another file")
    if files.tasks.suffix not in (".csv", ".parquet"):
        raise LinkageError(f"{files.tasks}: name it .csv or .parquet")
    verdicts = None if files.verdicts is None else read_verdicts(files.verdicts)
    links = check(Links, read_parquet(files.links))
    asked = review(read_records(files.records), links, wanted, verdicts)
    files.tasks.parent.mkdir(parents=True, exist_ok=True)
    write_whole(asked.key, key_of(files.tasks))
    _write(asked.tasks, files.tasks)
    return asked


def _write(tasks: pl.DataFrame, path: Path) -> None:
    if path.suffix == ".parquet":
        write_whole(tasks, path)
        return
    with whole_file(path) as unfinished:
        formula_safe(tasks).write_csv(unfinished)


def read_tasks(path: Path) -> pl.DataFrame:
    """Return tasks as clerks left them; `verdict` is same, different, cannot_tell or null.

    Raises:
        LinkageError: the file cannot be read, a column is missing, a task comes twice, or a
            verdict is none of the words.
    """
    tasks = _read(path)
    for name in _ANSWER:
        if name not in tasks.columns:
            raise LinkageError(f"{path}: column '{name}' is missing, found {tasks.columns}")
    if tasks["task_id"].is_duplicated().any():
        raise LinkageError(f"{path}: a task comes twice")
    bare = tasks["verdict"].cast(pl.String).str.strip_chars().str.to_lowercase()
    bare = bare.replace("", None)
    known = bare.replace_strict(_WORDS, default=None, return_dtype=pl.String)
    for word in bare.filter(known.is_null()).drop_nulls().head(1):
        hint = nearest(word, list(_WORDS))
        raise LinkageError(
            f"{path}: verdict '{word}' is none of {SAME}, {DIFFERENT}, {CANNOT_TELL}{hint}"
        )
    return tasks.with_columns(verdict=known, why=pl.col("why").cast(pl.String))


def _read(path: Path) -> pl.DataFrame:
    if path.suffix == ".parquet":
        return read_parquet(path)
    try:
        return pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        first = str(error).splitlines()[0]
        raise LinkageError(f"{path}: cannot be read as CSV: {first}") from error


def _keyed(path: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the answers of a file of tasks, and its key."""
    tasks, key = read_tasks(path), read_parquet(key_of(path))
    missing = [name for name in KEY_COLUMNS if name not in key.columns]
    if missing:
        raise LinkageError(f"{key_of(path)}: is no key to tasks: it lacks {missing}")
    strangers = tasks.join(key, on="task_id", how="anti").height
    if strangers:
        raise LinkageError(f"{path}: {strangers} tasks are not in {key_of(path).name}")
    return tasks.select(_ANSWER), key


def answer(path: Path, task_id: str, verdict: str, why: str) -> None:
    """Write one verdict into a file of tasks."""
    tasks, here = read_tasks(path), pl.col("task_id") == task_id
    _write(
        tasks.with_columns(
            verdict=pl.when(here).then(pl.lit(verdict)).otherwise("verdict"),
            why=pl.when(here).then(pl.lit(why)).otherwise("why"),
        ),
        path,
    )


def take_verdicts(tasks: Path, verdicts: Path, by: str, at: datetime) -> pl.DataFrame:
    """Add what clerks said in a file of tasks to the verdicts, and return what is new (`Verdicts`).

    Taking the same file twice adds nothing.

    Raises:
        LinkageError: a file cannot be read, or verdicts would contradict each other; then none of
            them is taken.
    """
    if not by.strip():
        raise LinkageError("--by: say who decided; the name is kept with the verdicts")
    answers, key = _keyed(tasks)
    before = read_verdicts(verdicts)
    sides = key.select("task_id", *SIDES).unique("task_id", keep="first", maintain_order=True)
    told = (
        answers.drop_nulls("verdict")
        .join(sides, on="task_id", how="left", validate="1:1")
        .with_columns(
            at=pl.lit(at).cast(pl.Datetime("us", "UTC")),
            actor=pl.lit(by),
            why=pl.col("why").fill_null(""),
        )
        .sort("task_id")
        .select(list(Verdicts.columns()))
    )
    same = [*SIDES, "verdict", "actor", "why"]
    new = told.join(before, on=same, how="anti").sort(SIDES)
    everything = given(before, new)
    if new.height:
        write_whole(everything, verdicts)
    return new


def tally_tasks(tasks: Path) -> pl.DataFrame:
    """Return what the verdicts in a file of tasks say of the links: see `linkage.tally`.

    Raises:
        LinkageError: a file cannot be read, or tasks and key are not of one review.
    """
    answers, key = _keyed(tasks)
    return tally(answers, key)
