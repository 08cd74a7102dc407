"""Claim paths: the order, what a claim opens and ends, what it comes to for everybody affected, and
when advice comes first."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from nostop.claim_paths import PathFinder, deciding, for_caseworker, for_person
from nostop.determination import determine
from nostop.frames import Situation
from nostop.rulebook import Rulebook, load_rulebook
from tests.claim_paths.small import (
    OLD,
    ON,
    book_of,
    claims,
    home,
    paths,
    person,
    row,
    situation,
    write_book,
)

PENSION = {"scheme": "pension", "status": "in_payment", "per": "week"}
RENT_HELP = {"scheme": "rent_help", "status": "in_payment", "per": "week"}
#: Two people who live together; bob looks after ann, and each is a unit of their own.
ANN_CARED_FOR = person(**OLD, is_cared_for=True, awards=[{**PENSION, "amount": 28_200}])
BOB_CARER = person(is_carer=True, cares_for_person_id="ann", income=40_000)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    return book_of(tmp_path_factory.mktemp("rules"))


# --- the order, and what a claim opens ------------------------------------------------------------


def test_claim_opens_what_can_be_had_only_with_its_award(book: Rulebook) -> None:
    found = paths(book, home({"ann": person(**OLD)}))
    assert claims(found) == ["pension", "licence"]
    assert row(found, "pension")["opens"] == ["licence"]
    assert row(found, "licence")["opens"] == []
    # £200.00 a week, and £180.00 a year.
    assert row(found, "pension")["gain_year"] == 20_000 * 52
    assert row(found, "licence")["gain_year"] == 18_000


def test_claim_that_others_wait_for_comes_first(book: Rulebook) -> None:
    ann = person(**OLD, is_carer=True, cares_for_person_id="bob")
    found = paths(book, home({"ann": ann, "bob": person(income=40_000)}))
    assert claims(found) == ["carers", "pension", "licence"]
    # £200.00 and £46.00 more as a carer, less the £80.00 that the carer's award brings.
    assert row(found, "pension")["amount"] == 20_000 + 4_600 - 8_000


def test_deadline_comes_before_money_that_waiting_loses(book: Rulebook) -> None:
    found = paths(book, home({"ann": person(left_job_on="2026-05-01")}))
    assert claims(found) == ["grant", "work_benefit"]
    assert row(found, "grant")["deadline"] == date(2026, 8, 1)
    assert (row(found, "grant")["gain_year"], row(found, "grant")["gain_once"]) == (0, 50_000)
    assert row(found, "work_benefit")["deadline"] is None


def test_waiting_loses_the_award_of_a_week(book: Rulebook) -> None:
    found = paths(book, home({"ann": person(**OLD)}))
    assert row(found, "pension")["backdate_months"] == 3
    assert row(found, "pension")["lost_each_week"] == 20_000
    work = row(paths(book, home({"ann": person()})), "work_benefit")
    assert work["backdate_months"] == 0
    assert work["lost_each_week"] == 40_000 * 12 // 52
    grant = row(paths(book, home({"ann": person(left_job_on="2026-05-01")})), "grant")
    assert grant["lost_each_week"] == 0


def test_eldest_adult_claims_for_a_unit(book: Rulebook) -> None:
    couple = {"ann": person(**OLD), "bob": person(born_on="1949-01-01")}
    found = paths(book, home(couple, {"b": ["ann", "bob"]}))
    assert row(found, "pension")["person_id"] == "bob"
    assert row(found, "pension")["subject_id"] == "b"


# --- everybody affected ---------------------------------------------------------------------------


def test_award_that_falls_because_income_rose_is_a_loss(book: Rulebook) -> None:
    ann = person(
        **OLD, is_carer=True, cares_for_person_id="bob", awards=[{**PENSION, "amount": 20_000}]
    )
    found = row(paths(book, home({"ann": ann, "bob": person(income=40_000)})), "carers")
    # £80.00 for caring, of which the pension takes back all but the £46.00 for carers.
    assert (found["status"], found["gain_year"]) == ("claim", 4_600 * 52)
    assert found["loses"] == ["pension"]


def test_loss_of_the_person_cared_for_counts(book: Rulebook) -> None:
    found = row(paths(book, home({"ann": ANN_CARED_FOR, "bob": BOB_CARER})), "carers")
    # £80.00 a week for bob, and £82.00 less for ann.
    assert found["gain_year"] == (8_000 - 8_200) * 52
    assert found["status"] == "advice_first"
    assert found["reasons"] == ["negative", "other_person_affected"]
    assert found["step"] is None


def test_loss_of_somebody_who_lives_elsewhere_counts(book: Rulebook) -> None:
    households = {
        **home({"ann": ANN_CARED_FOR, "bob": BOB_CARER}),
        "households": {
            "h1": {"members": ["ann"], "nation": "england", "rent": 0},
            "h2": {"members": ["bob"], "nation": "wales", "rent": 0},
        },
    }
    found = row(paths(book, households), "carers")
    assert (found["gain_year"], found["status"]) == ((8_000 - 8_200) * 52, "advice_first")


def test_other_person_who_loses_nothing_stops_nothing(book: Rulebook) -> None:
    ann = person(**OLD, awards=[{**PENSION, "amount": 20_000}])
    found = row(paths(book, home({"ann": ann, "bob": BOB_CARER})), "carers")
    assert (found["status"], found["gain_year"]) == ("claim", 8_000 * 52)


def test_other_person_who_loses_less_than_is_gained_needs_advice_all_the_same(
    book: Rulebook,
) -> None:
    ann = person(**OLD, is_cared_for=True, income=25_000, awards=[{**PENSION, "amount": 3_200}])
    found = row(paths(book, home({"ann": ann, "bob": BOB_CARER})), "carers")
    # Ann's £32.00 goes whole; bob gains £80.00.
    assert found["gain_year"] == (8_000 - 3_200) * 52
    assert (found["status"], found["reasons"]) == ("advice_first", ["other_person_affected"])


@pytest.mark.parametrize("who", [None, "nobody_known"])
def test_unknown_other_person_leaves_it_unsettled(book: Rulebook, who: str | None) -> None:
    bob = person(is_carer=True, income=40_000, cares_for_person_id=who)
    found = row(paths(book, home({"bob": bob})), "carers")
    assert found["reasons"] == ["unsettled", "other_person_affected"]
    assert (found["gain_year"], found["gain_year_low"], found["gain_year_high"]) == (None,) * 3


def test_unknown_other_person_matters_not_where_the_law_leaves_them_alone(tmp_path: Path) -> None:
    never = (
        "changes_for_others: [{fact: has_paid_carer, to: true, whose: cares_for_person_id, "
        "says: It has a paid carer, cite: law, when: is_carer and not is_carer}]\n"
    )
    book = book_of(tmp_path, carers=never)
    found = row(paths(book, home({"bob": person(is_carer=True, income=40_000)})), "carers")
    assert (found["status"], found["gain_year"]) == ("claim", 8_000 * 52)


def test_unknown_fact_of_the_other_person_leaves_it_unsettled(book: Rulebook) -> None:
    ann = person(**OLD, is_cared_for=None, awards=[{**PENSION, "amount": 20_000}])
    found = row(paths(book, home({"ann": ann, "bob": BOB_CARER})), "carers")
    assert found["reasons"] == ["unsettled", "other_person_affected"]


def test_unknown_fact_of_what_no_claim_touches_stops_nothing(book: Rulebook) -> None:
    # Whether the childcare help is due stays open; neither reads the other.
    ann = person(**OLD, awards=[{"scheme": "childcare_help", "status": "in_payment"}])
    found = row(paths(book, home({"ann": ann}, childcare=None)), "pension")
    assert (found["status"], found["gain_year"]) == ("claim", 20_000 * 52)


def test_one_unit_claims_in_its_own_world(book: Rulebook) -> None:
    # Were bob's claim made first, ann's pension would be another.
    both = {"ann": person(**OLD, is_cared_for=True), "bob": BOB_CARER}
    found = paths(book, home(both))
    alone = paths(book, home({"ann": person(**OLD, is_cared_for=True)}))
    assert row(found, "pension")["amount"] == row(alone, "pension")["amount"] == 28_200
    # As things are, ann claims nothing that she could lose.
    assert (row(found, "carers")["status"], row(found, "carers")["gain_year"]) == (
        "claim",
        8_000 * 52,
    )


# --- what ends, and what rules out another --------------------------------------------------------


def test_award_that_ends_for_good_needs_advice(book: Rulebook) -> None:
    ann = person(awards=[{**RENT_HELP, "amount": 5_000}])
    found = row(paths(book, home({"ann": ann})), "work_benefit")
    assert (found["status"], found["reasons"]) == ("advice_first", ["irreversible"])
    assert found["gain_year"] == 40_000 * 12 - 5_000 * 52
    assert found["loses"] == ["rent_help"]


def test_award_that_ends_and_is_not_stated_leaves_it_unsettled(book: Rulebook) -> None:
    ann = person(awards=[{**RENT_HELP, "amount": None, "per": None}])
    found = row(paths(book, home({"ann": ann})), "work_benefit")
    assert found["reasons"] == ["unsettled", "irreversible"]
    assert found["gain_year"] is None


def test_step_that_needs_advice_is_not_taken_to_be_made(book: Rulebook) -> None:
    ann = person(left_job_on="2026-05-01", awards=[{**RENT_HELP, "amount": 5_000}])
    found = paths(book, home({"ann": ann}))
    assert claims(found) == ["grant"]
    assert row(found, "grant")["step"] == 1


@pytest.mark.parametrize(
    ("childcare", "better", "worse"),
    [
        (479_999, "work_benefit", "childcare_help"),
        (480_001, "childcare_help", "work_benefit"),
    ],
)
def test_of_two_that_exclude_each_other_the_larger_is_claimed(
    book: Rulebook, childcare: int, better: str, worse: str
) -> None:
    found = paths(book, home({"ann": person()}, childcare=childcare))
    assert claims(found) == [better]
    left = row(found, worse)
    assert (left["status"], left["reasons"]) == ("advice_first", ["alternative"])
    assert left["alternative_to"] == better
    assert left["gain_year"] == (childcare if worse == "childcare_help" else 480_000)


def test_claim_waits_where_what_rules_it_out_cannot_be_undone(book: Rulebook) -> None:
    ann = person(awards=[{**RENT_HELP, "amount": 5_000}])
    found = paths(book, home({"ann": ann}, childcare=200_000))
    assert claims(found) == []
    assert row(found, "work_benefit")["reasons"] == ["irreversible"]
    assert row(found, "childcare_help")["reasons"] == ["alternative"]
    assert row(found, "childcare_help")["alternative_to"] == "work_benefit"


def test_award_that_a_claimed_one_would_end_is_not_claimed(tmp_path: Path) -> None:
    closes = "closes: [{award: grant, says: It ends, cite: law}]\n"
    book = book_of(tmp_path, work_benefit=closes)
    work = {"scheme": "work_benefit", "status": "in_payment", "amount": 40_000, "per": "month"}
    found = paths(book, home({"ann": person(left_job_on="2026-05-01", awards=[work])}))
    assert claims(found) == []
    assert row(found, "grant")["alternative_to"] == "work_benefit"


# --- who has no path ------------------------------------------------------------------------------


def test_nobody_has_a_path_whose_receipt_is_not_known(book: Rulebook) -> None:
    assert paths(book, home({"ann": person(**OLD, awards=None)})).is_empty()


@pytest.mark.parametrize("few", [0, 100])
def test_scheme_whose_feed_did_not_arrive_is_no_claim(
    book: Rulebook, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(deciding, "FEW", few)
    frames = situation(book, home({"ann": person(**OLD, left_job_on="2026-05-01")}))
    finder = PathFinder.ready(book, ON)
    assert claims(finder.paths(frames)) == ["pension", "grant", "licence"]
    known = replace(frames, receipt_known_for=frozenset({"grant", "licence", "carers"}))
    assert claims(finder.paths(known)) == ["grant"]


def test_claimed_and_open_schemes_are_no_claims(book: Rulebook) -> None:
    held = [{**PENSION, "amount": 20_000}, {"scheme": "licence", "status": "in_payment"}]
    assert paths(book, home({"ann": person(**OLD, awards=held)})).is_empty()
    assert paths(book, home({"ann": person(**OLD, income=None)})).is_empty()


# --- the same however it is worked out ------------------------------------------------------------

_PEOPLE = st.fixed_dictionaries(
    {
        "born_on": st.sampled_from(["1950-03-01", "1990-03-01", None]),
        "income": st.sampled_from([0, 15_000, 40_000, None]),
        "is_carer": st.sampled_from([True, False, None]),
        "is_cared_for": st.sampled_from([True, False, None]),
        "has_paid_carer": st.sampled_from([True, False, None]),
        "cares_for_person_id": st.sampled_from(["p0", "p1", "p2", None]),
        "left_job_on": st.sampled_from(["2026-05-01", "9999-12-31", None]),
        "awards": st.sampled_from(
            [
                [],
                None,
                [{**PENSION, "amount": 12_000}],
                [{**RENT_HELP, "amount": 9_000}],
                [{"scheme": "carers", "status": "in_payment", "amount": 8_000, "per": "week"}],
                [{"scheme": "childcare_help", "status": "in_payment"}],
            ]
        ),
    }
)


@st.composite
def homes(draw: st.DrawFn) -> dict[str, Any]:
    people = {f"p{n}": person(**draw(_PEOPLE)) for n in range(draw(st.integers(1, 3)))}
    names = list(people)
    together = draw(st.booleans()) and len(names) > 1
    units = {"u0": names[:2], **{f"u{n}": [n] for n in names[2:]}} if together else None
    return home(people, units, childcare=draw(st.sampled_from([0, 300_000, None])))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(listed=st.lists(homes(), min_size=2, max_size=4))
def test_many_have_the_paths_that_each_has_alone(book: Rulebook, listed: list[Any]) -> None:
    finder = PathFinder.ready(book, ON)
    together = finder.paths(_with_own_people(situation(book, *listed)))
    for number, each in enumerate(listed):
        one = finder.paths(situation(book, each))
        ids = ["benefit_unit_id", "household_id", "person_id", "subject_id"]
        own = together.filter(pl.col("household_id").str.starts_with(f"h{number}/"))
        assert_frame_equal(own.with_columns(pl.col(ids).str.strip_prefix(f"h{number}/")), one)


def _with_own_people(joined: Situation) -> Situation:
    """Several situations in one: whom somebody cares for is one of theirs."""
    prefix = pl.col("person_id").str.extract(r"^(h\d+/)")
    theirs = pl.concat_str(prefix, "cares_for_person_id").alias("cares_for_person_id")
    return Situation(
        joined.people.with_columns(theirs), joined.benefit_units, joined.households, joined.awards
    )


def test_frames_and_one_by_one_say_the_same(
    book: Rulebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_ = situation(book, home({"ann": ANN_CARED_FOR, "bob": BOB_CARER}, childcare=300_000))
    one_by_one = PathFinder.ready(book, ON).paths(given_)
    monkeypatch.setattr(deciding, "FEW", 0)
    in_frames = PathFinder.ready(book, ON).paths(given_)
    assert_frame_equal(one_by_one, in_frames)


def test_row_order_does_not_matter(book: Rulebook) -> None:
    given_ = situation(book, home({"ann": ANN_CARED_FOR, "bob": BOB_CARER}, childcare=300_000))
    turned = Situation(*(each.reverse() for each in (
        given_.people, given_.benefit_units, given_.households, given_.awards
    )))  # fmt: skip
    finder = PathFinder.ready(book, ON)
    assert_frame_equal(finder.paths(given_), finder.paths(turned))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(given_=homes())
def test_every_unclaimed_entitlement_has_one_row(book: Rulebook, given_: dict[str, Any]) -> None:
    frames = situation(book, given_)
    found = determine(frames, book, ON)
    due = found.filter(pl.col("outcome") == "entitled", pl.col("claimed").eq(other=False))
    subject = pl.coalesce("person_id", "benefit_unit_id", "household_id")
    wanted = due.select("scheme", subject_id=subject)
    rows = PathFinder.ready(book, ON).paths(frames, found)
    assert wanted.join(rows, on=["scheme", "subject_id"], how="anti").is_empty()
    assert rows.select("scheme", "subject_id").is_duplicated().sum() == 0
    settled = rows.filter(pl.col("status") == "claim")
    assert settled.filter(pl.col("gain_year_low").fill_null(-1) < 0).is_empty()
    assert settled["reasons"].list.len().sum() == 0
    assert rows.filter(pl.col("status") != "claim")["reasons"].list.len().to_list().count(0) == 0


# --- in words -------------------------------------------------------------------------------------


def test_inv_10_words_to_the_claimant_tell_nothing_of_anybody_else(book: Rulebook) -> None:
    found = row(paths(book, home({"ann": ANN_CARED_FOR, "bob": BOB_CARER})), "carers")
    unknown = person(is_carer=True, income=40_000)
    other = row(paths(book, home({"bob": unknown})), "carers")
    assert found["reasons"] != other["reasons"]
    assert for_person(found, book.packs) == for_person(other, book.packs)
    said = for_person(found, book.packs)
    assert "advice first" in said
    for telling in ("ann", "£", "else", "lose", "pension"):
        assert telling not in said.lower().removeprefix("carers")


def test_caseworker_is_told_that_somebody_else_may_lose(book: Rulebook) -> None:
    found = row(paths(book, home({"ann": ANN_CARED_FOR, "bob": BOB_CARER})), "carers")
    told = for_caseworker(found, book.packs)
    assert told[0] == "Over everybody affected: £104.00 less a year."
    assert any("somebody else may get less" in line for line in told)
    assert not any("ann" in line.split() for line in told)
    # What the other gets is not among what the claimant loses.
    assert found["loses"] == []


def test_words_say_what_to_do_and_by_when(book: Rulebook) -> None:
    found = paths(book, home({"ann": person(**OLD, left_job_on="2026-05-01")}))
    assert for_person(row(found, "grant"), book.packs).endswith("Claim by 1 August 2026.")
    pension = for_person(row(found, "pension"), book.packs)
    assert "up to 3 months" in pension
    assert "It opens: Licence." in pension


# --- amounts that move each other -----------------------------------------------------------------


@pytest.mark.parametrize(("income", "gain"), [(0, 4_600 * 52), (15_000, None)])
def test_amounts_are_worked_out_until_they_settle(
    tmp_path: Path, income: int, gain: int | None
) -> None:
    # The pension falls by what carers are paid, and that is no more than the pension: from £50.00
    # of pension on, each pulls the other to £46.00 and back.
    folder = write_book(tmp_path)
    pack = folder / "uk/carers/pack.yaml"
    text = pack.read_text(encoding="utf-8")
    pack.write_text(
        text.replace("formula: 'carers_rate'", "formula: 'at_most(award(pension), carers_rate)'"),
        encoding="utf-8",
    )
    paid = [{**PENSION, "amount": 20_000 - income}]
    ann = person(**OLD, is_carer=True, cares_for_person_id="bob", income=income, awards=paid)
    both = home({"ann": ann, "bob": person(income=40_000)})
    found = row(paths(load_rulebook(folder), both), "carers")
    assert found["gain_year"] == gain
    assert found["reasons"] == ([] if gain is not None else ["unsettled"])
