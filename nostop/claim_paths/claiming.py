"""One claim in each world: the award it brings, those it ends, the facts it changes, and then all
that moves with them until the amounts settle."""

from dataclasses import dataclass, field, replace

import polars as pl

from nostop.claim_paths.deciding import Determine
from nostop.claim_paths.law import FactChange, Law
from nostop.claim_paths.results import IS_ENTITLED, in_period, results_of
from nostop.claim_paths.worlds import Worlds, awards_of, only, within
from nostop.frames import FACT_DTYPES, Situation
from nostop.model import Level, Outcome
from nostop.rulebook.catalogue import Catalogue
from nostop.rulebook.plan import KEYS
from nostop.rulebook.schedule import receipt_fact

#: How often awards are worked out again, each time from the amounts of the last.
MOST_ROUNDS = 3
_TABLES = {
    Level.PERSON: "people",
    Level.BENEFIT_UNIT: "benefit_units",
    Level.HOUSEHOLD: "households",
}


@dataclass(slots=True)
class Tried:
    """Claims as tried, one in each world.

    paid_before: the award rows that were in payment. touched: world, fact: what changed. ended: the
    award rows that end. marks: world, mark: `unsettled`, `irreversible` or
    `other_person_affected`.
    """

    situation: Situation
    results: pl.DataFrame
    members: pl.DataFrame
    paid_before: pl.DataFrame
    touched: list[pl.DataFrame] = field(default_factory=list)
    ended: pl.DataFrame = field(default_factory=pl.DataFrame)
    marks: list[pl.DataFrame] = field(default_factory=list)

    def mark(self, worlds: pl.DataFrame, name: str) -> None:
        """Mark worlds."""
        self.marks.append(worlds.select("world", mark=pl.lit(name)))

    def touch(self, worlds: pl.DataFrame, fact: pl.Expr) -> None:
        """Note that a fact changed in worlds."""
        self.touched.append(worlds.select("world", fact=fact))


@dataclass(frozen=True, slots=True)
class Claiming:
    """What claims are tried with."""

    law: Law
    catalogue: Catalogue
    worlds: Worlds
    determine: Determine

    def tried(self, situation: Situation, before: pl.DataFrame, chosen: pl.DataFrame) -> Tried:
        """Return some worlds after their chosen claims, worked out anew.

        Args:
            situation: the worlds of `chosen`, before.
            before: their results.
            chosen: one row of `with_owners` for each world.
        """
        paid = awards_of(situation).filter(pl.col("status") == "in_payment")
        found = Tried(situation, before, self.worlds.members, paid)
        self._end(found, chosen)
        self._claim(found, chosen)
        for change in self.law.changes:
            rows = chosen.filter(pl.col("scheme") == change.scheme)
            if rows.height:
                self._change(found, rows, change)
        self._settle(found)
        return found

    # --- what ends, and what begins ---------------------------------------------------------------

    def _end(self, found: Tried, chosen: pl.DataFrame) -> None:
        awards = awards_of(found.situation)
        closing = chosen.select("world", "level", "subject", "scheme").join(
            self.law.closings, on="scheme", how="inner", validate="m:m"
        )
        held = (
            with_truth(closing, found.results)
            .filter(pl.col("holds").fill_null(value=True))
            .join(self.worlds.members, on=["level", "subject"], how="inner", validate="m:m")
            .join(
                awards,
                left_on=["person_id", "closed"],
                right_on=["person_id", "scheme"],
                how="inner",
                validate="m:m",
            )
        )
        found.mark(held.filter(pl.col("holds").is_null()), "unsettled")
        found.mark(held.filter("for_good"), "irreversible")
        found.ended = held.filter(pl.col("holds").fill_null(value=False)).unique("award_row")
        found.touch(found.ended, pl.concat_str(pl.lit(receipt_fact("")), "closed"))
        gone = found.ended["award_row"].implode()
        self._put_awards(found, awards.filter(~pl.col("award_row").is_in(gone)))

    def _claim(self, found: Tried, chosen: pl.DataFrame) -> None:
        awards = awards_of(found.situation)
        exact = pl.when(pl.col("low") == pl.col("high")).then("low")
        amount = in_period(exact, pl.col("per"), pl.col("award_per"))
        amount = pl.when("in_kind").then(pl.lit(0)).otherwise(amount)
        day = pl.lit(self.law.effective_on)
        first = awards.select(pl.col("award_row").max()).item()
        new = chosen.select(
            person_id="claimant",
            scheme="award",
            status=pl.lit("in_payment"),
            amount=amount.cast(pl.Int64),
            per="award_per",
            starts_on=day,
            ends_on=pl.lit(None, dtype=pl.Date),
            award_row=pl.int_range(pl.len()) + (0 if first is None else first + 1),
        )
        self._put_awards(found, pl.concat([awards, new], how="vertical_relaxed"))
        found.touch(chosen, pl.concat_str(pl.lit(receipt_fact("")), "award"))
        self._state(found, chosen.select("world", "award", person_id="claimant", amount=amount,
                                         per="award_per"))  # fmt: skip

    def _state(self, found: Tried, awards: pl.DataFrame) -> None:
        """Facts that state the amount of an award go with it."""
        for award, per in self.law.own_facts.items():
            rows = awards.filter(pl.col("award") == award)
            if rows.height:
                value = in_period(pl.col("amount"), pl.col("per"), pl.lit(per))
                values = rows.select("world", id="person_id", value=value.cast(pl.Int64))
                self._set(found, Level.PERSON, award, values)

    # --- facts ------------------------------------------------------------------------------------

    def _change(self, found: Tried, rows: pl.DataFrame, change: FactChange) -> None:
        """Change one fact; where it is not known whether, or whose, the step is unsettled."""
        asked = with_truth(rows.with_columns(probe=pl.lit(change.probe, pl.String)), found.results)
        asked = asked.filter(pl.col("holds").fill_null(value=True))
        asked = self._whose(found, asked, change)
        lost = asked.filter(pl.col("target").is_null())
        placed = asked.filter(pl.col("target").is_not_null())
        now = self._values(found, change)
        placed = placed.join(now, left_on="target", right_on="id", how="left", validate="m:1")
        wanted = pl.lit(change.to, FACT_DTYPES[self.catalogue.facts[change.fact].type])
        moved = placed.filter(pl.col("value").ne_missing(wanted))
        is_open = pl.col("holds").is_null()
        for doubtful in (lost, moved.filter(is_open)):
            found.mark(doubtful, "unsettled")
            if change.whose is not None:
                found.mark(doubtful, "other_person_affected")
        values = moved.filter(~is_open).select("world", id="target", value=wanted).unique("id")
        self._set(found, change.level, change.fact, values)

    def _whose(self, found: Tried, asked: pl.DataFrame, change: FactChange) -> pl.DataFrame:
        """`target`: the id of the person, unit or household whose fact changes; null, unknown."""
        people = found.situation.people
        if change.whose is None:
            place = people.select(claimant="person_id", target=KEYS[change.level])
            return asked.join(place, on="claimant", how="left", validate="m:1")
        if change.whose not in people.columns:
            return asked.with_columns(target=pl.lit(None, dtype=pl.String))
        pointed = people.select(claimant="person_id", _other=change.whose)
        known = people.select(target="person_id")
        return (
            asked.join(pointed, on="claimant", how="left", validate="m:1")
            .with_columns(_target=within(pl.col("world"), pl.col("_other")))
            .join(
                known,
                left_on="_target",
                right_on="target",
                how="left",
                validate="m:1",
                coalesce=False,
            )
        )

    def _values(self, found: Tried, change: FactChange) -> pl.DataFrame:
        frame: pl.DataFrame = getattr(found.situation, _TABLES[change.level])
        kind = FACT_DTYPES[self.catalogue.facts[change.fact].type]
        value = pl.col(change.fact) if change.fact in frame.columns else pl.lit(None, dtype=kind)
        return frame.select(id=KEYS[change.level], value=value.cast(kind))

    def _set(self, found: Tried, level: Level, fact: str, values: pl.DataFrame) -> None:
        """Set a fact of some people, units or households: `values` has world, id, value."""
        if values.is_empty():
            return
        frame = getattr(found.situation, _TABLES[level])
        kind = FACT_DTYPES[self.catalogue.facts[fact].type]
        if fact not in frame.columns:
            frame = frame.with_columns(pl.lit(None, dtype=kind).alias(fact))
        new = values.select(pl.col("id").alias(KEYS[level]), _new="value", _set=True)
        frame = frame.join(new, on=KEYS[level], how="left", validate="m:1", maintain_order="left")
        is_set = pl.col("_set").fill_null(value=False)
        frame = frame.with_columns(pl.when(is_set).then("_new").otherwise(fact).alias(fact))
        changed = {_TABLES[level]: frame.drop("_new", "_set")}
        found.situation = replace(found.situation, **changed)
        found.touch(values, pl.lit(fact))

    # --- until it settles -------------------------------------------------------------------------

    def _settle(self, found: Tried) -> None:
        touched = found.touched
        for turn in range(MOST_ROUNDS + 1):
            if not touched:
                return
            last = found.results
            now = self._worked_out_again(found, touched)
            differing = _differing(last, now)
            if turn == MOST_ROUNDS:
                found.mark(differing, "unsettled")
                return
            begin = len(found.touched)
            self._pay(found, differing)
            touched = found.touched[begin:]

    def _worked_out_again(self, found: Tried, touched: list[pl.DataFrame]) -> pl.DataFrame:
        """Work out again what reads something that changed, where it changed."""
        changed = pl.concat(touched)
        reading = self.law.reads.join(changed.select("fact").unique(), on="fact", how="semi")
        schemes = reading["scheme"].unique()
        where = changed["world"].unique()
        situation = for_rules(only(found.situation, where))
        now = results_of(situation, self.determine, set(schemes))
        is_anew = pl.col("world").is_in(where.implode()) & pl.col("scheme").is_in(schemes.implode())
        found.results = pl.concat([found.results.filter(~is_anew), now])
        return now

    def _pay(self, found: Tried, differing: pl.DataFrame) -> None:
        """Pay awards that moved their new amounts."""
        awards = awards_of(found.situation)
        moved = differing.join(
            self.law.schemes.select("scheme", "level", "award", "award_per", "in_kind"),
            on="scheme", how="inner", validate="m:1",
        )  # fmt: skip
        exact = pl.when(pl.col("low") == pl.col("high")).then("low")
        amount = in_period(exact, pl.col("per"), pl.col("award_per")).cast(pl.Int64)
        paid = (
            moved.filter(~pl.col("in_kind"))
            .with_columns(_new=amount)
            .join(self.worlds.members, on=["level", "subject"], how="inner", validate="m:m",
                  suffix="_member")
            .join(
                awards.filter(pl.col("status").is_in(["in_payment", "nil_award"])),
                left_on=[pl.col("person_id_member"), pl.col("award")],
                right_on=["person_id", "scheme"],
                how="inner", validate="m:m", suffix="_paid",
            )
            .sort("award_row")
            .unique("award_row", keep="first", maintain_order=True)
        )  # fmt: skip
        # Of two awards of one scheme in one unit, the first holds the amount.
        first = pl.col("award_row") == pl.col("award_row").first().over("scheme", "subject")
        nothing = pl.col("outcome") == Outcome.NOT_ENTITLED.value
        new = paid.select(
            "world", "award", "award_row", "award_per",
            person_id="person_id_member",
            _amount=pl.when(nothing | ~first).then(pl.lit(0)).when(IS_ENTITLED).then("_new"),
            _status=pl.when(nothing).then(pl.lit("nil_award")).otherwise(pl.lit("in_payment")),
            _was="amount", _had="status",
        ).filter(
            pl.col("_amount").ne_missing(pl.col("_was")) | (pl.col("_status") != pl.col("_had"))
        )  # fmt: skip
        if new.is_empty():
            return
        changed = awards.join(
            new.select("award_row", "_amount", "_status", "award_per"),
            on="award_row", how="left", validate="1:1", maintain_order="left",
        )  # fmt: skip
        is_new = pl.col("_status").is_not_null()
        changed = changed.with_columns(
            amount=pl.when(is_new).then("_amount").otherwise("amount"),
            per=pl.when(is_new).then("award_per").otherwise("per"),
            status=pl.when(is_new).then("_status").otherwise("status"),
        ).select(awards.columns)
        self._put_awards(found, changed)
        found.touch(new, pl.concat_str(pl.lit(receipt_fact("")), "award"))
        stated = new.select("world", "award", "person_id", amount="_amount", per="award_per")
        self._state(found, stated)

    def _put_awards(self, found: Tried, awards: pl.DataFrame) -> None:
        found.situation = replace(found.situation, awards=awards)


def with_truth(asked: pl.DataFrame, results: pl.DataFrame) -> pl.DataFrame:
    """Return rows (subject, probe) with `holds`: whether the effect's condition holds; true where
    there is none."""
    known = results.select("subject", "outcome", probe="scheme").join(
        asked.select("probe").unique(), on="probe", how="semi"
    )
    truth = (
        pl.when(pl.col("probe").is_null() | (pl.col("_outcome") == Outcome.ENTITLED.value))
        .then(pl.lit(value=True))
        .when(pl.col("_outcome") == Outcome.NOT_ENTITLED.value)
        .then(pl.lit(value=False))
    )
    return (
        asked.join(
            known.rename({"outcome": "_outcome"}),
            on=["subject", "probe"], how="left", validate="m:1",
        )
        .with_columns(holds=truth)
        .drop("_outcome")
    )  # fmt: skip


def _differing(last: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Rows of claimed schemes whose outcome or amount is another than it was."""
    was = last.select("scheme", "subject", _outcome="outcome", _low="low", _high="high")
    joined = now.filter("claimed").join(was, on=["scheme", "subject"], how="left", validate="1:1")
    return joined.filter(
        pl.col("outcome").ne_missing(pl.col("_outcome"))
        | pl.col("low").ne_missing(pl.col("_low"))
        | pl.col("high").ne_missing(pl.col("_high"))
    ).drop("_outcome", "_low", "_high")


def for_rules(situation: Situation) -> Situation:
    return replace(situation, awards=awards_of(situation).drop("award_row"))
