"""Beginning a feed from a sample: what is guessed, what is never written, and what is refused."""

import json
import re
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from nostop import plugins
from nostop.app import default_declarations_dir, default_sample_dir
from nostop.app.feed_guesses.source import settings_of
from nostop.app.new_feed import NewFeed, begin_feed
from nostop.feeds import FeedDeclaration, load, read_declaration
from nostop.feeds.checks import against_catalogue
from nostop.model import FeedError, SettingsError
from nostop.rulebook import default_rules_dir
from nostop.rulebook.catalogue import load_catalogue
from nostop.strict_yaml import read_yaml

FACTS = """
facts:
  rent:
    means: Rent for the dwelling
    level: household
    type: money
    per: week
    valid_for: 1 year
    effort: 2
    absent_means: unknown
"""
AWARDS = """
offers: {}
awards:
  housing_benefit: {means: Housing Benefit, per: week}
"""
MARK = "# CONFIRM:"
HEADER = "claim_ref,nino,forename,surname,dob,postcode,status,weekly_rent,start,as_at"
ROW = "H{0:03},QQ{0:06}A,Forename{0},Surname{0},01/02/19{1},ZZ1 {2}AA,{3},{0}.50,01/03/2020,{4}"


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a rules folder of one fact and one award."""
    folder = tmp_path_factory.mktemp("rules")
    (folder / "facts.yaml").write_text(FACTS)
    (folder / "awards.yaml").write_text(AWARDS)
    return folder


def sample(folder: Path, rows: list[str], header: str = HEADER) -> Path:
    path = folder / "claims_20260501.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def claims(count: int = 40, statuses: str = "IP END") -> list[str]:
    words = statuses.split()
    return [
        ROW.format(n, 40 + n % 50, n % 10, words[n % len(words)], "01/05/2026")
        for n in range(count)
    ]


def answered(path: Path) -> Path:
    """Confirm every guess of a declaration as it is."""
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(rf" *{MARK}.*", "", text), encoding="utf-8")
    return path


def begun(rules: Path, folder: Path, path: Path, **given: object) -> FeedDeclaration:
    file = folder / "council_housing_benefit.yaml"
    begin_feed(rules, NewFeed("council_housing_benefit", path, **given), file)  # type: ignore[arg-type]
    return read_declaration(answered(file))


def test_declaration_says_what_the_sample_shows(rules: Path, tmp_path: Path) -> None:
    found = begun(rules, tmp_path, sample(tmp_path, claims()))
    assert found.file == "claims_*.csv"
    assert (found.connector, found.settings) == (
        "delimited",
        {"delimiter": ",", "encoding": "utf-8"},
    )
    assert {name: (kind.kind, kind.written) for name, kind in found.columns.items()} == {
        **dict.fromkeys(("claim_ref", "forename", "surname"), ("text", "")),
        **dict.fromkeys(("dob", "start", "as_at"), ("date", "DD/MM/YYYY")),
        "nino": ("nino", ""),
        "postcode": ("postcode", ""),
        "status": ("code", ""),
        "weekly_rent": ("pounds", ""),
    }
    assert found.columns["status"].codes == ("END", "IP")
    assert (found.record, found.as_of) == (["claim_ref"], "as_at")
    assert found.contract.rows_at_least == 20
    person = found.people["person"]
    assert (person.nino, person.surname, person.born_on) == ("nino", "surname", "dob")
    (rent,) = found.facts
    assert (rent.fact, rent.of, rent.column, rent.per) == (
        "rent",
        "household",
        "weekly_rent",
        "week",
    )
    (award,) = found.awards
    assert award.scheme == "housing_benefit"
    assert award.starts_on == "start"
    assert found.complete_for == []


def test_every_guess_waits_for_a_person(rules: Path, tmp_path: Path) -> None:
    file = tmp_path / "council_claims.yaml"
    new = NewFeed("council_claims", sample(tmp_path, claims()))
    result = begin_feed(rules, new, file)
    text = file.read_text(encoding="utf-8")
    assert result.guesses == text.count(MARK) > 20
    assert (result.rows, result.quarantined, result.refused) == (40, 0, None)
    assert read_yaml(file).data["id"] == "council_claims"
    with pytest.raises(FeedError) as error:
        read_declaration(file)
    assert str(error.value).count("a guess that nobody has confirmed") == result.guesses
    line = text.splitlines().index("people:") + 2
    assert f"{file}:{line}:" in str(error.value)


def test_no_value_of_a_person_is_written(rules: Path, tmp_path: Path) -> None:
    few = [
        row.replace("Forename1,", "Forename1,").replace("Surname", "Marsh") for row in claims(40)
    ]
    few = [re.sub(r"Marsh\d+", "Marsh", row) for row in few]
    few[7] = few[7].replace(",IP,", ",SANCTIONED,").replace(",END,", ",SANCTIONED,")
    file = tmp_path / "council_claims.yaml"
    begin_feed(rules, NewFeed("council_claims", sample(tmp_path, few)), file)
    text = file.read_text(encoding="utf-8")
    assert "status: text" in text
    for value in {value for row in few for value in row.split(",")} - {"IP", "END"}:
        assert value not in text
    assert "Forename" not in text
    assert "Marsh" not in text


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        (["A"] * 20 + ["B"] * 5, "one of A, B"),
        (["A"] * 20 + ["B"] * 4, "text"),
        (["Y"] * 24 + ["N"], "one of Y, N"),
        ([chr(65 + n % 21) for n in range(210)], "text"),
        (["Marsh", "Field"] * 20, "text"),
        (["ann marsh", "ben field"] * 20, "text"),
        (["1", "2"] * 20, "whole"),
        (["0012", "0034"] * 20, "text"),
        (["12.50", "3.00"] * 20, "pounds"),
        (["2026-05"] * 20, "date YYYY-MM"),
        (["2026-05-01T10:00:00Z", "2026-05-01"] * 20, "date YYYY-MM-DDThh:mm:ss"),
        (["31/12/2025"] * 99 + ["12/31/2025"], "date DD/MM/YYYY"),
        (["12/31/2025"] * 40, "text"),
        (["07700900123"] * 20, "text"),
        (["1,5", "2,5"] * 20, "text"),
        ([""] * 40, "text or empty"),
        (["QQ123456C"] * 39 + [""], "nino or empty"),
    ],
)
def test_type_of_a_column_named_nothing_in_particular(
    rules: Path, tmp_path: Path, values: list[str], type_: str
) -> None:
    lines = [f'R{n},Marsh,01/05/2026,"{value}"' for n, value in enumerate(values)]
    path = sample(tmp_path, lines, header="ref,surname,as_at,thing")
    file = tmp_path / "council_things.yaml"
    begin_feed(rules, NewFeed("council_things", path), file)
    assert read_yaml(answered(file)).data["columns"]["thing"] == type_


@pytest.mark.parametrize(
    ("name", "values", "type_"),
    [
        ("code", ["1", "2"] * 20, "one of 1, 2"),
        ("claim status", ["In payment", "Ended"] * 20, "one of Ended, In payment"),
        ("maiden", ["A", "B"] * 20, "text"),
        ("annualPence", ["00012", "00340"] * 20, "pence"),
        ("UPRN", ["000123456789"] * 20, "uprn"),
        ("mobile_no", ["07700900123"] * 20, "phone"),
        ("mail", ["a@example.org"] * 20, "email"),
        ("amount", ["12", "30"] * 20, "pounds"),
        ("town", ["Skelbeck", "Wexhill"] * 20, "text"),
        ("no_contact_address", ["Y", "N"] * 20, "one of Y, N"),
        ("Rent: weekly", ["1.50", "2.50"] * 20, "pounds"),
    ],
)
def test_type_of_a_column_whose_name_tells(
    rules: Path, tmp_path: Path, name: str, values: list[str], type_: str
) -> None:
    lines = [f"R{n},Marsh,01/05/2026,{value}" for n, value in enumerate(values)]
    path = sample(tmp_path, lines, header=f"ref,surname,as_at,{name}")
    file = tmp_path / "council_things.yaml"
    begin_feed(rules, NewFeed("council_things", path), file)
    assert read_yaml(answered(file)).data["columns"][name] == type_
    assert read_declaration(file).people["person"].address_line_1 is None


def test_people_are_told_apart_by_their_columns(rules: Path, tmp_path: Path) -> None:
    header = (
        "ref,claimantSurname,claimant_postcode,partner_surname,child1_surname,maiden_name,month"
    )
    lines = [f"R{n},A,ZZ1 1AA,B,C,D,2026-0{1 + n % 2}" for n in range(20)]
    found = begun(rules, tmp_path, sample(tmp_path, lines, header=header))
    assert list(found.people) == ["claimant", "partner", "child1"]
    assert [(r.person, r.has, r.as_) for r in found.relations] == [
        ("claimant", "partner", "partner"),
        ("claimant", "child1", "child"),
    ]
    assert found.as_of == "month"
    assert found.current is not None


def test_columns_of_any_name_are_written_as_the_reader_takes_them(
    rules: Path, tmp_path: Path
) -> None:
    names = ["no", "2026", "a: b", "Über uns", "- x", "#", "it's", "null", "{a}"]
    header = ",".join(["ref", "2_surname", "household_surname", "as_at", *names])
    lines = [f"R{n},A,B,01/05/2026" + ",z" * 9 for n in range(20)]
    found = begun(rules, tmp_path, sample(tmp_path, lines, header=header))
    assert list(found.columns)[4:] == names
    assert list(found.people) == ["person_2", "person_household"]


@pytest.mark.parametrize(
    ("given", "content", "said"),
    [
        ({"feed": "Claims"}, None, "--id 'Claims' cannot be an id"),
        ({"feed": "claims"}, None, "--id 'claims' cannot be an id"),
        ({}, "ref,surname\n", "none of its rows can be read"),
        ({}, "ref,amount\nA,1\n", "none of its 2 columns is of surnames"),
        ({}, "ref,surname\nA,B\nC,D\n", "add --as-of with the day"),
        ({}, "\n", "begins with an empty line"),
        ({}, "QQ123456C,Marsh\nQQ123457C,Field\n", "its first line holds data, not names"),
        ({}, "\n".join(f"{n:05}Marsh      ZZ1 1AA" for n in range(9)), "say where its columns"),
        ({"connector": "nothing"}, None, "no connector 'nothing'"),
    ],
)
def test_sample_that_does_not_tell_enough_is_refused(
    rules: Path, tmp_path: Path, given: dict[str, str], content: str | None, said: str
) -> None:
    path = sample(tmp_path, claims())
    if content is not None:
        path.write_text(content, encoding="utf-8")
    feed = given.pop("feed", "council_claims")
    with pytest.raises(Exception, match=said) as error:
        begin_feed(rules, NewFeed(feed, path, **given), tmp_path / f"{feed}.yaml")  # type: ignore[arg-type]
    assert "Marsh" not in str(error.value)
    assert not list(tmp_path.glob("*.yaml"))


def test_nothing_is_overwritten_and_the_file_has_the_feeds_name(
    rules: Path, tmp_path: Path
) -> None:
    path = sample(tmp_path, claims())
    file = tmp_path / "council_claims.yaml"
    with pytest.raises(
        SettingsError, match=r"the file of this feed is called council_claims\.yaml"
    ):
        begin_feed(rules, NewFeed("council_claims", path), tmp_path / "other.yaml")
    begin_feed(rules, NewFeed("council_claims", path), file)
    with pytest.raises(SettingsError, match="is there already; nothing was written"):
        begin_feed(rules, NewFeed("council_claims", path), file)
    with pytest.raises(SettingsError, match="there is no such file"):
        begin_feed(rules, NewFeed("council_other", tmp_path / "none.csv"))


def test_day_given_and_department_given_are_taken(rules: Path, tmp_path: Path) -> None:
    lines = [f"R{n},Marsh" for n in range(20)]
    path = sample(tmp_path, lines, header="ref,surname")
    found = begun(rules, tmp_path, path, as_of=date(2026, 5, 1), department="The Council")
    assert (found.as_of, found.department) == (date(2026, 5, 1), "The Council")


def test_parquet_and_ebcdic_samples_are_read_by_their_connectors(
    rules: Path, tmp_path: Path
) -> None:
    table = pl.DataFrame(
        {"ref": ["a", "b"], "surname": ["X", "Y"], "as_at": [date(2026, 5, 1)] * 2}
    )
    path = tmp_path / "claims.parquet"
    table.write_parquet(path)
    found = begun(rules, tmp_path, path)
    assert (found.connector, found.columns["as_at"].written) == ("parquet", "YYYY-MM-DD")
    (tmp_path / "book.cpy").write_text("01 R.\n 05 REF PIC X.\n 05 SURNAME PIC X(5).\n")
    records = tmp_path / "claims.dat"
    records.write_bytes("AMARSHBFIELD".encode("cp037"))
    settings = {"code_page": "cp037", "copybook_file": str(tmp_path / "book.cpy")}
    (tmp_path / "council_housing_benefit.yaml").unlink()
    found = begun(
        rules, tmp_path, records, connector="ebcdic", settings=settings, as_of=date(2026, 5, 1)
    )
    assert found.settings == {"code_page": "cp037", "copybook_file": str(tmp_path / "book.cpy")}
    assert "copybook_file: book.cpy" in (tmp_path / "council_housing_benefit.yaml").read_text()
    read = plugins.connector(found.connector, found.settings).read(records)
    assert read.rows["surname"].to_list() == ["MARSH", "FIELD"]


def test_file_of_a_setting_stands_beside_its_declaration(rules: Path, tmp_path: Path) -> None:
    file = tmp_path / "council_claims.yaml"
    begin_feed(rules, NewFeed("council_claims", sample(tmp_path, claims())), file)
    text = answered(file).read_text().replace("encoding: utf-8", "copybook_file: ../book.cpy")
    file.write_text(text)
    with pytest.raises(FeedError, match=r"'\.\./book\.cpy' is a path: write the name of a file"):
        read_declaration(file)


SAMPLES = {
    "dwp_awards": "dwp_awards.csv",
    "hmrc_child_benefit": "hmrc_child_benefit.csv",
    "hmrc_rti": "hmrc_rti.csv",
    "housing_benefit": "housing_benefit.csv",
    "school_census": "school_census.csv",
    "outreach_register": "outreach_register.csv",
    "nhs_register": "nhs_register.json",
    "council_tax": "council_tax.txt",
}


def cut(bundle: Path, to: Path, entries: int) -> Path:
    """Write the first entries of a bundle: each is read by paths, which takes its time."""
    whole = json.loads(bundle.read_text(encoding="utf-8"))
    to.write_text(json.dumps({**whole, "entry": whole["entry"][:entries]}), encoding="utf-8")
    return to


@pytest.mark.parametrize("feed", SAMPLES)
def test_sample_feed_read_through_its_guesses_sets_aside_no_more_than_as_shipped(
    tmp_path: Path, feed: str
) -> None:
    shipped_rules = default_rules_dir()
    shipped = read_declaration(default_declarations_dir() / f"{feed}.yaml")
    path = default_sample_dir() / SAMPLES[feed]
    if path.suffix == ".json":
        path = cut(path, tmp_path / path.name, entries=600)
    fixed = shipped.connector == "fixed_width"
    new = NewFeed(
        feed,
        path,
        connector="fixed_width" if fixed else None,
        settings=shipped.settings if fixed else None,
    )
    file = tmp_path / f"{feed}.yaml"
    begin_feed(shipped_rules, new, file)
    guessed = read_declaration(answered(file))
    facts = load_catalogue(shipped_rules).facts
    kinds = {name: (fact.type, str(fact.per) if fact.per else None) for name, fact in facts.items()}
    assert list(against_catalogue(guessed, kinds)) == []
    set_aside = []
    for declaration in (guessed, shipped):
        table = plugins.connector(declaration.connector, declaration.settings).read(path)
        set_aside.append(load(declaration, table).quarantine.height)
    assert set_aside[0] <= set_aside[1]


def test_settings_are_read_as_yaml_where_they_are_lists_or_keys() -> None:
    given = ["encoding=latin-1", "fields={account: 1-10, band: 23}", "header_row=3", "a=b=c"]
    assert settings_of(given) == {
        "encoding": "latin-1",
        "fields": {"account": "1-10", "band": 23},
        "header_row": 3,
        "a": "b=c",
    }
    for wrong in ("encoding", "=x", "A=x", "fields={a: 1, a: 2}"):
        with pytest.raises(SettingsError, match="--set"):
            settings_of([wrong])
