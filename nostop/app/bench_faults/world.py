"""A small campaign in a store of its own, made without the pipeline: everybody in it is made up."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime

import polars as pl
from sqlalchemy import Engine

from nostop import plugins, store
from nostop.app.bench_faults.processes import CHANNEL
from nostop.app.outreach.planning import DETAILS, wording_of
from nostop.outreach.plan import message_id
from nostop.outreach.words import written
from nostop.store.contacts import Loaded

RUN = "Sfaults"
_SCHEME = "pension_credit"
_CLAIM = {
    "scheme": _SCHEME,
    "title_en": "Pension Credit",
    "title_cy": "Credyd Pensiwn",
    "claim_url": "https://www.gov.uk/pension-credit",
    "claim_phone": "0800 99 1234",
}
_DECLARED = """id: {name}
sender: Borchester Council
schemes: [pension_credit]
channels:
{channels}
hours: {hours}
limits:
  per_person: {{messages: {per_person}, days: 28}}
  per_minute: {per_minute}
  in_flight: {in_flight}
allow_list: ["*@example.org", "07700900*"]
"""
#: Nobody is sent anything on an empty list of whom not to write to.
_STRANGER = {"person_id": "Pstranger", "reason": "opted_out"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A campaign to be made: to `people` of the population, one message each.

    first: which of the population is the first of them.
    answer_seconds: how long an answer of the provider may take.
    text_too: those whose e-mail has failed are sent a text message.
    """

    name: str
    people: int
    first: int = 0
    per_person: int = 1000
    per_minute: int = 1_000_000
    in_flight: int = 8
    answer_seconds: int = 30
    text_too: bool = False
    hours: str = "any_time"

    @property
    def declared(self) -> str:
        """The campaign as a service team writes it."""
        setting = f"settings: {{answer_seconds: {self.answer_seconds}}}"
        channels = [f"  - {{use: {CHANNEL}, {setting}}}"]
        channels += [f"  - {{use: govuk_notify_text, {setting}}}"] * self.text_too
        return _DECLARED.format(
            name=self.name,
            channels="\n".join(channels),
            hours=self.hours,
            per_person=self.per_person,
            per_minute=self.per_minute,
            in_flight=self.in_flight,
        )


def populate(engine: Engine, people: int, at: datetime) -> None:
    """Fill an empty store with a run and its recipients, each with an e-mail and a telephone."""
    record = store.RunRecord(
        run_id=RUN,
        effective_on=date(2026, 6, 1),
        synthetic=True,
        started_at=datetime(2026, 6, 1, tzinfo=UTC),
        pack_versions={},
        inputs={},
        counts={},
    )
    store.record_run(engine, record)
    ids = people_ids(people)
    recipients = ids.select(
        "person_id",
        first_name=pl.lit("Sam"),
        surname=pl.lit("Sample"),
        language=pl.lit("en"),
        nation=pl.lit("england"),
        benefit_unit_id=pl.lit(None, pl.String),
        household_id=pl.lit(None, pl.String),
    )
    loaded = Loaded(
        recipients=recipients,
        points=_points(ids),
        suppressions=pl.DataFrame([_STRANGER]),
        as_of=None,
        synthetic=True,
    )
    store.load_register(engine, loaded, at)


def people_ids(people: int) -> pl.DataFrame:
    """Return `person_id` of so many made-up people, and `n`, from 0."""
    numbers = pl.DataFrame({"n": pl.int_range(people, eager=True)})
    return numbers.with_columns(
        person_id=pl.format("P{}", pl.col("n").cast(pl.String).str.zfill(6))
    )


def _points(ids: pl.DataFrame) -> pl.DataFrame:
    # There are a thousand numbers that nobody has: people of this world share them.
    number = (pl.col("n") % 1000).cast(pl.String).str.zfill(3)
    ways = {
        "email": pl.format("{}@example.org", pl.col("person_id").str.to_lowercase()),
        "phone": pl.format("07700900{}", number),
    }
    parts = [ids.select("person_id", kind=pl.lit(kind), value=way) for kind, way in ways.items()]
    return pl.concat(parts).with_columns(as_of=pl.lit(None, pl.Date))


def add_campaign(engine: Engine, wanted: Wanted, at: datetime) -> list[str]:
    """Plan and approve a campaign; return the ids of its messages."""
    plan = _plan(wanted)
    declared = store.Declared(
        campaign=wanted.name,
        declaration=wanted.declared,
        declaration_sha256=_sha256(wanted.declared),
        run_id=RUN,
        plan_sha256=_sha256("".join(plan["message_id"]) + wanted.declared),
        texts=_texts(),
    )
    arms = {
        "trial": pl.String(),
        "unit_id": pl.String(),
        "held": pl.Boolean(),
        "until": pl.Date(),
    }
    planner, approver = store.Act("planner", at), store.Act("approver", at)
    store.record_campaign(engine, declared, plan, pl.DataFrame(schema=arms), planner)
    store.approve(engine, wanted.name, declared.plan_sha256, approver)
    return plan["message_id"].to_list()


def _plan(wanted: Wanted) -> pl.DataFrame:
    ids = people_ids(wanted.first + wanted.people).tail(wanted.people)
    emails = _points(ids).filter(kind="email")
    messages = [message_id(wanted.name, who, _SCHEME, 1) for who in ids["person_id"]]
    rows = ids.join(emails, on="person_id", maintain_order="left").select(
        message_id=pl.Series(messages, dtype=pl.String),
        campaign=pl.lit(wanted.name),
        recipient_id="person_id",
        scheme=pl.lit(_SCHEME),
        step=pl.lit(1, pl.Int64),
        kind=pl.lit("entitled"),
        language=pl.lit("en"),
        benefit_unit_id=pl.lit(None, pl.String),
        household_id=pl.lit(None, pl.String),
        state=pl.lit("planned"),
        suppression=pl.lit(None, pl.String),
        suppressions=pl.lit([], pl.List(pl.String)),
        holdout=pl.lit(value=False),
        channel=pl.lit(CHANNEL),
        channel_kind=pl.lit("email"),
        contact_kind=pl.lit("email"),
        contact="value",
        first_name=pl.lit("Sam"),
        surname=pl.lit("Sample"),
    )
    found = written(rows, wording_of(_texts(), "Borchester Council"))
    hashes = found.messages.select("message_id", "template_sha256", "body_sha256")
    return rows.join(hashes, on="message_id", validate="1:1", maintain_order="left")


def _texts() -> dict[str, str]:
    folder = plugins.templates_beside("outbox")
    names = [f"{_SCHEME}.entitled.en.md", "text.entitled.en.txt"]
    texts = {name: (folder / name).read_text(encoding="utf-8") for name in names}
    return texts | {DETAILS: json.dumps([_CLAIM])}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
