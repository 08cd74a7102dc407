"""How right the links are, as clerks found: an estimate without bias, with its uncertainty."""

from math import sqrt

import polars as pl

from nostop.linkage.review import SAMPLE
from nostop.linkage.verdicts import CANNOT_TELL, DIFFERENT, SAME

#: The normal quantile of 95 per cent intervals.
Z = 1.959963984540054


def wilson(right: float, total: int) -> tuple[float, float]:
    """Return the 95 per cent Wilson interval of a share; 0 to 1 where nothing was seen."""
    if total == 0:
        return 0.0, 1.0
    share, z2 = right / total, Z * Z
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = Z * sqrt(share * (1 - share) / total + z2 / (4 * total * total)) / (1 + z2 / total)
    return max(0.0, middle - half), min(1.0, middle + half)


def tally(answers: pl.DataFrame, key: pl.DataFrame) -> pl.DataFrame:
    """Return what verdicts say of each stratum, and of all links.

    Within a stratum every pair was as likely to be drawn, so its share of "same" is without bias;
    strata count by their size (Horvitz-Thompson). The interval on the whole puts the strata's
    Wilson intervals together by their squares (MOVER), which holds where no error was seen. A pair
    of which nobody can tell counts as wrong for the lower end and as right for the upper end; a
    stratum without answers may be anything.

    Args:
        answers: task_id and verdict (`same`, `different`, `cannot_tell`, or null: no answer yet).
        key: the key of the review.
    Returns:
        One row for each stratum, then `links` on the whole: origin, stratum, population, sampled,
        same, different, cannot_tell, share (of the told, that are the same person; null where
        nothing was told), low, high.
    """
    told = key.join(answers.select("task_id", "verdict"), on="task_id", how="left", validate="m:1")
    counts = [
        (pl.col("verdict") == verdict).sum().cast(pl.Int64).alias(verdict)
        for verdict in (SAME, DIFFERENT, CANNOT_TELL)
    ]
    strata = (
        told.group_by("origin", "stratum", "population", "sampled").agg(counts).sort(
            "origin", "stratum"
        )
    )  # fmt: skip
    rows = [_with_interval(row) for row in strata.iter_rows(named=True)]
    links = [row for row in rows if row["origin"] == SAMPLE]
    whole = [_whole(links)] if links else []
    return pl.DataFrame([*rows, *whole], schema={**strata.schema, **_RESULT})


_RESULT = dict.fromkeys(("share", "low", "high"), pl.Float64)
_Row = dict[str, str | int | float | None]


def _with_interval(row: dict[str, object]) -> _Row:
    counted: _Row = dict(row)  # type: ignore[arg-type]
    same, different, open_ones = _counts(counted)
    seen = same + different + open_ones
    counted["share"] = same / (same + different) if same + different else None
    counted["low"] = wilson(same, seen)[0]
    counted["high"] = wilson(same + open_ones, seen)[1]
    return counted


def _counts(row: _Row) -> tuple[int, int, int]:
    return int(row[SAME] or 0), int(row[DIFFERENT] or 0), int(row[CANNOT_TELL] or 0)


def _whole(strata: list[_Row]) -> _Row:
    total = sum(int(row["population"] or 0) for row in strata)
    shares = [row["share"] for row in strata]
    least = greatest = below = above = 0.0
    for row in strata:
        weight = int(row["population"] or 0) / total
        same, different, open_ones = _counts(row)
        seen = same + different + open_ones
        low, high = (same / seen, (same + open_ones) / seen) if seen else (0.0, 1.0)
        least += weight * low
        greatest += weight * high
        below += (weight * (low - float(row["low"] or 0))) ** 2
        above += (weight * (float(row["high"] or 0) - high)) ** 2
    weighted = [
        int(row["population"] or 0) / total * float(share)
        for row, share in zip(strata, shares, strict=True)
        if share is not None
    ]
    return {
        "origin": SAMPLE,
        "stratum": "links",
        "population": total,
        "sampled": sum(int(row["sampled"] or 0) for row in strata),
        SAME: sum(int(row[SAME] or 0) for row in strata),
        DIFFERENT: sum(int(row[DIFFERENT] or 0) for row in strata),
        CANNOT_TELL: sum(int(row[CANNOT_TELL] or 0) for row in strata),
        "share": sum(weighted) if None not in shares else None,
        "low": max(0.0, least - sqrt(below)),
        "high": min(1.0, greatest + sqrt(above)),
    }
