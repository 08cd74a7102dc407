"""Clusters: as sure as their weakest link, and taken apart where they contradict themselves."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from nostop.linkage.chains import without_chains
from nostop.linkage.cluster import clusters
from nostop.linkage.conflicts import without_conflicts

Link = tuple[int, int, float]
SCHEMA = {"l": pl.Int64, "r": pl.Int64, "confidence": pl.Float64}


def frame(links: list[Link]) -> pl.DataFrame:
    return pl.DataFrame(links, schema=SCHEMA, orient="row")


def nodes(count: int) -> pl.DataFrame:
    return pl.DataFrame({"node": pl.int_range(count, eager=True)})


def slow_clusters(links: list[Link], count: int) -> list[tuple[int, float]]:
    """Join the strongest links first, one by one: plain, slow, and surely right."""
    cluster, weakest = list(range(count)), [1.0] * count
    for left, right, confidence in sorted(links, key=lambda link: -link[2]):
        a, b = sorted((cluster[left], cluster[right]))
        if a != b:
            weakest[a] = min(confidence, weakest[a], weakest[b])
            cluster = [a if each == b else each for each in cluster]
    return [(each, weakest[each]) for each in cluster]


@given(
    st.lists(
        st.tuples(st.integers(0, 11), st.integers(0, 11), st.sampled_from([0.95, 0.97, 0.99])),
        unique_by=lambda link: (min(link[:2]), max(link[:2])),
        max_size=30,
    )
)
def test_clusters_agree_with_joining_one_link_at_a_time(drawn: list[Link]) -> None:
    links = [(min(a, b), max(a, b), weight) for a, b, weight in drawn if a != b]
    found = clusters(frame(links), nodes(12))
    assert found.select("cluster", "confidence").rows() == slow_clusters(links, 12)


def test_a_contradiction_is_parted_at_its_weakest_link() -> None:
    links = frame([(0, 1, 0.99), (1, 2, 0.96), (2, 3, 0.98)])
    apart = pl.DataFrame({"l": [0], "r": [3]})
    kept = without_conflicts(links, clusters(links, nodes(4)), apart)
    assert kept.select("l", "r").rows() == [(0, 1), (2, 3)]


def test_links_of_other_clusters_are_left_alone() -> None:
    links = frame([(0, 1, 0.96), (1, 2, 0.99), (3, 4, 0.5)])
    apart = pl.DataFrame({"l": [0], "r": [2]})
    kept = without_conflicts(links, clusters(links, nodes(5)), apart)
    assert kept.select("l", "r").rows() == [(1, 2), (3, 4)]


def all_pairs(several: range) -> list[Link]:
    return [(a, b, 0.99) for a in several for b in several if a < b]


def kept_of(links: list[Link], count: int) -> list[tuple[int, int]]:
    held = frame(links)
    units = nodes(count).with_columns(unit=pl.col("node"))
    left = without_chains(held, clusters(held, nodes(count)), units)
    kept: list[tuple[int, int]] = left.select("l", "r").rows()
    return kept


def test_one_link_does_not_join_two_large_groups() -> None:
    two = [*all_pairs(range(5)), *all_pairs(range(5, 10))]
    assert kept_of([*two, (4, 5, 0.97)], 10) == [link[:2] for link in sorted(two)]


def test_many_links_join_two_large_groups() -> None:
    between = [(a, b, 0.97) for a in range(3) for b in range(5, 8)]
    links = [*all_pairs(range(5)), *all_pairs(range(5, 10)), *between]
    assert len(kept_of(links, 10)) == len(links)


def test_a_short_chain_is_left_as_it_is() -> None:
    assert len(kept_of([(n, n + 1, 0.96) for n in range(5)], 6)) == 5
