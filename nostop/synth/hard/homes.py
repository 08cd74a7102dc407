"""Where people live and lived: invented streets, flats that share a door, house names, communal
establishments, and moves."""

import numpy as np
import polars as pl

from nostop.synth.chance import Chance, Ints, from_quantiles, scattered
from nostop.synth.dwellings import postcodes, street_names
from nostop.synth.hard.rates import Rates
from nostop.synth.shapes import Shapes

_BUILDINGS_IN_A_STREET = 16
_SHORT = {
    "Road": "Rd", "Street": "St", "Avenue": "Ave", "Close": "Cl", "Drive": "Dr", "Lane": "La",
    "Terrace": "Terr", "Grove": "Gr", "Crescent": "Cres", "Gardens": "Gdns", "Place": "Pl",
}  # fmt: skip
#: A home in twenty stands empty, or is lived in by people on no register.
_EMPTY_IN = 20


def with_homes(people: pl.DataFrame, rates: Rates, chance: Chance) -> pl.DataFrame:
    """Add dwelling, former_dwelling, room (0 for none), moved_days (since they came), moved (as a
    household, within 13 months)."""
    rng = chance.part("homes")
    household = people["household"].to_numpy()
    establishment = people["establishment"].to_numpy()
    at_home = establishment < 0
    count = int(household[-1]) + 1
    private = dwellings_of(people)
    own = scattered(private, private, chance.seed + 31) if private > 1 else np.zeros(1, np.int64)
    dwelling = np.where(
        at_home,
        own[np.minimum(household, private - 1)],
        private + np.maximum(establishment, 0),
    )
    former = rng.integers(0, private, count)[household]
    former = np.where(former == dwelling, (former + 1) % private, former)
    lately = rates.happens("household_moved", count, rng)[household]
    settled = from_quantiles(rng.random(count), rates.shapes["settled_days_quantiles"])[household]
    days = np.where(lately, rng.integers(0, 400, count)[household], settled)
    return people.with_columns(
        dwelling=pl.Series(dwelling),
        former_dwelling=pl.Series(former),
        room=pl.Series(np.where(at_home, 0, rng.integers(1, 320, len(people)))),
        moved_days=pl.Series(days),
        moved=pl.Series(lately),
    )


def dwellings_of(people: pl.DataFrame) -> int:
    """Return how many private dwellings there are: those lived in, and some more."""
    at_home = people["establishment"].to_numpy() < 0
    households = int(people["household"].to_numpy()[at_home].max(initial=-1)) + 1
    return households + households // _EMPTY_IN + 2


def build_dwellings(
    people: pl.DataFrame, rates: Rates, streets: Shapes, names: Shapes, chance: Chance
) -> pl.DataFrame:
    """Return one row for each dwelling: number, flat (0 for none), house, street, short_street,
    town, postcode, uprn, parent_uprn.

    Args:
        people: with establishment.
        rates: what share of buildings hold flats.
        streets: names.yaml of the district: what streets are called.
        names: names.yaml beside this module: towns and house names.
        chance: the source of every draw.
    """
    rng = chance.part("dwellings")
    private = dwellings_of(people)
    kinds = rates.shapes["communal"]
    establishments = int(people["establishment"].to_numpy().max()) + 1
    building, flat = _buildings(private, rates, rng)
    building = np.concatenate([building, building[-1] + 1 + np.arange(establishments)])
    flat = np.concatenate([flat, np.zeros(establishments, np.int64)])
    # Dwellings of neighbouring numbers lie in different streets: no order gives a home away.
    buildings = int(building[-1]) + 1
    place = scattered(buildings, buildings, chance.seed + 11)[building]
    street = place // _BUILDINGS_IN_A_STREET
    full = pl.Series(street_names(street, streets))
    number = (1 + place % _BUILDINGS_IN_A_STREET + 16 * (street % 7)).astype(str)
    communal = np.arange(len(building)) >= private
    named = (flat == 0) & (rng.integers(0, 100, len(building)) < rates.shapes["house_name_percent"])
    house = np.asarray(names["house_names"])[rng.integers(0, len(names["house_names"]), len(named))]
    word = np.asarray([kind["word"] for kind in kinds])[
        np.maximum(np.arange(len(building)) - private, 0) % len(kinds)
    ]
    first = np.asarray(
        [a + b for a in streets["street_beginnings"] for b in ("wood", "mere", "field")]
    )
    homes = np.char.add(np.char.add(first[place % len(first)], " "), word)
    uprn = scattered(len(building) + buildings, 10**8, chance.seed + 3)
    towns = np.asarray(names["towns"])
    return pl.DataFrame(
        {
            "number": number,
            "flat": flat,
            "house": np.where(communal, homes, house),
            "housed": communal | named,
            "street": full,
            "town": towns[street // 40 % len(towns)],
            "postcode": postcodes(street),
            "uprn": np.char.add("9991", np.char.zfill(uprn[: len(building)].astype(str), 8)),
            "parent_uprn": np.char.add(
                "9991", np.char.zfill(uprn[len(building) + building].astype(str), 8)
            ),
        }
    ).with_columns(short_street=_shortened("street"))


def _shortened(column: str) -> pl.Expr:
    """Return street names with their last word cut short."""
    last = pl.col(column).str.extract(r"(\S+)$")
    return pl.concat_str(pl.col(column).str.strip_suffix(last), last.replace(_SHORT))


def _buildings(dwellings: int, rates: Rates, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return the building of each dwelling, and its number there (0 where it stands alone)."""
    flats = rates.shapes["flats"]
    many = rng.integers(0, 100, dwellings) < flats["buildings_percent"]
    sizes = np.where(many, rng.integers(flats["least"], flats["most"] + 1, dwellings), 1)
    building = np.repeat(np.arange(dwellings), sizes)[:dwellings]
    first = (np.cumsum(sizes) - sizes)[building]
    flat = np.where(sizes[building] > 1, 1 + np.arange(dwellings) - first, 0)
    return building, flat
