"""Links that are weak, or turn out wrong: nobody is written to because of them, and nothing that
rests on them stays."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest

from nostop import app, determination, linkage, outreach, plugins, store, synth
from nostop.app import Run, RunSettings
from nostop.app.fact_table import fact_table
from nostop.app.gather import read_declarations, read_feeds
from nostop.app.link_history import LINK_EVENTS, VERDICTS, Kept, read_verdicts, undo_event
from nostop.app.link_history import write_whole as write
from nostop.app.results import LINKS
from nostop.app.sending import DATABASE, policy_of
from nostop.frames import Verdicts
from nostop.linkage.verdicts import given
from nostop.rulebook import Rulebook, default_rules_dir
from nostop.store.tables import MessageReview, OutreachMessage
from tests.night import at_night

DAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
SCHEMES = ["child_benefit", "pension_credit"]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, book: Rulebook) -> RunSettings:
    """A district of 1,500 people who do not exist."""
    feeds = tmp_path_factory.mktemp("feeds")
    made = synth.generate(
        1_500, 11, lambda situation: determination.determine(situation, book, DAY, SCHEMES), DAY
    )
    synth.write(made, feeds)
    return RunSettings(
        feeds=feeds,
        out=tmp_path_factory.mktemp("out"),
        effective_on=DAY,
        started_at=NOW,
        rules=default_rules_dir(),
        declarations=app.default_declarations_dir(),
        schemes=SCHEMES,
        unreleased=True,
    )


# --- weak links ----------------------------------------------------------------------------------


def with_false_links(links: pl.DataFrame, share: float) -> tuple[pl.DataFrame, set[str]]:
    """Join two people who are two for a share of them, at a confidence below bar A."""
    draw = random.Random(5)  # noqa: S311 - which people is no secret
    people = sorted(links["person_id"].unique())
    draw.shuffle(people)
    pairs = list(zip(people[0::2], people[1::2], strict=False))[: int(len(people) * share)]
    into = {gone: kept for kept, gone in pairs}
    touched = {each for pair in pairs for each in pair}
    weak = pl.min_horizontal("confidence", pl.lit(0.9))
    joined = links.with_columns(
        person_id=pl.col("person_id").replace(into),
        confidence=pl.when(pl.col("person_id").is_in(touched)).then(weak).otherwise("confidence"),
    )
    return joined, {kept for kept, _ in pairs}


def planned(settings: RunSettings, book: Rulebook, share: float) -> tuple[pl.DataFrame, set[str]]:
    """The plan of a run with false links, and the units in which somebody is wrongly linked."""
    batch = read_feeds(read_declarations(settings.declarations, book), settings.feeds, DAY)
    links = linkage.link(linkage.to_link(batch.records, batch.set_aside))
    false, wrong = with_false_links(links, share)
    tables = ("records", "facts", "awards", "relations", "contacts", "status", "completeness")
    gathered = linkage.Gathered(
        **{name: getattr(batch, name) for name in tables},
        catalogue=fact_table(book),
        set_aside=batch.set_aside,
    )
    found = linkage.assemble(gathered, false, effective_on=DAY)
    rows = determination.determine(found.situation, book, DAY, SCHEMES)
    templates = outreach.load_templates(plugins.templates_beside(settings.channel))
    policy = policy_of(settings, None, templates)
    people = found.situation.people
    units = people.filter(pl.col("person_id").is_in(wrong))["benefit_unit_id"]
    return outreach.plan(rows, people, found.contacts, policy), set(units)


@at_night
def test_inv_31_weak_false_links_lead_to_no_message(settings: RunSettings, book: Rulebook) -> None:
    plan, wrong = planned(settings, book, 0.01)
    rows = plan.filter(pl.col("benefit_unit_id").is_in(wrong))
    assert len(wrong) >= 10
    assert rows.height > 0
    assert rows.filter(pl.col("state") == "planned").height == 0
    assert plan.filter(pl.col("state") == "planned").height > 0


# --- a link that turns out wrong -----------------------------------------------------------------


@pytest.fixture(scope="module")
def first(settings: RunSettings) -> Run:
    return app.run(settings)


def table(settings: RunSettings, model: type) -> pl.DataFrame:
    engine = store.open_store(f"sqlite:///{settings.out / DATABASE}")
    rows = store.read_table(engine, model)
    engine.dispose()
    return rows


def sent(settings: RunSettings) -> pl.DataFrame:
    rows = table(settings, OutreachMessage)
    return rows.filter(pl.col("state") == "sent").select("recipient_id", "scheme").sort(pl.all())


def verdict(links: pl.DataFrame, one: str, other: str) -> pl.DataFrame:
    """A clerk takes two people for one."""
    a, b = (
        links.filter(pl.col("person_id") == each, pl.col("source") != "outreach_register").row(0)
        for each in (one, other)
    )
    row = (*a[:2], *b[:2], "same", NOW, "A. Clerk", "the same name")
    schema = {name: column.dtype for name, column in Verdicts.columns().items()}
    names = (
        "source_l", "record_id_l", "source_r", "record_id_r", "verdict", "at", "actor", "why"
    )  # fmt: skip
    return pl.DataFrame([dict(zip(names, row, strict=True))], schema=schema)


def test_inv_31_wrong_merge_sends_nothing_again_and_undone_leaves_all_as_it_was(
    settings: RunSettings, first: Run
) -> None:
    before, links = sent(settings), first.links
    # Whom all their records name by number or birth date, so that a clerk joins two people whole.
    loose = links.filter(pl.col("source") == "council_tax")["person_id"]
    surely = before.filter(~pl.col("recipient_id").is_in(loose.implode()))
    one, other = surely["recipient_id"].unique().sort().head(2)
    file = settings.out / VERDICTS
    write(given(read_verdicts(file), verdict(links, one, other)), file)

    merged = app.run(replace(settings, started_at=NOW.replace(day=2)))
    kept = {one, other} & set(merged.links["person_id"])
    assert len(kept) == 1
    # Who is one now was told under both ids: nobody is told again, and a person looks at both.
    assert sent(settings).equals(before)
    reviews = table(settings, MessageReview).join(
        table(settings, OutreachMessage), on="message_id", how="left"
    )
    assert set(reviews["recipient_id"]) == {one, other}
    assert set(reviews["kinds"]) == {"merged"}

    events = merged.link_events.filter(pl.col("kind") == "merged")
    where = Kept(settings.out / LINKS, settings.out / LINK_EVENTS, file)
    undo_event(
        where,
        int(events["event_id"][-1]),
        linkage.Occasion(NOW.replace(day=3), "B. Clerk", linkage.MODEL_VERSION),
        "two people",
    )
    again = app.run(replace(settings, started_at=NOW.replace(day=4)))
    assert again.links.select("source", "record_id", "person_id").equals(
        links.select("source", "record_id", "person_id")
    )
    assert sent(settings).equals(before)
    same = pl.exclude("confidence")
    assert again.determinations.select(same).equals(first.determinations.select(same))
