"""The history of person ids: what it says, and that replaying it gives what is."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.frames import LinkEvents, check
from nostop.linkage.history import (
    affected,
    ages,
    aliases,
    appended,
    checked,
    events,
    no_history,
    placed,
    remembered,
)
from nostop.model import FrameError, LinkageError
from tests.linkage.histories import DAY, days, ids, links, told


def became(log: pl.DataFrame) -> dict[str, list[str]]:
    return dict(aliases(log).rows())


def test_first_run_creates_everybody() -> None:
    found = days(("ab", "c"))
    assert sorted(told(found.new)) == [("created", "ab"), ("created", "c")]
    assert set(found.new["evidence"]) == {"confidence 0.97 to 0.99"}
    assert set(found.new["actor"]) == {"nostop run"}


def test_same_clusters_again_are_no_events() -> None:
    assert days(("ab", "c"), ("ab", "c")).new.is_empty()


def test_new_and_withdrawn_records_are_moves_from_and_to_nowhere() -> None:
    found = days(("ab", "c"), ("ad", "c"))
    assert told(found.new) == [("moved", "b"), ("moved", "d")]
    assert found.new["evidence"].to_list() == ["no longer in its source", "confidence 0.97 to 0.99"]


def test_a_merge_retires_the_smaller_id_as_an_alias_of_the_greater() -> None:
    first, found = days(("ab", "c")), days(("ab", "c"), ("abc",))
    old = ids(first.links)
    assert told(found.new) == [("merged", "c")]
    assert set(ids(found.links).values()) == {old["a"]}
    assert became(found.log) == {old["c"]: [old["a"]]}


def test_a_split_makes_a_new_id_for_the_smaller_part() -> None:
    first, found = days(("abc",)), days(("abc",), ("ab", "c"))
    assert told(found.new) == [("split", "c")]
    assert ids(found.links)["a"] == ids(first.links)["a"] != ids(found.links)["c"]
    assert became(found.log) == {}


def test_a_record_that_changes_its_person_is_a_move_and_retires_nobody() -> None:
    first, found = days(("abc", "de")), days(("abc", "de"), ("ab", "cde"))
    assert told(found.new) == [("moved", "c")]
    assert ids(found.links)["c"] == ids(first.links)["d"]
    assert became(found.log) == {}


def test_a_person_shared_out_became_each_of_those_who_took_the_records() -> None:
    first = days(("abc", "de", "fg"))
    found = days(("abc", "de", "fg"), ("abcd", "efg"))
    old = ids(first.links)
    assert became(found.log) == {old["d"]: sorted([old["a"], old["f"]])} or became(found.log) == {
        old["f"]: sorted([old["a"], old["d"]])
    }


def test_a_chain_of_merges_leads_to_the_id_in_use() -> None:
    first = days(("a", "bc", "defg"))
    found = days(("a", "bc", "defg"), ("abc", "defg"), ("abcdefg",))
    old = ids(first.links)
    assert became(found.log) == {old["a"]: [old["d"]], old["b"]: [old["d"]]}


def test_a_person_whose_records_are_all_withdrawn_became_nobody() -> None:
    old = ids(days(("ab", "c")).links)
    assert became(days(("ab", "c"), ("ab",)).log) == {old["c"]: []}


def test_a_retired_id_is_never_given_again() -> None:
    apart, once = ("a", "b"), ("ab",)
    history = days(apart, once, apart, once, apart)
    first = ids(days(apart).links)
    kept, retired = (first["a"], first["b"])
    if ids(days(apart, once).links)["a"] != kept:
        kept, retired = retired, kept
    assert retired not in set(ids(history.links).values())
    assert len(became(history.log)) == 2


def test_ids_that_others_made_are_refused_where_they_were_retired() -> None:
    history = days(("a", "b"), ("ab",))
    retired = next(iter(became(history.log)))
    again = links("a", "b").with_columns(
        person_id=pl.when(pl.col("record_id") == "a")
        .then(pl.lit(retired))
        .otherwise(pl.lit("P0000000000000000"))
    )
    with pytest.raises(LinkageError, match="1 ids that were retired are given to people again"):
        events(placed(history.log), again, history.log, DAY)


def test_of_two_equal_parts_the_older_id_wins() -> None:
    history = days(("a",), ("a", "b"))
    found = ids(remembered(links("ab"), history.log, None, DAY).links)
    assert found["a"] == ids(history.links)["a"]
    younger_first = days(("b",), ("a", "b"))
    found = ids(remembered(links("ab"), younger_first.log, None, DAY).links)
    assert found["a"] == ids(younger_first.links)["b"]


def test_a_history_begins_with_the_links_from_before_there_was_one() -> None:
    old = links("ab", "c")
    found = remembered(links("abc"), no_history(), old, DAY)
    assert set(ids(found.links).values()) == {"cluster ab"}
    assert [kind for kind, _ in told(found.log)] == ["created", "created", "merged"]


def test_a_history_with_a_gap_is_refused() -> None:
    log = days(("ab", "c"), ("abc",)).log
    with pytest.raises(LinkageError, match="missing or out of order"):
        checked(log.filter(pl.col("event_id") != 2))
    with pytest.raises(LinkageError, match="missing or out of order"):
        checked(log.reverse())
    with pytest.raises(FrameError, match="kind"):
        checked(log.drop("kind"))
    with pytest.raises(FrameError, match="kind"):
        checked(log.with_columns(kind=pl.lit("lost")))


def test_events_worked_out_before_another_run_wrote_are_refused() -> None:
    log = days(("ab",)).log
    late = events(placed(log), links("a", "b"), log, DAY)
    grown = remembered(links("ab", "c"), log, None, DAY).log
    with pytest.raises(LinkageError, match="its next event is 3, and these events begin with 2"):
        appended(grown, late)


# --- what rests on a changed link ----------------------------------------------------------------


def rests_on(*clusterings: tuple[str, ...]) -> dict[str, tuple[list[str], list[str], str]]:
    found = days(*clusterings)
    rows = affected(found.new, found.log).select("person_id", "became", "kinds", "records")
    return {
        person: (became, kinds, "".join(record["record_id"] for record in records))
        for person, became, kinds, records in rows.rows()
    }


def test_a_merge_touches_both_people() -> None:
    old = ids(days(("ab", "c", "x")).links)
    assert rests_on(("ab", "c", "x"), ("abc", "x")) == {
        old["a"]: ([old["a"]], ["merged"], "c"),
        old["c"]: ([old["a"]], ["merged"], "c"),
    }


def test_a_split_touches_the_person_it_came_from_and_names_both_parts() -> None:
    old = ids(days(("abc",)).links)["a"]
    new = ids(days(("abc",), ("ab", "c")).links)["c"]
    assert rests_on(("abc",), ("ab", "c")) == {old: (sorted([old, new]), ["split"], "c")}


def test_a_move_touches_both_people() -> None:
    old = ids(days(("abc", "de")).links)
    assert rests_on(("abc", "de"), ("ab", "cde")) == {
        old["a"]: (sorted([old["a"], old["d"]]), ["moved"], "c"),
        old["d"]: ([old["d"]], ["moved"], "c"),
    }


def test_new_and_withdrawn_records_change_no_link() -> None:
    assert rests_on(("ab", "c"), ("ad", "c")) == {}


# --- properties ----------------------------------------------------------------------------------

#: One linking: for each of eight records, which person it is; 0 means that its source lacks it.
CLUSTERING = st.lists(st.integers(0, 4), min_size=8, max_size=8)


def groups(drawn: list[int]) -> tuple[str, ...]:
    keys = "abcdefgh"
    people = sorted(set(drawn) - {0})
    return tuple(
        "".join(key for key, person in zip(keys, drawn, strict=True) if person == each)
        for each in people
    )


@settings(max_examples=25, deadline=None)
@given(st.lists(CLUSTERING, min_size=1, max_size=6))
def test_replaying_the_history_gives_the_links_and_ids_change_only_by_an_event(
    drawn: list[list[int]],
) -> None:
    log, ever = no_history(), set[str]()
    before: dict[str, str] = {}
    for each in drawn:
        found = remembered(links(*groups(each)), log, None, DAY)
        assert check(LinkEvents, found.log).equals(found.log)
        assert found.log.head(log.height).equals(log)
        assert placed(found.log).equals(found.links.select("source", "record_id", "person_id"))
        now = ids(found.links)
        changed = {key for key in before.keys() & now.keys() if before[key] != now[key]}
        assert changed == {
            record
            for kind, records in told(found.new.filter(pl.col("other_id").is_not_null()))
            for record in records
            if record in now
        }
        # Nobody who is gone comes back, and whoever is gone became somebody in use, or nobody.
        gone = ever - set(now.values())
        assert set(became(found.log)) == gone
        assert all(set(ends) <= set(now.values()) for ends in became(found.log).values())
        assert set(ages(found.log)["person_id"]) == ever | set(now.values())
        log, before, ever = found.log, now, ever | set(now.values())


@settings(max_examples=20, deadline=None)
@given(CLUSTERING, CLUSTERING)
def test_an_id_changes_only_where_records_part_or_come_together(
    one: list[int], other: list[int]
) -> None:
    first = remembered(links(*groups(one)), no_history(), None, DAY)
    second = remembered(links(*groups(other)), first.log, None, DAY)
    before, after = ids(first.links), ids(second.links)
    for group in groups(other):
        known = [key for key in group if key in before]
        alone = {before[key] for key in known}
        whole = {key for key in before if before[key] in alone and key in after}
        if len(alone) == 1 and whole == set(known):
            assert {after[key] for key in known} == alone
