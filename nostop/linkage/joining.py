"""Links joined into people, within what guards, sources and verdicts allow."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import polars as pl

from nostop.linkage.binding import Bound, lifted
from nostop.linkage.chains import without_chains
from nostop.linkage.cluster import clusters
from nostop.linkage.conflicts import (
    forbidden_within,
    within_clusters,
    without_conflicts,
    without_forks,
)
from nostop.linkage.doubt import found_doubt, lone
from nostop.linkage.model import Model, with_confidence
from nostop.linkage.nodes import Mentions, extra_columns, linkable
from nostop.linkage.pairs import SURE, Doubt, allowed, coincidence, features
from nostop.linkage.scoring import Scorer, scorer
from nostop.linkage.weighing import Weighing

#: The lowest probability at which two mentions are joined.
LINK_AT = 0.9


@dataclass(frozen=True, slots=True)
class Joined:
    """Links (l, r, confidence), and the node, cluster and confidence that they make."""

    links: pl.DataFrame
    placed: pl.DataFrame


class Run:
    """What keeps mentions apart or together whatever the links say: guards, sources, verdicts."""

    def __init__(self, said: Mentions, verdicts: Bound, deduplicated: frozenset[str]) -> None:
        self._said = said
        self._verdicts = verdicts
        self._always = pl.concat([_row_mates(said.records), verdicts.different]).unique()
        self._deduplicated = sorted(deduplicated)
        self._sure = said.nodes.select("node", cluster="node")
        self._doubt = SURE

    def surely(self, placed: pl.DataFrame) -> None:
        """Keep who is surely one person: a clerk who joins two records joins whole people."""
        self._sure = placed.select("node", "cluster")

    @property
    def doubt(self) -> Doubt:
        """What the records put in doubt, once `scored` has seen them."""
        return self._doubt

    def has_partners(self) -> bool:
        """Return whether every source has one record a person, so that nobody has two partners in
        one of them."""
        sources = self._said.records["source"].unique().sort().to_list()
        return len(sources) > 1 and sources == self._deduplicated

    def alone(self, placed: pl.DataFrame) -> pl.DataFrame:
        """Return the nodes that are linked to no other."""
        return placed.filter(pl.len().over("cluster") == 1).select("node")

    def scored(self, exact: pl.DataFrame, compared: pl.DataFrame) -> Joined:
        """Return the exact links and the scored ones that guards allow.

        Args:
            exact: links that need no score.
            compared: scored pairs with how their fields compare (see pairs.features).
        """
        columns = ["l", "r", "confidence"]
        good = compared.filter(allowed()).select(columns)
        first = self.joined(without_forks(pl.concat([exact, good]), self._said.nodes))
        unexplained = lone(compared, first.placed, self._said.records)
        if self._doubt == SURE:
            self._doubt = found_doubt(unexplained, first.placed)
        if self._doubt == SURE:
            return first
        more = unexplained.filter(allowed(self._doubt)).select(columns)
        return self.joined(pl.concat([first.links, good, more]))

    def joined(self, links: pl.DataFrame) -> Joined:
        """Return the links, and the clusters they make, that nothing forbids."""
        bound_links = pl.concat([links, self._verdicts.same.with_columns(confidence=pl.lit(1.0))])
        best = bound_links.group_by("l", "r").agg(pl.col("confidence").max()).sort("l", "r")
        first = best.join(self._verdicts.same, on=["l", "r"], how="semi")
        placed = clusters(best, self._said.nodes)
        whole = without_chains(best, placed, self._sure.rename({"cluster": "unit"}))
        if whole.height < best.height:
            best = pl.concat([whole, first]).unique().sort("l", "r")
            placed = clusters(best, self._said.nodes)
        forbidden = self._forbidden(placed)
        sound = without_conflicts(best, placed, forbidden, first)
        if sound.height == best.height:
            return Joined(best, placed)
        return Joined(sound, clusters(sound, self._said.nodes))

    def _forbidden(self, placed: pl.DataFrame) -> pl.DataFrame:
        guarded = pl.concat(
            [
                forbidden_within(placed, self._said.nodes, self._doubt),
                _one_a_person(self._said.records, placed, self._deduplicated),
                self._always,
            ]
        ).unique()
        return lifted(guarded, self._sure, self._verdicts)


def _row_mates(records: pl.DataFrame) -> pl.DataFrame:
    """Return pairs of nodes that one source row mentions: claimant and partner are two people."""
    side = records.drop_nulls("row_key").select("row_key", "node")
    return within_clusters(side, ["row_key"])


def _one_a_person(
    records: pl.DataFrame, placed: pl.DataFrame, deduplicated: list[str]
) -> pl.DataFrame:
    """Return pairs of one cluster from a source that has one record a person."""
    single = records.filter(pl.col("source").is_in(deduplicated)).select("source", "node").unique()
    return within_clusters(
        single.join(placed.select("node", "cluster"), on="node", how="left", validate="m:1"),
        ["cluster", "source"],
    )


def variants(nodes: pl.DataFrame, placed: pl.DataFrame) -> pl.DataFrame:
    """Return each exactly linked person's distinct forms, what is silent filled where the person's
    mentions agree.

    `node` is the smallest node of a form; `cluster` the exact cluster.
    """
    extras = extra_columns(nodes)
    filled = ["nino", "middle", "born_on", "sex", "dwelling", "postcode", *extras]
    known = nodes.filter(linkable()).join(
        placed.select("node", "cluster"), on="node", how="left", validate="1:1"
    )
    agreed = known.group_by("cluster").agg(
        pl.when(pl.col(column).drop_nulls().n_unique() == 1)
        .then(pl.col(column).drop_nulls().first())
        .alias(f"{column}_agreed")
        for column in filled
    )
    complete = known.join(agreed, on="cluster", how="left", validate="m:1").with_columns(
        pl.coalesce(column, f"{column}_agreed").alias(column) for column in filled
    )
    form = ["cluster", "first", "surname", *filled]
    rest = [
        "parts",
        "line",
        "town",
        "families",
        "initials",
        "first_sound",
        "said_last",
        "bearers",
        "beside",
        "node",
    ]
    return (
        complete.select(*form, *rest).sort("node").unique(form, keep="first", maintain_order=True)
    )


#: Scores all pairs, or those among some nodes.
_Scored = Callable[[pl.DataFrame | None], pl.DataFrame]


def _by_settled(settled: Weighing, forms: pl.DataFrame, some: pl.DataFrame | None) -> pl.DataFrame:
    return settled.score(forms if some is None else forms.join(some, on="node", how="semi"))


def _by_learnt(model: Model, scores: Scorer, some: pl.DataFrame | None) -> pl.DataFrame:
    pairs = scores.pairs() if some is None else scores.pairs_left(some)
    return with_confidence(pairs, model)


class Comparing:
    """Scores of the forms of people, with how their fields compare (see pairs.features)."""

    def __init__(self, nodes: pl.DataFrame, placed: pl.DataFrame, model: Model | Weighing) -> None:
        told = pl.any_horizontal(pl.col("born_on", *extra_columns(nodes)).is_not_null())
        self._forms = variants(nodes, placed).filter(told)
        # Weights that are settled say what they said of the whole; others are learnt from here.
        self._scored: _Scored = (
            partial(_by_settled, model, self._forms)
            if isinstance(model, Weighing)
            else partial(_by_learnt, model, scorer(self._forms, model.weights))
        )

    def all(self, least: float = LINK_AT) -> pl.DataFrame:
        """Return the pairs sure enough to join, or of at least another confidence."""
        return self._sure(self._scored(None), least)

    def left(self, nodes: pl.DataFrame) -> pl.DataFrame:
        """Return the pairs among nodes that are left without a partner."""
        return self._sure(self._scored(nodes))

    def _sure(self, pairs: pl.DataFrame, least: float = LINK_AT) -> pl.DataFrame:
        sure = pairs.filter(pl.col("confidence") >= least)
        compared = features(sure, self._forms)
        if extra_columns(self._forms):
            return compared
        return compared.filter(~coincidence())
