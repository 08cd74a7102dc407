"""Pairs of records for caseworkers: taken from a run, shown side by side, and what they said put to
the verdicts that bind the next run."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

import polars as pl
from sqlalchemy import Engine

from nostop.app.casework.access import openable
from nostop.app.casework.link_undoing import load_changes
from nostop.app.forgotten import SECRET, Forgotten
from nostop.app.link_history import VERDICTS, read_parquet, read_verdicts, write_whole
from nostop.app.results import LINKS
from nostop.app.running.checkpoints import Checkpoints
from nostop.frames import Links, Verdicts, check
from nostop.linkage.review import Wanted, review
from nostop.linkage.verdicts import SIDES, given
from nostop.model import LinkageError, SettingsError
from nostop.store import Act, close_case
from nostop.store import link_changes as changes
from nostop.store import link_tasks as store
from nostop.store.access import Who
from nostop.store.audit import record_read
from nostop.store.erasure import Secret, erased_keys
from nostop.store.link_tasks import LinkPair, LinkWords, NextTask

__all__ = ["LinkPair", "LinkWords", "NextTask", "Wanted"]

#: Which share of the pairs two caseworkers answer, per mille.
TWICE_PER_MILLE = 200
#: How many pairs are made of one person whose link somebody questions.
MOST_OF_ONE = 6
#: What a command that takes answers is called in the audit log.
TAKER = "nostop work verdicts"
_KEY = ["source", "record_id"]
_SHIELDS = ("protected_address", "safeguarding_hold")
_PLACE = ("uprn", "address_line_1", "postcode", "town")
_OF_TASK = ["task_id", "origin", "stratum", "population", "sampled", *SIDES]


@dataclass(frozen=True, slots=True)
class LinksLoaded:
    """How many pairs are new, how many of them somebody asked for, and how many changes of person
    ids."""

    pairs: int
    questions: int
    changes: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken: new `Verdicts`, and the pairs that contradict others, with what is said of
    each: somebody else is asked about those."""

    verdicts: pl.DataFrame
    contradictions: dict[str, str]


@dataclass(frozen=True, slots=True)
class FieldSides:
    """One field of two records: `says` is same, different, or only_one."""

    field: str
    left: str | None
    right: str | None
    says: str


# --- from a run ----------------------------------------------------------------------------------


def load_links(
    engine: Engine, run: Path, wanted: Wanted, at: datetime, secret: str | None = None
) -> LinksLoaded:
    """Put a run's doubtful pairs and a sample of its links before caseworkers, and what happened to
    its person ids.

    Args:
        engine: of the store.
        run: the folder of a run's results.
        wanted: band, numbers and seed of the review.
        at: now.
        secret: what `NOSTOP_ERASURE_KEY` says.
    Raises:
        LinkageError: the band is none, or the run's folder has no links or no records any more.
        SettingsError: somebody was erased, and the secret is missing.
        StoreError: a value is not fit to be stored.
    """
    pairs = load_link_tasks(engine, run, wanted, at, secret)
    asked = load_questions(engine, run, at, secret)
    return LinksLoaded(pairs, asked, load_changes(engine, run))


def load_link_tasks(
    engine: Engine, run: Path, wanted: Wanted, at: datetime, secret: str | None = None
) -> int:
    """Put a run's doubtful pairs and a sample of its links in the place of those that nobody has
    answered yet; return how many are new. Raises like `load_links`."""
    links = check(Links, read_parquet(run / LINKS))
    said = read_verdicts(run / VERDICTS)
    asked = review(_records(run).collect(), links, wanted, said)
    key = asked.key.unique("task_id", keep="first", maintain_order=True)
    key = _not_erased(engine, key, secret)
    tasks = _as_tasks(key, asked.tasks.unique("task_id", maintain_order=True), run, links)
    shown = tasks.with_columns(
        readings=_readings(tasks["task_id"], wanted.seed), asked_by=None, case_id=None, made_at=at
    )
    with engine.begin() as connection:
        return store.put_tasks(connection, shown, _people(key, links, run))


def question_link(engine: Engine, who: Who, benefit_unit_id: str, at: datetime) -> list[str]:
    """Take a caseworker's doubt that the records of a case are of one person each: nobody writes to
    these people until somebody has looked; return who they are.

    `load_questions` makes the pairs.

    Raises:
        NotHere: the case is not there, or not for them.
    """
    openable(engine, who, benefit_unit_id)
    with engine.begin() as connection:
        people = changes.people_of_unit(connection, benefit_unit_id)
        changes.hold(connection, people, changes.QUESTIONED, who.account_id, at)
    return people


def load_questions(engine: Engine, run: Path, at: datetime, secret: str | None = None) -> int:
    """Make pairs of the records of everybody whose link somebody questions; return how many.

    Each record is put beside the person's fullest one, so that "different" takes out the one that
    is not theirs. Two other caseworkers answer each.
    """
    with engine.begin() as connection:
        asked = changes.questioned(connection)
    if not asked:
        return 0
    cases = pl.DataFrame(asked, schema=["case_id", "person_id", "asked_by"], orient="row")
    links = pl.scan_parquet(run / LINKS).join(cases.lazy(), on="person_id", how="semi").collect()
    records = _records(run).join(links.lazy(), on=_KEY, how="semi").collect()
    key, shown = _of_one_person(records, links)
    key = _not_erased(engine, key, secret)
    whose = key.join(cases, on="person_id", how="left").select("task_id", "case_id", "asked_by")
    tasks = _as_tasks(key.drop("person_id"), shown, run, links)
    whole = tasks.join(whose, on="task_id", how="left", validate="1:1").with_columns(
        readings=pl.lit(2, pl.Int64), made_at=at
    )
    with engine.begin() as connection:
        return store.add_tasks(connection, whole, _people(key, links, run))


def _of_one_person(records: pl.DataFrame, links: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the key and the two sides of pairs of each person's fullest record with the others."""
    said = [name for name in records.columns if name not in _KEY]
    filled = pl.sum_horizontal(pl.col(name).is_not_null() for name in said)
    ranked = (
        records.join(links.select(*_KEY, "person_id"), on=_KEY, how="inner", validate="1:1")
        .with_columns(filled=filled)
        .sort("filled", *_KEY, descending=[True, False, False])
        .with_columns(place=pl.int_range(pl.len()).over("person_id"))
        .drop("filled")
    )
    fullest = ranked.filter(place=0).drop("place")
    others = ranked.filter(pl.col("place").is_between(1, MOST_OF_ONE)).drop("place")
    both = others.join(fullest, on="person_id", how="inner", suffix="_r", validate="m:1")
    named = both.rename({name: f"{name}_l" for name in (*_KEY, *said)})
    ids = pl.Series("task_id", _ids(named.select(SIDES)), pl.String)
    whole = named.with_columns(ids).sort("task_id")
    key = whole.select(
        "task_id",
        pl.lit("merge").alias("origin"),
        pl.lit(None, pl.String).alias("stratum"),
        pl.lit(None, pl.Int64).alias("population"),
        pl.lit(None, pl.Int64).alias("sampled"),
        *SIDES,
        "person_id",
    )
    # In no order that says anything, as the review does it.
    turned = pl.col("task_id").str.tail(1).is_in(list("02468ace"))
    sides = [
        pl.when(turned).then(f"{name}{one}").otherwise(f"{name}{other}").alias(f"{side}_{name}")
        for name in (*_KEY, *said)
        for side, one, other in (("left", "_r", "_l"), ("right", "_l", "_r"))
    ]
    return key, whole.select("task_id", *sides)


def _ids(sides: pl.DataFrame) -> list[str]:
    return [
        blake2b("|".join(("merge", *row)).encode(), digest_size=8).hexdigest()
        for row in sides.iter_rows()
    ]


def _records(run: Path) -> pl.LazyFrame:
    """Return the records that a run's links were made from."""
    last = Checkpoints(run).last("links")
    if last is None:
        raise LinkageError(
            f"{run}: does not keep the records of its links any more; run again into this folder"
        )
    return pl.scan_parquet(last.folder / "mentions.parquet", hive_partitioning=False)


def _as_tasks(
    key: pl.DataFrame, shown: pl.DataFrame, run: Path, links: pl.DataFrame
) -> pl.DataFrame:
    """Return the columns of `LinkTask` that a run gives, the records as JSON."""
    whole = key.select(_OF_TASK).join(
        _as_json(shown, _shielded(run, links)), on="task_id", how="left", validate="1:1"
    )
    return whole.with_columns(state=pl.lit("open"))


def _as_json(shown: pl.DataFrame, shielded: pl.DataFrame) -> pl.DataFrame:
    """Return `left_record` and `right_record` as JSON; no address of whom nobody may find."""
    texts = shown.with_columns(pl.col(pl.Date).dt.to_string("iso"))
    for side in ("left", "right"):
        names = [name.removeprefix(f"{side}_") for name in texts.columns if name.startswith(side)]
        keys = [f"{side}_{name}" for name in _KEY]
        texts = texts.join(
            shielded.with_columns(hidden=pl.lit(value=True)),
            left_on=keys, right_on=_KEY, how="left", validate="m:1",
        )  # fmt: skip
        hidden = pl.col("hidden").fill_null(value=False)
        fields = [
            pl.when(~hidden if name in _PLACE else pl.lit(value=True))
            .then(pl.col(f"{side}_{name}").cast(pl.String))
            .alias(name)
            for name in names
        ]
        withheld = pl.when(hidden).then(pl.lit("address")).alias("withheld")
        record = pl.struct(*fields, withheld).struct.json_encode().alias(f"{side}_record")
        texts = texts.with_columns(record).drop("hidden")
    return texts.select("task_id", "left_record", "right_record")


def _shielded(run: Path, links: pl.DataFrame) -> pl.DataFrame:
    """Return the records of people of whom nobody may see where they live: whose address is
    protected or who must be left alone, and whoever lives with them. Not known counts as so."""
    contacts = pl.scan_parquet(run / "contacts.parquet")
    flags = [pl.col(name).fill_null(value=True) for name in _SHIELDS]
    flagged = contacts.filter(pl.any_horizontal(flags)).select("person_id").collect()
    homes = pl.scan_parquet(run / "recipients.parquet").select("person_id", "household_id")
    shut = homes.join(flagged.lazy(), on="person_id", how="semi").select("household_id").unique()
    with_them = homes.join(shut, on="household_id", how="semi").select("person_id").collect()
    whom = pl.concat([flagged, with_them]).unique()
    return links.join(whom, on="person_id", how="semi").select(_KEY)


def _not_erased(engine: Engine, key: pl.DataFrame, secret: str | None) -> pl.DataFrame:
    """Return a key without pairs of people who were erased since the run."""
    keys = erased_keys(engine)
    if not keys:
        return key
    if not secret:
        raise SettingsError(
            f"erasure: people were erased from here, and this run may still hold them: set {SECRET}"
            " as it was, or they would come back"
        )
    known = Forgotten(keys, Secret(secret))
    for side in ("l", "r"):
        names = {f"source_{side}": "source", f"record_id_{side}": "record_id"}
        gone = known.among(key.select(list(names)).rename(names))
        key = key.join(gone, left_on=list(names), right_on=_KEY, how="anti")
    return key


def _people(key: pl.DataFrame, links: pl.DataFrame, run: Path) -> pl.DataFrame:
    """Return whom each pair is about, and where they live by this run."""
    parts = [
        key.select("task_id", source=f"source_{side}", record_id=f"record_id_{side}")
        for side in ("l", "r")
    ]
    whose = pl.concat(parts).join(links, on=_KEY, how="left", validate="m:1")
    homes = pl.scan_parquet(run / "recipients.parquet")
    known = set(homes.collect_schema().names())
    area = pl.col("local_authority") if "local_authority" in known else pl.lit(None, pl.String)
    places = homes.select("person_id", "household_id", area.alias("area"))
    mine = places.join(whose.lazy().select("person_id").unique(), on="person_id", how="semi")
    return (
        whose.select("task_id", "person_id")
        .unique()
        .join(mine.collect(), on="person_id", how="left", validate="m:1")
        .sort("task_id", "person_id")
    )


def _readings(task_ids: pl.Series, seed: int) -> pl.Series:
    """Draw which pairs two caseworkers answer: nobody who sees a pair can tell."""
    key = f"{seed}|twice".encode()
    drawn = [
        int.from_bytes(blake2b(each.encode(), key=key, digest_size=4).digest()) % 1000
        for each in task_ids
    ]
    return pl.Series([1 + (each < TWICE_PER_MILLE) for each in drawn], dtype=pl.Int64)


# --- side by side --------------------------------------------------------------------------------


def next_pair(engine: Engine, who: Who, at: datetime, after: str | None = None) -> LinkPair | None:
    """Return the next pair for a caseworker, once it is written down that they read it; None where
    there is none. `after` is the one that they answered or skipped."""
    found = store.next_task(engine, who, after)
    return None if found is None else _read(engine, who, found, at)


def pair_again(engine: Engine, who: Who, task_id: str, at: datetime) -> LinkPair:
    """Return one pair, once it is written down that they read it.

    Raises:
        NotHere: it is not there, not open, or not for them.
    """
    return _read(engine, who, store.task_for(engine, who, task_id), at)


def _read(engine: Engine, who: Who, found: NextTask, at: datetime) -> LinkPair:
    record_read(engine, who.account_id, found.person_ids, "link_review", at)
    return store.read_pair(engine, who, found.task_id)


def side_by_side(pair: LinkPair) -> list[FieldSides]:
    """Return the fields that either record says, in the order of the records."""
    names = [name for name in dict.fromkeys((*pair.left, *pair.right)) if name != "withheld"]
    rows = [(name, pair.left.get(name), pair.right.get(name)) for name in names]
    return [
        FieldSides(name, left, right, _compared(left, right))
        for name, left, right in rows
        if left is not None or right is not None
    ]


def _compared(left: str | None, right: str | None) -> str:
    if left is None or right is None:
        return "only_one"
    one, other = (" ".join(text.casefold().split()) for text in (left, right))
    return "same" if one == other else "different"


def answer_pair(engine: Engine, who: Who, said: LinkWords, at: datetime) -> str:
    """Keep what a caseworker says of a pair: see `nostop.store.link_tasks.answer_task`."""
    return store.answer_task(engine, who, said, at)


def waiting(engine: Engine, who: Who) -> int:
    """Return how many pairs a caseworker could answer."""
    return store.waiting_for(engine, who)


# --- to the verdicts -----------------------------------------------------------------------------


def take_answers(engine: Engine, verdicts: Path, at: datetime) -> Taken:
    """Add what caseworkers said to the verdicts of a run's folder, which bind the next run.

    Taking twice adds nothing. Where an answer contradicts other verdicts, it is not taken and one
    more caseworker is asked; the others are. A case about a link ends where everybody said that the
    records are of the same person.

    Raises:
        LinkageError: the verdicts cannot be read.
    """
    ready = store.answers_ready(engine)
    before = read_verdicts(verdicts)
    same = [*SIDES, "verdict", "actor", "why"]
    told = ready.join(before, on=same, how="anti")
    new, refused = _without_contradictions(before, told)
    if new.height:
        write_whole(given(before, new), verdicts)
    taken = ready.filter(~pl.col("task_id").is_in(list(refused)))
    with engine.begin() as connection:
        store.mark_taken(connection, taken["task_id"].to_list())
        store.ask_again(connection, list(refused))
        cases = changes.answered_cases(connection, taken["case_id"].drop_nulls().unique().to_list())
    for case_id in cases:
        close_case(engine, case_id, "same_person", Act(TAKER, at))
    return Taken(new, refused)


def _without_contradictions(
    before: pl.DataFrame, told: pl.DataFrame
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Return the `Verdicts` that can stand beside those before, and why each other cannot."""
    columns = list(Verdicts.columns())
    try:
        given(before, told.select(columns))
    except LinkageError:
        # Only then one at a time: caseworkers give them one at a time too.
        kept, refused = told.clear(), {}
        for row in told.iter_slices(1):
            try:
                given(before, pl.concat([kept, row]).select(columns))
            except LinkageError as error:
                refused[str(row["task_id"][0])] = str(error)
            else:
                kept = pl.concat([kept, row])
        return kept.select(columns), refused
    return told.select(columns), {}
