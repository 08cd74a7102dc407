"""Every reason not to write to a person. What is unknown stops a message as surely as a flag."""

import polars as pl

from nostop.frames import check
from nostop.model import FrameError
from nostop.outreach.policy import Policy
from nostop.outreach.tables import REASONS, ContactsAsRead

_FLAGS = ("is_deceased", "opted_out", "protected_address", "safeguarding_hold")
#: A hold on one member stops the whole unit: a letter to the other can reach the wrong hands.
_FLAGS_OF_THE_UNIT = ("protected_address", "safeguarding_hold")
_PEOPLE = {
    "person_id": pl.String(),
    "benefit_unit_id": pl.String(),
    "household_id": pl.String(),
    "role": pl.String(),
}
_PEOPLE_IF_ANY = {
    "born_on": pl.Date(),
    "died_on": pl.Date(),
    "has_recourse_to_public_funds": pl.Boolean(),
    "confidence": pl.Float64(),
}


def flagged(contacts: pl.DataFrame) -> int:
    """Return how many people the register says not to write to, to compare with the next run."""
    flags = [pl.col(flag).fill_null(value=False) for flag in _FLAGS]
    return check(ContactsAsRead, contacts).filter(pl.any_horizontal(flags)).height


def with_reasons(
    people: pl.DataFrame, contacts: pl.DataFrame | None, policy: Policy
) -> pl.DataFrame:
    """Return one row per person: ids, `role`, `born_on`, `language` and `person_reasons`.

    Raises:
        FrameError: a column is missing or has another type, or a person comes twice.
    """
    register = ContactsAsRead.create_empty() if contacts is None else contacts
    known = check(ContactsAsRead, register).with_columns(
        _way(register, name) for name in policy.reach
    )
    members = _with_contacts(_checked_people(people), known)
    spoken = pl.col("language").is_in(policy.languages)
    return members.select(
        *_PEOPLE,
        # The later of two dates: where sources differ, nobody is taken to be older than one says.
        pl.max_horizontal("born_on", "contact_born_on").alias("born_on"),
        pl.when(spoken).then("language").otherwise(pl.lit(policy.languages[0])).alias("language"),
        named(_reasons(policy)).alias("person_reasons"),
    )


def _way(register: pl.DataFrame, name: str) -> pl.Series | pl.Expr:
    """A way to reach people; a register that does not know of it reaches nobody by it."""
    known = name in register.columns
    return register[name] if known else pl.lit(None, pl.String).alias(name)


def named(reasons: dict[str, pl.Expr]) -> pl.Expr:
    """Return the names of the reasons that are true, as a list."""
    names = [pl.when(reason).then(pl.lit(name)) for name, reason in reasons.items()]
    return pl.concat_list(names).list.drop_nulls()


def in_order(reasons: pl.Expr) -> pl.Expr:
    """Return each reason of a list once, in the declared order."""
    # An Enum sorts as it is declared.
    ranked = reasons.cast(pl.List(pl.Enum(REASONS)))
    return ranked.list.unique().list.sort().cast(pl.List(pl.String()))


def _reasons(policy: Policy) -> dict[str, pl.Expr]:
    died = (pl.col("died_on") <= policy.on).fill_null(value=False)
    ageless = pl.col("contact_born_on").is_null() & pl.col("born_on").is_null()
    too_young = _under_age("contact_born_on", policy) | _under_age("born_on", policy)
    recourse = pl.col("has_recourse_to_public_funds")
    return {
        "register_unknown": pl.col("in_register").is_null(),
        "deceased": _not_known_false("is_deceased") | died,
        "under_age": too_young | ageless | (pl.col("role") != "adult"),
        "opted_out": _not_known_false("opted_out"),
        **{
            flag: _not_known_false(flag) | pl.col(f"unit_{flag}").fill_null(value=False)
            for flag in _FLAGS_OF_THE_UNIT
        },
        "no_recourse_to_public_funds": recourse.eq_missing(other=False),
        "weak_link": (pl.col("confidence") < policy.min_confidence).fill_null(value=False),
        "no_contact_details": pl.all_horizontal(pl.col(way).is_null() for way in policy.reach),
    }


def _not_known_false(flag: str) -> pl.Expr:
    # Somebody the register does not know has the reason register_unknown, and no flags.
    return pl.col(flag).ne_missing(other=False) & pl.col("in_register").is_not_null()


def _under_age(born_on: str, policy: Policy) -> pl.Expr:
    """True where known to be under age. Somebody born on 29 February comes of age on 1 March."""
    born = pl.col(born_on)
    grown = (born.dt.year() + policy.minimum_age) * 10_000
    birthday = grown + born.dt.month().cast(pl.Int32) * 100 + born.dt.day()
    today = policy.on.year * 10_000 + policy.on.month * 100 + policy.on.day
    return (birthday > today).fill_null(value=False)


def _checked_people(people: pl.DataFrame) -> pl.DataFrame:
    missing = [name for name in _PEOPLE if name not in people.columns]
    if missing:
        raise FrameError(f"people: missing {missing}, found {people.columns}")
    absent = {name: kind for name, kind in _PEOPLE_IF_ANY.items() if name not in people.columns}
    whole = people.with_columns(pl.lit(None, kind).alias(name) for name, kind in absent.items())
    types = _PEOPLE | _PEOPLE_IF_ANY
    wrong = {name: whole.schema[name] for name in types if whole.schema[name] != types[name]}
    if wrong:
        raise FrameError(f"people: found {wrong}, expected {[types[name] for name in wrong]}")
    twice = whole.height - whole["person_id"].n_unique()
    if twice:
        raise FrameError(f"people: {twice} rows repeat a person_id")
    return whole.select(*types)


def _with_contacts(people: pl.DataFrame, register: pl.DataFrame) -> pl.DataFrame:
    known = register.rename({"born_on": "contact_born_on"}).with_columns(in_register=True)
    joined = people.join(known, on="person_id", how="left", validate="1:1")
    held = joined.group_by("benefit_unit_id").agg(
        pl.col(flag).fill_null(value=False).any().alias(f"unit_{flag}")
        for flag in _FLAGS_OF_THE_UNIT
    )
    return joined.join(held, on="benefit_unit_id", how="left", validate="m:1")
