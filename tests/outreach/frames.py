"""Rows for the tests of outreach. Everybody here is invented."""

from datetime import date

import polars as pl

from nostop.frames import Contacts, Determinations
from nostop.outreach import Policy

ON = date(2026, 6, 1)
POLICY = Policy(campaign="spring", on=ON, min_confidence=0.95)

SCHEMES = pl.DataFrame(
    {
        "scheme": ["pension_credit", "child_benefit", "universal_credit"],
        "title_en": ["Pension Credit", "Child Benefit", "Universal Credit"],
        "title_cy": ["Credyd Pensiwn", "Budd-dal Plant", "Credyd Cynhwysol"],
        "claim_url": [
            "https://www.gov.uk/pension-credit/how-to-claim",
            "https://www.gov.uk/child-benefit/how-to-claim",
            "https://www.gov.uk/universal-credit/how-to-claim",
        ],
        "claim_phone": ["0800 99 1234", "0300 200 3100", "0800 328 5644"],
    }
)


def determinations(*rows: dict[str, object]) -> pl.DataFrame:
    usual = {
        "benefit_unit_id": "B1",
        "person_id": None,
        "household_id": "H1",
        "scheme": "pension_credit",
        "effective_date": ON,
        "outcome": "entitled",
        "amount": 8800,
        "amount_low": 8800,
        "amount_high": 8800,
        "per": "week",
        "claimed": False,
        "worth_asking": False,
        "confidence": 0.99,
        "because": ["reached_qualifying_age"],
        "missing": [],
        "pack_version": "v1",
    }
    schema = {name: column.dtype for name, column in Determinations.columns().items()}
    return pl.DataFrame([usual | row for row in rows], schema=schema)


PEOPLE_SCHEMA = {
    "person_id": pl.String(),
    "benefit_unit_id": pl.String(),
    "household_id": pl.String(),
    "role": pl.String(),
    "born_on": pl.Date(),
    "died_on": pl.Date(),
    "has_recourse_to_public_funds": pl.Boolean(),
    "confidence": pl.Float64(),
}


def people(*rows: dict[str, object]) -> pl.DataFrame:
    usual = {
        "person_id": "P1",
        "benefit_unit_id": "B1",
        "household_id": "H1",
        "role": "adult",
        "born_on": date(1950, 3, 1),
        "died_on": None,
        "has_recourse_to_public_funds": None,
        "confidence": None,
    }
    return pl.DataFrame([usual | row for row in rows], schema=PEOPLE_SCHEMA)


def contacts(*rows: dict[str, object]) -> pl.DataFrame:
    usual = {
        "person_id": "P1",
        "first_name": "Ann",
        "surname": "Jones",
        "email": "ann@example.org",
        "phone": "07700 900123",
        "language": "en",
        "born_on": None,
        "is_deceased": False,
        "opted_out": False,
        "protected_address": False,
        "safeguarding_hold": False,
    }
    schema = {name: column.dtype for name, column in Contacts.columns().items()}
    return pl.DataFrame([usual | row for row in rows], schema=schema)
