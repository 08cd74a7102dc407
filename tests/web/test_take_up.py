"""Take-up as policy teams see it: masked figures alone, with charts, tables and files."""

import io
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from starlette.testclient import TestClient

from nostop.takeup import AreaTakeUp
from nostop.web.application import create_app
from nostop.web.charts import PER_CENT, Bar, axis_up_to, range_chart
from nostop.web.house import House
from tests.web.conftest import Client

ON = date(2026, 6, 1)


def test_a_chart_says_in_words_what_it_shows_and_scales_with_the_page():
    svg = range_chart(
        "c",
        "Take-up",
        "A <b> of it",
        [Bar("Pension Credit", 0.25, 0.75, "25% to 75%", 0.63)],
        PER_CENT,
    )
    assert 'role="img"' in svg
    assert '<desc id="c-desc">A &lt;b&gt; of it</desc>' in svg
    assert "Pension Credit" in svg
    assert "25% to 75%" in svg
    assert 'x="25.0%"' in svg
    assert 'width="50.0%"' in svg
    assert 'x1="63.0%"' in svg
    assert "style=" not in svg


def test_a_bar_of_no_width_can_still_be_seen_and_stays_on_the_chart():
    svg = range_chart("c", "t", "d", [Bar("a", 1.0, 1.0, "100%")], PER_CENT)
    assert 'x="99.4%"' in svg
    assert 'width="0.6%"' in svg


@pytest.mark.parametrize(("most", "top"), [(1, 100), (101, 200), (480_00, 500_00), (2_000, 2_000)])
def test_an_axis_ends_at_a_round_number(most: int, top: int):
    assert axis_up_to(most, 100) == top


def test_the_first_table_has_every_scheme_and_says_who_is_made_up(client_as, work_run: Path):
    shown = client_as("policy_analyst").get("/take-up")
    assert shown.status_code == 200
    assert "Everybody in these figures is made up." in shown.text
    assert "How this was worked out" in shown.text
    assert "Pension Credit" in shown.text
    known = pl.col("recipients", "entitled_non_recipients").is_not_null()
    tells = pl.any_horizontal(known)
    run = pl.read_parquet(work_run / "take_up.parquet").select(tells.alias("tells"))["tells"]
    assert shown.text.count('scope="row"') == run.sum()
    few = run.len() - run.sum()
    assert f"{few} schemes with too few known people to tell anything" in shown.text


def test_the_files_hold_what_the_run_masked_and_nothing_else(client_as, work_run: Path):
    client = client_as("policy_analyst")
    table = pl.read_parquet(io.BytesIO(client.get("/take-up/files/scheme.parquet").content))
    assert (
        table["recipients"].to_list()
        == pl.read_parquet(work_run / "take_up.parquet")["recipients"].to_list()
    )
    text = client.get("/take-up/files/area.csv")
    assert text.headers["content-type"] == "text/csv; charset=utf-8"
    assert text.text.splitlines()[0].split(",")[0] == "scheme"
    assert client.get("/take-up/files/people.csv").status_code == 404
    assert client.get("/take-up/files/scheme.json").status_code == 404


def test_who_may_not_see_take_up_sees_what_is_not_there(client_as):
    assert client_as("caseworker").get("/take-up").status_code == 404


def areas() -> pl.DataFrame:
    row = {
        "scheme": "pension_credit",
        "effective_date": ON,
        "recipients": 100,
        "entitled_non_recipients": 60,
        "unknown_recipients": 10,
        "unknown_non_recipients": 40,
        "recipients_not_found_entitled": None,
        "take_up_low": 0.49,
        "take_up_high": 0.66,
        "area": "E06000005",
        "unclaimed_low": 1_234_500,
        "unclaimed_high": 2_345_600,
        "unknown_adds_at_most": None,
        "is_hidden": False,
    }
    hidden = dict.fromkeys(row, None) | {
        "scheme": "pension_credit",
        "effective_date": ON,
        "area": "W06000015",
        "is_hidden": True,
    }
    schema = {name: column.dtype for name, column in AreaTakeUp.columns().items()}
    return pl.DataFrame([row, hidden], schema=schema)


@pytest.fixture
def placed(house: House, work_run: Path, tmp_path: Path) -> House:
    """The house with a run in which areas are large enough to be shown."""
    run = tmp_path / "run"
    run.mkdir()
    for name in ("take_up.parquet", "unclaimed.parquet", "manifest.json"):
        shutil.copy(work_run / name, run / name)
    areas().write_parquet(run / "take_up_by_area.parquet")
    return replace(house, settings=replace(house.settings, run=run))


def signed_in(house: House) -> TestClient:
    client = Client(create_app(house), raise_server_exceptions=False)
    client.form("/sign-in", {"account": "pat.policy", "next": "/accessibility"})
    return client


def test_areas_are_shown_and_the_hidden_ones_only_counted(placed: House):
    with signed_in(placed) as client:
        shown = client.get("/take-up/areas?scheme=pension_credit")
        assert "E06000005" in shown.text
        assert "W06000015" not in shown.text
        assert "49.0% to 66.0%" in shown.text
        assert "£12,345 to £23,456" in shown.text
        assert "1 areas are hidden whole" in shown.text
        assert "Choose a scheme" in client.get("/take-up/areas").text
        assert client.get("/take-up/areas?scheme=nothing").status_code == 404


def test_a_run_of_before_areas_were_counted_says_so(placed: House):
    (placed.settings.run / "take_up_by_area.parquet").unlink()
    with signed_in(placed) as client:
        assert "This run left no take-up by area." in client.get("/take-up/areas").text
        assert client.get("/take-up/files/area.csv").status_code == 404


def test_a_server_without_a_run_says_so(house: House):
    bare = replace(house, settings=replace(house.settings, run=None))
    with signed_in(bare) as client:
        assert "This server shows no run" in client.get("/take-up").text
