"""One message for one person, under whichever id it went."""

import polars as pl

from nostop.outreach import hold_told_before
from tests.store.frames import plan


def told(*pairs: tuple[str, str]) -> pl.DataFrame:
    schema = {"recipient_id": pl.String, "scheme": pl.String}
    return pl.DataFrame(list(pairs), schema=schema, orient="row")


def heirs(*pairs: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        list(pairs), schema={"was": pl.String, "person_id": pl.String}, orient="row"
    )


def of(rows: pl.DataFrame) -> list[tuple[str, str, str, str | None]]:
    return rows.select("recipient_id", "scheme", "state", "suppression").rows()


def test_inv_01_who_took_in_an_id_is_not_told_what_that_id_was():
    rows = plan({"recipient_id": "P1"}, {"recipient_id": "P1", "scheme": "child_benefit"})
    held = hold_told_before(rows, told(("P2", "pension_credit")), heirs(("P2", "P1")))
    assert of(held) == [
        ("P1", "pension_credit", "suppressed", "told_before"),
        ("P1", "child_benefit", "planned", None),
    ]


def test_inv_31_who_came_out_of_an_id_waits_until_somebody_has_looked():
    rows = plan({"recipient_id": "P1"}, {"recipient_id": "P3"}, {"recipient_id": "P4"})
    held = hold_told_before(rows, told(("P1", "pension_credit")), heirs(("P1", "P3")))
    assert of(held) == [
        ("P1", "pension_credit", "planned", None),  # the ledger has it as sent: it goes once
        ("P3", "pension_credit", "suppressed", "told_before"),
        ("P4", "pension_credit", "planned", None),
    ]


def test_first_reason_stays_the_first():
    rows = plan({"recipient_id": "P1", "suppression": "deceased"})
    held = hold_told_before(rows, told(("P2", "pension_credit")), heirs(("P2", "P1")))
    assert held.select("suppression", "suppressions").row(0) == (
        "deceased",
        ["deceased", "told_before"],
    )


def test_nobody_told_holds_nothing_back():
    rows = plan({"recipient_id": "P1"}, {"recipient_id": "P2", "state": "held_out"})
    assert hold_told_before(rows, told(), heirs()).equals(rows)
