"""Person ids last: what is inherited, what is fresh, and what is never used twice."""

import polars as pl

from nostop.linkage.ids import with_lasting_ids


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
