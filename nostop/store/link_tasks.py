"""Pairs of records that caseworkers look at, what they said, and what happened to person ids.

Nobody is given a pair about somebody outside their areas, about themselves or somebody they know,
or one that they asked for themselves.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

import polars as pl
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Table,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from nostop.model import MovedOn, NotHere
from nostop.store.access import Who, tied_households, tied_people
from nostop.store.audit import Entry, append
from nostop.store.checks import ID, NOTE, check_text
from nostop.store.engine import reading
from nostop.store.messages import MOST_AT_ONCE, batched
from nostop.store.rows import put, read, table_of
from nostop.store.tables_work import LinkAnswer, LinkTask, LinkTaskPerson

VERDICTS = ("same", "different", "cannot_tell")
#: Where two caseworkers disagree a third is asked; where three do, nobody can tell.
MOST_READINGS = 3
#: Nobody needs to know how many more there are.
MOST_COUNTED = 100
_SIDES = ("source_l", "record_id_l", "source_r", "record_id_r")
_JSON = r"^[^\x00]*$"
_NOT_HERE = "links: there is no such pair, or it is not for you to look at"
_MOVED_ON = "links: this pair has been answered meanwhile; what you said was not kept"
Record = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class NextTask:
    """A pair that somebody may look at, and whom it is about: write down that they read it."""

    task_id: str
    person_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LinkPair:
    """Two records side by side, by field; null where a source does not say."""

    task_id: str
    left: Record
    right: Record


@dataclass(frozen=True, slots=True)
class LinkWords:
    """What somebody says of a pair: a verdict, and why in their words."""

    task_id: str
    verdict: str
    why: str


def put_tasks(connection: Connection, tasks: pl.DataFrame, people: pl.DataFrame) -> int:
    """Put new pairs in the place of those that nobody has answered yet; return how many are new.

    Pairs that somebody asked for, or has answered, stay.

    Args:
        connection: in a transaction of the caller's.
        tasks: the columns of `LinkTask`.
        people: the columns of `LinkTaskPerson`.
    Raises:
        StoreError: a value is not fit to be stored.
    """
    task, answer = table_of(LinkTask), table_of(LinkAnswer)
    said = select(answer.c.task_id)
    stale = connection.execute(
        select(task.c.task_id).where(
            task.c.state == "open", task.c.origin != "merge", task.c.task_id.not_in(said)
        )
    ).scalars()
    _drop(connection, list(stale))
    return add_tasks(connection, tasks, people)


def add_tasks(connection: Connection, tasks: pl.DataFrame, people: pl.DataFrame) -> int:
    """Add pairs that are not there yet; return how many that is. Raises like `put_tasks`."""
    records = dict.fromkeys(("left_record", "right_record"), _JSON)
    check_text(tasks, "link_tasks", {"task_id": ID, **records})
    check_text(people, "link_task_people", {"task_id": ID, "person_id": ID})
    task = table_of(LinkTask)
    there = read(connection, select(task.c.task_id))
    new = tasks.join(there, on="task_id", how="anti")
    put(connection, LinkTask, new)
    put(connection, LinkTaskPerson, people.join(new, on="task_id", how="semi"))
    return new.height


def next_task(engine: Engine, who: Who, after: str | None = None) -> NextTask | None:
    """Return the next pair for somebody, None where there is none.

    Pairs that a caseworker asked for come first; the rest come in an order of each caseworker's
    own, so that two do not get the same one.

    Args:
        engine: of the store.
        who: who asks.
        after: the pair that they have just seen or skipped.
    """
    task = table_of(LinkTask)
    start = after or blake2b(who.account_id.encode(), digest_size=8).hexdigest()
    rest = [task.c.task_id > start, task.c.task_id <= start]
    conditions = rest if after else [task.c.origin == "merge", *rest]
    with reading(engine) as connection:
        for condition in conditions:
            query = select(task.c.task_id).where(condition, _open_to(who))
            found = connection.execute(query.order_by(task.c.task_id).limit(1)).scalar()
            # Skipped by the only one who may answer it, it is no next one.
            if found is not None and found != after:
                return NextTask(found, _people_of(connection, found))
    return None


def task_for(engine: Engine, who: Who, task_id: str) -> NextTask:
    """Return a pair that somebody wants to look at.

    Raises:
        NotHere: it is not there, not open, or not for them.
    """
    task = table_of(LinkTask)
    query = select(task.c.task_id).where(task.c.task_id == task_id, _open_to(who))
    with reading(engine) as connection:
        if connection.execute(query).scalar() is None:
            raise NotHere(_NOT_HERE)
        return NextTask(task_id, _people_of(connection, task_id))


def read_pair(engine: Engine, who: Who, task_id: str) -> LinkPair:
    """Return two records; call `nostop.store.audit.record_read` first.

    Raises:
        NotHere: the pair is not there, not open, or not for them.
    """
    task = table_of(LinkTask)
    query = select(task.c.left_record, task.c.right_record).where(
        task.c.task_id == task_id, _open_to(who)
    )
    with reading(engine) as connection:
        found = connection.execute(query).one_or_none()
    if found is None:
        raise NotHere(_NOT_HERE)
    return LinkPair(task_id, json.loads(found[0]), json.loads(found[1]))


def waiting_for(engine: Engine, who: Who) -> int:
    """Return how many pairs somebody could answer, `MOST_COUNTED` where it is that many or more."""
    task = table_of(LinkTask)
    some = select(task.c.task_id).where(_open_to(who)).limit(MOST_COUNTED).subquery()
    with reading(engine) as connection:
        return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def answer_task(engine: Engine, who: Who, said: LinkWords, at: datetime) -> str:
    """Keep what somebody says of a pair, and return the pair's state: open while others have to
    answer it too, else answered.

    Raises:
        NotHere: the pair is not there, or not for them.
        MovedOn: it has been answered meanwhile, by them or by others.
        StoreError: the verdict or the text is not fit to be stored.
    """
    task, answer = table_of(LinkTask), table_of(LinkAnswer)
    row = {"task_id": said.task_id, "by": who.account_id, "verdict": said.verdict}
    whole = pl.DataFrame({**row, "why": said.why, "at": at})
    verdict = rf"^({'|'.join(VERDICTS)})$"
    check_text(whole, "link_answers", {"task_id": ID, "by": NOTE, "verdict": verdict, "why": NOTE})
    with engine.begin() as connection:
        found = connection.execute(
            select(task.c.readings, task.c.state)
            .where(task.c.task_id == said.task_id, _theirs(who))
            .with_for_update()
        ).one_or_none()
        if found is None:
            raise NotHere(_NOT_HERE)
        told = dict(
            connection.execute(
                select(answer.c.by, answer.c.verdict).where(answer.c.task_id == said.task_id)
            ).all()
        )
        if found.state != "open" or who.account_id in told:
            raise MovedOn(_MOVED_ON)
        put(connection, LinkAnswer, whole)
        readings = readings_needed([*told.values(), said.verdict], found.readings)
        state = "open" if readings > len(told) + 1 else "answered"
        change = update(task).where(task.c.task_id == said.task_id)
        connection.execute(change.values(readings=readings, state=state))
        detail: dict[str, str | int] = {"verdict": said.verdict}
        append(connection, who.account_id, [Entry("link.answered", said.task_id, detail)], at)
    return state


def readings_needed(verdicts: Sequence[str], readings: int) -> int:
    """Return how many answers a pair needs by what was said so far: one more where those who
    answered do not agree."""
    if len(verdicts) < readings or len(set(verdicts)) == 1 or len(verdicts) >= MOST_READINGS:
        return readings
    return len(verdicts) + 1


def answers_ready(engine: Engine) -> pl.DataFrame:
    """Return what was said of each pair that has all its answers and was not taken yet.

    Returns:
        task_id, origin, case_id, the two records (`source_l`, `record_id_l`, ...), verdict (what
        most said, `cannot_tell` where most did not agree), actor (all who answered), why, at (the
        last answer); by time and task.
    """
    task, answer = table_of(LinkTask), table_of(LinkAnswer)
    of_task = [task.c[name] for name in ("task_id", "origin", "case_id", *_SIDES)]
    of_answer = [answer.c[name] for name in ("by", "verdict", "why", "at")]
    query = (
        select(*of_task, *of_answer)
        .join(answer, answer.c.task_id == task.c.task_id)
        .where(task.c.state == "answered")
    )
    with reading(engine) as connection:
        rows = read(connection, query)
    most = rows.group_by("task_id", "verdict").len("votes")
    told = most.group_by("task_id").agg(
        pl.col("verdict").sort_by("votes").last(),
        agreed=pl.col("votes").max() * 2 > pl.col("votes").sum(),
    )
    final = pl.when("agreed").then("verdict").otherwise(pl.lit("cannot_tell"))
    return (
        rows.sort("at", "by")
        .group_by("task_id", "origin", "case_id", *_SIDES, maintain_order=True)
        .agg(
            actor=pl.col("by").str.join("+"),
            why=pl.col("why").filter(pl.col("why") != "").str.join(" / "),
            at=pl.col("at").max(),
        )
        .join(told.select("task_id", verdict=final), on="task_id", how="left", validate="1:1")
        .sort("at", "task_id")
    )


def mark_taken(connection: Connection, task_ids: Collection[str]) -> None:
    """Say that the verdicts of these pairs are with those that bind later runs."""
    task = table_of(LinkTask)
    for some in batched(sorted(task_ids), MOST_AT_ONCE):
        query = update(task).where(task.c.task_id.in_(some), task.c.state == "answered")
        connection.execute(query.values(state="taken"))


def ask_again(connection: Connection, task_ids: Collection[str]) -> None:
    """Open pairs again for one more caseworker: what was said contradicts other verdicts."""
    task = table_of(LinkTask)
    for some in batched(sorted(task_ids), MOST_AT_ONCE):
        query = update(task).where(task.c.task_id.in_(some), task.c.state == "answered")
        connection.execute(query.values(state="open", readings=task.c.readings + 1))


def answers_of_sample(engine: Engine) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what was said of the newest sample of links, as `nostop.linkage.tally` takes it: the
    answers (task_id, verdict) and the key."""
    task, answer = table_of(LinkTask), table_of(LinkAnswer)
    newest = select(func.max(task.c.made_at)).where(task.c.origin == "sample").scalar_subquery()
    columns = ("task_id", "origin", "stratum", "population", "sampled", *_SIDES)
    key = select(*(task.c[name] for name in columns)).where(
        task.c.origin == "sample", task.c.made_at == newest
    )
    with reading(engine) as connection:
        keys = read(connection, key)
        said = read(connection, select(answer.c.task_id, answer.c.verdict))
    whole = said.join(keys, on="task_id", how="semi").group_by("task_id").agg(
        verdict=pl.when(pl.col("verdict").n_unique() == 1)
        .then(pl.col("verdict").first())
        .otherwise(pl.lit("cannot_tell")),
    )  # fmt: skip
    return whole, keys


def answer_pairs(connection: Connection) -> list[tuple[str, str, int]]:
    """Return how often the first of two caseworkers said one thing of a pair and the second the
    other: (first, second, pairs)."""
    first, second = table_of(LinkAnswer).alias("a"), table_of(LinkAnswer).alias("b")
    both = and_(
        first.c.task_id == second.c.task_id,
        or_(first.c.at < second.c.at, and_(first.c.at == second.c.at, first.c.by < second.c.by)),
    )
    query = (
        select(first.c.verdict, second.c.verdict, func.count())
        .join(second, both)
        .group_by(first.c.verdict, second.c.verdict)
    )
    return [(str(a), str(b), int(n)) for a, b, n in connection.execute(query)]


def forget_people(connection: Connection, person_ids: Sequence[str]) -> int:
    """Erase every pair about these people, with what was said of it; return how many pairs."""
    person = table_of(LinkTaskPerson)
    query = select(person.c.task_id).where(person.c.person_id.in_(list(person_ids)))
    gone = sorted(set(connection.execute(query).scalars()))
    _drop(connection, gone)
    return len(gone)


def _drop(connection: Connection, task_ids: Sequence[str]) -> None:
    tables: tuple[Table, ...] = (
        table_of(LinkAnswer), table_of(LinkTaskPerson), table_of(LinkTask),
    )  # fmt: skip
    for some in batched(list(task_ids), MOST_AT_ONCE):
        for table in tables:
            connection.execute(delete(table).where(table.c.task_id.in_(some)))


def _people_of(connection: Connection, task_id: str) -> tuple[str, ...]:
    person = table_of(LinkTaskPerson)
    query = select(person.c.person_id).where(person.c.task_id == task_id)
    return tuple(sorted(connection.execute(query).scalars()))


def _open_to(who: Who) -> ColumnElement[bool]:
    """The condition on `link_tasks` of what somebody could answer."""
    task, answer = table_of(LinkTask), table_of(LinkAnswer)
    mine = exists().where(answer.c.task_id == task.c.task_id, answer.c.by == who.account_id)
    return and_(task.c.state == "open", ~mine, _theirs(who))


def _theirs(who: Who) -> ColumnElement[bool]:
    """The condition on `link_tasks` of what is for somebody, whatever its state."""
    task, person = table_of(LinkTask), table_of(LinkTaskPerson)
    shut = [
        person.c.person_id.in_(tied_people(who)),
        person.c.household_id.in_(tied_households(who)),
    ]
    if who.areas is not None:
        shut.append(person.c.area.is_(None))
        shut.append(person.c.area.not_in(sorted(who.areas)))
    somebody = exists().where(person.c.task_id == task.c.task_id)
    other = exists().where(person.c.task_id == task.c.task_id, or_(*shut))
    asked = or_(task.c.asked_by.is_(None), task.c.asked_by != who.account_id)
    return and_(asked, somebody, ~other)
