"""How a source writes an address down: the home it knows of, and its own way with flats."""

import numpy as np
import polars as pl

from nostop.synth.chance import Ints
from nostop.synth.hard import slips
from nostop.synth.hard.writer import Writer, blanked, repeated

_ROOM_PERCENT = 45
_FLAT_STYLES = (
    "Flat {flat}, {number} {street}",
    "{number}{letter} {street}",
    "{flat}/{number} {street}",
    "Flat {flat} {number} {street}",
    "{number} {street} Flat {flat}",
    "Apartment {flat}, {number} {street}",
    "Flat {letter}, {number} {street}",
    "{number} {street}",
)


def written_addresses(writer: Writer, knows: Ints) -> dict[str, pl.Series]:
    """Return uprn, address_line_1, postcode, town as the writer's source has them.

    Args:
        writer: the source at work; records that show an old address or a flat written another way
            are marked.
        knows: how many days ago the source last heard where somebody lives.
    """
    if not writer.habit("address"):
        nothing = repeated(None, len(knows))
        return dict.fromkeys(("uprn", "address_line_1", "postcode", "town"), nothing)
    stale = (writer.column("moved_days") < knows) | writer.errs("never_moved")
    writer.mark("stale_address", stale)
    at = np.where(stale, writer.column("former_dwelling"), writer.column("dwelling"))
    homes = writer.world.dwellings[at]
    street = "short_street" if writer.habit("abbreviated") else "street"
    line = slips.misspelt(
        _lines(writer, homes, street, stale), writer.errs("typo_address"), writer.rng
    )
    whole_house = pl.Series(writer.errs("parent_uprn")) & (homes["flat"] > 0)
    uprn = homes.select(pl.when(whole_house).then("parent_uprn").otherwise("uprn")).to_series()
    lost = writer.errs("no_uprn") | writer.habit("no_uprn")
    return {
        "uprn": blanked(uprn, lost),
        "address_line_1": line,
        "postcode": blanked(homes["postcode"], writer.errs("no_postcode")),
        "town": homes["town"],
    }


def _lines(writer: Writer, homes: pl.DataFrame, street: str, stale: np.ndarray) -> pl.Series:
    count = len(homes)
    style = np.full(count, writer.shape["habits"]["flat_style"])
    another = writer.errs("flat_variant")
    style = np.where(another, writer.rng.integers(0, len(_FLAT_STYLES), count), style)
    writer.mark("flat_variant", another & (homes["flat"].to_numpy() > 0))
    room = np.where(stale | ~writer.below(_ROOM_PERCENT), 0, writer.column("room"))
    frame = homes.with_columns(
        style=pl.Series(style),
        room=pl.Series(room),
        letter=pl.col("flat").replace_strict(
            dict(enumerate("ABCDEFGHJKLMN", 1)), default="", return_dtype=pl.String
        ),
    )
    parts = {"flat": "flat", "number": "number", "letter": "letter", "street": street}
    line = pl.format("{} {}", "number", street)
    for place, form in enumerate(_FLAT_STYLES):
        here = (pl.col("flat") > 0) & (pl.col("style") == place)
        line = pl.when(here).then(_formatted(form, parts)).otherwise(line)
    named = pl.format("{}, {}", "house", street)
    line = pl.when(pl.col("housed")).then(named).otherwise(line)
    roomy = pl.col("room") > 0
    whole = pl.when(roomy).then(pl.format("Room {}, {}", "room", "line")).otherwise("line")
    return frame.with_columns(line=line).select(whole).to_series()


def _formatted(form: str, columns: dict[str, str]) -> pl.Expr:
    """Return the expression that fills the places of `form`."""
    pieces: list[pl.Expr] = []
    for piece in form.replace("{", "\0{").replace("}", "}\0").split("\0"):
        if piece.startswith("{"):
            pieces.append(pl.col(columns[piece[1:-1]]).cast(pl.String))
        elif piece:
            pieces.append(pl.lit(piece))
    return pl.concat_str(pieces)
