"""How one source writes a person down: names, dates, numbers, address, and when it last looked."""

from collections.abc import Callable

import numpy as np
import polars as pl

from nostop.synth.chance import Bools, Ints, from_quantiles
from nostop.synth.days import days_before
from nostop.synth.hard import slips
from nostop.synth.hard.addresses import written_addresses
from nostop.synth.hard.name_forms import written_names
from nostop.synth.hard.numbers import SPECIMEN
from nostop.synth.hard.writer import AS_AT, Writer, blanked, either, repeated


def write(writer: Writer, seen_days: Ints | None = None) -> pl.DataFrame:
    """Return a record of each person: the columns of `SourceRecords` without record_id, then
    person and marks.

    Args:
        writer: the source at work.
        seen_days: how many days ago it looked at each record; drawn unless given.
    """
    count = len(writer.rows)
    seen = _seen(writer) if seen_days is None else seen_days
    lag = writer.rng.integers(0, writer.shape["lag_days"] + 1, count)
    knows = seen if writer.clean else seen + lag
    columns = {
        **written_names(writer, knows),
        "born_on": _born(writer),
        "nino": _nino(writer),
        "sex": _sex(writer),
        **written_addresses(writer, knows),
    }
    return pl.DataFrame(
        {
            "source": repeated(writer.source, count),
            **columns,
            "seen_on": days_before(AS_AT, seen),
            "person": writer.rows,
            "marks": writer.marks,
        }
    )


def _seen(writer: Writer) -> Ints:
    drawn = from_quantiles(writer.rng.random(len(writer.rows)), writer.shape["seen_days"])
    youngest = writer.shape["coverage"][0]["from_age"] * 365
    last = np.maximum(writer.column("age_days") - youngest, 0)
    # Nobody saw the dead after they died.
    seen: Ints = np.maximum(np.minimum(drawn, last), np.maximum(writer.column("died_days"), 0))
    return seen


def _born(writer: Writer) -> pl.Series:
    official = writer.people["official_born_on"]
    shown = writer.below(writer.world.rates.shapes["official_birthday_percent"])
    shown &= official.is_not_null().to_numpy() & (not writer.clean)
    born = either(shown, official, writer.people["born_on"])
    for kind, slip in _SLIPS.items():
        slipped = slip(born, writer.errs(kind), writer.rng)
        writer.mark_changed(kind, slipped, born)
        born = slipped
    filled = writer.errs("default_1900")
    writer.mark("default_birthday", filled)
    born = either(filled, pl.repeat(pl.date(1900, 1, 1), len(born), eager=True), born)
    return blanked(born, writer.errs("no_birth"))


_Slip = Callable[[pl.Series, Bools, np.random.Generator], pl.Series]
_SLIPS: dict[str, _Slip] = {
    "birth_swap": lambda born, where, _: slips.swapped_days(born, where),
    "birth_slip": slips.slipped_days,
    "decade_slip": slips.slipped_decades,
}


def _sex(writer: Writer) -> pl.Series:
    male = writer.column("male") ^ writer.errs("wrong_sex")
    sex = pl.Series(np.where(male, "male", "female"), dtype=pl.String)
    return blanked(sex, writer.errs("no_sex"))


def _nino(writer: Writer) -> pl.Series:
    count = len(writer.rows)
    if not writer.habit("nino"):
        return repeated(None, count)
    borrowed = writer.people["borrowed_nino"]
    works = borrowed.is_not_null().to_numpy() & ~writer.below(
        writer.world.rates.shapes["borrowers_show_own_percent"]
    )
    nino = either(works, borrowed, writer.people["nino"])
    misread = slips.misread_digits(nino, writer.errs("nino_slip"), writer.rng)
    writer.mark_changed("mistyped_nino", misread, nino)
    waits = writer.column("temporary") & writer.below(50) & (not writer.clean)
    writer.mark("temporary_nino", waits)
    sex = pl.when("male").then(pl.lit("M")).otherwise(pl.lit("F"))
    temporary = writer.people.select(
        pl.concat_str(pl.lit("TN"), pl.col("born_on").dt.strftime("%d%m%y"), sex)
    ).to_series()
    specimen = writer.errs("specimen_nino")
    writer.mark("placeholder_nino", specimen)
    nino = either(waits, temporary, blanked(misread, writer.errs("no_nino")))
    return either(specimen, repeated(SPECIMEN, count), nino)
