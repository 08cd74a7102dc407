"""Benefit units: one adult or a couple, and the children who depend on them."""

import polars as pl

from nostop.linkage.addresses import communal
from nostop.linkage.couples import PERHAPS_A_COUPLE, couples, perhaps_couples

#: A child, and a qualifying young person who is in education that counts
#: (Child Benefit (General) Regulations 2006 regs 2 and 3).
CHILD_UNTIL_YEARS = 16
YOUNG_PERSON_UNTIL_YEARS = 20
_COUNTING_EDUCATION = ["school", "further"]


def benefit_units(people: pl.DataFrame, relations: pl.DataFrame) -> pl.DataFrame:
    """Return people with `benefit_unit_id`, `role`, `dwelling` (their unit's) and `confidence`.

    Args:
        people: person_id, born_on, age (full years, null = unknown), sex, surname, education,
            is_claimed_for (Child Benefit is claimed for them), dwelling, address_rank, confidence.
        relations: person_id, other_id, relation, as_of, rank: between these people only.
    """
    placed = people.with_columns(young=_young())
    grown = placed.filter(~pl.col("young"))
    among = _among(relations, grown)
    pairs = couples(among, grown)
    adults = _less_sure_singles(_adults(grown, pairs), among)
    children = _children(placed.filter("young"), adults, relations)
    return _with_ids(pl.concat([adults, children], how="diagonal"))


def _young() -> pl.Expr:
    studies = pl.col("education").is_in(_COUNTING_EDUCATION).fill_null(value=False)
    counts = studies | pl.col("is_claimed_for").fill_null(value=False)
    young = (pl.col("age") < CHILD_UNTIL_YEARS) | (
        (pl.col("age") < YOUNG_PERSON_UNTIL_YEARS) & counts
    )
    # Only adults are mentioned without a birth date: liable people, contacts of pupils.
    return young.fill_null(value=False)


def _among(relations: pl.DataFrame, grown: pl.DataFrame) -> pl.DataFrame:
    """Drop partner and liability relations of children; keep who has which child."""
    of_adult = relations.join(grown, on="person_id", how="semi")
    both = of_adult.join(grown, left_on="other_id", right_on="person_id", how="semi")
    return pl.concat(
        [both.filter(pl.col("relation") != "child"), of_adult.filter(pl.col("relation") == "child")]
    )


def _adults(grown: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return grown people with `head`, the smallest person id of their unit, and `is_single`."""
    sides = pl.concat(
        [
            pairs.select(person_id="a", head="a", other="b", couple_confidence="confidence"),
            pairs.select(person_id="b", head="a", other="a", couple_confidence="confidence"),
        ]
    )
    joined = grown.join(sides, on="person_id", how="left", validate="1:1")
    other = grown.select(other="person_id", other_confidence="confidence")
    joined = joined.join(other, on="other", how="left", validate="m:1")
    return joined.with_columns(
        role=pl.lit("adult"),
        is_single=pl.col("head").is_null(),
        head=pl.coalesce("head", "person_id"),
        confidence=pl.min_horizontal("confidence", "couple_confidence", "other_confidence"),
    ).drop("other", "other_confidence", "couple_confidence")


def _less_sure_singles(adults: pl.DataFrame, relations: pl.DataFrame) -> pl.DataFrame:
    crowd = communal(adults.drop_nulls("dwelling"))
    at_home = adults.join(crowd, on="dwelling", how="anti")
    unsure = perhaps_couples(at_home.filter("is_single"), at_home, relations)
    capped = unsure.with_columns(cap=pl.lit(PERHAPS_A_COUPLE))
    joined = adults.join(capped, on="person_id", how="left", validate="1:1")
    return joined.with_columns(confidence=pl.min_horizontal("confidence", "cap")).drop("cap")


def _children(young: pl.DataFrame, adults: pl.DataFrame, relations: pl.DataFrame) -> pl.DataFrame:
    """Return young people with the `head` of their unit; without a known adult, themselves."""
    parents = relations.filter(pl.col("relation") == "child").select(
        "rank", "as_of", parent="person_id", person_id="other_id"
    )
    about = adults.select(
        parent="person_id", head="head", home="dwelling", parent_confidence="confidence"
    )
    held = (
        parents.join(
            young.select("person_id", "dwelling"), on="person_id", how="inner", validate="m:1"
        )
        .join(about, on="parent", how="inner", validate="m:1")
        .with_columns(apart=~(pl.col("dwelling") == pl.col("home")).fill_null(value=False))
    )
    order = pl.struct("apart", "rank", -pl.col("as_of").dt.epoch("d"), "parent")
    chosen = held.group_by("person_id").agg(
        pl.col("head", "parent_confidence").sort_by(order).first()
    )
    return (
        young.join(chosen, on="person_id", how="left", validate="1:1")
        .with_columns(
            role=pl.lit("child"),
            head=pl.coalesce("head", "person_id"),
            confidence=pl.min_horizontal("confidence", "parent_confidence"),
        )
        .drop("parent_confidence")
    )


def _with_ids(placed: pl.DataFrame) -> pl.DataFrame:
    """Name units, and give all members the address of the adult whose address is best known."""
    order = pl.struct(pl.col("role") == "child", "address_rank", "person_id")
    homes = (
        placed.drop_nulls("dwelling")
        .group_by("head")
        .agg(unit_dwelling=pl.col("dwelling").sort_by(order).first())
    )
    return (
        placed.join(homes, on="head", how="left", validate="m:1")
        .with_columns(
            benefit_unit_id="B" + pl.col("head").str.slice(1), dwelling=pl.col("unit_dwelling")
        )
        .select("person_id", "benefit_unit_id", "role", "dwelling", "confidence")
        .sort("person_id")
    )
