"""What clerks say of pairs of records: kept for good, the newest of a pair binding every run."""

from collections import deque

import polars as pl

from nostop.frames import Verdicts, check, empty
from nostop.model import LinkageError

SAME, DIFFERENT, CANNOT_TELL = "same", "different", "cannot_tell"
SIDES = ["source_l", "record_id_l", "source_r", "record_id_r"]
_Record = tuple[str, str]
_Graph = dict[_Record, list[_Record]]


def no_verdicts() -> pl.DataFrame:
    """Return the verdicts before any was given."""
    return empty(Verdicts)


def binding(verdicts: pl.DataFrame) -> pl.DataFrame:
    """Return the verdicts that bind a run: the newest of each pair, if it tells.

    Args:
        verdicts: `Verdicts`, in the order in which they were given.
    Returns:
        source_l, record_id_l, source_r, record_id_r (the smaller record first) and verdict, `same`
        or `different`; sorted.
    Raises:
        FrameError: a column is missing or has another type.
        LinkageError: verdicts contradict each other, if only by way of others; the path is named.
    """
    newest = (
        smaller_first(check(Verdicts, verdicts))
        .group_by(SIDES, maintain_order=True)
        .agg(pl.col("verdict").last())
    )
    told = newest.filter(pl.col("verdict").is_in([SAME, DIFFERENT])).sort(SIDES)
    _refuse_contradiction(told)
    return told


def given(verdicts: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Return all verdicts with new ones at the end.

    Raises:
        FrameError: a column is missing or has another type, or a verdict is no word of ours.
        LinkageError: a record is compared with itself, or the verdicts that would bind then
            contradict each other.
    """
    new = check(Verdicts, new)
    itself = (pl.col("source_l") == pl.col("source_r")) & (
        pl.col("record_id_l") == pl.col("record_id_r")
    )
    if new.filter(itself).height:
        raise LinkageError("verdicts: a record is compared with itself")
    everything = pl.concat([check(Verdicts, verdicts), new])
    binding(everything)
    return everything


def smaller_first(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return pairs of records (`SIDES` and more) with the smaller record of each on the left."""
    turned = (pl.col("source_l") > pl.col("source_r")) | (
        (pl.col("source_l") == pl.col("source_r")) & (pl.col("record_id_l") > pl.col("record_id_r"))
    )
    left, right = SIDES[:2], SIDES[2:]
    return pairs.with_columns(
        pl.when(turned).then(other).otherwise(one).alias(one)
        for one, other in [*zip(left, right, strict=True), *zip(right, left, strict=True)]
    )


def _refuse_contradiction(told: pl.DataFrame) -> None:
    """Loops over verdicts, which people gave one by one; never over people."""
    same: _Graph = {}
    for left, right in _pairs(told, SAME):
        same.setdefault(left, []).append(right)
        same.setdefault(right, []).append(left)
    group = _groups(same)
    for left, right in _pairs(told, DIFFERENT):
        if left in group and group[left] == group.get(right):
            raise LinkageError(_contradiction(_path(same, left, right)))


def _pairs(told: pl.DataFrame, verdict: str) -> list[tuple[_Record, _Record]]:
    rows = told.filter(pl.col("verdict") == verdict).select(SIDES).rows()
    return [((a, b), (c, d)) for a, b, c, d in rows]


def _groups(same: _Graph) -> dict[_Record, _Record]:
    group: dict[_Record, _Record] = {}
    for start in same:
        if start in group:
            continue
        group[start] = start
        waiting = [start]
        while waiting:
            for near in same[waiting.pop()]:
                if near not in group:
                    group[near] = start
                    waiting.append(near)
    return group


def _path(same: _Graph, start: _Record, end: _Record) -> list[_Record]:
    """Return the shortest chain of `same` verdicts between two records of one group."""
    came: dict[_Record, _Record] = {start: start}
    waiting = deque([start])
    while end not in came:
        here = waiting.popleft()
        for near in same[here]:
            if near not in came:
                came[near] = here
                waiting.append(near)
    path = [end]
    while path[-1] != start:
        path.append(came[path[-1]])
    return path[::-1]


def _contradiction(path: list[_Record]) -> str:
    names = [f"{source}|{record_id}" for source, record_id in path]
    return (
        f"verdicts contradict each other: {' = '.join(names)}, but {names[0]} is said to differ "
        f"from {names[-1]}; look again at one of these pairs and give its verdict anew"
    )


def looked_at(verdicts: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs that a clerk has looked at, whatever was said: the smaller record first."""
    return smaller_first(check(Verdicts, verdicts)).select(SIDES).unique().sort(SIDES)
