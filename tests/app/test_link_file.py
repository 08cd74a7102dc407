"""Files in, files out: linking with what is known besides, learning, holding against labels."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from nostop import app
from nostop.app.linked_file import LinkKept, LinkOptions, evaluate_file, train_file
from nostop.app.record_file import read_records
from nostop.linkage.history import placed
from nostop.linkage.model import read_model
from nostop.model import LinkageError, NostopError, SettingsError
from tests.linkage.towns import town

ROWS = [
    ("a", "1", "Ada", "Cole", "1950-01-01", "ZZ1 1AA", "Bath", "p1"),
    ("b", "1", "Ada", "Cole", "1950-01-01", "ZZ1 1AA", "Bath", "p1"),
    ("b", "2", "Ada", "Cole", "1950-01-01", "ZZ1 1AA", "Bath", "p2"),
    ("a", "3", "Zoe", "Wren", "1950-13-45", "ZZ9 9ZZ", "York", "p3"),
]
COLUMNS = [
    "source", "record_id", "first_name", "surname", "born_on", "postcode", "extra_birth_place",
    "true_person",
]  # fmt: skip


@pytest.fixture
def records(tmp_path: Path) -> Path:
    file = tmp_path / "records.parquet"
    pl.DataFrame(ROWS, schema=COLUMNS, orient="row").write_parquet(file)
    return file


def people(links: pl.DataFrame) -> int:
    return links["person_id"].n_unique()


def test_a_deduplicated_source_keeps_its_records_apart(records: Path, tmp_path: Path) -> None:
    out = tmp_path / "links.parquet"
    assert people(app.link_file(records, out)) == 2
    assert people(app.link_file(records, out, options=LinkOptions(deduplicated=["b"]))) == 3


def test_an_unknown_deduplicated_source_is_named(records: Path, tmp_path: Path) -> None:
    with pytest.raises(LinkageError, match=r"no source 'c'.*\['a', 'b'\]"):
        app.link_file(records, tmp_path / "x.parquet", options=LinkOptions(deduplicated=["c"]))


def test_plain_verdicts_bind(records: Path, tmp_path: Path) -> None:
    file = tmp_path / "verdicts.parquet"
    told = {"source_l": "a", "record_id_l": "1", "source_r": "a", "record_id_r": "3"}
    pl.DataFrame([{**told, "verdict": "same"}]).write_parquet(file)
    links = app.link_file(records, tmp_path / "x.parquet", options=LinkOptions(verdicts=file))
    assert people(links) == 1


@pytest.mark.parametrize(
    "options", [LinkOptions(verdicts=Path("none.parquet")), LinkOptions(model=Path("none.json"))]
)
def test_files_that_are_not_there_are_named(
    records: Path, tmp_path: Path, options: LinkOptions
) -> None:
    with pytest.raises(LinkageError, match="none"):
        app.link_file(records, tmp_path / "x.parquet", options=options)


def test_links_are_held_against_labels_by_group(records: Path, tmp_path: Path) -> None:
    out = tmp_path / "links.parquet"
    app.link_file(records, out)
    found = evaluate_file(out, records, ["extra_birth_place"])
    assert (found.pairs.pairs_right, found.pairs.pairs_linked, found.pairs.pairs_true) == (1, 3, 1)
    assert found.groups["extra_birth_place"]["group"].to_list() == ["Bath", "York"]


@pytest.mark.parametrize("by", ["sxe", "true_persn"])
def test_a_group_that_labels_lack_is_named(records: Path, tmp_path: Path, by: str) -> None:
    out = tmp_path / "links.parquet"
    app.link_file(records, out)
    with pytest.raises(NostopError, match=f"column '{by}' is missing"):
        evaluate_file(out, records, [by])


def test_labels_that_do_not_say_who_is_who_are_refused(records: Path, tmp_path: Path) -> None:
    out = tmp_path / "links.parquet"
    app.link_file(records, out)
    bare = tmp_path / "labels.parquet"
    pl.read_parquet(records).drop("true_person").write_parquet(bare)
    with pytest.raises(LinkageError, match="no column says who is who"):
        evaluate_file(out, bare)


def test_a_learnt_model_links(records: Path, tmp_path: Path) -> None:
    file = tmp_path / "model.json"
    train_file([records], file, date(2026, 6, 1), [records])
    assert read_model(file).about["made_on"] == "2026-06-01"
    links = app.link_file(records, tmp_path / "x.parquet", options=LinkOptions(model=file))
    assert people(links) == 2


def test_labels_for_some_files_only_are_refused(records: Path, tmp_path: Path) -> None:
    with pytest.raises(LinkageError, match="2 files of records and 1 of labels"):
        train_file([records, records], tmp_path / "m.json", date(2026, 6, 1), [records])


def test_changes_go_on_from_an_index_and_ids_live_on_in_the_history(tmp_path: Path) -> None:
    records, out, index = tmp_path / "r.parquet", tmp_path / "l.parquet", tmp_path / "index"
    history = tmp_path / "events.parquet"
    first, more = town(40), town(44)
    first.write_parquet(records)
    kept = LinkKept(index=index, history=history, at=datetime(2026, 6, 1, tzinfo=UTC))
    before = app.link_file(records, out, kept)
    more.write_parquet(records)
    kept = replace(kept, previous=out, at=datetime(2026, 6, 2, tzinfo=UTC))
    after = app.link_file(records, out, kept)
    assert after.height == more.height
    assert pl.read_parquet(out).equals(after)
    same = after.join(before, on=["source", "record_id", "person_id"], how="semi")
    assert same.height == before.height
    assert placed(pl.read_parquet(history)).equals(
        after.select("source", "record_id", "person_id").sort("source", "record_id")
    )


def test_changed_rows_need_what_they_go_on_from(tmp_path: Path) -> None:
    records = tmp_path / "r.parquet"
    town(3).write_parquet(records)
    with pytest.raises(SettingsError, match="give its links as --previous, and the --index"):
        app.link_file(records, tmp_path / "l.parquet", LinkKept(changed=records))
    with pytest.raises(SettingsError, match="weighs by the model that ships"):
        app.link_file(
            records, tmp_path / "l.parquet", LinkKept(index=tmp_path), LinkOptions(model=records)
        )


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("born_on", ["1950-01-01", None]),
        ("born_on", ["1950-01-01T00:00:00", None]),
        ("born_on", ["19500101", None]),
        ("uprn", [100012345678.0, None]),
        ("uprn", [100012345678, None]),
    ],
)
def test_dates_and_numbers_are_read_as_other_tools_write_them(
    tmp_path: Path, name: str, values: list[object]
) -> None:
    file = tmp_path / "r.parquet"
    frame = pl.DataFrame({"source": ["a", "b"], "record_id": ["1", "2"], name: values})
    frame.write_parquet(file)
    expected = {"born_on": date(1950, 1, 1), "uprn": "100012345678"}[name]
    assert read_records(file)[name].to_list() == [expected, None]


def test_a_number_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "r.parquet"
    pl.DataFrame({"source": ["a"], "record_id": ["1"], "uprn": [1.5]}).write_parquet(file)
    with pytest.raises(LinkageError, match="'uprn' holds numbers that are not whole"):
        read_records(file)
