"""Dwellings: invented addresses, and how each household holds its home.

Shape: English Housing Survey 2023-24 for tenure, VOA 2024 for council tax bands, in round figures
    (shapes.yaml).
"""

from itertools import product

import numpy as np
import polars as pl

from nostop.synth.chance import (
    PER_10000,
    Chance,
    Floats,
    Ints,
    count_of,
    from_quantiles,
    pick,
    scattered,
)
from nostop.synth.days import YEAR_DAYS
from nostop.synth.shapes import Shapes

TENURES = ("council_rent", "housing_association_rent", "private_rent", "mortgage", "owned_outright")
RENTED = TENURES[:3]
BANDS = "abcdefgh"
#: Ninths of the band D bill (Local Government Finance Act 1992 s.5).
BAND_NINTHS = (6, 7, 8, 9, 11, 13, 15, 18)
#: GSS codes of one real district and its rental market area; every street and postcode in it is
#: invented.
PLACE = {
    "nation": "england",
    "region": "E12000001",
    "local_authority": "E06000005",
    "broad_rental_market_area": "DARLINGTON",
}
_POSTCODE_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
_DOORS_IN_A_STREET = 16


def build_households(
    people: pl.DataFrame, shapes: Shapes, names: Shapes, chance: Chance
) -> pl.DataFrame:
    """Return one row for each household: `dwelling`, address, and the household facts. `people`
    has `advantage`."""
    about = people.group_by("household", maintain_order=True).agg(
        pl.col("household_type").first(),
        pl.col("age_days").first().alias("head_age_days"),
        pl.col("household_advantage").first(),
        (pl.col("role") == "adult").sum().cast(pl.Int64).alias("adults"),
        pl.len().cast(pl.Int64).alias("size"),
        (pl.col("education") == "higher").sum().cast(pl.Int64).alias("students"),
        ((pl.col("role") == "adult") & (pl.col("slot") == 0))
        .sum()
        .cast(pl.Int64)
        .alias("head_adults"),
    )
    about = about.with_columns(dwelling=pl.Series(_dwelling_of(about, shapes)))
    addresses = build_addresses(count_of(about["dwelling"]), names, chance)
    about = about.join(addresses, on="dwelling", how="left", validate="m:1", maintain_order="left")
    about = _with_tenure(about, shapes, chance)
    about = _with_rent(about, shapes, chance)
    return _with_council_tax(about, shapes, chance).with_columns(
        **{name: pl.lit(value) for name, value in PLACE.items()}
    )


def _dwelling_of(households: pl.DataFrame, shapes: Shapes) -> Ints:
    """Return the dwelling of each household: one each, but the residents of a care home share
    one."""
    in_home = households["household_type"].to_numpy() == "care_home_resident"
    own = np.cumsum(~in_home) - 1
    place = (np.cumsum(in_home) - 1) // shapes["care_home_places"]
    dwelling: Ints = np.where(in_home, (~in_home).sum() + place, own).astype(np.int64)
    return dwelling


def build_addresses(count: int, names: Shapes, chance: Chance) -> pl.DataFrame:
    """Return `count` invented addresses: dwelling, uprn, address_line_1, town, postcode."""
    rng = chance.part("addresses")
    door = (
        scattered(count, count, chance.seed + 11) if count > 1 else np.zeros(count, dtype=np.int64)
    )
    street = door // _DOORS_IN_A_STREET
    number = 1 + door % _DOORS_IN_A_STREET
    flat = rng.integers(0, 100, count) < 14
    first = np.char.add("Flat ", np.char.add((1 + number % 6).astype(str), ", "))
    line = np.char.add(
        np.where(flat, first, ""), np.char.add((number + 20 * flat).astype(str), " ")
    )
    return pl.DataFrame(
        {
            "dwelling": np.arange(count),
            "uprn": np.char.add(
                "9990", np.char.zfill(scattered(count, 10**8, chance.seed).astype(str), 8)
            ),
            "address_line_1": np.char.add(line, street_names(street, names)),
            "town": np.asarray(names["towns"])[street // 40 % len(names["towns"])],
            "postcode": postcodes(street),
        }
    )


def street_names(street: Ints, names: Shapes) -> np.ndarray:
    """Return the invented name of each street by its number."""
    every = [
        f"{first}{last} {kind}"
        for kind, last, first in product(
            names["street_types"], names["street_endings"], names["street_beginnings"]
        )
    ]
    # A step without a common factor spreads beginnings, endings and kinds over neighbouring
    # streets.
    return np.asarray(every)[(street * 1_237) % len(every)]


def postcodes(street: Ints) -> np.ndarray:
    """Return the postcode of each street by its number, of an area that is not allocated."""
    letters = np.asarray([a + b for a in _POSTCODE_LETTERS for b in _POSTCODE_LETTERS])
    unit, rest = street % len(letters), street // len(letters)
    sector, district = rest % 10, 1 + rest // 10 % 98
    outward = np.char.add("ZZ", district.astype(str))
    inward = np.char.add(sector.astype(str), letters[(unit * 37) % len(letters)])
    return np.char.add(np.char.add(outward, " "), inward)


def _with_tenure(households: pl.DataFrame, shapes: Shapes, chance: Chance) -> pl.DataFrame:
    rng = chance.part("tenure")
    age = households["head_age_days"].to_numpy() / YEAR_DAYS
    # The lists run from council rent to owned outright; who is better off stands further along.
    rank = np.clip(
        0.62 * households["household_advantage"].to_numpy() + 0.38 * rng.random(len(age)),
        0.0,
        0.9999,
    )
    rank = _spread(rank)
    place = np.zeros(len(age), dtype=np.int64)
    for band in shapes["tenure_by_age"]:
        here = age >= band["from_age"]
        place[here] = pick(rank[here], band["weights"])
    sharing = households["household_type"].str.ends_with("sharers").to_numpy()
    place = np.where(sharing & (rng.random(len(age)) < 0.85), TENURES.index("private_rent"), place)
    tenure = np.asarray(TENURES)[place]
    in_home = households["household_type"].to_numpy() == "care_home_resident"
    return households.with_columns(tenure=pl.Series(np.where(in_home, "other", tenure)))


def _spread(weighted: Floats) -> Floats:
    """Return 0.62 a + 0.38 b of two uniform numbers as a uniform number again (its exact
    distribution)."""
    wide, narrow = 0.62, 0.38
    low = weighted**2 / (2 * wide * narrow)
    middle = (weighted - narrow / 2) / wide
    high = 1 - (1 - weighted) ** 2 / (2 * wide * narrow)
    spread: Floats = np.where(weighted < narrow, low, np.where(weighted < wide, middle, high))
    return np.clip(spread, 0.0, 0.9999)


def _with_rent(households: pl.DataFrame, shapes: Shapes, chance: Chance) -> pl.DataFrame:
    rng = chance.part("rent")
    size, tenure = households["size"].to_numpy(), households["tenure"].to_numpy()
    owned = np.isin(tenure, ("mortgage", "owned_outright"))
    bedrooms = np.clip((size + 1) // 2 + rng.integers(0, 2, len(size)) + owned, 1, 6)
    bedrooms = np.where(tenure == "other", 1, bedrooms)
    rent = np.zeros(len(size), dtype=np.int64)
    for name in RENTED:
        here = tenure == name
        usual = np.asarray(shapes["weekly_rent"][name])[np.clip(bedrooms[here], 1, 4) - 1]
        rent[here] = usual * rng.integers(88, 116, int(here.sum())) // 100
    charged = np.isin(tenure, RENTED[:2]) & (
        rng.integers(0, 100, len(size)) < shapes["service_charge_percent"]
    )
    charge = np.where(
        charged, from_quantiles(rng.random(len(size)), shapes["service_charge_quantiles"]), 0
    )
    return households.with_columns(
        bedrooms=pl.Series(bedrooms.astype(np.int64)),
        rent=pl.Series(rent),
        service_charge=pl.Series(charge),
    )


def _with_council_tax(households: pl.DataFrame, shapes: Shapes, chance: Chance) -> pl.DataFrame:
    """Add band, discount (NONE, SPD single person, DISR disabled band reduction, EXMN exempt) and
    the year's bill."""
    rng = chance.part("council tax")
    rank = _spread(
        0.62 * households["household_advantage"].to_numpy() + 0.38 * rng.random(len(households))
    )
    band = pick(rank, shapes["council_tax_band_weights"])
    students, adults = households["students"].to_numpy(), households["adults"].to_numpy()
    reduced = rng.integers(0, PER_10000, len(band)) < 50
    discount = np.select(
        [students == adults, adults - students == 1, reduced & (band > 0)],
        ["EXMN", "SPD", "DISR"],
        "NONE",
    )
    ninths = np.asarray(BAND_NINTHS)[band - (discount == "DISR")]
    full = shapes["council_tax_band_d"] * ninths // 9
    bill = np.select([discount == "EXMN", discount == "SPD"], [0, full * 3 // 4], full)
    in_home = households["household_type"].to_numpy() == "care_home_resident"
    return households.with_columns(
        council_tax_band=pl.Series(np.asarray(list(BANDS))[band]),
        council_tax_discount=pl.Series(discount),
        council_tax=pl.Series(np.where(in_home, 0, bill).astype(np.int64)),
    )


def former_dwellings(people: pl.DataFrame, dwellings: int, chance: Chance) -> Ints:
    """Return for each person a dwelling they once lived in: one for a household, for sharers one
    each."""
    rng = chance.part("former dwellings")
    of_household = rng.integers(0, dwellings, count_of(people["household"]))
    own = rng.integers(0, dwellings, len(people))
    sharing = people["household_type"].str.ends_with("sharers").to_numpy()
    former: Ints = np.where(sharing, own, of_household[people["household"].to_numpy()])
    return former
