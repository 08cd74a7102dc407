"""Versions of rules that somebody proposes, until another author has approved or refused them.

Nothing here touches a rules folder: an approved proposal is a file to hand to whoever releases.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, func, insert, select, true, update

from nostop.model import StoreError
from nostop.store.audit import Entry, append
from nostop.store.checks import check_id
from nostop.store.rows import table_of
from nostop.store.tables_casework import Decision
from nostop.store.tables_work import RuleProposal

#: What every file of a proposal comes to, in bytes.
MOST_BYTES = 200 * 1024
MOST_TITLE, MOST_REASON = 200, 2000
_CHANGED = (
    "proposals: this proposal was changed or decided by somebody else meanwhile: look at it again"
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed version of a scheme's rules. `files` are texts by their path in the rules folder;
    `base_version` is what they began from, `version` what they say of themselves."""

    proposal_id: str
    scheme: str
    title: str
    files: Mapping[str, str]
    base_version: str
    version: str
    made_by: str
    made_at: datetime
    state: str
    revision: int = 1
    check_job: str | None = None
    flips_job: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Deed:
    """Who does something to which revision of a proposal, and when."""

    proposal_id: str
    revision: int
    by: str
    at: datetime


def begin(engine: Engine, proposal: Proposal) -> None:
    """Keep a new proposal.

    Raises:
        StoreError: an id is not plain, or a text is too long or cannot be stored.
    """
    for value in (proposal.proposal_id, proposal.scheme, proposal.made_by):
        check_id(value, "a proposal's id, scheme or author")
    row = {
        "proposal_id": proposal.proposal_id,
        "scheme": proposal.scheme,
        "title": _text(proposal.title, MOST_TITLE),
        "files": _files(proposal.files),
        "base_version": proposal.base_version,
        "version": proposal.version,
        "made_by": proposal.made_by,
        "made_at": proposal.made_at,
        "state": "draft",
    }
    entry = Entry("proposal.begun", proposal.proposal_id, {"scheme": proposal.scheme})
    with engine.begin() as connection:
        connection.execute(insert(table_of(RuleProposal)), [row])
        append(connection, proposal.made_by, [entry], proposal.made_at)


def save(engine: Engine, deed: Deed, files: Mapping[str, str], version: str) -> None:
    """Keep other files of a draft, as its next revision. Only its author may.

    Raises:
        StoreError: it is no draft of theirs any more, or was changed meanwhile.
    """
    values = {"files": _files(files), "version": version, "revision": deed.revision + 1}
    _do(engine, deed, "proposal.saved", values, _mine(deed, "draft"))


def note_job(engine: Engine, deed: Deed, job_id: str, *, flips: bool) -> None:
    """Keep which job checks this revision, or works out who flips under it."""
    values = {"job_id" if flips else "check_job": check_id(job_id, "a job")}
    _do(engine, deed, "proposal.examined", values, true())


def submit(engine: Engine, deed: Deed) -> None:
    """Hand a draft in for approval. Only its author may."""
    _do(engine, deed, "proposal.submitted", {"state": "submitted"}, _mine(deed, "draft"))


def reopen(engine: Engine, deed: Deed) -> None:
    """Make what was submitted, or refused, a draft again. Only its author may."""
    table = table_of(RuleProposal)
    mine = and_(table.c.made_by == deed.by, table.c.state.in_(("submitted", "refused")))
    values = {"state": "draft", "decided_by": None, "decided_at": None, "reason": None}
    _do(engine, deed, "proposal.reopened", values, mine)


def withdraw(engine: Engine, deed: Deed) -> None:
    """Give a proposal up. Only its author may, and not once it is approved."""
    table = table_of(RuleProposal)
    open_ = table.c.state.in_(("draft", "submitted", "refused"))
    values = {"state": "withdrawn"}
    _do(engine, deed, "proposal.withdrawn", values, and_(table.c.made_by == deed.by, open_))


def decide(engine: Engine, deed: Deed, reason: str, *, approved: bool) -> None:
    """Approve or refuse what somebody else submitted.

    Raises:
        StoreError: whoever decides wrote it, or it is not waiting for a decision any more.
    """
    table = table_of(RuleProposal)
    word = "approved" if approved else "refused"
    values = {
        "state": word,
        "decided_by": deed.by,
        "decided_at": deed.at,
        "reason": _text(reason, MOST_REASON),
    }
    another = and_(table.c.made_by != deed.by, table.c.state == "submitted")
    _do(engine, deed, f"proposal.{word}", values, another)


def read_proposal(connection: Connection, proposal_id: str) -> Proposal | None:
    """Return a proposal, or None where there is none."""
    table = table_of(RuleProposal)
    query = select(table).where(table.c.proposal_id == proposal_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _proposal(row)


def proposals_of(connection: Connection, scheme: str | None, *, most: int) -> list[Proposal]:
    """Return the last proposals, of one scheme or of all, the newest first."""
    table = table_of(RuleProposal)
    query = select(table).order_by(table.c.made_at.desc(), table.c.proposal_id).limit(most)
    if scheme is not None:
        query = query.where(table.c.scheme == scheme)
    return [_proposal(row) for row in connection.execute(query)]


def override_counts(connection: Connection) -> dict[str, int]:
    """Return, by scheme, how many decisions of caseworkers say something else than its rules."""
    table = table_of(Decision)
    query = select(table.c.scheme, func.count()).where(
        table.c.is_override.is_(True),
        table.c.scheme.is_not(None),
        table.c.state.in_(("final", "approved")),
    )
    rows = connection.execute(query.group_by(table.c.scheme))
    return {str(scheme): int(number) for scheme, number in rows}


def _do(
    engine: Engine, deed: Deed, action: str, values: Mapping[str, Any], holds: ColumnElement[bool]
) -> None:
    table = table_of(RuleProposal)
    change = update(table).where(
        table.c.proposal_id == deed.proposal_id, table.c.revision == deed.revision, holds
    )
    entry = Entry(action, deed.proposal_id, {"revision": deed.revision})
    with engine.begin() as connection:
        if connection.execute(change.values(**values)).rowcount != 1:
            raise StoreError(_CHANGED)
        append(connection, deed.by, [entry], deed.at)


def _mine(deed: Deed, state: str) -> ColumnElement[bool]:
    table = table_of(RuleProposal)
    return and_(table.c.made_by == deed.by, table.c.state == state)


def _text(text: str, most: int) -> str:
    if len(text) > most or "\x00" in text:
        raise StoreError(f"proposals: a text is longer than {most:,} characters, or has a NUL")
    return text


def _files(files: Mapping[str, str]) -> str:
    size = sum(len(path.encode()) + len(text.encode()) for path, text in files.items())
    if size > MOST_BYTES:
        raise StoreError(f"proposals: the files are larger than {MOST_BYTES // 1024} KB together")
    if any("\x00" in text for text in files.values()):
        raise StoreError("proposals: a file has a NUL in it")
    return json.dumps(dict(files), sort_keys=True, ensure_ascii=False)


def _proposal(row: Any) -> Proposal:  # noqa: ANN401 - a row of the table
    return Proposal(
        proposal_id=row.proposal_id,
        scheme=row.scheme,
        title=row.title,
        files=json.loads(row.files),
        base_version=row.base_version,
        version=row.version,
        made_by=row.made_by,
        made_at=row.made_at,
        state=row.state,
        revision=row.revision,
        check_job=row.check_job,
        flips_job=row.job_id,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
    )
