"""One schema for each table that crosses a stage: columns, types, key. No entitlement logic; null
counts as valid.

Ids are text, money is whole pence in `Int64`, dates are `Date`, and null is unknown.
"""

from dataclasses import dataclass

import dataframely as dy
import polars as pl

from nostop.model import FrameError

# --- feeds -> linkage -----------------------------------------------------------------------------


class SourceRecords(dy.Schema):
    """One row for each mention of a person in a source. `record_id` is unique within `source`."""

    source = dy.String(primary_key=True)
    record_id = dy.String(primary_key=True)
    nino = dy.String(nullable=True)
    first_name = dy.String(nullable=True)
    middle_names = dy.String(nullable=True)
    surname = dy.String(nullable=True)
    born_on = dy.Date(nullable=True)
    sex = dy.String(nullable=True)
    uprn = dy.String(nullable=True)
    address_line_1 = dy.String(nullable=True)
    postcode = dy.String(nullable=True)
    town = dy.String(nullable=True)
    seen_on = dy.Date(nullable=True)


class SourceFacts(dy.Schema):
    """One row for each fact a source states.

    `value` is canonical text: whole pence, ISO date, `true`/`false`, enum word. `additive` is true
    where a person's whole value is the sum over their records of this source with the same month of
    `as_of` (pay from several employments); null or false means that the row is the whole value.
    """

    source = dy.String()
    record_id = dy.String()
    fact = dy.String()
    value = dy.String()
    as_of = dy.Date()
    line = dy.Int64(nullable=True)
    additive = dy.Bool(nullable=True)


class SourceAwards(dy.Schema):
    """One row for each award or claim a source states. `amount` is pence for the period `per`."""

    source = dy.String()
    record_id = dy.String()
    scheme = dy.String()
    status = dy.String()
    amount = dy.Int64(nullable=True)
    per = dy.String(nullable=True)
    starts_on = dy.Date(nullable=True)
    ends_on = dy.Date(nullable=True)
    as_of = dy.Date()


class SourceRelations(dy.Schema):
    """One row for each relation a source states between two of its own records.

    `relation` reads "`record_id` has `other_record_id` as": partner, child, non_dependant or
    joint_liable.
    """

    source = dy.String()
    record_id = dy.String()
    other_record_id = dy.String()
    relation = dy.String()
    as_of = dy.Date()


class Quarantine(dy.Schema):
    """One row for each source row that was set aside. Holds no personal value, only where it is and
    why."""

    source = dy.String()
    file = dy.String()
    line = dy.Int64(nullable=True)
    column = dy.String(nullable=True)
    reason = dy.String()


class SourceContacts(dy.Schema):
    """One row for each source record that says how, or whether, a person may be contacted. Null
    says nothing."""

    source = dy.String()
    record_id = dy.String()
    email = dy.String(nullable=True)
    phone = dy.String(nullable=True)
    language = dy.String(nullable=True)
    opted_out = dy.Bool(nullable=True)
    protected_address = dy.Bool(nullable=True)
    safeguarding_hold = dy.Bool(nullable=True)


class FeedStatus(dy.Schema):
    """One row for each declared feed: `state` is ok, held (broke its contract: `reason`) or missing
    (no file, or none of it was known yet).

    Every row read is good, in quarantine, later than the day of knowledge (`rows_later`), or
    replaced or taken away by a later row (`rows_replaced`). Of a feed that is held no row is used;
    its numbers are there as far as it could be read. `fresh_until` is the last day for which its
    contract lets it be used. Another feed names `people_known` of the `people` that were looked
    for, both null where its contract does not ask.
    """

    source = dy.String(primary_key=True)
    state = dy.String()
    reason = dy.String(nullable=True)
    file = dy.String(nullable=True)
    sha256 = dy.String(nullable=True)
    rows_read = dy.Int64()
    rows_good = dy.Int64()
    rows_quarantined = dy.Int64()
    rows_later = dy.Int64()
    rows_replaced = dy.Int64()
    as_of = dy.Date(nullable=True)
    fresh_until = dy.Date(nullable=True)
    people = dy.Int64(nullable=True)
    people_known = dy.Int64(nullable=True)


class Completeness(dy.Schema):
    """What a feed that arrived whole is declared complete for, so that no record there means none.

    `kind` is fact, award or members, `name` the fact, the award scheme, or whom the feed would name
    (`nostop.linkage.members`). `applies_to` is `linked_people` (only
    people with a record in this feed) or `everybody`. A feed that is held or missing has no rows
    here.
    """

    source = dy.String()
    kind = dy.String()
    name = dy.String()
    applies_to = dy.String()


#: The column type of each type of fact.
FACT_DTYPES: dict[str, pl.DataType] = {
    "bool": pl.Boolean(),
    "int": pl.Int64(),
    "money": pl.Int64(),
    "date": pl.Date(),
    "enum": pl.String(),
    "code": pl.String(),
}


class FactCatalogue(dy.Schema):
    """rules/facts.yaml as a table: one row for each fact.

    `nil` is canonical text, null where there is none. `lasts` is how long a value stays good, as
    polars writes a span (`6mo`); null is for ever. `believe` names the sources to believe first of
    this fact; `prefer` is source (the default) or newest; `in_conflict`, what is done where sources
    differ, is unknown (the default), review or take_best.
    """

    fact = dy.String(primary_key=True)
    level = dy.String()
    type = dy.String()
    per = dy.String(nullable=True)
    nil = dy.String(nullable=True)
    applies_to_adults = dy.Bool()
    applies_to_children = dy.Bool()
    lasts = dy.String(nullable=True)
    believe = dy.List(dy.String(), nullable=True)
    prefer = dy.String(nullable=True)
    in_conflict = dy.String(nullable=True)


# --- linkage -> determination ---------------------------------------------------------------------


class Links(dy.Schema):
    """Which person each source record is. `confidence` is the weakest link that holds the person
    together (0 to 1)."""

    source = dy.String(primary_key=True)
    record_id = dy.String(primary_key=True)
    person_id = dy.String()
    confidence = dy.Float64()


#: What can happen to a person id or to a record's place.
EVENT_KINDS = ("created", "merged", "split", "moved", "undone")


class LinkEvents(dy.Schema):
    """The append-only history of person ids, in order. An event is all rows with one `event_id`.

    A row without a record is about ids: `person_id` was created, came out of `other_id` (split), or
    took `other_id` in (merged). A row with a record says that it went from `other_id` (null: it had
    no person, it is new) to `person_id` (null: its source withdrew it). `at` is the time that the
    run was given. `evidence` names a rule or a band of confidence, and nothing personal.
    """

    event_id = dy.Int64()
    at = dy.Datetime(time_zone="UTC", time_unit="us")
    kind = dy.String(check=lambda kind: kind.is_in(EVENT_KINDS))
    person_id = dy.String(nullable=True)
    other_id = dy.String(nullable=True)
    source = dy.String(nullable=True)
    record_id = dy.String(nullable=True)
    model_version = dy.String()
    evidence = dy.String()
    actor = dy.String()


class Verdicts(dy.Schema):
    """What clerks said of pairs of records, in order: `verdict` is same, different or cannot_tell.

    Append-only; the last row about a pair is the one that counts.
    """

    source_l = dy.String()
    record_id_l = dy.String()
    source_r = dy.String()
    record_id_r = dy.String()
    verdict = dy.String(check=lambda verdict: verdict.is_in(("same", "different", "cannot_tell")))
    at = dy.Datetime(time_zone="UTC", time_unit="us")
    actor = dy.String()
    why = dy.String()


class Evidence(dy.Schema):
    """Where each fact of a person, benefit unit or household came from. `conflict`: another source
    said otherwise, as `Conflicts` tells."""

    level = dy.String()
    subject_id = dy.String()
    fact = dy.String()
    source = dy.String()
    record_id = dy.String()
    as_of = dy.Date()
    conflict = dy.Bool()


class Conflicts(dy.Schema):
    """One row for each thing that is said of a fact of which sources say different things.

    Holds values, so that it is for caseworkers, and never for a log. `is_best`: what the order of
    sources and dates would take. `in_conflict` is what was done: unknown (nothing was taken),
    review (the best was taken, and nobody is told before somebody has looked) or take_best.
    """

    level = dy.String()
    subject_id = dy.String()
    fact = dy.String()
    source = dy.String()
    record_id = dy.String()
    value = dy.String()
    as_of = dy.Date()
    is_best = dy.Bool()
    in_conflict = dy.String()


class Awards(dy.Schema):
    """What is claimed, from the departments: one row for each award of a person."""

    person_id = dy.String()
    scheme = dy.String()
    status = dy.String()
    amount = dy.Int64(nullable=True)
    per = dy.String(nullable=True)
    starts_on = dy.Date(nullable=True)
    ends_on = dy.Date(nullable=True)


@dataclass(frozen=True, slots=True)
class Situation:
    """People, benefit units and households with their facts as columns (rules/facts.yaml names
    them), and awards.

    people: person_id, benefit_unit_id, household_id, role, person facts; optional `awards_known`
        (bool: false or null means that a scheme without a row in `awards` is unknown for this
        person) and `confidence` (weakest link, 0 to 1).
    benefit_units: benefit_unit_id, household_id, benefit-unit facts; optional `children_known` and
        `partner_known` (bool: false or null means that there may be others than the people here).
    households: household_id, household facts; optional `members_known`, in the same way.
    awards: `Awards`, or None where receipt is unknown for everybody.
    receipt_known_for: schemes whose awards are complete in `awards`; None means all of them.
    """

    people: pl.DataFrame
    benefit_units: pl.DataFrame
    households: pl.DataFrame
    awards: pl.DataFrame | None
    receipt_known_for: frozenset[str] | None = None


# --- determination -> review, outreach, take-up ---------------------------------------------------


class Determinations(dy.Schema):
    """One row for each subject, scheme and effective date. Amounts are pence in the period `per`.

    `benefit_unit_id` is null for a scheme decided for a household, `person_id` unless it is decided
    for a person. `because` holds condition ids; `missing` fact ids, the cheapest to ask first;
    `claimed` null = receipt unknown.
    """

    benefit_unit_id = dy.String(nullable=True)
    person_id = dy.String(nullable=True)
    household_id = dy.String(nullable=True)
    scheme = dy.String()
    effective_date = dy.Date()
    outcome = dy.String(nullable=True)
    amount = dy.Int64(nullable=True)
    amount_low = dy.Int64(nullable=True)
    amount_high = dy.Int64(nullable=True)
    per = dy.String()
    claimed = dy.Bool(nullable=True)
    worth_asking = dy.Bool(nullable=True)
    confidence = dy.Float64(nullable=True)
    because = dy.List(dy.String(), nullable=True)
    missing = dy.List(dy.String(), nullable=True)
    pack_version = dy.String()


class ClaimPaths(dy.Schema):
    """One row for each claim that a benefit unit could make: those to make, in their order, and
    those to get advice on first (`step` is null). For caseworkers: what it tells of everybody
    affected is nobody else's to see.

    `person_id` is who would claim; `subject_id` whom the scheme decides for. `status` is claim or
    advice_first, `reasons` of the latter negative, unsettled, irreversible, other_person_affected
    or alternative (`alternative_to` is then the scheme it cannot be had beside). `amount` is the
    award, pence for `per`. Gains are pence over everybody affected, losses taken off: `gain_year`
    is null unless it is one figure. `loses` holds the unit's own awards that end or fall, `opens`
    what can be claimed next. A claim reaches back up to `backdate_months`; beyond that, each week
    of waiting loses `lost_each_week`.
    """

    benefit_unit_id = dy.String()
    household_id = dy.String()
    step = dy.Int64(nullable=True)
    scheme = dy.String()
    person_id = dy.String()
    subject_id = dy.String()
    effective_date = dy.Date()
    status = dy.String()
    reasons = dy.List(dy.String())
    amount = dy.Int64(nullable=True)
    per = dy.String()
    gain_year = dy.Int64(nullable=True)
    gain_year_low = dy.Int64(nullable=True)
    gain_year_high = dy.Int64(nullable=True)
    gain_once = dy.Int64(nullable=True)
    loses = dy.List(dy.String())
    opens = dy.List(dy.String())
    backdate_months = dy.Int64()
    deadline = dy.Date(nullable=True)
    lost_each_week = dy.Int64(nullable=True)
    alternative_to = dy.String(nullable=True)


class Contacts(dy.Schema):
    """How, and whether, a person may be told: one row for each person. Null flags are unknown and
    stop a message."""

    person_id = dy.String(primary_key=True)
    first_name = dy.String(nullable=True)
    surname = dy.String(nullable=True)
    email = dy.String(nullable=True)
    phone = dy.String(nullable=True)
    language = dy.String()
    born_on = dy.Date(nullable=True)
    is_deceased = dy.Bool()
    opted_out = dy.Bool()
    protected_address = dy.Bool()
    safeguarding_hold = dy.Bool()


class TakeUp(dy.Schema):
    """Take-up of one scheme with bounds; counts are rounded and small ones hidden (null)."""

    scheme = dy.String(primary_key=True)
    effective_date = dy.Date(primary_key=True)
    recipients = dy.Int64(nullable=True)
    entitled_non_recipients = dy.Int64(nullable=True)
    unknown_recipients = dy.Int64(nullable=True)
    unknown_non_recipients = dy.Int64(nullable=True)
    recipients_not_found_entitled = dy.Int64(nullable=True)
    take_up_low = dy.Float64(nullable=True)
    take_up_high = dy.Float64(nullable=True)


def check(schema: type[dy.Schema], frame: pl.DataFrame) -> pl.DataFrame:
    """Return `frame` with exactly the schema's columns, in its order.

    Raises:
        FrameError: a column is missing, has another type, or a key repeats.
    """
    name = schema.__name__
    columns = schema.columns()
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise FrameError(f"{name}: missing {missing}, found {frame.columns}")
    try:
        return schema.validate(frame.select(columns.keys()))
    except (dy.exc.SchemaError, dy.exc.ValidationError) as error:
        raise FrameError(f"{name}: {error}") from error


def empty(schema: type[dy.Schema]) -> pl.DataFrame:
    """Return an empty table of the schema."""
    return schema.create_empty()
