"""HMRC Real Time Information: one row for each person, employment or pension, and month, for the
last two months."""

from datetime import date

import numpy as np
import polars as pl

from nostop.synth.chance import PER_10000, scattered
from nostop.synth.views.feed import (
    Feed,
    Seen,
    day_text,
    mention,
    no_bad_rows,
    pounds_text,
    with_bad_rows,
)

SOURCE = "hmrc_rti"
_FAULTS = {
    "dob": ("19610231", "00000000"),
    "month": ("2026-13",),
    "taxable_pay": ("12,50", "£5"),
    "kind": ("WAGE",),
}
_COLUMNS = [
    "employer_ref",
    "payroll_id",
    "nino",
    "forename",
    "surname",
    "dob",
    "gender",
    "addr1",
    "postcode",
    "month",
    "kind",
    "taxable_pay",
    "tax",
    "ni_ee",
    "pension_ee",
]
_PAY = {
    "pay": "gross_earnings",
    "tax": "income_tax_paid",
    "ni": "national_insurance_paid",
    "pension": "pension_contributions",
}
_MAIN_JOB_PERCENT = 70
_ENDED = 3
_LEAVERS_PER_10000 = 150
_JOINERS_PERCENT = 3
_PEOPLE_PER_EMPLOYER = 28


def view(seen: Seen) -> Feed:
    """Return HMRC's pay file. A person's second job is a row of its own, written down by another
    employer."""
    jobs = _with_employers(_jobs(seen), seen)
    rows = pl.concat([_month(jobs, seen, months_back) for months_back in (2, 1)])
    rows = rows.sort("employer_ref", "payroll_id", "month", "kind")
    key = pl.concat_str("employer_ref", "payroll_id", "month", "kind", separator="/")
    mentions = rows.select(mention(key, "person_id"))
    feed = Feed(SOURCE, "hmrc_rti.csv", rows.select(_COLUMNS), mentions, no_bad_rows())
    return with_bad_rows(feed, _FAULTS, seen.shapes, seen.chance)


def _jobs(seen: Seen) -> pl.DataFrame:
    """Return one row for each job or pension: person_id, kind, place (0 job, 1 second job,
    2 pension, 3 a job that ended a month ago), pay, tax, ni, pension."""
    rng = seen.chance.part("jobs")
    employed = seen.people.filter(pl.col("gross_earnings") > 0).select(
        "person_id", "has_second_job", **{name: pl.col(fact) for name, fact in _PAY.items()}
    )
    two_jobs = employed.filter("has_second_job")
    main_part = {name: pl.col(name) * _MAIN_JOB_PERCENT // 100 for name in _PAY}
    parts = [
        _rows(employed.filter(~pl.col("has_second_job")), "EARN", 0),
        _rows(two_jobs.with_columns(**main_part), "EARN", 0),
        _rows(two_jobs.with_columns(pl.col(name) - main_part[name] for name in _PAY), "EARN", 1),
        _pensions(seen),
        _ended_jobs(seen, rng),
    ]
    jobs = pl.concat(parts).sort("person_id", "place")
    joined = pl.Series(rng.integers(0, 100, len(jobs)) < _JOINERS_PERCENT)
    return jobs.with_columns(
        left=pl.col("place") == _ENDED, joined=joined & (pl.col("place") != _ENDED)
    )


def _rows(pay: pl.DataFrame, kind: str, place: int) -> pl.DataFrame:
    return pay.select("person_id", *_PAY, kind=pl.lit(kind), place=pl.lit(place, pl.Int64))


def _pensions(seen: Seen) -> pl.DataFrame:
    """Return private pensions; the tax on the State Pension is taken from them too."""
    pension = pl.col("private_pension")
    monthly = pension + pl.col("state_pension") * 52 // 12
    allowance = seen.shapes["deductions"]["personal_allowance"]
    tax = pl.min_horizontal((monthly - allowance).clip(lower_bound=0) // 5, pension * 2 // 5)
    nothing = pl.lit(0, pl.Int64)
    paid = seen.people.filter(pension > 0).select(
        "person_id", pay=pension, tax=tax, ni=nothing, pension=nothing
    )
    return _rows(paid, "PENS", 2)


def _ended_jobs(seen: Seen, rng: np.random.Generator) -> pl.DataFrame:
    """Return jobs of the month before that somebody out of work had left by the latest."""
    people = seen.people
    leaves = pl.Series(rng.integers(0, PER_10000, len(people)) < _LEAVERS_PER_10000)
    out_of_work = (pl.col("gross_earnings") == 0) & (pl.col("role") == "adult")
    nothing = pl.lit(0, pl.Int64)
    last_pay = pl.Series(rng.integers(30_000, 104_000, len(people)))
    left = people.select(
        "person_id", pay=last_pay, tax=nothing, ni=nothing, pension=nothing,
        leaves=leaves & out_of_work & ~pl.col("is_pension_age"),
    )  # fmt: skip
    return _rows(left.filter("leaves"), "EARN", _ENDED)


def _with_employers(jobs: pl.DataFrame, seen: Seen) -> pl.DataFrame:
    rng = seen.chance.part("employers")
    employers = max(12, len(jobs) // _PEOPLE_PER_EMPLOYER)
    numbers = scattered(employers, 900 * 100_000, seen.chance.seed + 23)
    refs = np.char.add(
        np.char.add((100 + numbers // 100_000).astype(str), "/QZ"),
        np.char.zfill((numbers % 100_000).astype(str), 5),
    )
    # A few employers are large: the square draws towards the first.
    chosen = (rng.random(len(jobs)) ** 2 * employers).astype(np.int64)
    payroll = np.char.zfill(scattered(len(jobs), 10**8, seen.chance.seed + 29).astype(str), 8)
    jobs = jobs.with_columns(employer_ref=pl.Series(refs[chosen]), payroll_id=pl.Series(payroll))
    first = seen.written(SOURCE, jobs["person_id"])
    other = seen.written(SOURCE, jobs.filter(pl.col("place") == 1)["person_id"], "second job")
    return pl.concat(
        [
            jobs.filter(pl.col("place") != 1).join(
                first, on="person_id", how="left", validate="m:1"
            ),
            jobs.filter(pl.col("place") == 1).join(
                other, on="person_id", how="left", validate="m:1"
            ),
        ]
    )


def _month(jobs: pl.DataFrame, seen: Seen, months_back: int) -> pl.DataFrame:
    """Return the rows of one month: 1 is the latest, as it truly is; 2 the month before, with
    other amounts."""
    latest = months_back == 1
    rows = jobs.filter(~pl.col("left") if latest else ~pl.col("joined")).sort("person_id", "place")
    drift = seen.chance.part("pay of the month before").integers(94, 105, len(rows))
    percent = (
        pl.lit(100)
        if latest
        else pl.when(pl.col("kind") == "EARN").then(pl.Series(drift)).otherwise(pl.lit(98))
    )
    road = pl.col("address_line_1").str.replace(r" Road$", " Rd").str.replace(r" Street$", " St")
    return rows.with_columns(
        forename="first_name",
        dob=day_text(pl.col("born_on"), "%Y%m%d"),
        gender=pl.col("sex").str.slice(0, 1).str.to_uppercase(),
        addr1=road,
        month=pl.lit(_months_before(seen.effective_on, months_back)),
        taxable_pay=pounds_text(pl.col("pay") * percent // 100),
        tax=pounds_text(pl.col("tax") * percent // 100),
        ni_ee=pounds_text(pl.col("ni") * percent // 100),
        pension_ee=pounds_text(pl.col("pension") * percent // 100),
    ).select(*_COLUMNS, "person_id")


def _months_before(day: date, months: int) -> str:
    count = day.year * 12 + day.month - 1 - months
    return f"{count // 12:04d}-{count % 12 + 1:02d}"
