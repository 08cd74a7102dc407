from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from nostop.model import StoreError
from nostop.store.audit import entries_of
from nostop.store.engine import reading
from nostop.store.proposals import (
    Deed,
    Proposal,
    begin,
    decide,
    note_job,
    proposals_of,
    read_proposal,
    reopen,
    save,
    submit,
    withdraw,
)

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
DRAFT = Proposal(
    proposal_id="P1",
    scheme="pension_credit",
    title="A higher limit",
    files={},
    base_version="2026.1",
    version="2026.1",
    made_by="rhys",
    made_at=NOW,
    state="draft",
)
FILES = {"uk/pension_credit/pack.yaml": 'version: "2026.2"\n'}


def of(by: str, revision: int = 1) -> Deed:
    return Deed("P1", revision, by, NOW + timedelta(minutes=revision))


def standing(engine: Engine) -> Proposal:
    with reading(engine) as connection:
        found = read_proposal(connection, "P1")
    assert found is not None
    return found


def test_inv_29_a_proposal_is_approved_by_another_author_and_every_step_is_audited(store: Engine):
    begin(store, DRAFT)
    save(store, of("rhys"), FILES, "2026.2")
    note_job(store, of("aled", 2), "J1", flips=True)
    submit(store, of("rhys", 2))
    with pytest.raises(StoreError, match="changed or decided by somebody else"):
        decide(store, of("rhys", 2), "Mine is right", approved=True)
    decide(store, of("aled", 2), "As the law says", approved=True)
    found = standing(store)
    assert (found.state, found.decided_by, found.reason) == ("approved", "aled", "As the law says")
    assert (found.version, found.files, found.flips_job) == ("2026.2", FILES, "J1")
    assert entries_of(store, "P1", most=9)["action"].to_list() == [
        "proposal.begun",
        "proposal.saved",
        "proposal.examined",
        "proposal.submitted",
        "proposal.approved",
    ]


def test_what_was_changed_meanwhile_is_not_decided_or_overwritten(store: Engine):
    begin(store, DRAFT)
    save(store, of("rhys"), FILES, "2026.2")
    for late in (
        lambda: save(store, of("rhys"), {}, "2026.1"),
        lambda: submit(store, of("rhys")),
        lambda: note_job(store, of("rhys"), "J1", flips=False),
    ):
        with pytest.raises(StoreError, match="changed or decided by somebody else"):
            late()
    assert standing(store).files == FILES


def test_only_its_author_edits_hands_in_and_withdraws(store: Engine):
    begin(store, DRAFT)
    for deed in (submit, withdraw, reopen):
        with pytest.raises(StoreError):
            deed(store, of("aled"))
    submit(store, of("rhys"))
    with pytest.raises(StoreError):
        save(store, of("rhys"), FILES, "2026.2")
    decide(store, of("aled"), "Not yet", approved=False)
    reopen(store, of("rhys"))
    assert (standing(store).state, standing(store).decided_by) == ("draft", None)
    withdraw(store, of("rhys"))
    assert standing(store).state == "withdrawn"


@pytest.mark.parametrize(
    ("files", "told"),
    [({"a": "x" * 205_000}, "larger than 200 KB"), ({"a": "\x00"}, "a NUL in it")],
)
def test_what_is_too_large_or_no_text_is_refused(store: Engine, files: dict[str, str], told: str):
    begin(store, DRAFT)
    with pytest.raises(StoreError, match=told):
        save(store, of("rhys"), files, "2026.2")
    assert standing(store).revision == 1


def test_proposals_are_listed_newest_first_by_scheme(store: Engine):
    begin(store, DRAFT)
    begin(store, replace(DRAFT, proposal_id="P2", made_at=NOW + timedelta(days=1)))
    begin(store, replace(DRAFT, proposal_id="P3", scheme="child_benefit"))
    with reading(store) as connection:
        names = [each.proposal_id for each in proposals_of(connection, "pension_credit", most=5)]
        assert names == ["P2", "P1"]
        assert len(proposals_of(connection, None, most=5)) == 3
