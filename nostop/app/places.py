"""Where the data that ships beside the packages lies: declarations of feeds, and in a checkout the
sample."""

from datetime import date
from pathlib import Path

import nostop
from nostop.model import SettingsError

#: The day of the sample: its feeds are of the weeks before.
SAMPLE_DAY = date(2026, 6, 1)
_BESIDE = Path(nostop.__file__).resolve().parent.parent


def default_declarations_dir() -> Path:
    """Return the folder of feed declarations: which department sends what, column by column."""
    return _BESIDE / "connectors" / "feeds"


def default_sample_dir() -> Path:
    """Return the sample data of a checkout.

    Raises:
        SettingsError: nostop was installed without a checkout, which has no sample data.
    """
    sample = _BESIDE / "sample_data"
    if not sample.is_dir():
        raise SettingsError(
            f"{sample}: no sample data here; make some with `nostop synth --out DIR`, "
            "then `nostop run --feeds DIR`"
        )
    return sample
