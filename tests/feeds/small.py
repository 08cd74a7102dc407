"""A small declaration and tables for it, built from literals."""

from pathlib import Path

import polars as pl

from nostop.feeds import FeedDeclaration, read_declaration
from nostop.ports import RawTable

SMALL = """\
id: small_awards
title: Awards of a small department
department: Small
gateway: small
connector: delimited
file: small_awards*.csv
contract: {rows_at_least: 1, bad_rows_at_most: 60%, fresh_for_days: 30}
columns:
  ref: text
  nino: nino or empty
  forename: text
  surname: text
  dob: date DD/MM/YYYY
  sex: one of F, M, U
  uprn: uprn or empty
  postcode: postcode or empty
  partner_surname: text or empty
  partner_dob: date DD/MM/YYYY or empty
  benefit: one of SP, PC
  status: one of IP, END
  amount: pounds or empty
  freq: one of W, M, or empty
  start: date DD/MM/YYYY
  end: date DD/MM/YYYY or empty
  as_at: date DD/MM/YYYY
record: [ref]
as_of: as_at
people:
  claimant:
    nino: nino
    first_name: forename
    surname: surname
    born_on: dob
    sex: {column: sex, codes: {F: female, M: male, U: unstated}}
    uprn: uprn
    postcode: postcode
  partner: {surname: partner_surname, born_on: partner_dob, postcode: postcode}
relations:
  - {person: claimant, has: partner, as: partner}
refuse:
  - {when: {benefit: [SP], freq: [M]}, reason: states a weekly benefit by the month}
facts:
  - {fact: state_pension, column: amount, per: week, when: {benefit: [SP], status: [IP]}}
  - {fact: nation, of: household, constant: england}
awards:
  - scheme: {column: benefit, codes: {SP: state_pension, PC: pension_credit}}
    status: {column: status, codes: {IP: in_payment, END: ended}}
    amount: amount
    per: {column: freq, codes: {W: week, M: month}}
    starts_on: start
    ends_on: end
complete_for:
  - {applies_to: linked_people, facts: [state_pension]}
  - {applies_to: everybody, awards: [state_pension, pension_credit]}
"""

GOOD = {
    "ref": "A1",
    "nino": "QQ 12 34 56 c",
    "forename": "Ann",
    "surname": "Marsh",
    "dob": "29/02/1948",
    "sex": "F",
    "uprn": "000100023456",
    "postcode": "zz11aa",
    "partner_surname": None,
    "partner_dob": None,
    "benefit": "SP",
    "status": "IP",
    "amount": "150.00",
    "freq": "W",
    "start": "01/03/2014",
    "end": None,
    "as_at": "11/05/2026",
}


def declared(folder: Path, *changes: tuple[str, str]) -> FeedDeclaration:
    """Return the small declaration after replacing texts in it."""
    return read_declaration(declared_file(folder, *changes))


def declared_file(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write the small declaration after replacing texts in it."""
    text = SMALL
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path = folder / "small_awards.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def table(*rows: dict[str, str | None], rejected: int = 0) -> RawTable:
    """Return rows as a connector would: each one is `GOOD` with changes and a key of its own."""
    whole = [
        {**GOOD, "ref": f"A{number}", **row, "_line": number + 1}
        for number, row in enumerate(rows, start=1)
    ]
    schema = {**dict.fromkeys(GOOD, pl.String), "_line": pl.Int64}
    lines = [(len(rows) + 2 + number, None, "has 2 values") for number in range(rejected)]
    return RawTable(
        file="small_awards.csv",
        sha256="0" * 64,
        rows=pl.DataFrame(whole, schema=schema),
        rejected=pl.DataFrame(
            lines, schema={"line": pl.Int64, "column": pl.String, "reason": pl.String}, orient="row"
        ),
    )
