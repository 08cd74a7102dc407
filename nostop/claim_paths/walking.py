"""One way through the claims of each world: claim after claim, each on top of those before it."""

from dataclasses import dataclass

import polars as pl

from nostop.claim_paths.claiming import Claiming, for_rules
from nostop.claim_paths.law import Law
from nostop.claim_paths.order import candidates, first_of
from nostop.claim_paths.results import IS_ENTITLED, results_of
from nostop.claim_paths.weighing import REASONS, weighed
from nostop.claim_paths.worlds import only, put

_KEYS = ["world", "scheme", "subject"]
#: The reasons for which a claim is not taken to be made: the path goes on without it.
_NOT_MADE = REASONS[:4]
_CONFLICT = {
    "world": pl.String(),
    "scheme": pl.String(),
    "other": pl.String(),
    "made": pl.Boolean(),
    "is_open": pl.Boolean(),
}


@dataclass(frozen=True, slots=True)
class Walk:
    """rows: one for each claim tried, as `candidates` and `weighed` have it, with `step` (null
    where the claim needs advice first) and `opens`.

    starts: what could be claimed before the first step. conflicts: world, scheme, other: a claim
    that ruled out another; `made` says whether it is one of the path's, `is_open` whether advice
    may yet find it the better one.
    """

    rows: pl.DataFrame
    starts: pl.DataFrame
    conflicts: pl.DataFrame


def walk(claiming: Claiming, left_out: pl.DataFrame) -> Walk:
    """Return the way through the claims of all worlds; what is `left_out` (world, scheme) is not
    claimed."""
    worlds, law = claiming.worlds, claiming.law
    situation = worlds.situation
    results = results_of(for_rules(situation), claiming.determine)
    starts = candidates(results, worlds, law)
    rows: list[pl.DataFrame] = []
    conflicts = [pl.DataFrame(schema=_CONFLICT)]
    done = starts.select(_KEYS).clear()
    step = 0
    while True:
        open_ = _open(candidates(results, worlds, law), done).join(
            left_out, on=["world", "scheme"], how="anti"
        )
        if open_.is_empty():
            break
        step += 1
        chosen = first_of(open_, results, law)
        here = chosen["world"].unique()
        before = results.filter(pl.col("world").is_in(here.implode()))
        found = claiming.tried(only(situation, here), before, chosen)
        weights = weighed(chosen, before, found, worlds, law)
        after = candidates(found.results, worlds, law)
        made = chosen.join(weights, on="world", how="left", validate="1:1").with_columns(
            is_made=~pl.any_horizontal(_NOT_MADE), turn=pl.lit(step)
        )
        rows.append(made.join(_opened(chosen, before, after, law), on="world", how="left",
                              validate="1:1"))  # fmt: skip
        conflicts.append(_conflicts(made, open_, _open(after, done)))
        done = pl.concat([done, chosen.select(_KEYS)])
        taken = made.filter("is_made")["world"].unique()
        if taken.len():
            situation = put(situation, only(found.situation, taken), taken)
            is_taken = pl.col("world").is_in(taken.implode())
            results = pl.concat([results.filter(~is_taken), found.results.filter(is_taken)])
    return Walk(_numbered(rows, starts), starts, pl.concat(conflicts))


def _open(found: pl.DataFrame, done: pl.DataFrame) -> pl.DataFrame:
    unblocked = found.filter(pl.col("blocked_by").is_null())
    return unblocked.join(done, on=_KEYS, how="anti")


def _opened(
    chosen: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame, law: Law
) -> pl.DataFrame:
    """World, opens: what the unit can claim after a claim and could not before, and what else the
    pack says that it opens."""
    entitled = before.filter(IS_ENTITLED).select("scheme", "subject")
    new = (
        after.filter(pl.col("blocked_by").is_null())
        .join(entitled, on=["scheme", "subject"], how="anti")
        .select("world", opens="scheme")
    )
    offers = chosen.select("world", "scheme").join(
        law.offers, on="scheme", how="inner", validate="m:m"
    )
    every = pl.concat([new, offers.select("world", opens="offer")]).unique().sort("opens")
    opened = every.group_by("world", maintain_order=True).agg("opens")
    return (
        chosen.select("world")
        .join(opened, on="world", how="left", validate="1:1")
        .with_columns(pl.col("opens").fill_null([]))
    )


def _conflicts(made: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Claims that could be made before another and no longer after it."""
    is_open = pl.col("unsettled") | pl.col("irreversible") | pl.col("other_person_affected")
    gone = before.join(after, on=_KEYS, how="anti").select("world", other="scheme")
    return (
        made.select("world", "scheme", made="is_made", is_open=is_open & ~pl.col("negative"))
        .join(gone, on="world", how="inner", validate="1:m")
        .filter(pl.col("other") != pl.col("scheme"))
        .select(*_CONFLICT)
    )


def _numbered(rows: list[pl.DataFrame], starts: pl.DataFrame) -> pl.DataFrame:
    """Number the claims of the path; those that need advice have no place in it."""
    if not rows:
        numbers = ("year_low", "year_high", "once_low", "once_high", "step", "turn")
        lists = ("loses", "opens")
        return starts.clear().with_columns(
            *(pl.lit(0, dtype=pl.Int64).alias(name) for name in numbers),
            *(pl.lit(value=False).alias(name) for name in (*_NOT_MADE, "is_made")),
            *(pl.lit([], dtype=pl.List(pl.String)).alias(name) for name in lists),
        )
    every = pl.concat(rows, how="diagonal_relaxed").sort("world", "turn")
    number = pl.col("is_made").cum_sum().over("world").cast(pl.Int64)
    return every.with_columns(step=pl.when("is_made").then(number))
