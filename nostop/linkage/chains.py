"""Links that hold large clusters together by a thread, dropped.

One wrong link between two people of ten records each says that a hundred pairs are one person. Two
groups are joined only if, over all pairs between them, enough is known to be linked (average
linkage). A group of eight takes a ninth on one link; seven are the fewest that are ever parted.
"""

import heapq
from dataclasses import dataclass, field

import polars as pl

#: The least mean support of all pairs between two groups that are joined.
LEAST_SUPPORT = 0.1
#: So many units, with so little support, can be held by a thread.
_FEWEST = 7


def without_chains(links: pl.DataFrame, placed: pl.DataFrame, units: pl.DataFrame) -> pl.DataFrame:
    """Return the links without those between groups that average linkage keeps apart.

    Args:
        links: `l`, `r`, `confidence`.
        placed: node and cluster, as the links make them.
        units: node and `unit`: what is surely one person, and counts once.
    """
    where = placed.select("node", "cluster").join(units, on="node", how="left", validate="1:1")
    many = where.group_by("cluster").agg(units=pl.col("unit").n_unique())
    large = where.join(many.filter(pl.col("units") >= _FEWEST), on="cluster", how="semi")
    if not large.height:
        return links
    unit = large.select("node", "unit")
    told = (
        links.join(unit, left_on="l", right_on="node", how="left", validate="m:1")
        .join(unit, left_on="r", right_on="node", how="left", validate="m:1")
        .with_columns(pl.col("unit").fill_null(-1), pl.col("unit_right").fill_null(-1))
    )
    across = told.filter(pl.col("unit") != pl.col("unit_right"))
    edges = (
        across.select(
            "confidence",
            a=pl.min_horizontal("unit", "unit_right"),
            b=pl.max_horizontal("unit", "unit_right"),
        )
        .group_by("a", "b")
        .agg(pl.col("confidence").max())
        .sort(-pl.col("confidence"), "a", "b")
    )
    group = _grouped(edges)
    same = told.with_columns(
        pl.col("unit").replace(group), pl.col("unit_right").replace(group)
    ).filter(pl.col("unit") == pl.col("unit_right"))
    return same.select(links.columns).sort("l", "r")


@dataclass(slots=True)
class _Groups:
    """Groups by their smallest unit: how large, and what links them to which others."""

    size: dict[int, int] = field(default_factory=dict)
    links: dict[int, dict[int, tuple[float, float]]] = field(default_factory=dict)
    queue: list[tuple[float, float, int, int]] = field(default_factory=list)

    def support(self, a: int, b: int) -> float:
        return self.links[a][b][0] / (self.size[a] * self.size[b])

    def offer(self, a: int, b: int) -> None:
        support = self.support(a, b)
        if support >= LEAST_SUPPORT:
            ends = (min(a, b), max(a, b))
            heapq.heappush(self.queue, (-support, -self.links[a][b][1], *ends))

    def stands(self, support: float, a: int, b: int) -> bool:
        """Return whether an offer is still what it was when it was made."""
        return b in self.links.get(a, {}) and self.support(a, b) == support

    def merge(self, a: int, b: int) -> None:
        """Make `b` part of `a`."""
        del self.links[a][b], self.links[b][a]
        self.size[a] += self.size.pop(b)
        for other, (total, best) in self.links.pop(b).items():
            del self.links[other][b]
            before = self.links[a].get(other, (0.0, 0.0))
            both = (before[0] + total, max(before[1], best))
            self.links[a][other] = self.links[other][a] = both
        for other in self.links[a]:
            self.offer(a, other)


def _grouped(edges: pl.DataFrame) -> dict[int, int]:
    """Return the group (its smallest unit) of every unit that is not its own group.

    A loop in Python: it sees only clusters of seven units and more.
    """
    groups = _Groups()
    for a, b, confidence in edges.select("a", "b", "confidence").iter_rows():
        for one, other in ((a, b), (b, a)):
            groups.size.setdefault(one, 1)
            groups.links.setdefault(one, {})[other] = (confidence, confidence)
        groups.offer(a, b)
    moved: dict[int, int] = {}
    while groups.queue:
        support, _, a, b = heapq.heappop(groups.queue)
        if groups.stands(-support, a, b):
            groups.merge(a, b)
            moved[b] = a
    for unit in sorted(moved):
        whole = moved[unit]
        while whole in moved:
            whole = moved[whole]
        moved[unit] = whole
    return moved
