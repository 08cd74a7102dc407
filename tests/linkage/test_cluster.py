"""Clusters: as sure as their weakest link, and taken apart where they contradict themselves."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

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
