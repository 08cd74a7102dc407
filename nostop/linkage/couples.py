"""Which two people are a couple, and who may be one of a couple that no record shows.

Only evidence makes a couple; each kind of evidence has its own confidence. The confidences are what
sample data showed, rounded down for what it leaves out (brothers and sisters who share a home).
"""

from collections.abc import Iterator

import polars as pl

#: A partner named in a claim; two parents of one child living together.
NAMED_PARTNER = 1.0
PARENTS_TOGETHER = 0.99
#: Jointly liable for one home: of one surname; a man and a woman of two surnames.
JOINTLY_LIABLE = 0.97
JOINTLY_LIABLE_OTHER_SURNAME = 0.9
#: A man and a woman of one surname, the only two adults of a dwelling.
TWO_OF_ONE_SURNAME = 0.9
#: Where one of them is mentioned without a birth date, so that their ages cannot speak against it.
AGE_UNKNOWN = 0.8
#: A person beside whom another lives who could be their partner: as likely a couple as not.
PERHAPS_A_COUPLE = 0.5
#: A wider gap than this is more often a parent and a grown child than a couple.
WIDEST_AGE_GAP_YEARS = 16

_COUPLE = ["a", "b", "confidence"]
_KINDS = ("partner", "child", "joint_liable")
_RANKED = [*_COUPLE, "as_of", "rank"]


def couples(relations: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Return couples: `a` < `b`, `confidence`; each person in at most one.

    Args:
        relations: person_id, other_id, relation, as_of, rank, between people who are alive.
        people: person_id, dwelling, born_on, sex, surname of those who are no dependent children.
    """
    best = (
        pl.concat(list(_candidates(relations, people)))
        .group_by("a", "b")
        .agg(pl.col("confidence").max(), pl.col("as_of").max(), pl.col("rank").min())
        .sort(
            ["confidence", "as_of", "rank", "a", "b"],
            descending=[True, True, False, False, False],
            nulls_last=True,
        )
    )
    return _one_each(best).select(_COUPLE).sort("a")


def perhaps_couples(
    single: pl.DataFrame, people: pl.DataFrame, relations: pl.DataFrame
) -> pl.DataFrame:
    """Return `person_id` of single people beside whom another lives who could be their partner.

    Args:
        single: those of `people` who are in no couple and share a dwelling as a household does.
        people: as for `couples`.
        relations: as for `couples`.
    """
    pairs = _living_together(single)
    kin = _pairs(relations.filter(pl.col("relation") == "child"))
    same_sex = (pl.col("sex") == pl.col("sex_right")).fill_null(value=False)
    # Two grown children who live with a parent are brother and sister.
    siblings = pl.col("a").is_in(_with_elder(people)) & pl.col("b").is_in(_with_elder(people))
    could_be = pairs.filter(_ages_fit(unknown=True) & ~same_sex & ~siblings).join(
        kin, on=["a", "b"], how="anti"
    )
    both = pl.concat([could_be.select(person_id="a"), could_be.select(person_id="b")])
    return both.unique().sort("person_id")


def _candidates(relations: pl.DataFrame, people: pl.DataFrame) -> Iterator[pl.DataFrame]:
    of = {kind: relations.filter(pl.col("relation") == kind) for kind in _KINDS}
    yield _pairs(of["partner"]).with_columns(confidence=pl.lit(NAMED_PARTNER)).select(_RANKED)
    for pairs, confidence in (
        (_parents(of["child"]), pl.when(_ages_fit()).then(pl.lit(PARENTS_TOGETHER))),
        (_pairs(of["joint_liable"]), _joint_confidence()),
        (_two_adults(people), _two_adults_confidence()),
    ):
        together = _living_together(people).join(pairs, on=["a", "b"], how="inner", validate="1:m")
        apart = together.join(_pairs(of["child"]), on=["a", "b"], how="anti")
        sure = apart.with_columns(confidence=confidence).drop_nulls("confidence")
        yield sure.select(_RANKED)


def _joint_confidence() -> pl.Expr:
    one_surname = pl.col("surname") == pl.col("surname_right")
    man_and_woman = pl.col("sex") != pl.col("sex_right")
    known = (
        pl.when(one_surname)
        .then(pl.lit(JOINTLY_LIABLE))
        .when(man_and_woman)
        .then(pl.lit(JOINTLY_LIABLE_OTHER_SURNAME))
    )
    return (
        pl.when(pl.col("years_apart").is_null())
        .then(pl.lit(AGE_UNKNOWN))
        .when(_ages_fit())
        .then(known)
    )


def _two_adults_confidence() -> pl.Expr:
    one_surname = pl.col("surname") == pl.col("surname_right")
    man_and_woman = pl.col("sex") != pl.col("sex_right")
    return pl.when(_ages_fit() & one_surname & man_and_woman).then(pl.lit(TWO_OF_ONE_SURNAME))


def _ages_fit(*, unknown: bool = False) -> pl.Expr:
    return (pl.col("years_apart") < WIDEST_AGE_GAP_YEARS).fill_null(value=unknown)


def _pairs(relations: pl.DataFrame) -> pl.DataFrame:
    return (
        relations.filter(pl.col("person_id") != pl.col("other_id"))
        .group_by(
            a=pl.min_horizontal("person_id", "other_id"),
            b=pl.max_horizontal("person_id", "other_id"),
        )
        .agg(pl.col("as_of").max(), pl.col("rank").min())
    )


def _parents(child: pl.DataFrame) -> pl.DataFrame:
    """Two people of whom one child is; a grandmother may be a pupil's contact too."""
    of = child.select("person_id", "as_of", "rank", child="other_id")
    both = of.join(
        of.select("child", other_id="person_id"), on="child", how="inner", validate="m:m"
    )
    return _pairs(both)


def _two_adults(people: pl.DataFrame) -> pl.DataFrame:
    """The only two people of a dwelling who are no dependent children."""
    pair = people.drop_nulls("dwelling").group_by("dwelling").agg(pl.col("person_id").sort())
    two = pair.filter(pl.col("person_id").list.len() == 2)
    return two.select(
        a=pl.col("person_id").list.first(),
        b=pl.col("person_id").list.last(),
        as_of=pl.lit(None, pl.Date),
        rank=pl.lit(None, pl.Int64),
    )


def _living_together(people: pl.DataFrame) -> pl.DataFrame:
    """Return pairs at one dwelling: `a` < `b`, their sexes and surnames, `years_apart`."""
    about = people.select("dwelling", "born_on", "sex", "surname", a="person_id")
    both = about.join(about.rename({"a": "b"}), on="dwelling", how="inner", validate="m:m").filter(
        pl.col("a") < pl.col("b")
    )
    days = (pl.col("born_on") - pl.col("born_on_right")).dt.total_days().abs()
    return both.drop_nulls("dwelling").with_columns(years_apart=days / 365.25)


def _with_elder(people: pl.DataFrame) -> list[str]:
    """Return who lives with a person of their surname who could be their parent."""
    both = _living_together(people).filter(
        (pl.col("surname") == pl.col("surname_right"))
        & (pl.col("years_apart") >= WIDEST_AGE_GAP_YEARS)
    )
    younger = pl.when(pl.col("born_on") > pl.col("born_on_right")).then("a").otherwise("b")
    return both.select(younger.alias("person_id"))["person_id"].unique().sort().to_list()


def _one_each(ranked: pl.DataFrame) -> pl.DataFrame:
    """Take the best couples first; who is in one is in no other."""
    order = ranked.with_row_index("place")
    taken = [order.clear()]
    while order.height:
        sides = pl.concat([order.select("place", person="a"), order.select("place", person="b")])
        first = sides.group_by("person").agg(pl.col("place").min())
        best = order.join(
            first, left_on=["a", "place"], right_on=["person", "place"], how="semi"
        ).join(first, left_on=["b", "place"], right_on=["person", "place"], how="semi")
        taken.append(best)
        gone = pl.concat([best.select(person="a"), best.select(person="b")])
        order = order.join(gone, left_on="a", right_on="person", how="anti").join(
            gone, left_on="b", right_on="person", how="anti"
        )
    return pl.concat(taken)
