"""Child Benefit as a careful programmer would write it in polars, with what is unknown, the reasons
and what is missing: the peer that the compiled pack is held against, on the same frames."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import polars as pl

from nostop.frames import Situation
from nostop.model import CLAIMED_STATUSES, SituationError
from nostop.rulebook import Rulebook
from nostop.rulebook.dates import as_date
from nostop.rulebook.rates import constants_on

SCHEME = "child_benefit"
_YES, _NO = pl.lit(value=True), pl.lit(value=False)
_CONDITIONS = {
    "responsible_for_child": "has_child",
    "lives_in_uk": "in_uk",
    "public_funds": "has_recourse",
}
_MISSING = (
    "born_on", "lives_in_uk", "has_recourse_to_public_funds", "in_prison", "education",
    "education_started_on",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Law:
    """The figures on a day: ages in years, amounts in pence a week."""

    on: date
    school_year_began: date
    child: int
    course: int
    oldest: int
    criminal: int
    eldest_child: int
    other_child: int

    def before(self, years: int) -> date:
        return date(self.on.year - years, self.on.month, self.on.day)


#: What matters of two people: each must both live here and have recourse.
_OF_A_PAIR = ("lives_in_uk_for_funds", "has_recourse_of_resident")


def _law(book: Rulebook, on: date) -> _Law:
    rates = constants_on(book, on).rates

    def whole(owner: str, name: str) -> int:
        return int(Fraction(rates[f"{owner}.{name}"]))

    young = "qualifying_young_person"
    return _Law(
        on=on,
        school_year_began=as_date(whole(young, "school_year_began")),
        child=whole(young, "child_age_limit"),
        course=whole(young, "age_to_begin_a_course"),
        oldest=whole(young, "child_benefit_age_limit"),
        criminal=whole(SCHEME, "age_of_criminal_responsibility"),
        eldest_child=whole(SCHEME, "eldest_child_rate"),
        other_child=whole(SCHEME, "other_child_rate"),
    )


def child_benefit(situation: Situation, book: Rulebook, on: date) -> pl.DataFrame:
    """Return, for each benefit unit and sorted by it, the outcome, amounts in pence a week,
    whether it is claimed, the reasons and the missing facts."""
    law = _law(book, on)
    units = _units(_members(situation, law))
    return _worded(_decided(units, law)).collect()


def _may_be(condition: pl.Expr) -> pl.Expr:
    """Of what is unknown, everything may still matter."""
    return condition.fill_null(value=True)


def _members(situation: Situation, law: _Law) -> pl.LazyFrame:
    """One row a person: what each brings to the benefit unit."""
    born, child, adult = pl.col("born_on"), pl.col("role") == "child", pl.col("role") == "adult"
    left_school = date(
        law.school_year_began.year - law.child,
        law.school_year_began.month,
        law.school_year_began.day,
    )
    young = child & ((born > law.before(law.child)) | (born >= left_school))
    in_time = (born > law.before(law.course)) | (
        pl.col("education_started_on") < born.dt.offset_by(f"{law.course}y")
    )
    studying = pl.col("education").is_in(["school", "further"]) & in_time
    counts = young | (child & (born > law.before(law.oldest)) & studying)
    in_custody = (born <= law.before(law.criminal)) & pl.col("in_prison")
    uk, recourse = pl.col("lives_in_uk"), pl.col("has_recourse_to_public_funds")
    of_age = child & ~young.fill_null(value=False) & _may_be(born > law.before(law.oldest))
    return (
        situation.people.lazy()
        .join(_claims(situation, law), on="person_id", how="left")
        .select(
            "benefit_unit_id",
            "household_id",
            "confidence",
            adult=adult,
            counts=counts & ~in_custody,
            in_uk=adult & uk,
            recourse=adult & recourse,
            both=adult & uk & recourse,
            claimed=adult
            & pl.when("held").then(_YES).when("awards_known").then(_NO).otherwise(None),
            born_on=child & born.is_null(),
            education=of_age & pl.col("education").is_null(),
            education_started_on=of_age
            & _may_be(born <= law.before(law.course))
            & _may_be(pl.col("education").is_in(["school", "further"]))
            & pl.col("education_started_on").is_null(),
            in_prison=child
            & _may_be(born <= law.before(law.criminal))
            & _may_be(counts)
            & pl.col("in_prison").is_null(),
            lives_in_uk=adult & uk.is_null(),
            lives_in_uk_for_funds=adult & uk.is_null() & _may_be(recourse),
            has_recourse_to_public_funds=adult & recourse.is_null(),
            has_recourse_of_resident=adult & recourse.is_null() & _may_be(uk),
        )
    )  # fmt: skip


def _claims(situation: Situation, law: _Law) -> pl.LazyFrame:
    if situation.awards is None:
        raise SituationError("awards: the peer needs to know who claims")
    is_claim = pl.col("status").is_in(["pending", "opted_out"])
    begun = pl.col("starts_on").is_null() | (pl.col("starts_on") <= law.on) | is_claim
    lasting = pl.col("ends_on").is_null() | (pl.col("ends_on") >= law.on)
    held = situation.awards.lazy().filter(
        (pl.col("scheme") == SCHEME) & pl.col("status").is_in(CLAIMED_STATUSES) & begun & lasting
    )
    return held.select("person_id", held=pl.lit(value=True)).unique()


def _units(members: pl.LazyFrame) -> pl.LazyFrame:
    def anyone(name: str) -> pl.Expr:
        some = pl.when(pl.col(name).any()).then(_YES)
        return some.when(pl.col(name).null_count() > 0).then(None).otherwise(_NO)

    return members.group_by("benefit_unit_id").agg(
        pl.col("household_id").first(),
        pl.col("confidence").min(),
        adults=pl.col("adult").sum(),
        fewest=pl.col("counts").sum().cast(pl.Int64),
        open=pl.col("counts").null_count().cast(pl.Int64),
        **{name: anyone(name) for name in ("in_uk", "recourse", "both", "claimed")},
        **{fact: pl.col(fact).any() for fact in (*_MISSING, *_OF_A_PAIR)},
    )


def _decided(units: pl.LazyFrame, law: _Law) -> pl.LazyFrame:
    def amount(children: pl.Expr) -> pl.Expr:
        paid = law.eldest_child + (children - 1) * law.other_child
        return pl.when(children > 0).then(paid).otherwise(0)

    most = pl.col("fewest") + pl.col("open")
    has_child = pl.when(pl.col("fewest") > 0).then(_YES).when(most == 0).then(_NO)
    has_recourse = pl.when(pl.col("adults") > 1).then("both").otherwise("recourse")
    met = units.with_columns(has_child=has_child, has_recourse=has_recourse).with_columns(
        outcome=pl.col("has_child") & pl.col("in_uk") & pl.col("has_recourse")
    )
    yes, open_ = pl.col("outcome"), pl.col("outcome").is_null()
    return met.with_columns(
        amount_low=pl.when(yes).then(amount(pl.col("fewest"))).otherwise(0),
        amount_high=pl.when(yes | open_).then(amount(most)).otherwise(0),
    )


def _worded(decided: pl.LazyFrame) -> pl.LazyFrame:
    yes, open_ = pl.col("outcome"), pl.col("outcome").is_null()

    def listed(names: dict[str, pl.Expr]) -> pl.Expr:
        words = [pl.when(holds).then(pl.lit(name)) for name, holds in names.items()]
        return pl.concat_list(words).list.drop_nulls()

    failed = listed({name: ~pl.col(column) for name, column in _CONDITIONS.items()})
    undecided = listed({name: pl.col(column).is_null() for name, column in _CONDITIONS.items()})
    reasons = pl.when(yes).then(pl.lit(["applies_in", *_CONDITIONS]))
    nothing = pl.lit([], dtype=pl.List(pl.String))
    pair, funds_open = pl.col("adults") > 1, pl.col("has_recourse").is_null()
    of_child = pl.col("has_child").is_null()
    asked = {
        "born_on": pl.col("born_on") & of_child,
        "lives_in_uk": (pl.col("lives_in_uk") & pl.col("in_uk").is_null())
        | (pl.col("lives_in_uk_for_funds") & pair & funds_open),
        "has_recourse_to_public_funds": funds_open
        & pl.when(pair).then("has_recourse_of_resident").otherwise("has_recourse_to_public_funds"),
        "in_prison": pl.col("in_prison") & of_child,
        "education": pl.col("education") & of_child,
        "education_started_on": pl.col("education_started_on") & of_child,
    }
    missing = listed({fact: asked[fact] for fact in _MISSING})
    return decided.select(
        "benefit_unit_id",
        "household_id",
        outcome=pl.when(yes)
        .then(pl.lit("entitled"))
        .when(~yes)
        .then(pl.lit("not_entitled"))
        .otherwise(pl.lit("unknown")),
        amount=pl.when(pl.col("amount_low") == pl.col("amount_high")).then("amount_low"),
        amount_low="amount_low",
        amount_high="amount_high",
        claimed="claimed",
        confidence="confidence",
        because=reasons.when(~yes).then(failed).otherwise(undecided),
        missing=pl.when(open_).then(missing).otherwise(nothing),
    ).sort("benefit_unit_id")
