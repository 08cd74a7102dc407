"""A day's changes: the same people as linking everybody anew, and the day after too."""

from pathlib import Path

import polars as pl
import pytest

from nostop.app.link_additions import Change, keep_index, link_changed
from nostop.app.standing_files import keep_standing, kept_standing
from nostop.linkage import link
from nostop.linkage.standing import standing
from nostop.model import LinkageError
from tests.linkage.people import groups
from tests.linkage.towns import town

RECORDS = town(12)
LATE = pl.col("source") == "rti"


def test_changes_of_two_days_give_what_linking_everybody_gives(tmp_path: Path) -> None:
    first = RECORDS.filter(~LATE | (pl.col("record_id") < "006"))
    before = link(first)
    keep_index(first, before, tmp_path)
    added = link_changed(Change(RECORDS, before, None, tmp_path)).links
    assert groups(added) == groups(link(RECORDS))
    gone = RECORDS.filter(LATE, pl.col("record_id") == "003")
    left = RECORDS.join(gone, on=["source", "record_id"], how="anti")
    again = link_changed(Change(left, added, gone, tmp_path)).links
    kept = added.join(gone, on=["source", "record_id"], how="anti")
    assert again.drop("confidence").equals(kept.drop("confidence"))


def test_what_stands_is_kept_as_it_was(tmp_path: Path) -> None:
    stood = standing(RECORDS, link(RECORDS))
    keep_standing(stood, tmp_path)
    kept = kept_standing(tmp_path)
    assert kept.keys.equals(stood.keys)
    assert kept.prepared.equals(stood.prepared)
    assert kept.weighing.weights == stood.weighing.weights
    pairs = stood.sharing(stood.prepared.head(5))
    assert kept.weighing.weighed(kept.prepared, pairs).equals(
        stood.weighing.weighed(stood.prepared, pairs)
    )


def test_nothing_to_go_on_from_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(LinkageError, match="holds no linking to go on from"):
        kept_standing(tmp_path)
