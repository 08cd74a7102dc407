"""Taking back what linking did: every id as before, and it stays so in later runs."""

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.linkage import link
from nostop.linkage.history import Remembered, aliases, no_history, placed, remembered
from nostop.linkage.undo import Undone, undo
from nostop.linkage.verdicts import binding
from nostop.model import LinkageError
from tests.linkage.histories import CLERK, DAY, days, ids, links
from tests.linkage.people import AWAY, HOME, frame, groups, record, together


def undone(found: Remembered, event_id: int | None = None) -> tuple[Undone, dict[str, str]]:
    """Return what an undo of the last event (or another) appends, and who everybody is then."""
    last = int(found.log["event_id"].to_list()[-1])
    taken = undo(found.log, event_id or last, CLERK, "two people")
    return taken, ids(placed(pl.concat([found.log, taken.events])))


def said(taken: Undone) -> set[str]:
    rows = taken.verdicts.select("record_id_l", "verdict", "record_id_r").rows()
    return {f"{left} {verdict} {right}" for left, verdict, right in rows}


def test_a_merge_undone_restores_every_id_and_forbids_every_pair_across() -> None:
    first, found = days(("abc", "de")), days(("abc", "de"), ("abcde",))
    taken, now = undone(found)
    assert now == ids(first.links)
    assert said(taken) == {f"{one} different {other}" for one in "de" for other in "abc"}
    assert aliases(pl.concat([found.log, taken.events])).is_empty()
    assert set(taken.events["actor"]) == {"ann.clerk"}
    assert set(taken.events["kind"]) == {"undone"}


def test_a_split_undone_restores_the_id_retires_the_other_and_binds_them() -> None:
    first, found = days(("abc",)), days(("abc",), ("ab", "c"))
    taken, now = undone(found)
    assert now == ids(first.links)
    assert said(taken) == {"c same a"}
    log = pl.concat([found.log, taken.events])
    assert aliases(log).rows() == [(ids(found.links)["c"], [now["a"]])]


def test_a_move_undone_binds_to_the_old_person_and_parts_from_the_new() -> None:
    first, found = days(("abc", "de")), days(("abc", "de"), ("ab", "cde"))
    taken, now = undone(found)
    assert now == ids(first.links)
    assert said(taken) == {"c same a", "c different d", "c different e"}


def test_what_came_or_went_since_stays_where_it_is() -> None:
    found = days(("abc", "de"), ("abcde",), ("abcdf",))
    old = ids(days(("abc", "de")).links)
    _, now = undone(found, 3)
    assert now == {"a": old["a"], "b": old["a"], "c": old["a"], "d": old["d"], "f": old["a"]}


def test_an_event_whose_records_went_on_names_the_events_to_undo_first() -> None:
    found = days(("a", "bc", "defg"), ("abc", "defg"), ("abcdefg",))
    with pytest.raises(LinkageError, match=r"event 4: 1 of its records went on .* first: 5"):
        undone(found, 4)


@pytest.mark.parametrize(
    ("event_id", "error"),
    [
        (9, "event 9: no such event; the history ends at 3"),
        (1, r"event 1 \(created\): only merges, splits and moves"),
    ],
)
def test_what_cannot_be_undone_is_refused_by_name(event_id: int, error: str) -> None:
    with pytest.raises(LinkageError, match=error):
        undone(days(("ab", "c"), ("abc",)), event_id)


def test_an_arrival_is_not_undone_nor_is_an_undo() -> None:
    with pytest.raises(LinkageError, match=r"\(moved\): only merges, splits and moves between"):
        undone(days(("a",), ("ab",)))
    found = days(("ab", "c"), ("abc",))
    taken, _ = undone(found)
    again = replace(found, log=pl.concat([found.log, taken.events]))
    with pytest.raises(LinkageError, match="an undo is not undone"):
        undone(again)


def test_an_event_whose_records_are_all_withdrawn_is_not_undone() -> None:
    with pytest.raises(LinkageError, match="event 3: all its records have been withdrawn"):
        undone(days(("ab", "c"), ("abc",), ("ab",)), 3)


#: For each of seven records, which of three people it is.
CLUSTERING = st.lists(st.integers(1, 3), min_size=7, max_size=7)


def clustered(drawn: list[int]) -> pl.DataFrame:
    people = [[k for k, p in zip("abcdefg", drawn, strict=True) if p == n] for n in set(drawn)]
    return links(*["".join(group) for group in people])


@settings(max_examples=20, deadline=None)
@given(CLUSTERING, CLUSTERING)
def test_a_run_undone_event_by_event_the_last_first_restores_every_id(
    one: list[int], other: list[int]
) -> None:
    before = remembered(clustered(one), no_history(), None, DAY)
    after = remembered(clustered(other), before.log, None, DAY)
    log = after.log
    for event_id in after.new["event_id"].unique().sort(descending=True):
        log = pl.concat([log, undo(log, event_id, CLERK, "mistaken").events])
    assert ids(placed(log)) == ids(before.links)


# --- with the linker ----------------------------------------------------------------------------

GRACE = [
    record("dwp:1", "Grace Amadi", "1979-04-30", nino="QQ222222C", **HOME),
    record("nhs:1", "Grace Amadi", "1979-04-30", nino="QQ222222C", **HOME),
]
GRACE_AWAY = [record("rti:1", "Grace Novak", "1979-04-30", **AWAY)]
BRIDGE = [record("council:1", "Grace Novak", "1979-04-30", nino="QQ222222C", **AWAY)]


def test_a_merge_undone_is_not_made_again_by_later_runs() -> None:
    apart = frame(*GRACE, *GRACE_AWAY)
    first = remembered(link(apart), no_history(), None, DAY)
    assert groups(first.links) == {together("dwp:1", "nhs:1"), together("rti:1")}
    whole = frame(*GRACE, *GRACE_AWAY, *BRIDGE)
    second = remembered(link(whole), first.log, None, DAY)
    assert len(groups(second.links)) == 1
    merge = int(second.new.filter(pl.col("kind") == "merged")["event_id"][0])
    taken = undo(second.log, merge, CLERK, "her cousin, by the passport")
    log = pl.concat([second.log, taken.events])
    third = remembered(link(whole, verdicts=binding(taken.verdicts)), log, None, DAY)
    assert third.new.is_empty()
    assert groups(third.links) == {together("dwp:1", "nhs:1", "council:1"), together("rti:1")}
    old = first.links.select("source", "record_id", was="person_id")
    kept = old.join(third.links, on=["source", "record_id"], how="left", validate="1:1")
    assert kept["was"].equals(kept["person_id"])


def test_a_split_undone_is_not_made_again_by_later_runs() -> None:
    whole = frame(*GRACE, *GRACE_AWAY, *BRIDGE)
    first = remembered(link(whole), no_history(), None, DAY)
    apart = frame(*GRACE, *GRACE_AWAY)
    second = remembered(link(apart), first.log, None, DAY)
    split = int(second.new.filter(pl.col("kind") == "split")["event_id"][0])
    taken = undo(second.log, split, CLERK, "one person, she has moved")
    log = pl.concat([second.log, taken.events])
    third = remembered(link(apart, verdicts=binding(taken.verdicts)), log, None, DAY)
    assert third.new.is_empty()
    assert len(groups(third.links)) == 1
