"""Which pairs of mentions are worth comparing: those that share a rare enough key.

Many cheap keys, each of which survives another slip. A key shared by too many is made longer rather
than dropped: with the first name's initial, then with the area.
"""

from collections.abc import Iterator

import polars as pl

from nostop.linkage.nodes import extra_columns

#: A key shared by more mentions than this is made longer, or dropped if it is as long as can be.
#: Small files can afford larger blocks.
SMALLEST_LIMIT, LARGEST_LIMIT = 40, 400
_MENTIONS_AT_ONCE = 4_000_000
#: So few mentions are all compared with each other.
ALL_PAIRS_UP_TO = 1_500
_SHIFT = 1 << 32
_INITIAL = pl.col("first").str.head(1)
_OUTCODE = "outcode"
_YEAR = pl.col("born").str.head(4)
_MONTH_DAY = pl.col("born").str.slice(4)

#: Sorted, so that names in the other order share the key.
NAMES = pl.concat_str(
    pl.min_horizontal("first_sound", "sound"), pl.max_horizontal("first_sound", "sound"),
    separator="|",
).alias("names")  # fmt: skip

Key = tuple[str | pl.Expr, ...]

#: Each key: what must be the same. Read as "found, although all else is different".
KEYS: dict[str, Key] = {
    "number": ("nino",),
    "birth date, surname": ("birth_parts", "sound"),
    "birth date, first name": ("birth_parts", "first_sound"),
    # Whichever field each is in.
    "birth date, one name": ("birth_parts", "any_sound"),
    "birth date, place": ("birth_parts", "postcode"),
    "birth date, dwelling": ("born", "dwelling"),
    "name, year": ("names", _YEAR),
    "name, day": ("names", _MONTH_DAY),
    "name, place": ("names", "postcode"),
    "name, area": ("names", _OUTCODE),
    "dwelling, first name": ("dwelling", "first_sound"),
    "place, surname, initial": ("postcode", "sound", _INITIAL),
    "place, year": ("postcode", _YEAR, _INITIAL),
    "place, day": ("postcode", _MONTH_DAY),
    "birth date, initials": ("born", _INITIAL, pl.col("surname").str.head(1)),
    "line, first name": ("line", "first_sound"),
    "line, birth date": ("line", _YEAR),
    "name, middle": ("names", pl.col("middle").str.head(1)),
    "name": ("names",),
    "surname, year": ("sound", _YEAR, _INITIAL),
    "first name, year": ("first_sound", _YEAR, pl.col("born").str.slice(4, 2)),
    "place, first name": ("postcode", "first_sound"),
    "place, initial of surname": ("postcode", pl.col("surname").str.head(1)),
}

#: Keys that say so little that in a large file only rare ones are worth the comparing.
_WEAK = ("name", "surname, year", "first name, year", "place, initial of surname", "name, area")
_FEWEST_OF_A_WEAK_KEY, _MENTIONS_AT_ONCE_WEAK = 8, 1_500_000


def candidates(mentions: pl.DataFrame, seeds: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return distinct pairs of nodes (`l` < `r`) that share a key and are not one cluster already.

    Args:
        mentions: see comparisons.scorable.
        seeds: nodes of which at least one must be in a pair; None: all.
    """
    if mentions.height <= ALL_PAIRS_UP_TO:
        return _all_pairs(mentions)
    named = mentions.with_columns(NAMES)
    largest = max(SMALLEST_LIMIT, min(LARGEST_LIMIT, _MENTIONS_AT_ONCE // mentions.height))
    found = [_packed(block) for block in _blocks(named, seeds, largest) if block.height]
    if not found:
        return pl.DataFrame(schema={"l": pl.Int64, "r": pl.Int64})
    pairs = pl.concat(found).unique().sort().to_frame("pair")
    return pairs.select(
        l=(pl.col("pair") // _SHIFT).cast(pl.Int64),
        r=(pl.col("pair") % _SHIFT).cast(pl.Int64),
    )


def _all_pairs(mentions: pl.DataFrame) -> pl.DataFrame:
    side = mentions.select("node", "cluster")
    both = side.join(side, how="cross").filter(
        (pl.col("node") < pl.col("node_right")) & (pl.col("cluster") != pl.col("cluster_right"))
    )
    return both.select(l="node", r="node_right").sort("l", "r")


def _blocks(
    mentions: pl.DataFrame, seeds: pl.DataFrame | None, largest: int
) -> Iterator[pl.DataFrame]:
    extras = extra_columns(mentions)
    keys: list[Key] = [key for name, key in KEYS.items() if name not in _WEAK]
    for extra in extras:
        keys += [(extra, "sound"), (extra, "first_sound"), (extra, _YEAR), (extra, _MONTH_DAY)]
        keys += [(extra, "postcode"), (extra, _OUTCODE, _INITIAL)]
    # An extra that is nearly a number of its own finds a person by itself.
    keys += [(extra,) for extra in extras if _rare(mentions[extra])]
    for key in keys:
        yield from _bounded(mentions, _shared(_block(mentions, key), seeds), largest)
    rare = max(_FEWEST_OF_A_WEAK_KEY, min(largest, _MENTIONS_AT_ONCE_WEAK // mentions.height))
    for name in _WEAK:
        yield from _bounded(mentions, _shared(_block(mentions, KEYS[name]), seeds), rare)


def _rare(values: pl.Series) -> bool:
    known = values.drop_nulls()
    return known.len() > 0 and known.n_unique() * 4 > known.len()


def _block(mentions: pl.DataFrame, key: Key) -> pl.DataFrame:
    parts = {f"_{n}": pl.col(part) if isinstance(part, str) else part for n, part in enumerate(key)}
    rows = mentions.select("node", "cluster", **parts)
    for part in parts:
        if rows.schema[part] == pl.List(pl.String):
            rows = rows.explode(part)
    return rows.drop_nulls(list(parts)).select(
        "node", "cluster", key=pl.struct(list(parts)).hash(1)
    )


def _shared(block: pl.DataFrame, seeds: pl.DataFrame | None) -> pl.DataFrame:
    several = block.filter(pl.len().over("key") > 1)
    if seeds is None:
        return several
    wanted = several.join(seeds, on="node", how="semi").select("key").unique()
    return several.join(wanted, on="key", how="semi")


def _bounded(mentions: pl.DataFrame, block: pl.DataFrame, largest: int) -> Iterator[pl.DataFrame]:
    for longer in (_INITIAL, _YEAR, pl.col(_OUTCODE)):
        size = pl.len().over("key")
        yield block.filter(size <= largest)
        large = block.filter(size > largest)
        if not large.height:
            return
        more = mentions.select("node", more=longer)
        block = _shared(
            large.join(more, on="node", how="left", validate="m:1")
            .drop_nulls("more")
            .select("node", "cluster", key=pl.struct("key", "more").hash(2)),
            None,
        )
    yield block.filter(pl.len().over("key") <= largest)


def _packed(block: pl.DataFrame) -> pl.Series:
    """Return pairs of a block as one number each: twice as small to sort as two."""
    pairs = block.join(block, on="key", how="inner", validate="m:m").filter(
        (pl.col("node") < pl.col("node_right")) & (pl.col("cluster") != pl.col("cluster_right"))
    )
    return pairs.select(
        pair=pl.col("node").cast(pl.UInt64) * _SHIFT + pl.col("node_right").cast(pl.UInt64)
    )["pair"].unique()
