"""The rule workbench without its pages: situations tried out, and proposals checked, compared and
handed over. The rules are a small folder of one scheme."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine

from nostop.app.hostile_inputs import AWARDS, FACTS, GATEWAYS, PACK, RATES
from nostop.app.jobs import JobFile, Jobs, Task
from nostop.app.proposal_jobs import check_rules, masked, who_flips
from nostop.app.proposals import Deed, Desk, Proposal, laid_out
from nostop.app.rule_pages import RulePages, page_of
from nostop.app.running.checkpoints import Checkpoints
from nostop.app.running.people import STAGE, as_made
from nostop.app.situation_forms import first_sheet, problem_of, sheet_of_form
from nostop.app.workbench import Bench, scheme_lines
from nostop.determination import run_cases
from nostop.determination.case_files import own_cases
from nostop.determination.situations import read_situation
from nostop.frames import Situation
from nostop.linkage import Assembled
from nostop.model import NotHere, SettingsError, SituationError, StoreError
from nostop.rulebook import Rulebook, load_rulebook
from nostop.store import open_store, upgrade

NOW = datetime(2026, 6, 2, 10, tzinfo=UTC)
DAY = date(2026, 6, 1)
NATION = (
    "  nation: {means: Nation, level: household, type: enum, values: [england, wales, scotland, "
    "northern_ireland], valid_for: always, effort: 1, absent_means: unknown}\n"
)
CASES = """\
situations:
  somebody:
    people: {ann: {role: adult, pay: 4000, awards: []}}
    households: {home: {members: [ann], nation: england}}
cases:
  - {name: A low wage, effective_date: 2026-06-01, start_from: somebody,
     expect: {outcome: entitled, amount: 6000}}
  - {name: At the limit, effective_date: 2026-06-01, start_from: somebody,
     change: {people: {ann: {pay: 10000}}}, expect: {outcome: not_entitled}}
"""
FILES = {
    "facts.yaml": FACTS + NATION,
    "awards.yaml": AWARDS,
    "gateways.yaml": GATEWAYS.replace("[role, pay, ill]", "[role, pay, ill, nation]"),
    "uk/alpha/pack.yaml": PACK,
    "uk/alpha/rates.yaml": RATES,
    "uk/alpha/cases/some.yaml": CASES,
}
#: The limit goes from £100 to £60 a week.
LOWER = RATES.replace("value: 10000", "value: 6000")
NEWER = PACK.replace("2026.1", "2026.2")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    for name, text in FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def book(rules: Path) -> Rulebook:
    return load_rulebook(rules)


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A store with its tables, made once: as bytes."""
    file = tmp_path_factory.mktemp("workbench") / "store.db"
    engine = open_store(f"sqlite:///{file}")
    upgrade(engine)
    engine.dispose()
    return file.read_bytes()


@pytest.fixture
def engine(tmp_path: Path, empty_store: bytes) -> Iterator[Engine]:
    file = tmp_path / "store.db"
    file.write_bytes(empty_store)
    engine = open_store(f"sqlite:///{file}")
    yield engine
    engine.dispose()


# --- situations -----------------------------------------------------------------------------------

LOW_WAGE = {
    "members": "ann|adult|b1|home",
    "people.ann.pay": "£40.00",
    "households.home.nation": "england",
    "awards.ann": "yes",
}


def tried(book: Rulebook, typed: dict[str, str]):
    return Bench().try_out(book, sheet_of_form(book, "alpha", typed, DAY), "A low wage")


def test_what_is_typed_is_worked_out_with_its_conditions_and_trace(book: Rulebook):
    (answer,) = tried(book, LOW_WAGE).answers
    assert (answer.outcome, answer.amount) == ("entitled", "£60.00 a week")
    assert [(name, truth) for name, _, truth, _ in answer.conditions] == [
        ("applies_in", True),
        ("poor", True),
    ]
    assert any("alpha.money [b1] = £40.00 a week" in line for line in answer.trace)


def test_what_is_left_empty_is_unknown_and_never_nothing(book: Rulebook):
    (answer,) = tried(book, LOW_WAGE | {"people.ann.pay": ""}).answers
    assert answer.outcome == "unknown"
    assert [name for name, _ in answer.missing] == ["pay"]


def test_an_award_counts_as_claimed(book: Rulebook):
    (answer,) = tried(book, LOW_WAGE | {"award.ann.pension_credit": "12.50"}).answers
    assert "already claimed" in answer.lines[0]


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        ("people.ann.pay", "40.001", "'40.001' is no amount such as 88.00"),
        ("people.ann.pay", "NaN", "'NaN' is no amount such as 88.00"),
        ("people.ann.pay", "forty", "'forty' is no amount such as 88.00"),
        ("people.ann.pay", "1e30", "'1e30' is no amount such as 88.00"),
    ],
)
def test_what_does_not_fit_is_told_beside_its_field(
    book: Rulebook, field: str, text: str, told: str
):
    with pytest.raises(SituationError) as refused:
        tried(book, LOW_WAGE | {field: text})
    assert problem_of(refused.value) == (field, told)


def test_an_award_without_saying_that_awards_are_known_is_refused(book: Rulebook):
    with pytest.raises(SituationError) as refused:
        tried(book, LOW_WAGE | {"awards.ann": "", "award.ann.pension_credit": "1"})
    assert problem_of(refused.value)[0] == "awards.ann"


@pytest.mark.parametrize(
    "members", ["", "ann", "ann|adult|b1", "Ann Sample|adult|b1|home", "ann|king|b1|home"]
)
def test_who_belongs_where_must_be_plain(book: Rulebook, members: str):
    with pytest.raises(SituationError, match="name 1 to 12 people"):
        sheet_of_form(book, "alpha", {"members": members}, DAY)


def test_every_worked_case_comes_out_the_same_through_the_form(book: Rulebook):
    bench = Bench()
    for number, case in enumerate(bench.cases(book, "alpha")):
        (answer,) = bench.try_out(book, bench.sheet_of_case(book, "alpha", number), "x").answers
        assert answer.outcome == case.expected["outcome"]
    with pytest.raises(NotHere):
        bench.sheet_of_case(book, "alpha", 2)


def test_a_situation_saved_as_a_case_passes_where_it_is_put(rules: Path, book: Rulebook):
    text = tried(book, LOW_WAGE).case
    (rules / "uk/alpha/cases/tried.yaml").write_text(text, encoding="utf-8")
    again = load_rulebook(rules)
    assert [each.passed for each in run_cases(again, ["alpha"])] == [True, True, True]
    assert own_cases(again)[-1].name == "A low wage"


def test_an_empty_form_begins_with_nothing_known(book: Rulebook):
    sheet = first_sheet(book, "alpha", DAY, "couple")
    assert {field.value for block in sheet.blocks for field in block.fields} == {""}
    assert [block.subject for block in sheet.blocks] == ["ann", "bob", "home"]
    with pytest.raises(NotHere):
        first_sheet(book, "beta", DAY, "couple")


def test_a_scheme_is_a_page_to_stand_within_another(book: Rulebook):
    pages = RulePages()
    shown = pages.page(book, "alpha", DAY, page_of("alpha"))
    assert shown.startswith("<h1>A scheme</h1>")
    assert "<html" not in shown
    assert "It holds" in shown
    assert pages.page(book, "alpha", DAY, page_of("alpha")) is shown
    with pytest.raises(NotHere):
        pages.page(book, "alpha", DAY, "../pack.yaml")


def test_schemes_are_listed_with_whether_they_are_released(engine: Engine, book: Rulebook):
    (line,) = scheme_lines(engine, book)
    assert (line.scheme, line.version, line.released, line.overrides) == ("alpha", "2026.1", (), 0)


# --- proposals ------------------------------------------------------------------------------------


class Office:
    """Two authors at one desk, and a worker that does what they ask for."""

    def __init__(self, engine: Engine, rules: Path, run: Path | None = None) -> None:
        handlers: dict[str, Callable[[Task], JobFile]] = {
            "check_rules": lambda task: check_rules(task, rules),
            "who_flips": lambda task: who_flips(task, rules, run),
        }
        self.jobs = Jobs(engine, lambda: NOW, handlers)
        self.desk = Desk(engine, rules, self.jobs)
        self.proposal_id = self.desk.begin("alpha", "A lower limit", "rhys", NOW)

    @property
    def proposal(self) -> Proposal:
        return self.desk.read(self.proposal_id)

    def deed(self, by: str = "rhys") -> Deed:
        return Deed(self.proposal_id, self.proposal.revision, by, NOW)

    def save(self, name: str, text: str) -> None:
        self.desk.save(self.proposal, name, text, self.deed())

    def examine(self, *, flips: bool = False):
        job_id = self.desk.examine(self.proposal, self.deed(), flips=flips)
        assert self.jobs.work_one("w")
        found = self.desk.found(self.proposal, flips=flips)
        assert found is not None, self.jobs.look(job_id)
        return found


def test_a_proposal_keeps_only_what_differs_from_the_rules(engine: Engine, rules: Path):
    office = Office(engine, rules)
    office.save("rates.yaml", LOWER)
    office.save("pack.yaml", PACK.replace("\n", "\r\n"))
    assert set(office.proposal.files) == {"uk/alpha/rates.yaml"}
    assert office.desk.changed(office.proposal) == {"rates.yaml"}
    assert office.desk.names(office.proposal) == ["pack.yaml", "rates.yaml", "cases/some.yaml"]
    office.save("rates.yaml", RATES)
    assert office.proposal.files == {}


@pytest.mark.parametrize(
    "name", ["../facts.yaml", "/etc/passwd", "cases/../../x.yaml", "cases/A.yaml", "new.csv", ""]
)
def test_no_file_but_the_schemes_own_can_be_written(engine: Engine, rules: Path, name: str):
    office = Office(engine, rules)
    with pytest.raises(NotHere):
        office.save(name, "x: 1\n")


@pytest.mark.parametrize("name", ["../facts.yaml", "uk/alpha/run.py"])
def test_a_stored_file_that_leads_elsewhere_is_not_laid_out(rules: Path, name: str):
    with pytest.raises(SettingsError, match="outside"), laid_out(rules, {name: "x"}):
        pass


def test_the_check_tells_what_is_wrong_at_its_line_and_leaves_nothing_behind(
    engine: Engine, rules: Path, tmp_path: Path
):
    office = Office(engine, rules)
    office.save("pack.yaml", PACK.replace("money < week_a", "money < week_b"))
    (problem,) = office.examine()["problems"]
    wanted = 1 + PACK.splitlines().index(next(x for x in PACK.splitlines() if "- {id: poor" in x))
    assert (problem["path"], problem["line"]) == ("uk/alpha/pack.yaml", wanted)
    assert "week_b" in problem["message"]
    assert str(tmp_path) not in json.dumps(problem)
    assert (rules / "uk/alpha/pack.yaml").read_text(encoding="utf-8") == PACK


def test_the_check_runs_the_cases(engine: Engine, rules: Path):
    office = Office(engine, rules)
    office.save("rates.yaml", LOWER)
    found = office.examine()
    assert (found["problems"], found["cases"]) == ([], 2)
    (failed,) = found["failed"]
    assert (failed["name"], failed["path"]) == ("A low wage", "uk/alpha/cases/some.yaml")


def test_a_hostile_file_is_refused_by_name(engine: Engine, rules: Path):
    office = Office(engine, rules)
    office.save("pack.yaml", "a: &a [x, x]\nb: [*a, *a]\n")
    assert office.examine()["problems"]
    assert office.proposal.version == "not known"


def test_what_was_found_of_an_earlier_revision_does_not_count(engine: Engine, rules: Path):
    office = Office(engine, rules)
    office.save("pack.yaml", NEWER)
    office.examine()
    office.save("rates.yaml", LOWER)
    assert office.desk.found(office.proposal, flips=False) is None
    assert "Run the check on the files as they are now" in office.desk.lacking(office.proposal)
    with pytest.raises(SettingsError, match="Run the check"):
        office.desk.submit(office.proposal, office.deed())


def population(rules: Path, run: Path, *, synthetic: bool) -> Path:
    """A run with 40 people on £40 a week and 3 on £70 a week, and nothing else known of them."""
    pay = {f"p{number}": 4000 for number in range(40)} | {f"q{number}": 7000 for number in range(3)}
    data = {
        "people": {
            name: {"role": "adult", "pay": each, "awards": []} for name, each in pay.items()
        },
        "benefit_units": {f"b{name}": {"adults": [name], "children": []} for name in pay},
        "households": {f"h{name}": {"members": [name], "nation": "england"} for name in pay},
    }
    situation = read_situation(data, load_rulebook(rules).catalogue, "people").situation
    kept = Checkpoints(run)
    kept.keep(STAGE, "k", *as_made(assembled(situation), "law"))
    kept.finish()
    said = {"effective_date": "2026-06-01", "synthetic": synthetic}
    (run / "manifest.json").write_text(json.dumps(said), encoding="utf-8")
    return run


def assembled(situation: Situation) -> Assembled:
    nothing = pl.DataFrame()
    return Assembled(
        situation=situation,
        evidence=nothing,
        contacts=nothing,
        contacts_known=True,
        conflicts=nothing,
        counts=nothing,
    )


def test_inv_29_who_flips_is_counted_before_another_author_approves(
    engine: Engine, rules: Path, tmp_path: Path
):
    office = Office(engine, rules, population(rules, tmp_path / "run", synthetic=True))
    office.save("pack.yaml", NEWER)
    office.save("rates.yaml", LOWER)
    office.save("cases/some.yaml", CASES.replace("amount: 6000", "amount: 2000"))
    assert office.examine()["failed"] == []
    found = office.examine(flips=True)
    assert found["made_up"] is True
    rows = {(each["old_outcome"], each["new_outcome"]): each for each in found["matrix"]}
    lost = rows["entitled", "not_entitled"]
    assert (lost["subjects"], lost["least_lost"]) == (3, 3 * 3000 * 52)
    assert rows["entitled", "entitled"]["loses"] == 40
    assert found["reasons"][0]["condition"] == "poor"
    assert not any("q1" in json.dumps(each) for each in found.values())
    assert office.desk.lacking(office.proposal) == []
    office.desk.submit(office.proposal, office.deed())
    with pytest.raises(StoreError):
        office.desk.decide(office.deed(), "Mine", approved=True)
    with pytest.raises(NotHere):
        office.desk.handed_over(office.proposal)
    office.desk.decide(office.deed("aled"), "As the law says", approved=True)
    with zipfile.ZipFile(io.BytesIO(office.desk.handed_over(office.proposal))) as archive:
        assert sorted(archive.namelist()) == [
            "READ_ME.txt",
            "changes.patch",
            "uk/alpha/cases/some.yaml",
            "uk/alpha/pack.yaml",
            "uk/alpha/rates.yaml",
        ]
        assert archive.read("uk/alpha/rates.yaml").decode() == LOWER
        assert b"nostop rules release --scheme alpha" in archive.read("READ_ME.txt")
        assert b'-version: "2026.1"\n+version: "2026.2"' in archive.read("changes.patch")
    assert (rules / "uk/alpha/rates.yaml").read_text(encoding="utf-8") == RATES


def test_of_real_people_small_counts_are_hidden_and_closed_facts_unknown(
    engine: Engine, rules: Path, tmp_path: Path
):
    gateways = (rules / "gateways.yaml").read_text(encoding="utf-8")
    (rules / "gateways.yaml").write_text(
        gateways.replace("synthetic_only", "in_force"), encoding="utf-8"
    )
    office = Office(engine, rules, population(rules, tmp_path / "run", synthetic=False))
    office.save("rates.yaml", LOWER)
    found = office.examine(flips=True)
    rows = {(each["old_outcome"], each["new_outcome"]): each for each in found["matrix"]}
    lost = rows["entitled", "not_entitled"]
    assert (lost["subjects"], lost["loses"], lost["least_lost"]) == (None, None, None)
    less = rows["entitled", "entitled"]
    assert (less["subjects"], less["least_lost"]) == (40, 8_300_000)
    assert {each["least_lost"] for each in found["groups"]} == {None}


def test_without_a_run_who_flips_fails_by_name(engine: Engine, rules: Path):
    office = Office(engine, rules)
    office.save("rates.yaml", LOWER)
    job_id = office.desk.examine(office.proposal, office.deed(), flips=True)
    office.jobs.work_one("w")
    assert "this server shows no run" in office.jobs.look(job_id).said


def test_pounds_of_real_people_are_rounded_and_need_thirty():
    row = {
        "scheme": "s",
        "old_outcome": "entitled",
        "new_outcome": "entitled",
        "gains": 12,
        "loses": 9,
        "same": 0,
        "unsettled": 0,
        "least_gained": 1_234_567,
        "least_lost": None,
        "most_gained": 1_250_001,
        "most_lost": 0,
    }
    table = pl.DataFrame([row | {"subjects": 29}, row | {"subjects": 31}])
    few, many = masked(table, "matrix").to_dicts()
    assert (few["subjects"], few["gains"], few["loses"]) == (30, 10, None)
    assert few["least_gained"] is None
    assert (many["least_gained"], many["most_gained"]) == (1_200_000, 1_300_000)
