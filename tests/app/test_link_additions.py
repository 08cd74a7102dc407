"""A day's changes in files: the same people as linking everybody anew, and the day after too."""

from pathlib import Path

import polars as pl
import pytest

from nostop.app.link_additions import ChangeFiles, keep_index, link_changed
from nostop.app.standing_files import keep_standing, kept_standing
from nostop.linkage import link
from nostop.linkage.standing import standing
from nostop.model import LinkageError
from tests.linkage.people import groups
from tests.linkage.towns import town

RECORDS = town(12)
LATE = pl.col("source") == "rti"


def test_changes_of_two_days_in_files_give_what_linking_everybody_gives(tmp_path: Path) -> None:
    paths = {
        name: tmp_path / f"{name}.parquet" for name in ("records", "before", "after", "changed")
    }
    first = RECORDS.filter(~LATE | (pl.col("record_id") < "006"))
    first.write_parquet(paths["records"])
    link(first).write_parquet(paths["before"])
    keep_index(paths["records"], paths["before"], tmp_path / "index")
    RECORDS.write_parquet(paths["records"])
    day = ChangeFiles(paths["records"], paths["before"], None, paths["after"], tmp_path / "index")
    added = link_changed(day)
    assert groups(added.links) == groups(link(RECORDS))
    assert pl.read_parquet(paths["after"]).equals(added.links)
    gone = RECORDS.filter(LATE, pl.col("record_id") == "003")
    RECORDS.join(gone, on=["source", "record_id"], how="anti").write_parquet(paths["records"])
    gone.write_parquet(paths["changed"])
    next_day = ChangeFiles(
        paths["records"], paths["after"], paths["changed"], paths["before"], tmp_path / "index"
    )
    again = link_changed(next_day).links
    kept = added.links.join(gone, on=["source", "record_id"], how="anti")
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
