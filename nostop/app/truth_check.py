"""How much of the truth a run on made-up people found. The only reader of `truth/`; no stage of a
run may read it.

It measures what linkage and missing facts lose. It cannot say whether the rules are right: the same
rules made the truth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from nostop import linkage
from nostop.model import SettingsError
from nostop.rulebook import Rulebook

ENTITLED = "flagged entitled"
WORTH_ASKING = "flagged worth asking"
_RUN_FILES = ("links.parquet", "people.parquet", "determinations.parquet")
_TRUTH_FILES = ("record_map.parquet", "people.parquet", "determinations.parquet")


@dataclass(frozen=True, slots=True)
class Truth:
    """Who is who and what is true, for made-up people.

    links: source, record_id, true_person_id.
    people: true_person_id, true_unit_id, is_adult.
    awards: true_unit_id, scheme, entitled, claimed, amount: what the rules give on the full true
        circumstances, and who claims.
    """

    links: pl.DataFrame
    people: pl.DataFrame
    awards: pl.DataFrame


@dataclass(frozen=True, slots=True)
class TruthCheck:
    """What the run found of the truth.

    precision, recall: of pairs of records said to be one person.
    unclaimed: scheme, fate, awards: every truly unclaimed award, flagged or the reason why not.
    entitled_flags, worth_asking_flags: scheme, verdict, flags: every flag, right or the reason why
        it is wrong.
    """

    precision: float
    recall: float
    unclaimed: pl.DataFrame
    entitled_flags: pl.DataFrame
    worth_asking_flags: pl.DataFrame

    def share_unclaimed(self, fate: str) -> float | None:
        """Return the share of all truly unclaimed awards with one fate."""
        return _share(self.unclaimed, pl.col("fate") == fate, "awards")

    def share_entitled_wrong(self) -> float | None:
        """Return the share of `entitled` flags that are wrong."""
        return _share(self.entitled_flags, pl.col("verdict") != "right", "flags")

    def share_worth_asking_right(self) -> float | None:
        """Return the share of `worth_asking` flags that are right."""
        return _share(self.worth_asking_flags, pl.col("verdict") == "right", "flags")


def check(
    links: pl.DataFrame, people: pl.DataFrame, determinations: pl.DataFrame, truth: Truth
) -> TruthCheck:
    """Hold a run against the truth: the schemes that are decided for a benefit unit, for the truth
    knows whose award is due by benefit units.

    Args:
        links: `Links` of the run.
        people: person_id, benefit_unit_id, role of the run.
        determinations: `Determinations` of the run, before or after claimed rows are withheld,
            `with_unaskable`.
        truth: who is who and what is true.
    """
    score = linkage.evaluate(links, truth.links.rename({"true_person_id": "person_id"}))
    units = _units(links, people, truth)
    of_units = pl.col("benefit_unit_id").is_not_null() & pl.col("person_id").is_null()
    others = determinations.filter(~of_units)["scheme"].unique()
    flagged = determinations.filter(of_units)
    truth = replace(truth, awards=truth.awards.filter(~pl.col("scheme").is_in(others.implode())))
    return TruthCheck(
        precision=score.precision,
        recall=score.recall,
        unclaimed=_fates(units, flagged, truth),
        entitled_flags=_verdicts(units, flagged.filter(_is_entitled_flag()), truth),
        worth_asking_flags=_verdicts(units, flagged.filter(_is_worth_asking_flag()), truth),
    )


def with_unaskable(
    determinations: pl.DataFrame, askable: Mapping[str, Sequence[str]]
) -> pl.DataFrame:
    """Add `unaskable`: the first missing fact that the scheme's pack does not say to ask a person
    for."""
    first = pl.lit(None, pl.String)
    for scheme, facts in sorted(askable.items()):
        left = pl.col("missing").list.eval(pl.element().filter(~pl.element().is_in(list(facts))))
        first = pl.when(pl.col("scheme") == scheme).then(left.list.first()).otherwise(first)
    return determinations.with_columns(unaskable=first)


def _is_entitled_flag() -> pl.Expr:
    return (~pl.col("claimed") & (pl.col("outcome") == "entitled")).fill_null(value=False)


def _is_worth_asking_flag() -> pl.Expr:
    return (~pl.col("claimed") & pl.col("worth_asking")).fill_null(value=False)


def _person_map(links: pl.DataFrame, truth_links: pl.DataFrame) -> pl.DataFrame:
    """Return person_id, true_person_id (the true person of most of the person's records) and
    `whole`.

    `whole` is true where the person's records are all the records of that true person, and no
    other's.
    """
    key = ["source", "record_id"]
    counted = (
        links.join(truth_links, on=key, how="inner", validate="1:1")
        .group_by("person_id", "true_person_id")
        .agg(pl.len())
    )
    pieces = counted.group_by("true_person_id").agg(pl.len().alias("pieces"))
    return (
        counted.with_columns(pl.len().over("person_id").alias("mixed"))
        .sort("len", "true_person_id", descending=[True, False])
        .unique("person_id", keep="first", maintain_order=True)
        .join(pieces, on="true_person_id", how="left", validate="m:1")
        .select(
            "person_id", "true_person_id", whole=(pl.col("mixed") == 1) & (pl.col("pieces") == 1)
        )
    )


def _units(links: pl.DataFrame, people: pl.DataFrame, truth: Truth) -> pl.DataFrame:
    """Return benefit_unit_id, true_unit_id, `whole`, `same`: pairs of a unit of the run and a true
    one that share an adult.

    `whole`: every member's records are linked without fault. `same`: the two units have the same
    members.
    """
    mapped = people.join(
        _person_map(links, truth.links), on="person_id", how="left", validate="1:1"
    ).join(truth.people, on="true_person_id", how="left", validate="m:1")
    ours = mapped.group_by("benefit_unit_id").agg(
        members=pl.col("true_person_id").sort().cast(pl.String).fill_null("?").str.join(" "),
        whole=pl.col("whole").fill_null(value=False).all(),
    )
    true = truth.people.group_by("true_unit_id").agg(
        true_members=pl.col("true_person_id").sort().cast(pl.String).str.join(" ")
    )
    adults = mapped.filter((pl.col("role") == "adult") & pl.col("is_adult"))
    return (
        adults.select("benefit_unit_id", "true_unit_id")
        .unique()
        .join(ours, on="benefit_unit_id", how="left", validate="m:1")
        .join(true, on="true_unit_id", how="left", validate="m:1")
        .select(
            "benefit_unit_id",
            "true_unit_id",
            "whole",
            same=pl.col("members") == pl.col("true_members"),
        )
    )


def _fates(units: pl.DataFrame, determinations: pl.DataFrame, truth: Truth) -> pl.DataFrame:
    """Return scheme, fate, awards: what became of every award that is truly due and truly not
    claimed."""
    due = truth.awards.filter(pl.col("entitled") & ~pl.col("claimed"))
    seen = due.select("scheme", "true_unit_id").join(
        units, on="true_unit_id", how="left", validate="m:m"
    )
    rows = determinations.select(
        "benefit_unit_id", "scheme", "outcome", "claimed", "worth_asking", "unaskable"
    )
    judged = seen.join(
        rows, on=["benefit_unit_id", "scheme"], how="left", validate="m:1"
    ).with_columns(fate=_fate())
    # A true unit may be seen as several: its best fate is what a person would meet.
    rank = (
        pl.when(pl.col("fate") == ENTITLED)
        .then(0)
        .when(pl.col("fate") == WORTH_ASKING)
        .then(1)
        .otherwise(2)
    )
    return (
        judged.sort(rank, "fate")
        .unique(["true_unit_id", "scheme"], keep="first", maintain_order=True)
        .group_by("scheme", "fate")
        .agg(pl.len().cast(pl.Int64).alias("awards"))
        .sort("scheme", "awards", "fate", descending=[False, True, False])
    )


def _fate() -> pl.Expr:
    unaskable = pl.concat_str(pl.lit("missing, and not to be asked for: "), "unaskable")
    return (
        pl.when(_is_entitled_flag())
        .then(pl.lit(ENTITLED))
        .when(_is_worth_asking_flag())
        .then(pl.lit(WORTH_ASKING))
        .when(pl.col("benefit_unit_id").is_null())
        .then(pl.lit("no adult of the benefit unit is found in any feed"))
        .when(pl.col("claimed"))
        .then(pl.lit("receipt: somebody else's award is linked, or theirs is out of date"))
        .when(pl.col("claimed").is_null())
        .then(pl.lit("receipt is not known"))
        .when(~pl.col("whole"))
        .then(pl.lit("linkage: a member's records are split, or mixed with another's"))
        .when(~pl.col("same"))
        .then(pl.lit("benefit unit put together wrongly"))
        .when(pl.col("outcome") == "unknown")
        .then(unaskable.fill_null("unknown, and a condition that records decide is not met"))
        .otherwise(pl.lit("a fact in the feeds differs from the truth"))
    )


def _verdicts(units: pl.DataFrame, flags: pl.DataFrame, truth: Truth) -> pl.DataFrame:
    """Return scheme, verdict, flags: each flag is right if a true unit behind it is entitled and
    does not claim."""
    behind = (
        flags.select("benefit_unit_id", "scheme")
        .join(units, on="benefit_unit_id", how="left", validate="m:m")
        .join(truth.awards, on=["true_unit_id", "scheme"], how="left", validate="m:1")
        .with_columns(verdict=_verdict())
    )
    rank = pl.when(pl.col("verdict") == "right").then(0).otherwise(1)
    return (
        behind.sort(rank, "verdict")
        .unique(["benefit_unit_id", "scheme"], keep="first", maintain_order=True)
        .group_by("scheme", "verdict")
        .agg(pl.len().cast(pl.Int64).alias("flags"))
        .sort("scheme", "flags", "verdict", descending=[False, True, False])
    )


def _verdict() -> pl.Expr:
    entitled, claimed = (
        pl.col("entitled").fill_null(value=False),
        pl.col("claimed").fill_null(value=False),
    )
    return (
        pl.when(entitled & ~claimed)
        .then(pl.lit("right"))
        .when(pl.col("true_unit_id").is_null())
        .then(pl.lit("no true person behind it"))
        .when(claimed)
        .then(pl.lit("truly claimed: the award was not found"))
        .when(~pl.col("whole"))
        .then(pl.lit("linkage: a member's records are split, or mixed with another's"))
        .when(~pl.col("same"))
        .then(pl.lit("benefit unit put together wrongly"))
        .otherwise(
            pl.lit("truly not entitled: a fact differs, or the person would learn it when asked")
        )
    )


def _share(frame: pl.DataFrame, rows: pl.Expr, count: str) -> float | None:
    """Return the share of `count` in the rows; None over nothing."""
    total = int(frame[count].sum())
    return int(frame.filter(rows)[count].sum()) / total if total else None


def check_folder(run_dir: Path, feeds: Path, rulebook: Rulebook) -> TruthCheck:
    """Hold the results of a run in its folder against the truth beside its feeds.

    What a run withholds does not matter here: it judges only what is not claimed.

    Raises:
        SettingsError: a file of either is missing.
    """
    links, people, determinations = (_read(run_dir, name) for name in _RUN_FILES)
    askable = {scheme: pack.ask_person for scheme, pack in rulebook.packs.items()}
    return check(links, people, with_unaskable(determinations, askable), read_truth(feeds))


def truth_dir(feeds: Path) -> Path:
    """Return the folder of the truth beside feeds that `nostop synth` made."""
    return feeds / "truth"


def read_truth(folder: Path) -> Truth:
    """Read the truth that `nostop synth` wrote beside its feeds.

    Raises:
        SettingsError: a file of it is missing.
    """
    records, people, due = (_read(truth_dir(folder), name) for name in _TRUTH_FILES)
    return Truth(
        links=records.select("source", "record_id", true_person_id="person_id"),
        people=people.select(
            true_person_id="person_id",
            true_unit_id="benefit_unit_id",
            is_adult=pl.col("role") == "adult",
        ),
        awards=due.filter(pl.col("benefit_unit_id").is_not_null()).select(
            "scheme",
            "claimed",
            "amount",
            true_unit_id="benefit_unit_id",
            entitled=pl.col("outcome") == "entitled",
        ),
    )


def _read(folder: Path, name: str) -> pl.DataFrame:
    if not (folder / name).is_file():
        raise SettingsError(
            f"{folder / name}: is missing, so there is nothing to hold against the truth"
        )
    return pl.read_parquet(folder / name)
