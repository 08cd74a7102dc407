"""How good rules, feeds and decisions are, in counts: nobody is in them but as a number."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import Connection, Engine, Select, and_, delete, func, select

from nostop.model import NotHere
from nostop.store.access import Who, within
from nostop.store.checks import ID, check_text
from nostop.store.engine import reading
from nostop.store.rows import put, read, table_of
from nostop.store.second_readings import COUNTS
from nostop.store.tables import FeedFile, Run
from nostop.store.tables_casework import (
    Correction,
    Decision,
    RunQuarantine,
    RunUnknown,
    SecondReading,
    WorkItem,
)
from nostop.store.tables_events import Case

OVERRIDE = "override"
_NOT_HERE = "quality: there is no such case, or it is not for you"


@dataclass(frozen=True, slots=True)
class Overridden:
    """An open case for the authors of a scheme's rules, and the decision it came from, where it did
    from one. `reason` is in a caseworker's words: personal."""

    case_id: str
    scheme: str
    benefit_unit_id: str
    word: str
    opened_at: datetime
    kind: str | None = None
    condition: str | None = None
    outcome: str | None = None
    pack_version: str | None = None
    reason: str | None = None
    facts: tuple[str, ...] = ()


def overrides(connection: Connection) -> pl.DataFrame:
    """Return how often caseworkers decided otherwise than the rules said: scheme, condition, kind,
    decisions; and of how many decisions of the scheme (`of`)."""
    table = table_of(Decision)
    mine = (
        select(table.c.scheme, table.c.condition, table.c.kind, func.count())
        .where(table.c.is_override.is_(True), table.c.state.in_(COUNTS))
        .group_by(table.c.scheme, table.c.condition, table.c.kind)
    )
    every = (
        select(table.c.scheme, func.count())
        .where(
            table.c.is_override.in_((True, False)),
            table.c.scheme.is_not(None),
            table.c.kind.in_(("confirm", "not_entitled")),
            table.c.state.in_(COUNTS),
        )
        .group_by(table.c.scheme)
    )
    text = pl.String
    rows = pl.DataFrame(
        [tuple(row) for row in connection.execute(mine)],
        schema={"scheme": text, "condition": text, "kind": text, "decisions": pl.Int64},
        orient="row",
    )
    of = pl.DataFrame(
        [tuple(row) for row in connection.execute(every)],
        schema={"scheme": text, "of": pl.Int64},
        orient="row",
    )
    return rows.join(of, on="scheme", how="left", nulls_equal=True)


def override_cases(engine: Engine, who: Who, *, most: int = 100) -> list[Overridden]:
    """Return the open cases of rule authors, the oldest first, without anybody's words."""
    case, item = table_of(Case), table_of(WorkItem)
    query = (
        select(case.c.case_id, case.c.scheme, case.c.benefit_unit_id, case.c.reason,
               case.c.opened_at)
        .join(item, item.c.benefit_unit_id == case.c.benefit_unit_id)
        .where(case.c.kind == OVERRIDE, case.c.state != "closed", within(who))
        .order_by(case.c.opened_at, case.c.case_id)
        .limit(most)
    )  # fmt: skip
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    return [Overridden(row[0], row[1], row[2], row[3], row[4]) for row in rows]


def override_case(engine: Engine, who: Who, case_id: str) -> str:
    """Return whose case an open one of rule authors is: a benefit unit.

    Raises:
        NotHere: there is none, or it is not for them.
    """
    case, item = table_of(Case), table_of(WorkItem)
    query = (
        select(case.c.benefit_unit_id)
        .join(item, item.c.benefit_unit_id == case.c.benefit_unit_id)
        .where(
            case.c.case_id == case_id, case.c.kind == OVERRIDE, case.c.state != "closed",
            within(who),
        )
    )  # fmt: skip
    with reading(engine) as connection:
        found = connection.execute(query).scalar()
    if found is None:
        raise NotHere(_NOT_HERE)
    return str(found)


def read_override(engine: Engine, case_id: str) -> Overridden:
    """Return an open case of rule authors with what the caseworker said; call
    `nostop.store.audit.record_read` first."""
    case, decision, fact = table_of(Case), table_of(Decision), table_of(Correction)
    with reading(engine) as connection:
        of = connection.execute(select(case).where(case.c.case_id == case_id)).mappings().one()
        last = (
            select(decision)
            .where(
                decision.c.benefit_unit_id == of["benefit_unit_id"],
                decision.c.scheme == of["scheme"],
                decision.c.is_override.is_(True),
                decision.c.at <= of["opened_at"],
            )
            .order_by(decision.c.at.desc())
            .limit(1)
        )
        found = connection.execute(last).mappings().first()
        said: dict[str, Any] = dict(found) if found else {}
        facts = select(fact.c.fact).where(
            fact.c.benefit_unit_id == of["benefit_unit_id"], fact.c.undone_at.is_(None)
        )
        names = tuple(sorted(set(connection.execute(facts).scalars())))
    return Overridden(
        case_id=of["case_id"],
        scheme=of["scheme"],
        benefit_unit_id=of["benefit_unit_id"],
        word=of["reason"],
        opened_at=of["opened_at"],
        kind=said.get("kind"),
        condition=said.get("condition"),
        outcome=said.get("outcome"),
        pack_version=said.get("pack_version"),
        reason=said.get("reason"),
        facts=names,
    )


def second_readings(connection: Connection) -> list[tuple[str, str, int]]:
    """Return how often the first caseworker decided one thing and the second reader said another:
    (decision, verdict, flags)."""
    drawn, decision = table_of(SecondReading), table_of(Decision)
    query = (
        select(decision.c.kind, drawn.c.verdict, func.count())
        .join(decision, decision.c.decision_id == drawn.c.decision_id)
        .where(drawn.c.verdict.is_not(None))
        .group_by(decision.c.kind, drawn.c.verdict)
    )
    return [(str(a), str(b), int(n)) for a, b, n in connection.execute(query)]


def second_readings_open(connection: Connection) -> int:
    """Return how many flags were drawn and not yet read a second time."""
    drawn = table_of(SecondReading)
    query = select(func.count()).where(drawn.c.reader.is_(None)).select_from(drawn)
    return int(connection.execute(query).scalar_one())


def unknowns(connection: Connection) -> pl.DataFrame:
    """Return how many flags of the run that was loaded last each missing fact holds open: scheme,
    fact, flags, priced, gain_year."""
    table = table_of(RunUnknown)
    names = ("scheme", "fact", "flags", "priced", "gain_year")
    return read(connection, select(*(table.c[name] for name in names)))


def quarantine(connection: Connection) -> pl.DataFrame:
    """Return rows set aside of the run that was loaded last: source, field, reason, rows, and the
    feed's own rows_read and state."""
    table, feed = table_of(RunQuarantine), table_of(FeedFile)
    query = select(
        table.c.source, table.c.field, table.c.reason, table.c.rows, feed.c.rows_read, feed.c.state
    ).outerjoin(feed, and_(feed.c.run_id == table.c.run_id, feed.c.source == table.c.source))
    return read(connection, query)


def newest_run(connection: Connection) -> str | None:
    """Return the newest run, None where none is written down."""
    run = table_of(Run)
    query = select(run.c.run_id).order_by(run.c.effective_on.desc(), run.c.started_at.desc())
    found = connection.execute(query.limit(1)).scalar()
    return None if found is None else str(found)


def corrections(connection: Connection) -> pl.DataFrame:
    """Return how often a fact was put right by a caseworker: fact, old_source (null where no
    department had said it), corrections; only those that stand."""
    table = table_of(Correction)
    query: Select[Any] = (
        select(table.c.fact, table.c.old_source, func.count())
        .where(table.c.undone_at.is_(None))
        .group_by(table.c.fact, table.c.old_source)
    )
    schema = {"fact": pl.String, "old_source": pl.String, "corrections": pl.Int64}
    rows = [tuple(row) for row in connection.execute(query)]
    return pl.DataFrame(rows, schema=schema, orient="row")


def put_figures(
    connection: Connection, run_id: str, unknown: pl.DataFrame, set_aside: pl.DataFrame
) -> None:
    """Put what a run leaves open, and what it set aside, in the place of the last one's.

    Args:
        connection: in a transaction of the caller's.
        run_id: a run that is written down.
        unknown: scheme, fact, flags, priced, gain_year.
        set_aside: source, field, reason, rows.
    Raises:
        StoreError: a value is not fit to be stored.
    """
    check_text(unknown, "run_unknowns", {"scheme": ID, "fact": ID})
    check_text(set_aside, "run_quarantine", {"source": ID})
    run = pl.lit(run_id).alias("run_id")
    for model, rows in ((RunUnknown, unknown), (RunQuarantine, set_aside)):
        connection.execute(delete(table_of(model)))
        put(connection, model, rows.with_columns(run))
