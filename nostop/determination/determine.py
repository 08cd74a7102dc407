"""Compiled schemes x facts -> determinations: one row for each subject, scheme and date. Pure;
polars does the work."""

from collections.abc import Iterator
from datetime import date

import narwhals as nw
import polars as pl
import polars.selectors as cs
from polars.io.plugins import register_io_source

from nostop.frames import Determinations, Situation, check, empty
from nostop.model import CLAIMED_STATUSES, FrameError, Level, Outcome
from nostop.rulebook import Rulebook
from nostop.rulebook.plan import KEYS, LOW_TO_HIGH, Plan, SchemePlan, compile_plan

#: People worked out at once: enough to keep every core busy, few enough to bound memory.
PEOPLE_AT_ONCE = 300_000
SLICE = 25_000
#: From this many people on, a second pass for the undecided costs less than asking of everybody
#: what is missing.
MANY = 50_000


def determine(
    situation: Situation, book: Rulebook, effective_on: date, schemes: list[str] | None = None
) -> pl.DataFrame:
    """Return one determination per subject and scheme, sorted by scheme and subject.

    Args:
        situation: facts by level; a catalogue fact without a column is unknown for everybody.
        schemes: scheme ids; by default all that are in force on the date.
    Returns:
        `Determinations`. Amounts are pence in the scheme's own period.
    Raises:
        FrameError: a column is missing or has another type, or an award's period is not its
            scheme's.
        RuleError: an unknown scheme, or a rate without a value for the date.
    """
    plan = compile_plan(book, effective_on, schemes)
    pieces: dict[str, list[pl.DataFrame]] = {}
    for scheme, rows in _rows(plan, prepared(situation, book, plan)):
        pieces.setdefault(scheme.scheme.id, []).append(rows)
    if not pieces:
        return empty(Determinations)
    subject = {each.scheme.id: KEYS[each.scheme.pack.decides_for] for each in plan.schemes}
    return check(
        Determinations,
        pl.concat(pl.concat(pieces[name]).sort(subject[name]) for name in sorted(pieces)),
    )


def _rows(
    plan: Plan, frames: dict[Level, pl.DataFrame]
) -> Iterator[tuple[SchemePlan, pl.DataFrame]]:
    """Run the plan piece by piece. It is built once, on sources that each piece is put behind in
    turn."""
    held = dict(frames)

    def source(level: Level) -> nw.LazyFrame:
        def read(
            columns: list[str] | None,
            predicate: pl.Expr | None,
            rows: int | None,
            _batch: int | None,
        ) -> Iterator[pl.DataFrame]:
            frame = held[level] if columns is None else held[level].select(columns)
            frame = frame if predicate is None else frame.filter(predicate)
            # In slices, or one core would get all the work.
            yield from (frame if rows is None else frame.head(rows)).iter_slices(SLICE)

        return nw.from_native(register_io_source(read, schema=frames[level].schema, is_pure=True))

    def share(frame: nw.LazyFrame) -> nw.LazyFrame:
        return nw.from_native(frame.to_native().cache())

    sources = {level: source(level) for level in Level}
    results = [frame.to_native() for frame in plan.run(sources, share).values()]
    for piece in _pieces(frames):
        held.update(piece)
        collected = (
            pl.collect_all(results)
            if piece[Level.PERSON].height < MANY
            else _in_two_passes(results, piece, held)
        )
        for raw, scheme in zip(collected, plan.schemes, strict=True):
            yield scheme, _decoded(raw, scheme, plan.effective_on)


def _in_two_passes(
    results: list[pl.LazyFrame], piece: dict[Level, pl.DataFrame], held: dict[Level, pl.DataFrame]
) -> list[pl.DataFrame]:
    """Work out outcomes first, and what is missing only in households where some outcome is open:
    half the work."""
    decided = pl.collect_all([frame.drop("missing_bits") for frame in results])
    open_ = pl.concat(
        raw.filter(pl.col("outcome").is_null()).select("household_id") for raw in decided
    ).unique()
    held.update(
        {level: frame.join(open_, on="household_id", how="semi") for level, frame in piece.items()}
    )
    if open_.is_empty():
        return [raw.with_columns(missing_bits=pl.lit(0, dtype=pl.Int64)) for raw in decided]
    keys = [[key for key in KEYS.values() if key in raw.columns] for raw in decided]
    lacking = pl.collect_all(
        [frame.select(*key, "missing_bits") for frame, key in zip(results, keys, strict=True)]
    )
    return [
        raw.join(found, on=key, how="left", validate="1:1").with_columns(
            pl.col("missing_bits").fill_null(0)
        )
        for raw, found, key in zip(decided, lacking, keys, strict=True)
    ]


# --- facts in, in the columns a plan reads --------------------------------------------------------


def prepared(situation: Situation, book: Rulebook, plan: Plan) -> dict[Level, pl.DataFrame]:
    """Return the three frames with exactly the columns that the plan reads."""
    people = _with_facts(
        situation.people, book, plan, Level.PERSON, ["benefit_unit_id", "household_id", "role"]
    )
    if people["role"].null_count():
        raise FrameError("people: 'role' is empty for somebody: write adult or child")
    people = people.hstack(receipts(situation, plan))
    units = _with_facts(situation.benefit_units, book, plan, Level.BENEFIT_UNIT, ["household_id"])
    households = _with_facts(situation.households, book, plan, Level.HOUSEHOLD, [])
    together = people.group_by("benefit_unit_id", "household_id").agg(pl.col("confidence").min())
    _must_resolve(together, units, ["benefit_unit_id"])
    _must_resolve(together, households, ["household_id"])
    _must_resolve(together, units, ["benefit_unit_id", "household_id"])
    at_home = together.group_by("household_id").agg(pl.col("confidence").min())
    # Nobody's benefit unit, or an empty dwelling, is no subject: there is no one to decide for.
    peopled = {"how": "inner", "validate": "1:1", "maintain_order": "left"}
    return {
        Level.PERSON: people,
        Level.BENEFIT_UNIT: units.join(
            together.drop("household_id"), on="benefit_unit_id", **peopled
        ),  # type: ignore[arg-type]
        Level.HOUSEHOLD: households.join(at_home, on="household_id", **peopled),  # type: ignore[arg-type]
    }


def _with_facts(
    frame: pl.DataFrame, book: Rulebook, plan: Plan, level: Level, keys: list[str]
) -> pl.DataFrame:
    key = KEYS[level]
    for name in (key, *keys):
        if name not in frame.columns:
            raise FrameError(
                f"{level.value} table: column '{name}' is missing, found {frame.columns}"
            )
    if frame[key].is_duplicated().any():
        raise FrameError(
            f"{level.value} table: '{key}' repeats: each row is one {level.value.replace('_', ' ')}"
        )
    facts = book.catalogue.at(level)
    wanted = [name for name in facts if name in plan.schedule.facts and name not in keys]
    columns = [pl.col(key).cast(pl.String), *(pl.col(name) for name in keys)]
    for name in wanted:
        columns.append(_typed(frame, name, facts[name].dtype))
    if level is Level.PERSON:
        columns.append(_typed(frame, "confidence", pl.Float64()))
    return frame.select(columns)


def _typed(frame: pl.DataFrame, name: str, dtype: pl.DataType) -> pl.Expr:
    if name not in frame.columns:
        return pl.lit(None, dtype=dtype).alias(name)
    found = frame.schema[name]
    if found == dtype or found == pl.Null():
        return pl.col(name).cast(dtype)
    if dtype == pl.Int64() and found.is_integer():
        return pl.col(name).cast(pl.Int64)
    if dtype == pl.String() and found in (pl.Categorical, pl.Enum):
        return pl.col(name).cast(pl.String)
    raise FrameError(f"column '{name}' is {found} where {dtype} is needed")


def _must_resolve(together: pl.DataFrame, frame: pl.DataFrame, keys: list[str]) -> None:
    lost = together.join(frame, on=keys, how="anti")
    if lost.height:
        what = f"a {keys[0]} that its own table does not hold"
        if len(keys) > 1:
            what = "another household than their benefit unit"
        raise FrameError(f"people: {lost.height} benefit unit(s) have members with {what}")


def receipts(situation: Situation, plan: Plan) -> pl.DataFrame:
    """Return, row by row for people and per scheme read: `known:`, `held:` (claimed), `paid:` (in
    payment), `sum:` (pence)."""
    schemes = sorted(plan.schedule.receipts)
    known = pl.lit(value=situation.awards is not None)
    if "awards_known" in situation.people.columns:
        known = known & pl.col("awards_known").fill_null(value=False)
    complete = situation.receipt_known_for
    people = situation.people.select(
        pl.col("person_id").cast(pl.String),
        *(
            (known & pl.lit(complete is None or name in complete)).alias(f"known:{name}")
            for name in schemes
        ),
    )
    awards = situation.awards if situation.awards is not None else _no_awards()
    _check_periods(awards, plan)
    read = _in_force(awards, plan.effective_on).filter(pl.col("scheme").is_in(schemes))
    marked = read.select("person_id", *(e for name in schemes for e in _marks(name)))
    found = marked.group_by("person_id").agg(
        cs.starts_with("held:", "paid:", "open:").any(), cs.starts_with("sum:").sum()
    )
    # One award in payment whose amount is not stated leaves the sum unknown.
    whole = [
        pl.when(~pl.col(f"open:{name}")).then(pl.col(f"sum:{name}")).alias(f"sum:{name}")
        for name in schemes
    ]
    found = found.with_columns(whole).drop(cs.starts_with("open:"))
    return people.join(
        found, on="person_id", how="left", validate="1:1", maintain_order="left"
    ).drop("person_id")


def _no_awards() -> pl.DataFrame:
    return pl.DataFrame(
        schema={"person_id": pl.String, "scheme": pl.String, "status": pl.String, "amount": pl.Int64, "per": pl.String,
                "starts_on": pl.Date, "ends_on": pl.Date}
    )  # fmt: skip


def _in_force(awards: pl.DataFrame, on: date) -> pl.DataFrame:
    begun = (
        pl.col("starts_on").is_null()
        | (pl.col("starts_on") <= on)
        | pl.col("status").is_in(["pending", "opted_out"])
    )
    lasting = pl.col("ends_on").is_null() | (pl.col("ends_on") >= on)
    return awards.filter(pl.col("status").is_in(CLAIMED_STATUSES) & begun & lasting)


def _marks(scheme: str) -> Iterator[pl.Expr]:
    is_it = pl.col("scheme") == scheme
    paid = is_it & (pl.col("status") == "in_payment")
    yield is_it.alias(f"held:{scheme}")
    yield paid.alias(f"paid:{scheme}")
    yield (paid & pl.col("amount").is_null()).alias(f"open:{scheme}")
    yield pl.when(paid).then("amount").alias(f"sum:{scheme}")


def _check_periods(awards: pl.DataFrame, plan: Plan) -> None:
    per = {name: award.per.value for name, award in plan.book.catalogue.awards.items()}
    read = awards.filter(
        pl.col("scheme").is_in(sorted(plan.schedule.receipts)) & pl.col("amount").is_not_null()
    )
    stated = pl.col("scheme").replace_strict(per, default=None, return_dtype=pl.String)
    wrong = read.filter(pl.col("per").ne_missing(stated))
    if wrong.height:
        scheme, found = wrong["scheme"][0], wrong["per"][0]
        raise FrameError(f"awards: {scheme} is stated per {per[scheme]}, found per {found}")


def _pieces(frames: dict[Level, pl.DataFrame]) -> Iterator[dict[Level, pl.DataFrame]]:
    """Cut the frames between households, so that each piece is whole in itself."""
    people = frames[Level.PERSON]
    households = frames[Level.HOUSEHOLD]
    count = -(-people.height // PEOPLE_AT_ONCE)
    if count <= 1:
        yield frames
        return
    size = -(-households.height // count)
    for start in range(0, households.height, size):
        part = households.slice(start, size)
        yield {
            level: part
            if level is Level.HOUSEHOLD
            else frame.join(part.select("household_id"), on="household_id", how="semi")
            for level, frame in frames.items()
        }


# --- results out ----------------------------------------------------------------------------------


def _decoded(raw: pl.DataFrame, plan: SchemePlan, on: date) -> pl.DataFrame:
    pack = plan.scheme.pack
    asked = sum(1 << index for index, name in enumerate(plan.facts) if name in plan.askable)
    unknown = pl.col("outcome").is_null()
    only_askable = (pl.col("missing_bits") != 0) & ((pl.col("missing_bits") | asked) == asked)
    something = pl.col("hi").is_null() | (pl.col("hi") > 0)
    words = (
        pl.when(unknown).then(pl.lit(Outcome.UNKNOWN.value))
        .when(pl.col("outcome")).then(pl.lit(Outcome.ENTITLED.value))
        .otherwise(pl.lit(Outcome.NOT_ENTITLED.value))
    )  # fmt: skip
    rows = (
        _with_words(raw, plan)
        .lazy()
        .with_columns(words=words, worth_asking=unknown & something & only_askable)
    )
    above = LOW_TO_HIGH[LOW_TO_HIGH.index(pack.decides_for) :]
    keys = {
        key: pl.col(key) if level in above else pl.lit(None, dtype=pl.String)
        for level, key in KEYS.items()
    }
    return (
        rows.select(
            **keys,
            scheme=pl.lit(pack.scheme),
            effective_date=pl.lit(on, dtype=pl.Date),
            outcome="words",
            amount=pl.when(pl.col("lo") == pl.col("hi")).then("lo"),
            amount_low="lo",
            amount_high="hi",
            per=pl.lit(pack.award.per.value),
            claimed="claimed",
            worth_asking="worth_asking",
            confidence="confidence",
            because="because",
            missing="missing",
            pack_version=pl.lit(plan.scheme.version),
        )
        .select(empty(Determinations).columns)
        .collect()
    )


def _with_words(raw: pl.DataFrame, plan: SchemePlan) -> pl.DataFrame:
    """Decode bits into condition and fact ids: only the few combinations that occur are decoded,
    then joined."""
    width = 1 << len(plan.conditions)
    unknown = pl.col("outcome").is_null()
    coded = raw.with_columns(
        reasons=pl.col("true_bits") * width + pl.col("unknown_bits"),
        lacking=pl.when(unknown).then("missing_bits").otherwise(0),
    )
    because = {
        code: _because(code // width, code % width, plan.conditions)
        for code in coded["reasons"].unique()
    }
    missing = {code: _ids(code, plan.facts) for code in coded["lacking"].unique()}
    return coded.join(
        _lookup("reasons", "because", because), on="reasons", how="left", validate="m:1"
    ).join(_lookup("lacking", "missing", missing), on="lacking", how="left", validate="m:1")


def _lookup(key: str, name: str, values: dict[int, list[str]]) -> pl.DataFrame:
    schema = {key: pl.Int64, name: pl.List(pl.String)}
    return pl.DataFrame({key: list(values), name: list(values.values())}, schema=schema)


def _because(true: int, unknown: int, conditions: tuple[str, ...]) -> list[str]:
    """All conditions where all hold; those that fail where any does; else those that are open."""
    failed = (1 << len(conditions)) - 1 & ~true & ~unknown
    return _ids(failed or unknown or true, conditions)


def _ids(bits: int, names: tuple[str, ...]) -> list[str]:
    return [name for index, name in enumerate(names) if bits >> index & 1]


__all__ = ["determine", "prepared", "receipts"]
