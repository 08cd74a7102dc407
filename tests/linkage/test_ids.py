"""Person ids last: what is inherited, what is fresh, and what is never used twice."""

import polars as pl

from nostop.linkage.ids import held_together, relabelled, with_lasting_ids


def people(clusters: dict[int, list[str]]) -> pl.DataFrame:
    rows = [("s", key, cluster, 1.0) for cluster, keys in clusters.items() for key in keys]
    return pl.DataFrame(rows, schema=["source", "record_id", "cluster", "confidence"], orient="row")


def ids(links: pl.DataFrame) -> dict[str, str]:
    return dict(links.select("record_id", "person_id").rows())


FIRST = with_lasting_ids(people({1: ["a", "b", "c"], 2: ["d"]}), None)
OLD = ids(FIRST)


def test_ids_are_opaque_and_follow_the_first_record() -> None:
    again = with_lasting_ids(people({7: ["d"], 9: ["c", "a", "b"]}), None)
    assert ids(again) == OLD
    assert all(len(person) == 17 and person.startswith("P") for person in OLD.values())


def test_a_new_smaller_record_does_not_change_the_id() -> None:
    assert (
        ids(with_lasting_ids(people({1: ["0", "a", "b", "c"], 2: ["d"]}), FIRST))["0"] == OLD["a"]
    )


def test_a_split_leaves_the_id_with_the_greater_part_and_makes_a_fresh_one() -> None:
    found = ids(with_lasting_ids(people({1: ["a"], 2: ["d"], 3: ["b", "c"]}), FIRST))
    assert found["b"] == OLD["a"]
    assert found["a"] not in OLD.values()


def test_a_merge_keeps_the_id_of_the_greater_part() -> None:
    found = ids(with_lasting_ids(people({1: ["a", "b", "c", "d"]}), FIRST))
    assert set(found.values()) == {OLD["a"]}


def test_an_unchanged_run_changes_no_id() -> None:
    assert with_lasting_ids(people({5: ["d"], 6: ["a", "b", "c"]}), FIRST).equals(FIRST)


def test_of_two_equal_parts_the_older_id_wins_whatever_the_ids_are() -> None:
    pair = with_lasting_ids(people({1: ["a"], 2: ["b"]}), None)
    old = ids(pair)
    for first, second in (("a", "b"), ("b", "a")):
        ages = pl.DataFrame({"person_id": [old[first], old[second]], "age": [1, 2]})
        found = with_lasting_ids(people({7: ["a", "b"]}), pair, ages)
        assert set(ids(found).values()) == {old[first]}


def test_an_id_that_was_ever_used_is_not_made_again() -> None:
    ages = pl.DataFrame({"person_id": [OLD["d"]], "age": [1]})
    found = with_lasting_ids(people({1: ["d"]}), None, ages)
    assert ids(found)["d"] != OLD["d"]


def test_ids_by_history_say_only_who_is_together() -> None:
    other = FIRST.with_columns(person_id="other " + pl.col("person_id"))
    assert relabelled(other, FIRST).equals(FIRST)


def test_who_was_one_person_stays_together_above_the_lower_bar() -> None:
    records = pl.DataFrame({"source": "s", "record_id": ["a", "b", "c", "d"], "node": [1, 2, 3, 4]})
    pairs = pl.DataFrame(
        {"l": [1, 2, 1, 3], "r": [2, 3, 3, 4], "confidence": [0.92, 0.85, 0.91, 0.94]}
    )
    kept = held_together(pairs, records, FIRST, stay_at=0.9)
    # b and c are below the bar, d was another person.
    assert kept.select("l", "r").rows() == [(1, 2), (1, 3)]
