"""The tables of access: who may do what, who is signed in, and keys of the API.

An account names an official. Of a session and of a key only a hash is kept.
"""

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from nostop.store.columns import DAY, MOMENT, TEXT, WHOLE
from nostop.store.tables import STRICT, Base, one_of


def areas_read(text: str | None) -> frozenset[str] | None:
    """Return areas as they are stored, a line each; None, for all of them, stays None."""
    return None if text is None else frozenset(text.splitlines())


def areas_written(areas: Iterable[str] | None) -> str | None:
    """Return areas as they are stored: what `areas_read` reads."""
    return None if areas is None else "\n".join(sorted(areas))


class Account(Base, table=True):
    """An official as the identity provider last described them.

    `roles` are words with a space between; `areas` are those they may see, a line each, null for
    all of them.
    """

    __tablename__ = "accounts"
    __table_args__ = STRICT
    account_id: str = Field(primary_key=True, sa_type=TEXT)
    name: str = Field(sa_type=TEXT)
    roles: str = Field(sa_type=TEXT)
    areas: str | None = Field(default=None, sa_type=TEXT)
    first_at: datetime = Field(sa_type=MOMENT)
    last_at: datetime = Field(sa_type=MOMENT)
    barred_at: datetime | None = Field(default=None, sa_type=MOMENT)


class AccountTie(Base, table=True):
    """A person whose record an official may not open: themselves, a relative, somebody they know.
    `person_id` is an id, or what `CasePerson.known_as` holds. Personal."""

    __tablename__ = "account_ties"
    __table_args__ = (one_of("kind", ("own", "relative", "known")), STRICT)
    account_id: str = Field(primary_key=True, sa_type=TEXT)
    person_id: str = Field(primary_key=True, sa_type=TEXT)
    kind: str = Field(sa_type=TEXT)
    said_by: str = Field(sa_type=TEXT)
    at: datetime = Field(sa_type=MOMENT)


class CasePerson(Base, table=True):
    """Who lives in a household with a case file, as of the run that was loaded last: what decides
    who may not open it, and how it is found. Personal.

    `surname_key` is a surname as `nostop.store.access.name_key` folds it, `postcode` without its
    space and in capitals; null where they are not known, or nobody may find the person by them.
    `known_as` is a hash of surname and birth date, by which an official can be tied to somebody
    whose id nobody has to look up.
    """

    __tablename__ = "case_people"
    __table_args__ = (
        Index("ix_case_people_household_id", "household_id"),
        Index("ix_case_people_surname_key", "surname_key", "born_on"),
        Index("ix_case_people_postcode", "postcode"),
        Index("ix_case_people_known_as", "known_as"),
        STRICT,
    )
    person_id: str = Field(primary_key=True, sa_type=TEXT)
    household_id: str = Field(primary_key=True, sa_type=TEXT)
    benefit_unit_id: str | None = Field(default=None, sa_type=TEXT)
    surname_key: str | None = Field(default=None, sa_type=TEXT)
    born_on: date | None = Field(default=None, sa_type=DAY)
    postcode: str | None = Field(default=None, sa_type=TEXT)
    known_as: str | None = Field(default=None, sa_type=TEXT)


class CaseSearch(Base, table=True):
    """Why somebody searched for a case: one of a few words, and their own. What they searched for
    is not kept. `found` is how many cases there were, 21 for more than 20."""

    __tablename__ = "case_searches"
    __table_args__ = STRICT
    search_id: str = Field(primary_key=True, sa_type=TEXT)
    account_id: str = Field(sa_type=TEXT)
    reason: str = Field(sa_type=TEXT)
    words: str = Field(sa_type=TEXT)
    found: int = Field(sa_type=WHOLE)
    at: datetime = Field(sa_type=MOMENT)


class WebSession(Base, table=True):
    """Somebody who is signed in. `session_sha256` is of what their browser keeps."""

    __tablename__ = "web_sessions"
    __table_args__ = (Index("ix_web_sessions_account_id", "account_id"), STRICT)
    session_sha256: str = Field(primary_key=True, sa_type=TEXT)
    account_id: str = Field(sa_type=TEXT, foreign_key="accounts.account_id")
    csrf: str = Field(sa_type=TEXT)
    began_at: datetime = Field(sa_type=MOMENT)
    seen_at: datetime = Field(sa_type=MOMENT)
    ends_at: datetime = Field(sa_type=MOMENT)


class ApiKey(Base, table=True):
    """A key of the API: of a service, with scopes (words) and areas as an account's."""

    __tablename__ = "api_keys"
    __table_args__ = (
        CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked"),
        STRICT,
    )
    key_id: str = Field(primary_key=True, sa_type=TEXT)
    key_sha256: str = Field(sa_type=TEXT)
    name: str = Field(sa_type=TEXT)
    scopes: str = Field(sa_type=TEXT)
    areas: str | None = Field(default=None, sa_type=TEXT)
    made_by: str = Field(sa_type=TEXT)
    made_at: datetime = Field(sa_type=MOMENT)
    ends_on: date = Field(sa_type=DAY)
    revoked_by: str | None = Field(default=None, sa_type=TEXT)
    revoked_at: datetime | None = Field(default=None, sa_type=MOMENT)


class ApiAnswer(Base, table=True):
    """What was answered to a request with an idempotency key: asked again, it is answered again."""

    __tablename__ = "api_answers"
    __table_args__ = STRICT
    key_id: str = Field(primary_key=True, sa_type=TEXT, foreign_key="api_keys.key_id")
    idempotency_key: str = Field(primary_key=True, sa_type=TEXT)
    request_sha256: str = Field(sa_type=TEXT)
    status: int | None = Field(default=None, sa_type=WHOLE)
    body: str | None = Field(default=None, sa_type=TEXT)
    at: datetime = Field(sa_type=MOMENT)


class ExportRequest(Base, table=True):
    """Somebody asks for a table with people in it; somebody else has to approve.

    `what` names the export, `query` what is in it, `reason` is in the asker's words.
    """

    __tablename__ = "export_requests"
    __table_args__ = (
        one_of("state", ("asked", "approved", "refused", "made", "fetched")),
        CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name="decided"),
        STRICT,
    )
    export_id: str = Field(primary_key=True, sa_type=TEXT)
    what: str = Field(sa_type=TEXT)
    query: str = Field(sa_type=TEXT)
    reason: str = Field(sa_type=TEXT)
    asked_by: str = Field(sa_type=TEXT)
    asked_at: datetime = Field(sa_type=MOMENT)
    decided_by: str | None = Field(default=None, sa_type=TEXT)
    decided_at: datetime | None = Field(default=None, sa_type=MOMENT)
    state: str = Field(sa_type=TEXT)
    job_id: str | None = Field(default=None, sa_type=TEXT)
