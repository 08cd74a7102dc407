"""Our own register of what people asked for: their language, no more messages, a safeguarding
hold, a safe address."""

import numpy as np
import polars as pl

from nostop.synth.chance import PER_10000
from nostop.synth.views.feed import (
    Feed,
    Seen,
    day_text,
    mention,
    no_bad_rows,
    references,
    with_bad_rows,
    yes_no,
)

SOURCE = "outreach_register"
_DAY = "%Y-%m-%d"
_AS_AT_DAYS_BEFORE = 1
_ENTRIES_PER_10000 = 120
_FAULTS = {"dob": ("1961-02-31",), "opted_out": ("X",)}
_COLUMNS = [
    "entry_id",
    "nino",
    "forename",
    "surname",
    "dob",
    "postcode",
    "language",
    "opted_out",
    "safeguarding_hold",
    "no_contact_address",
    "as_at",
]


def view(seen: Seen) -> Feed:
    """Return the register: about one adult in eighty, each entry with at least one wish or hold."""
    rng = seen.chance.part("outreach register")
    adults = seen.people.filter(pl.col("role") == "adult")
    chosen = adults.filter(pl.Series(rng.integers(0, PER_10000, len(adults)) < _ENTRIES_PER_10000))
    rows = seen.written(SOURCE, chosen["person_id"])
    entries = references("OR", len(rows), seen.chance.seed + 47)
    why = rng.integers(0, 100, len(rows))
    rows = rows.with_columns(
        entry_id=entries,
        language=pl.Series(np.where(why >= 72, "cy", "en")),
        opted_out=pl.Series(why < 45),
        safeguarding_hold=pl.Series((why >= 40) & (why < 60)),
        no_contact_address=pl.Series((why >= 60) & (why < 72)),
    ).sort("entry_id")
    flags = ("opted_out", "safeguarding_hold", "no_contact_address")
    text = rows.with_columns(
        forename="first_name",
        dob=day_text(pl.col("born_on"), _DAY),
        as_at=pl.lit(seen.day(_AS_AT_DAYS_BEFORE).strftime(_DAY)),
        **{flag: yes_no(pl.col(flag)) for flag in flags},
    ).select(_COLUMNS)
    mentions = rows.select(mention(pl.col("entry_id"), "person_id"))
    return with_bad_rows(
        Feed(SOURCE, "outreach_register.csv", text, mentions, no_bad_rows()),
        _FAULTS,
        seen.shapes,
        seen.chance,
    )
