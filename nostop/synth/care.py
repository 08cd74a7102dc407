"""Who cares for whom, and whose carer is paid for it.

Shape: Census 2021, unpaid care: 9 in 100 care, 2 to 3 in 100 for 50 hours or more (shapes.yaml).
"""

import numpy as np
import polars as pl

from nostop.synth.chance import Chance
from nostop.synth.health import qualifies_for_care
from nostop.synth.shapes import Shapes

#: Hours a week from which care counts as full time (SSCBA 1992 s.70).
CARER_HOURS = 35


def with_care(people: pl.DataFrame, shapes: Shapes, chance: Chance) -> pl.DataFrame:
    """Add caring_hours and cares_for_person_with_qualifying_benefit, before work is known."""
    rng = chance.part("care")
    about = shapes["carer_percent"]
    adult = pl.col("role") == "adult"
    needs = people.with_columns(_needs=qualifies_for_care())
    needs = needs.with_columns(
        _child=((pl.col("role") == "child") & pl.col("_needs")).any().over("unit"),
        _others=(
            (adult & pl.col("_needs")).sum().over("household")
            - (adult & pl.col("_needs")).cast(pl.UInt32)
        )
        > 0,
    )
    well = (
        (needs["role"] == "adult") & needs["_needs"].not_() & (needs["education"] == "none")
    ).to_numpy()
    well &= needs["household_type"].to_numpy() != "care_home_resident"
    draw = rng.integers(0, 100, (4, len(people)))
    first_of_unit = needs["member"].to_numpy() == 0
    full = (
        well & first_of_unit & needs["_child"].to_numpy() & (draw[0] < about["of_disabled_child"])
    )
    full |= well & needs["_others"].to_numpy() & (draw[1] < about["of_disabled_partner"])
    elsewhere = well & ~full & (draw[2] < about["of_somebody_elsewhere"])
    some = well & ~full & ~elsewhere & (draw[3] < about["some_hours"])
    hours = np.select([full | elsewhere, some], [CARER_HOURS + draw[1] // 2, 4 + draw[2] // 4], 0)
    counts = full | (elsewhere & (draw[3] < 60)) | (some & (draw[0] < 30))
    return people.with_columns(
        caring_hours=pl.Series(hours.astype(np.int64)),
        cares_for_person_with_qualifying_benefit=pl.Series(counts),
        cares_at_home=pl.Series(
            well & needs["_others"].to_numpy() & (draw[1] < about["of_disabled_partner"])
        ),
    )


def with_paid_carers(
    people: pl.DataFrame, paid: pl.Series, shapes: Shapes, chance: Chance
) -> pl.DataFrame:
    """Add has_paid_carer: somebody at home or elsewhere is paid a carer benefit for looking after
    this adult.

    `paid` holds the ids of people who are paid Carer's Allowance or the carer element of
    Universal Credit.
    """
    elsewhere = (
        chance.part("carers from elsewhere").integers(0, 100, len(people))
        < shapes["paid_carer_from_elsewhere_percent"]
    )
    carer = pl.col("cares_at_home") & pl.col("person_id").is_in(paid.unique().to_list())
    at_home = (carer.cast(pl.Int64).sum().over("household") - carer.cast(pl.Int64)) > 0
    alone = (pl.col("role") == "adult").sum().over("household") == 1
    looked_after = (pl.col("role") == "adult") & qualifies_for_care()
    return people.with_columns(
        has_paid_carer=looked_after & (at_home | (alone & pl.Series(elsewhere)))
    )
