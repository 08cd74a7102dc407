from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.frames import ClaimPaths, empty
from nostop.model import FrameError, OutreachError
from nostop.outreach import Holdout, flagged, holdout_from, plan
from tests.outreach.frames import ON, POLICY, contacts, determinations, people

SECRET = {"NOSTOP_HOLDOUT_SECRET": "0123456789abcdef"}
COUPLE = people({}, {"person_id": "P2", "born_on": date(1952, 3, 1)})


def one(
    determination: dict[str, object] | None = None,
    person: dict[str, object] | None = None,
    contact: dict[str, object] | None = None,
) -> dict[str, object]:
    """The plan's only row for one person, with what is given laid over somebody contactable."""
    rows = plan(
        determinations(determination or {}), people(person or {}), contacts(contact or {}), POLICY
    )
    assert rows.height == 1
    return rows.row(0, named=True)


def recipients(rows: pl.DataFrame) -> list[tuple[str, str]]:
    return rows.select("recipient_id", "state").rows()


def test_an_entitled_non_recipient_is_planned():
    row = one()
    assert (row["state"], row["kind"], row["suppression"]) == ("planned", "entitled", None)
    assert (row["campaign"], row["step"], row["recipient_id"]) == ("spring", 1, "P1")
    assert row["holdout"] is False


def test_worth_asking_is_planned_as_such():
    row = one({"outcome": "unknown", "worth_asking": True})
    assert (row["state"], row["kind"]) == ("planned", "worth_asking")


@pytest.mark.parametrize(
    "determination",
    [
        {"claimed": True},
        {"outcome": "not_entitled"},
        {"outcome": "unknown"},
        {"outcome": None},
        {"outcome": "unknown", "worth_asking": True, "claimed": True},
    ],
)
def test_nothing_is_planned_for(determination: dict[str, object]):
    rows = plan(determinations(determination), people({}), contacts({}), POLICY)
    assert rows.height == 0


SUPPRESSIONS = [
    ("receipt_unknown", {"claimed": None}, {}, {}),
    ("weak_link", {"confidence": 0.94}, {}, {}),
    ("weak_link", {"confidence": None}, {}, {}),
    ("weak_link", {}, {"confidence": 0.5}, {}),
    ("deceased", {}, {}, {"is_deceased": True}),
    ("deceased", {}, {}, {"is_deceased": None}),
    ("deceased", {}, {"died_on": date(2026, 6, 1)}, {}),
    ("opted_out", {}, {}, {"opted_out": True}),
    ("opted_out", {}, {}, {"opted_out": None}),
    ("protected_address", {}, {}, {"protected_address": True}),
    ("protected_address", {}, {}, {"protected_address": None}),
    ("safeguarding_hold", {}, {}, {"safeguarding_hold": True}),
    ("safeguarding_hold", {}, {}, {"safeguarding_hold": None}),
    ("under_age", {}, {"born_on": date(2008, 6, 2)}, {}),
    ("under_age", {}, {}, {"born_on": date(2008, 6, 2)}),
    ("under_age", {}, {"born_on": None}, {}),
    ("under_age", {}, {"role": "child"}, {}),
    ("no_recourse_to_public_funds", {}, {"has_recourse_to_public_funds": False}, {}),
    ("no_contact_details", {}, {}, {"email": None, "phone": None}),
    ("register_unknown", {}, {}, {"person_id": "P9"}),
]


@pytest.mark.parametrize(("reason", "determination", "person", "contact"), SUPPRESSIONS)
def test_inv_07_nobody_is_told_who_is(reason, determination, person, contact):
    row = one(determination, person, contact)
    assert (row["state"], row["suppression"]) == ("suppressed", reason)


@pytest.mark.parametrize(
    ("person", "contact"),
    [
        ({"born_on": date(2008, 6, 1)}, {}),
        ({"born_on": None}, {"born_on": date(1950, 3, 1)}),
        ({"died_on": date(9999, 12, 31)}, {}),
        ({"has_recourse_to_public_funds": True}, {}),
        ({}, {"email": None}),
        ({}, {"phone": None}),
    ],
)
def test_somebody_just_inside_is_told(person, contact):
    assert one({}, person, contact)["state"] == "planned"


def test_a_birthday_on_29_february_counts_from_1_march():
    born = {"born_on": date(2008, 2, 29)}
    for day, state in ((date(2026, 2, 28), "suppressed"), (date(2026, 3, 1), "planned")):
        rows = plan(determinations({}), people(born), contacts({}), replace(POLICY, on=day))
        assert rows["state"].to_list() == [state]


def test_all_reasons_are_recorded_and_the_first_in_order_is_shown():
    row = one(
        {"claimed": None, "confidence": 0.1},
        {"has_recourse_to_public_funds": False},
        {"is_deceased": True, "opted_out": True, "email": None, "phone": None},
    )
    assert row["suppression"] == "deceased"
    assert row["suppressions"] == [
        "deceased",
        "opted_out",
        "no_recourse_to_public_funds",
        "receipt_unknown",
        "weak_link",
        "no_contact_details",
    ]


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        (None, "planned"),
        (frozenset({("pension_credit", "entitled")}), "planned"),
        (frozenset({("pension_credit", "worth_asking")}), "suppressed"),
        (frozenset(), "suppressed"),
    ],
)
def test_nobody_is_told_of_what_no_letter_is_written_for(letters, expected):
    rows = plan(determinations({}), people({}), contacts({}), replace(POLICY, letters=letters))
    reasons = ["no_letter"] if expected == "suppressed" else []
    assert rows.select("state", "suppressions").rows() == [(expected, reasons)]


FLAGS = ("is_deceased", "opted_out", "protected_address", "safeguarding_hold")
_FLAG = st.sampled_from([True, False, None])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.fixed_dictionaries(dict.fromkeys(FLAGS, _FLAG)), min_size=1, max_size=4),
    st.sampled_from([True, False, None]),
    st.sampled_from([None, 0.5, 0.95, 1.0]),
)
def test_inv_07_a_planned_message_has_no_flag_at_all(flags, claimed, confidence):
    members = [{"person_id": f"P{number}"} for number in range(len(flags))]
    known = contacts(*(member | flag for member, flag in zip(members, flags, strict=True)))
    decided = determinations({"claimed": claimed, "confidence": confidence})
    row = plan(decided, people(*members), known, POLICY).rows(named=True)
    for planned in row:
        if planned["state"] == "planned":
            mine = known.filter(pl.col("person_id") == planned["recipient_id"]).row(0, named=True)
            assert [mine[flag] for flag in FLAGS] == [False] * 4
            assert claimed is False
            assert confidence is not None
            assert confidence >= 0.95


def test_the_eldest_contactable_adult_is_told():
    both = contacts({}, {"person_id": "P2"})
    assert recipients(plan(determinations({}), COUPLE, both, POLICY)) == [("P1", "planned")]
    out = contacts({"opted_out": True}, {"person_id": "P2"})
    assert recipients(plan(determinations({}), COUPLE, out, POLICY)) == [("P2", "planned")]
    none = contacts({"opted_out": True}, {"person_id": "P2", "opted_out": True})
    assert recipients(plan(determinations({}), COUPLE, none, POLICY)) == [("P1", "suppressed")]


def test_twins_are_told_by_person_id_and_row_order_does_not_matter():
    twins = people({"person_id": "P2"}, {"person_id": "P1"})
    both = contacts({}, {"person_id": "P2"})
    rows = plan(determinations({}), twins, both, POLICY)
    assert recipients(rows) == [("P1", "planned")]
    assert plan(determinations({}), twins.reverse(), both.reverse(), POLICY).equals(rows)


@pytest.mark.parametrize("flag", ["safeguarding_hold", "protected_address"])
def test_a_hold_on_one_member_stops_the_whole_unit(flag: str):
    both = contacts({}, {"person_id": "P2", flag: True})
    rows = plan(determinations({}), COUPLE, both, POLICY)
    assert rows["suppression"].to_list() == [flag]


def test_a_child_is_never_told_in_an_adults_place():
    family = people({}, {"person_id": "P2", "role": "child", "born_on": date(2007, 1, 1)})
    known = contacts({"opted_out": True}, {"person_id": "P2"})
    rows = plan(determinations({}), family, known, POLICY)
    assert recipients(rows) == [("P1", "suppressed")]


def test_a_scheme_decided_for_a_person_goes_to_that_person():
    both = contacts({}, {"person_id": "P2"})
    rows = plan(determinations({"person_id": "P2"}), COUPLE, both, POLICY)
    assert recipients(rows) == [("P2", "planned")]


def test_a_scheme_decided_for_a_household_goes_to_its_eldest_adult():
    two_units = people({"person_id": "P1"}, {"person_id": "P2", "benefit_unit_id": "B2"})
    both = contacts({}, {"person_id": "P2"})
    rows = plan(determinations({"benefit_unit_id": None}), two_units, both, POLICY)
    assert recipients(rows) == [("P1", "planned")]


def test_one_row_for_each_scheme():
    rows = plan(
        determinations({}, {"scheme": "universal_credit"}), people({}), contacts({}), POLICY
    )
    assert rows["scheme"].to_list() == ["pension_credit", "universal_credit"]
    assert rows["message_id"].n_unique() == 2


def test_a_language_we_do_not_write_becomes_english():
    assert one(contact={"language": "cy"})["language"] == "cy"
    assert one(contact={"language": "ur"})["language"] == "en"


def test_inv_08_without_the_register_everybody_is_suppressed():
    rows = plan(determinations({}), people({}), None, POLICY)
    assert rows["suppressions"].to_list() == [["register_unknown", "no_contact_details"]]
    empty = plan(determinations({}), people({}), contacts(), POLICY)
    assert empty.equals(rows)


@pytest.mark.parametrize(("previous", "refused"), [(None, False), (10, False), (20, True)])
def test_inv_08_a_register_that_has_lost_its_flags_is_refused(previous, refused: bool):
    known = contacts({}, {"person_id": "P2", "opted_out": True}, {"person_id": "P3"})
    extra = contacts({"person_id": "P4", "is_deceased": True})
    known = pl.concat([known, extra])
    assert flagged(known) == 2
    policy = replace(POLICY, previous_flagged=previous)
    if refused:
        with pytest.raises(OutreachError, match="flags 2 people and flagged 20"):
            plan(determinations({}), people({}), known, policy)
    else:
        assert plan(determinations({}), people({}), known, policy).height == 1


def test_a_rerun_plans_the_same_whatever_the_pack_the_kind_and_the_language():
    first = one()
    again = one({"pack_version": "v2", "outcome": "unknown", "worth_asking": True})
    welsh = one(contact={"language": "cy"})
    assert first["message_id"] == again["message_id"] == welsh["message_id"]


@pytest.mark.parametrize("change", [{"campaign": "autumn"}, {"step": 2}])
def test_another_campaign_or_step_is_another_message(change: dict[str, object]):
    policy = replace(POLICY, **change)
    other = plan(determinations({}), people({}), contacts({}), policy)["message_id"].item()
    assert other != one()["message_id"]


def test_message_ids_are_opaque():
    assert "P1" not in str(one()["message_id"])[1:]
    assert len(str(one()["message_id"])) == 33


def crowd(number: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Couples: two people to a household, each its own benefit unit."""
    ids = [
        {"person_id": f"P{n}", "benefit_unit_id": f"B{n}", "household_id": f"H{n // 2}"}
        for n in range(number)
    ]
    units = [{k: v for k, v in row.items() if k != "person_id"} for row in ids]
    names = [{"person_id": row["person_id"]} for row in ids]
    return determinations(*units), people(*ids), contacts(*names)


def test_inv_17_the_holdout_is_a_share_of_households_and_stays_the_same():
    holdout = holdout_from(SECRET, trial="t1", share=0.2)
    policy = replace(POLICY, holdout=holdout)
    frames = crowd(2000)
    rows = plan(*frames, policy)
    held = rows.filter(pl.col("state") == "held_out")
    assert 150 < held["household_id"].n_unique() < 250
    arms = rows.group_by("household_id").agg(pl.col("holdout").n_unique())
    assert arms["holdout"].to_list() == [1] * 1000
    assert plan(*frames, policy).equals(rows)
    later = replace(policy, campaign="autumn", step=2)
    assert plan(*frames, later)["holdout"].equals(rows["holdout"])
    other = replace(policy, holdout=holdout_from(SECRET, trial="t2", share=0.2))
    assert not plan(*frames, other)["holdout"].equals(rows["holdout"])


def test_a_suppressed_person_in_the_holdout_is_suppressed():
    policy = replace(POLICY, holdout=Holdout("t", 0.999999, b"0123456789abcdef"))
    rows = plan(determinations({}), people({}), contacts({"opted_out": True}), policy)
    assert rows.select("state", "holdout").row(0) == ("suppressed", True)


@pytest.mark.parametrize("environment", [{}, {"NOSTOP_HOLDOUT_SECRET": "short"}])
def test_a_holdout_without_its_secret_is_refused(environment: dict[str, str]):
    with pytest.raises(OutreachError, match="NOSTOP_HOLDOUT_SECRET") as refused:
        holdout_from(environment, trial="t", share=0.1)
    assert "short" not in str(refused.value)


def test_the_secret_is_not_shown():
    assert "0123456789" not in repr(holdout_from(SECRET, trial="t", share=0.1))


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5])
def test_an_impossible_share_is_refused(share: float):
    with pytest.raises(OutreachError, match="share"):
        holdout_from(SECRET, trial="t", share=share)


@pytest.mark.parametrize(
    "change", [{"campaign": "Spring 26"}, {"min_confidence": 0}, {"step": 0}, {"languages": ()}]
)
def test_an_impossible_policy_is_refused(change: dict[str, object]):
    with pytest.raises(OutreachError, match="policy"):
        replace(POLICY, **change)


def test_a_determination_for_nobody_is_refused():
    with pytest.raises(OutreachError, match="1 determinations are for nobody"):
        plan(determinations({"benefit_unit_id": "B9"}), people({}), contacts({}), POLICY)


def test_tables_that_do_not_fit_are_refused():
    with pytest.raises(FrameError, match="repeat a person_id"):
        plan(determinations({}), people({}, {}), contacts({}), POLICY)
    with pytest.raises(FrameError, match="repeat a subject"):
        plan(determinations({}, {}), people({}), contacts({}), POLICY)
    with pytest.raises(FrameError, match="people: missing"):
        plan(determinations({}), people({}).drop("role"), contacts({}), POLICY)
    with pytest.raises(FrameError, match="people: found"):
        plan(determinations({}), people({}).with_columns(born_on=pl.lit("x")), contacts({}), POLICY)
    with pytest.raises(FrameError, match="ContactsAsRead"):
        plan(determinations({}), people({}), contacts({}).drop("opted_out"), POLICY)


def test_people_without_optional_facts_are_enough():
    bare = people({}).drop("died_on", "has_recourse_to_public_funds", "confidence")
    assert plan(determinations({}), bare, contacts({}), POLICY)["state"].to_list() == ["planned"]


# --- what departments differ on -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("in_review", "suppression"), [(True, "in_conflict"), (None, "in_conflict"), (False, None)]
)
def test_nobody_is_told_of_what_somebody_has_to_look_at_first(
    in_review: bool | None, suppression: str | None
):
    found = determinations({}).with_columns(pl.lit(in_review, pl.Boolean).alias("in_review"))
    rows = plan(found, people({}), contacts({}), POLICY)
    assert rows["suppression"].to_list() == [suppression]


# --- what needs advice first ----------------------------------------------------------------------


def paths(*rows: dict[str, object]) -> pl.DataFrame:
    usual = {
        "benefit_unit_id": "B1",
        "household_id": "H1",
        "step": None,
        "scheme": "pension_credit",
        "person_id": "P1",
        "subject_id": "B1",
        "effective_date": ON,
        "status": "advice_first",
        "reasons": ["other_person_affected"],
        "per": "week",
        "loses": [],
        "opens": [],
        "backdate_months": 0,
    }
    return pl.DataFrame([usual | row for row in rows], schema=empty(ClaimPaths).schema)


@pytest.mark.parametrize(
    ("path", "determination", "suppression"),
    [
        ({}, {}, "advice_first"),
        ({"status": "claim", "step": 1, "reasons": []}, {}, None),
        ({"scheme": "child_benefit"}, {}, None),
        ({"subject_id": "B2"}, {}, None),
        # Decided for a person, and for a household: the subject is theirs.
        ({"subject_id": "P1"}, {"person_id": "P1"}, "advice_first"),
        ({"subject_id": "P2"}, {"person_id": "P1"}, None),
        ({"subject_id": "H1"}, {"benefit_unit_id": None}, "advice_first"),
    ],
)
def test_inv_10_claim_that_needs_advice_first_gets_no_message(
    path: dict[str, object], determination: dict[str, object], suppression: str | None
):
    rows = plan(determinations(determination), people({}), contacts({}), POLICY, paths(path))
    assert rows["suppression"].to_list() == [suppression]
    assert rows["state"].to_list() == ["planned" if suppression is None else "suppressed"]
