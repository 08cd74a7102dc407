"""Planning a campaign: from a finished run to messages that wait for somebody's approval."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
from sqlalchemy import Engine

from nostop import outreach, plugins, store
from nostop.app.outreach.channels import kinds_of
from nostop.app.outreach.fact_age import oldest_facts
from nostop.app.outreach.links import link_of
from nostop.app.outreach.source import FLAGGED, RunTables, read_run
from nostop.app.rules import read_rules
from nostop.app.run_overview import take_in
from nostop.app.sending import claim_details
from nostop.events import short_reference
from nostop.model import OutreachError
from nostop.outreach.campaign import Campaign, read_campaign
from nostop.outreach.campaign_plan import in_audience, one_at_a_time, reaching, suppressed_where
from nostop.outreach.words import Wording, wording_from, written
from nostop.rulebook import Rulebook
from nostop.store.campaigns import Act, Declared
from nostop.store.contacts import Loaded

#: What every scheme is called and where to claim it, kept beside a campaign's templates.
DETAILS = "claim_details.json"
#: The channel beside which the templates lie that ship with nostop.
_OURS = "outbox"
#: The name and kind of each channel, in the campaign's order.
Kinds = Sequence[tuple[str, str]]
_ARMS = {"trial": pl.String(), "unit_id": pl.String(), "held": pl.Boolean(), "until": pl.Date()}


@dataclass(frozen=True, slots=True)
class Planned:
    """What planning a campaign did: its id, what an approval would be of, and how many messages
    have each status."""

    campaign: str
    plan_sha256: str
    statuses: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Made:
    """A plan with the words that it says, and the arms that were drawn for it."""

    plan: pl.DataFrame
    texts: dict[str, str]
    arms: pl.DataFrame


def plan_campaign(engine: Engine, path: Path, run: Path | None, act: Act, rules: Path) -> Planned:
    """Plan a campaign from a finished run; nothing is sent before somebody else approves it.

    Raises:
        NostopError: the campaign, the run or a template cannot be used, or the lists of whom not
            to write to have all but vanished; nothing is planned.
    """
    campaign = read_campaign(path)
    declaration = path.read_text(encoding="utf-8-sig")
    folder = run or _run_of(campaign, path)
    return plan_declared(engine, (campaign, declaration), folder, act, rules)


def plan_declared(
    engine: Engine, declares: tuple[Campaign, str], run: Path, act: Act, rules: Path
) -> Planned:
    """As `plan_campaign`, of a campaign that was read already and the text that declares it."""
    campaign, declaration = declares
    tables = read_run(run)
    made = _made(engine, campaign, tables, read_rules(rules), act.at)
    run_id = load_run(engine, tables, act.at)
    declared = Declared(
        campaign=campaign.id,
        declaration=declaration,
        declaration_sha256=_sha256(declaration),
        run_id=run_id,
        plan_sha256=_hash_of_plan(made, declaration),
        texts=made.texts,
    )
    store.record_campaign(engine, declared, made.plan, made.arms, act)
    store.take_back(engine, act)
    return Planned(campaign.id, declared.plan_sha256, store.count_statuses(engine, campaign.id))


def wording_of(texts: Mapping[str, str], sender: str, contact: str | None = None) -> Wording:
    """Return the words of a campaign from its texts as they are kept."""
    schema = outreach.ClaimDetails.create_empty().schema
    details = pl.DataFrame(json.loads(texts[DETAILS]), schema=schema)
    wording = wording_from(texts, details, sender)
    return replace(wording, contact=contact, reference=short_reference)


def _run_of(campaign: Campaign, path: Path) -> Path:
    if campaign.run is None:
        raise OutreachError(
            f"{path}: say from which run it is planned: `run: DIR` (as seen from this file), or "
            "--run DIR"
        )
    return path.parent / campaign.run


def plan_again(
    engine: Engine, campaign: Campaign, tables: RunTables, book: Rulebook, at: datetime
) -> pl.DataFrame:
    """Return what the plan of a campaign would be from a run; nothing is written down."""
    return _made(engine, campaign, tables, book, at).plan


def load_run(engine: Engine, tables: RunTables, at: datetime, *, accept_fewer: bool = False) -> str:
    """Put what a run knows of people into the store, and return the run's id there.

    Addresses are kept of nobody but those who could be told of something.
    """
    run_id = known_run(engine, tables)
    store.load_register(engine, _loaded(tables), at, accept_fewer=accept_fewer)
    return run_id


def known_run(engine: Engine, tables: RunTables) -> str:
    """Write a run down where it is not yet, and return its id in the store."""
    return take_in(engine, tables.folder)


def _loaded(tables: RunTables) -> Loaded:
    policy = outreach.Policy(campaign="everybody", on=tables.effective_on, min_confidence=1)
    members = outreach.with_reasons(tables.recipients, tables.contacts, policy)
    stops = members.select("person_id", reason="person_reasons").explode("reason").drop_nulls()
    lasting = stops.filter(pl.col("reason").is_in(outreach.LASTING))
    # Of anybody else we keep no address.
    told = _of_flags(tables.determinations.filter(FLAGGED), tables.recipients)
    if tables.contacts is None:
        contacts = pl.DataFrame(schema={name: pl.String() for name in _CONTACT})
    else:
        contacts = tables.contacts.select(_CONTACT).join(told, on="person_id", how="semi")
    known = tables.recipients.select(
        "person_id", "benefit_unit_id", "household_id", *_place(tables)
    )
    recipients = contacts.select("person_id", "first_name", "surname", "language").join(
        known, on="person_id", how="left", validate="1:1"
    )
    points = contacts.unpivot(
        ["email", "phone", "post"], index="person_id", variable_name="kind", value_name="value"
    ).drop_nulls("value")
    return Loaded(
        recipients=recipients,
        points=points.with_columns(as_of=pl.lit(None, pl.Date)),
        suppressions=lasting,
        as_of=tables.lists_as_of,
        synthetic=tables.synthetic,
        heirs=tables.heirs,
    )


def _of_flags(flags: pl.DataFrame, recipients: pl.DataFrame) -> pl.DataFrame:
    """Return `person_id` of every adult who could be told of one of some flags."""
    person, unit = pl.col("person_id"), pl.col("benefit_unit_id")
    of_unit = flags.filter(person.is_null() & unit.is_not_null())["benefit_unit_id"]
    of_home = flags.filter(person.is_null() & unit.is_null())["household_id"]
    meant = (
        person.is_in(flags["person_id"].drop_nulls().unique().to_list())
        | unit.is_in(of_unit.unique().to_list())
        | pl.col("household_id").is_in(of_home.unique().to_list())
    )
    return recipients.filter((pl.col("role") == "adult") & meant).select("person_id")


_CONTACT = ["person_id", "first_name", "surname", "language", "email", "phone", "post"]


def _place(tables: RunTables) -> list[pl.Expr]:
    known = "nation" in tables.recipients.columns
    return [pl.col("nation") if known else pl.lit(None, pl.String).alias("nation")]


def _made(
    engine: Engine, campaign: Campaign, tables: RunTables, book: Rulebook, at: datetime
) -> _Made:
    channels = kinds_of(campaign)
    _refuse_unanswerable(campaign, channels)
    texts = _texts(campaign, tables, book)
    wording = wording_of(texts, campaign.sender, campaign.contact)
    policy = _policy(campaign, tables, wording)
    wanted = _wanted(campaign, tables, book)
    plan = outreach.plan(wanted, tables.recipients, tables.contacts, policy, tables.paths)
    plan = plan.filter(pl.col("kind").is_in(campaign.audience.kinds))
    told = store.told(engine, campaign.id, policy.step)
    plan = outreach.hold_told_before(plan, told, tables.heirs)
    plan, arms = _held_out(engine, campaign, plan, policy)
    plan = _not_told_lately(engine, campaign, plan, at)
    plan = one_at_a_time(plan, wanted, campaign.limits.per_person.messages)
    return _Made(_worded(plan, tables, wording, channels), texts, arms)


def _not_told_lately(
    engine: Engine, campaign: Campaign, plan: pl.DataFrame, at: datetime
) -> pl.DataFrame:
    """Suppress messages to whom other campaigns have told as much as they may be told for now: the
    claim would refuse them, and whoever approves the plan should see its true size."""
    cap = campaign.limits.per_person
    others = store.told_by_others(engine, campaign.id, at - timedelta(days=cap.days))
    full = others.filter(pl.col("messages") >= cap.messages)["recipient_id"]
    lately = pl.col("recipient_id").is_in(full.to_list()) & (pl.col("state") == "planned")
    return suppressed_where(plan, lately, "recent_contact")


def _refuse_unanswerable(campaign: Campaign, channels: Kinds) -> None:
    """Refuse letters that do not say how to answer them, and links that nobody could sign."""
    if campaign.contact is None and "post" in dict(channels).values():
        raise OutreachError(
            f"campaign '{campaign.id}': nobody can reply to a letter: say how to reach you, a "
            "telephone number or an address on one line: `contact: ...`"
        )
    link_of(campaign)


def _texts(campaign: Campaign, tables: RunTables, book: Rulebook) -> dict[str, str]:
    """Return the words that an approval is of: templates of the campaign's schemes, and details."""
    unknown = sorted(set(campaign.schemes) - set(tables.packs))
    if unknown:
        raise OutreachError(
            f"campaign '{campaign.id}': the run worked out no scheme {unknown}; it has "
            f"{sorted(tables.packs)}"
        )
    details = claim_details(book).filter(pl.col("scheme").is_in(campaign.schemes))
    folder = plugins.templates_beside(_OURS)
    texts = {
        file.name: file.read_text(encoding="utf-8")
        for file in sorted(folder.iterdir())
        if file.suffix == ".txt" or file.name.split(".")[0] in campaign.schemes
    }
    return texts | {DETAILS: json.dumps(details.to_dicts(), ensure_ascii=False, sort_keys=True)}


def _policy(campaign: Campaign, tables: RunTables, wording: Wording) -> outreach.Policy:
    trial = campaign.holdout
    holdout = None
    if trial is not None:
        holdout = outreach.holdout_from(dict(os.environ), trial.trial, float(trial.share))
    return outreach.Policy(
        campaign=campaign.id,
        on=tables.effective_on,
        min_confidence=float(campaign.audience.confidence_at_least),
        minimum_age=campaign.audience.minimum_age,
        letters=outreach.letters_in(wording.letters),
        reach=("email", "phone", "post"),
        holdout=holdout,
    )


def _wanted(campaign: Campaign, tables: RunTables, book: Rulebook) -> pl.DataFrame:
    schemes = list(campaign.schemes)
    rows = tables.determinations.filter(pl.col("scheme").is_in(schemes))
    aged = campaign.audience.facts_no_older_than_days is not None
    ages = oldest_facts(tables, book, schemes) if aged else None
    return in_audience(rows, tables.recipients, campaign.audience, ages, tables.effective_on)


def _held_out(
    engine: Engine, campaign: Campaign, plan: pl.DataFrame, policy: outreach.Policy
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the plan by the arms that were drawn, once and for all, and those drawn just now."""
    trial = campaign.holdout
    if trial is None or policy.holdout is None:
        return plan, pl.DataFrame(schema=_ARMS)
    unit = pl.coalesce("household_id", "benefit_unit_id", "recipient_id")
    drawn = store.arms_of(engine, trial.trial)
    joined = plan.with_columns(unit_id=unit).join(
        drawn, on="unit_id", how="left", validate="m:1", maintain_order="left"
    )
    arm = pl.coalesce("held", "holdout")
    decided = joined.with_columns(holdout=arm).with_columns(
        state=pl.when(pl.col("state") == "suppressed")
        .then(pl.lit("suppressed"))
        .when("holdout")
        .then(pl.lit("held_out"))
        .otherwise(pl.lit("planned"))
    )
    arms = decided.select(
        "unit_id", trial=pl.lit(trial.trial), held="holdout", until=pl.lit(trial.until)
    ).unique("unit_id", maintain_order=True)
    return decided.drop("unit_id", "held"), arms


def _worded(
    plan: pl.DataFrame, tables: RunTables, wording: Wording, channels: Kinds
) -> pl.DataFrame:
    """Return the plan with the channel of each row and the hash of what it would say."""
    contacts = tables.contacts
    if contacts is None:
        nothing = {name: pl.lit(None, pl.String) for name in ("channel", "contact_kind")}
        return plan.with_columns(
            **nothing, template_sha256=pl.lit(None, pl.String), body_sha256=pl.lit(None, pl.String)
        )
    routed = reaching(plan, contacts, channels)
    lost = (pl.col("state") == "planned") & pl.col("channel").is_null()
    routed = suppressed_where(routed, lost, "no_contact_details")
    rows = rows_to_write(routed.filter(pl.col("state") == "planned"), contacts, channels)
    found = written(rows, wording)
    failed = pl.DataFrame(
        [(receipt.message_id, receipt.reason) for receipt in found.failed],
        schema={"message_id": pl.String(), "_failed": pl.String()},
        orient="row",
    )
    hashes = found.messages.select("message_id", "template_sha256", "body_sha256")
    joined = routed.join(hashes, on="message_id", how="left", maintain_order="left").join(
        failed, on="message_id", how="left", maintain_order="left"
    )
    return suppressed_where(joined, pl.col("_failed").is_not_null(), "unfit_details").drop(
        "_failed"
    )


def rows_to_write(plan: pl.DataFrame, contacts: pl.DataFrame, channels: Kinds) -> pl.DataFrame:
    """Return planned rows with what their words need of each recipient, as `written` takes them."""
    kinds = dict(channels)
    ways = ("email", "phone", "post")
    who = contacts.select(pl.col("person_id").alias("recipient_id"), "first_name", "surname", *ways)
    address = pl.coalesce(pl.when(pl.col("contact_kind") == way).then(way) for way in ways)
    return plan.join(who, on="recipient_id", how="left", validate="m:1").with_columns(
        contact=address,
        channel_kind=pl.col("channel").replace_strict(kinds, return_dtype=pl.String),
    )


def _hash_of_plan(made: _Made, declaration: str) -> str:
    """Return the hash of everything that an approval is of: what is declared, the words, and each
    message with its recipient, channel and text."""
    whole = hashlib.sha256()
    for part in (declaration, *(f"{k}\0{v}" for k, v in sorted(made.texts.items()))):
        whole.update(f"{part}\0".encode())
    rows = made.plan.filter(pl.col("state") == "planned").sort("message_id")
    whole.update(rows.select("message_id", "channel", "body_sha256").write_csv().encode())
    return whole.hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
