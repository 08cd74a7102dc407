"""A day's changes linked alone give what linking everybody anew gives; ids last through it all."""

import os
import random
from collections.abc import Iterator

import polars as pl
import pytest

from nostop.linkage import link
from nostop.linkage.additions import Added, add
from nostop.linkage.duck import kept_open, reused
from nostop.linkage.history import Remembered, no_history, placed, remembered
from nostop.linkage.standing import standing
from nostop.linkage.weighing import Weighing
from nostop.model import LinkageError
from tests.linkage.histories import DAY, told
from tests.linkage.people import HOME, frame, groups, record, together
from tests.linkage.towns import town

KEY = ["source", "record_id"]
RECORDS = town(16)
NIGHTLY = bool(os.environ.get("NOSTOP_NIGHTLY"))


@pytest.fixture(scope="module", autouse=True)
def one_database() -> Iterator[None]:
    """Opening a database takes longer than linking a handful of records."""
    with kept_open() as database, reused(database):
        yield


def day_after(before: pl.DataFrame, now: pl.DataFrame) -> tuple[Added, pl.DataFrame]:
    """Return what adding the difference gives, and what linking everybody anew gives."""
    was = link(before)
    stood = standing(before, was)
    gone_or_other = before.join(now, on=before.columns, how="anti", nulls_equal=True)
    changed = pl.concat([gone_or_other, now.join(gone_or_other, on=KEY, how="semi")])
    return add(now, was, changed, link, stood), link(now)


def test_new_records_find_their_people_and_nobody_else_is_linked_again() -> None:
    new = pl.col("record_id").is_in(["003", "007"]) & (pl.col("source") == "rti")
    added, anew = day_after(RECORDS.filter(~new), RECORDS)
    assert groups(added.links) == groups(anew)
    assert 6 <= added.linked_again < RECORDS.height // 2


def test_records_withdrawn_part_whom_they_held_together() -> None:
    bridge = (pl.col("record_id") == "005") & (pl.col("source") == "dwp")
    added, anew = day_after(RECORDS, RECORDS.filter(~bridge))
    assert groups(added.links) == groups(anew)
    assert added.links.height == RECORDS.height - 1


def test_a_record_corrected_leaves_one_person_and_joins_another() -> None:
    other = RECORDS.filter(pl.col("source") == "dwp", pl.col("record_id") == "009")
    is_rti = (pl.col("source") == "rti") & (pl.col("record_id") == "004")
    said = [name for name in RECORDS.columns if name not in KEY]
    corrected = RECORDS.with_columns(
        pl.when(is_rti)
        .then(pl.lit(other[name][0], RECORDS.schema[name]))
        .otherwise(name)
        .alias(name)
        for name in said
    )
    added, anew = day_after(RECORDS, corrected)
    assert groups(added.links) == groups(anew)
    assert any({"rti:004", "dwp:009"} <= group for group in groups(added.links))


def added_to(before: pl.DataFrame, now: pl.DataFrame) -> tuple[Added, list[pl.DataFrame]]:
    """Return what adding gives by the weights of before, as a run does it, and the records that
    were linked again, time by time."""
    was, parts = link(before), []
    stood = standing(before, was)

    def relink(part: pl.DataFrame) -> pl.DataFrame:
        parts.append(part)
        return link(part, model=stood.weighing)

    return add(now, was, now.clear(), relink, stood), parts


def namesakes(*first_names: str) -> list[dict[str, object]]:
    """Return people of many surnames and of no place, who bear these first names."""
    return [
        record(f"dwp:{first}{n}", f"{first} {surname}", f"19{50 + n}-03-0{1 + place}")
        for place, first in enumerate(first_names)
        for n, surname in enumerate(("Amadi", "Novak", "Shah", "Mensah", "Khan"))
    ]


def test_two_names_that_many_bear_are_no_slip_among_a_few_records_either() -> None:
    jade = record("nhs:1", "Jade Reid", "1999-04-05", **HOME)
    jake = record("rti:1", "Jake Reid", "1999-04-05", **HOME)
    others = namesakes("Jade", "Jake")
    added, parts = added_to(frame(jade, *others), frame(jade, jake, *others))
    assert {part.height for part in parts} == {2}
    assert together("nhs:1", "rti:1") not in groups(added.links)
    assert together("nhs:1", "rti:1") in groups(link(parts[-1]))
    assert groups(added.links) == groups(link(frame(jade, jake, *others)))


def test_a_number_that_is_nobodys_is_nobodys_among_a_few_records_too() -> None:
    number = {"nino": "QQ111111A"}
    ann, ann_again = (record(f"{at}:1", "Ann Reid", "1980-02-03", **HOME) for at in ("nhs", "rti"))
    others = namesakes("Owen")
    before = frame({**ann, **number}, *({**each, **number} for each in others))
    now = pl.concat([before, frame({**ann_again, **number})])
    added, parts = added_to(before, now)
    assert parts[-1]["nino"].to_list() == [None, None]
    assert together("nhs:1", "rti:1") in groups(added.links)
    assert groups(added.links) == groups(link(now))


def test_neighbours_without_a_birth_date_are_linked_again_only_by_their_name() -> None:
    street = {"postcode": "ZZ1 1AA"}
    bills = [
        record(f"council_tax:{n}", f"{name} Shah", **street, address_line_1=f"{n} Alder Road")
        for n, name in enumerate(("Grace", "Owen", "Tomasz", "Kofi"), start=1)
    ]
    owen = record("rti:1", "Owen Shah", "1970-01-02", **street)
    added, _ = added_to(frame(*bills), frame(*bills, owen))
    assert added.linked_again == 2
    assert together("council_tax:2", "rti:1") in groups(added.links)
    assert groups(added.links) == groups(link(frame(*bills, owen)))


def test_nothing_changed_links_nobody_again() -> None:
    was = link(RECORDS)
    added = add(RECORDS, was, RECORDS.clear(), link, standing(RECORDS, was))
    assert added.linked_again == 0
    assert added.links.equals(was)


def test_links_of_other_records_are_refused() -> None:
    with pytest.raises(LinkageError, match="the links are not of these records"):
        standing(RECORDS, link(RECORDS.head(5)))


@pytest.fixture(scope="module")
def weights() -> Weighing:
    """Weights that were settled once, on everybody, as a day's changes are linked by: those that a
    few records settle among themselves are another model."""
    return standing(RECORDS, link(RECORDS)).weighing


@pytest.mark.parametrize("batches", [2, 3, 4, 5, 6, 7, 9, 13, 20] if NIGHTLY else [2, 4, 7])
def test_inv_32_batches_in_any_order_give_the_clusters_of_one_go(
    batches: int, weights: Weighing
) -> None:
    def weighed(part: pl.DataFrame) -> pl.DataFrame:
        return link(part, model=weights)

    chance = random.Random(batches)  # noqa: S311 - a draw, no secret
    order = list(range(RECORDS.height))
    chance.shuffle(order)
    ends = [*sorted(chance.sample(range(1, RECORDS.height), batches - 1)), RECORDS.height]
    now = RECORDS[order[: ends[0]]]
    links = weighed(now)
    stood, log = standing(now, links, weights), no_history()
    found = remembered(links, log, None, DAY)
    for end in ends[1:]:
        now = RECORDS[order[:end]]
        added = add(now, found.links, RECORDS.clear(), weighed, stood)
        stood, found = added.standing, _after(found, added)
    assert groups(found.links) == groups(weighed(RECORDS))


def _after(before: Remembered, added: Added) -> Remembered:
    """Remember a day, and check that no id changed but by a merge or a split."""
    found = remembered(added.links, before.log, None, DAY)
    moved = found.new.drop_nulls(["source", "other_id", "person_id"])
    both = before.links.join(found.links, on=KEY, how="inner", validate="1:1")
    other = both.filter(pl.col("person_id") != pl.col("person_id_right"))
    assert other.height == moved.height
    assert {kind for kind, _ in told(moved)} <= {"merged", "split"}
    assert placed(found.log).equals(found.links.select(*KEY, "person_id"))
    return found


def test_ids_last_through_days_of_changes() -> None:
    chance = random.Random(5)  # noqa: S311 - a draw, no secret
    keys = list(range(RECORDS.height))
    here = set(chance.sample(keys, 36))
    now = RECORDS[sorted(here)]
    links = link(now)
    stood, found = standing(now, links), remembered(links, no_history(), None, DAY)
    for _ in range(10 if NIGHTLY else 3):
        gone = set(chance.sample(sorted(here), 2))
        here = here - gone | set(chance.sample(sorted(set(keys) - here), 2))
        before, now = now, RECORDS[sorted(here)]
        added = add(now, found.links, before.join(now, on=KEY, how="anti"), link, stood)
        stood, found = added.standing, _after(found, added)
    assert groups(found.links) == groups(link(now))


def test_inv_32_any_order_of_records_gives_the_same_clusters_and_ids() -> None:
    links = link(RECORDS)
    chance = random.Random(7)  # noqa: S311 - a draw, no secret
    order = list(range(RECORDS.height))
    for _ in range(12 if NIGHTLY else 3):
        chance.shuffle(order)
        assert link(RECORDS[order]).equals(links)
