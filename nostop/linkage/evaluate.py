"""How right the links are, against a map of who is who: in all, by group, and as sure as said."""

from dataclasses import dataclass

import polars as pl

from nostop.linkage.tally import wilson

_KEY = ["source", "record_id"]
#: Bands of confidence within which people are as often right as said.
BANDS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 1.0)


@dataclass(frozen=True, slots=True)
class LinkQuality:
    """Of the pairs linked, how many are right; of the true pairs, how many are linked."""

    precision: float
    recall: float
    pairs_linked: int
    pairs_true: int
    pairs_right: int

    @property
    def precision_interval(self) -> tuple[float, float]:
        """The 95 per cent Wilson interval of the precision."""
        return wilson(self.pairs_right, self.pairs_linked)

    @property
    def recall_interval(self) -> tuple[float, float]:
        """The 95 per cent Wilson interval of the recall."""
        return wilson(self.pairs_right, self.pairs_true)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def evaluate(links: pl.DataFrame, truth: pl.DataFrame) -> LinkQuality:
    """Compare `Links` with who is who (source, record_id, person_id), over records both hold."""
    both = _both(links, truth)
    return _quality(
        _pairs(both, ["found", "true"]), _pairs(both, ["found"]), _pairs(both, ["true"])
    )


@dataclass(frozen=True, slots=True)
class ClusterQuality:
    """People as wholes.

    precision, recall: B-cubed: of a record's companions, how many are right; of those it should
        have, how many are there; averaged over records, itself counted.
    exact: the share of true people whose records are together and with nobody else's.
    people: how many true people there are.
    """

    precision: float
    recall: float
    exact: float
    people: int


def evaluate_clusters(links: pl.DataFrame, truth: pl.DataFrame) -> ClusterQuality:
    """Compare people as wholes: arguments as `evaluate`."""
    both = _both(links, truth).with_columns(
        shared=pl.len().over("found", "true").cast(pl.Float64),
        linked=pl.len().over("found").cast(pl.Float64),
        due=pl.len().over("true").cast(pl.Float64),
    )
    whole = both.group_by("true").agg(
        exact=((pl.col("shared") == pl.col("linked")) & (pl.col("shared") == pl.col("due"))).all()
    )
    told = both.select(p=pl.col("shared") / pl.col("linked"), r=pl.col("shared") / pl.col("due"))
    return ClusterQuality(
        precision=_mean(told["p"]),
        recall=_mean(told["r"]),
        exact=_mean(whole["exact"].cast(pl.Float64)),
        people=whole.height,
    )


def by_group(links: pl.DataFrame, truth: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return the quality within each group of records.

    A pair counts once for each group that one of its two records is in.

    Args:
        links: `Links`.
        truth: source, record_id, person_id and `column`; null is a group of its own.
        column: what the groups are: sex, age band, origin of a name, area.
    Returns:
        group, records, precision, precision_low, precision_high, recall, recall_low, recall_high,
        pairs_true; sorted.
    """
    group = pl.col(column).cast(pl.String).fill_null("not recorded").alias("group")
    both = _both(links, truth, group)
    counts = [
        _group_pairs(both, key).rename({"pairs": name})
        for key, name in (
            (["found", "true"], "right"), (["found"], "linked"), (["true"], "due"),
        )
    ]  # fmt: skip
    told = both.group_by("group").agg(records=pl.len()).sort("group")
    for count in counts:
        told = told.join(count, on="group", how="left", validate="1:1")
    rows = []
    for group, records, right, linked, due in told.iter_rows():
        quality = _quality(int(right), int(linked), int(due))
        rows.append(
            {
                "group": group,
                "records": records,
                "precision": quality.precision,
                "precision_low": quality.precision_interval[0],
                "precision_high": quality.precision_interval[1],
                "recall": quality.recall,
                "recall_low": quality.recall_interval[0],
                "recall_high": quality.recall_interval[1],
                "pairs_true": int(due),
            }
        )
    return pl.DataFrame(rows)


def calibration(links: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """Return, for each band of confidence, how often people so sure are one person.

    Args:
        links: `Links`.
        truth: source, record_id, person_id.
    Returns:
        band (its lower end), people (of two records and more), said (their mean confidence), right
        (the share of them that are one person), right_low, right_high; sorted.
    """
    people = (
        _both(links, truth)
        .join(links.select(*_KEY, "confidence"), on=_KEY, how="left", validate="1:1")
        .group_by("found")
        .agg(records=pl.len(), one=pl.col("true").n_unique() == 1, said=pl.col("confidence").min())
        .filter(pl.col("records") > 1)
    )
    lower = pl.lit(BANDS[0])
    for begin in BANDS[1:-1]:
        lower = pl.when(pl.col("said") >= begin).then(begin).otherwise(lower)
    told = (
        people.with_columns(band=lower)
        .group_by("band")
        .agg(people=pl.len(), said=pl.col("said").mean(), right=pl.col("one").sum())
        .sort("band")
    )
    low, high = (
        zip(*(wilson(r, n) for n, r in told.select("people", "right").iter_rows()), strict=True)
        if told.height
        else ((), ())
    )
    return told.with_columns(
        right=pl.col("right") / pl.col("people"),
        right_low=pl.Series(low, dtype=pl.Float64),
        right_high=pl.Series(high, dtype=pl.Float64),
    )


def _both(links: pl.DataFrame, truth: pl.DataFrame, *groups: pl.Expr) -> pl.DataFrame:
    """Return who each record that both hold is said to be (`found`) and is (`true`), and its
    groups."""
    true = truth.select(*_KEY, *groups, true="person_id")
    found = links.select(*_KEY, found="person_id")
    return found.join(true, on=_KEY, how="inner", validate="1:1")


def _quality(right: int, linked: int, true: int) -> LinkQuality:
    return LinkQuality(
        precision=right / linked if linked else 1.0,
        recall=right / true if true else 1.0,
        pairs_linked=linked,
        pairs_true=true,
        pairs_right=right,
    )


def _group_pairs(both: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Count the pairs of which a record is in each group: all of a set, less those of the rest."""
    size, own = pl.col("size").cast(pl.Int64), pl.col("own").cast(pl.Int64)
    rest = size - own
    sets = (
        both.with_columns(size=pl.len().over(key))
        .group_by(*key, "group")
        .agg(own=pl.len(), size=pl.col("size").first())
    )
    pairs = size * (size - 1) // 2 - rest * (rest - 1) // 2
    return sets.group_by("group").agg(pairs=pairs.sum())


def _mean(values: pl.Series) -> float:
    return float(values.mean()) if values.len() else 1.0  # type: ignore[arg-type]


def _pairs(frame: pl.DataFrame, key: list[str]) -> int:
    size = pl.col("len").cast(pl.Int64)
    return int(frame.group_by(key).len().select((size * (size - 1) // 2).sum()).item())
