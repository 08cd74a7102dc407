"""Loading a whole run: people who were erased, rules that moved on, and the command."""

import json
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine, insert
from typer.testing import CliRunner

from nostop.app.casework.loading import Load, load_work
from nostop.cli import app
from nostop.model import SettingsError
from nostop.rulebook import default_rules_dir
from nostop.store import open_store, read_table, upgrade
from nostop.store.erasure import Secret
from nostop.store.rows import table_of
from nostop.store.tables_access import CasePerson
from nostop.store.tables_audit import ErasedRecord
from nostop.store.tables_casework import CaseFile, Flag
from tests.web.population import LOADED_AT, load

KEY = "0123456789abcdef0123456789abcdef"
RULES = default_rules_dir()


@pytest.fixture
def engine() -> Engine:
    made = open_store("sqlite://")
    upgrade(made)
    return made


def test_inv_38_a_run_of_before_does_not_bring_an_erased_person_back(
    run: Path, engine: Engine
) -> None:
    load(engine, run)
    someone = read_table(engine, CasePerson)[0]
    person_id, household_id = someone["person_id"][0], someone["household_id"][0]
    engine.dispose()
    links = pl.read_parquet(run / "links.parquet").filter(person_id=person_id)
    other = open_store("sqlite://")
    upgrade(other)
    keys = [Secret(KEY).record_key(*row) for row in links.select("source", "record_id").rows()]
    with other.begin() as connection:
        rows = [{"record_key": key, "erased_at": LOADED_AT} for key in keys]
        connection.execute(insert(table_of(ErasedRecord)), rows)
    with pytest.raises(SettingsError, match="NOSTOP_ERASURE_KEY"):
        load_work(other, run, RULES, LOADED_AT)
    assert read_table(other, Flag).is_empty()
    load_work(other, run, RULES, LOADED_AT, Load(secret=KEY))
    assert read_table(other, Flag).height
    assert household_id not in read_table(other, CaseFile)["household_id"].to_list()
    assert person_id not in " ".join(read_table(other, CaseFile)["document"])
    assert person_id not in read_table(other, CasePerson)["person_id"].to_list()
    other.dispose()


def test_rules_that_moved_on_since_the_run_are_refused_by_name(
    run: Path, engine: Engine, tmp_path: Path
) -> None:
    for file in run.iterdir():
        if file.name != "manifest.json":
            (tmp_path / file.name).symlink_to(file)
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    manifest["packs"]["pension_credit"] = "2025.9+deadbeef"
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"pension_credit version 2025\.9\+deadbeef"):
        load_work(engine, tmp_path, RULES, LOADED_AT)
    engine.dispose()


def test_the_command_says_what_it_did_and_what_is_wrong(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOSTOP_DATABASE_URL", f"sqlite:///{tmp_path / 'store.db'}")
    done = CliRunner().invoke(app, ["work", "load", "--run", str(run)])
    assert done.exit_code == 0, done.output
    assert "cases to look at" in done.output
    again = CliRunner().invoke(app, ["work", "load", "--run", str(run)])
    assert " 0 of them new" in again.output
    wrong = CliRunner().invoke(app, ["work", "load", "--run", str(tmp_path)])
    assert "holds no finished run" in str(wrong.exception)
