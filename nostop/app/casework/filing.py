"""Case files: everything a caseworker may see of a household, as JSON, for many at once.

Of somebody whose address is protected or who must be left alone, and of whoever lives with them,
there is no address, telephone or e-mail in it, and no fact that tells where they live.
"""

import polars as pl

from nostop.app.outreach.source import CONTACTS, FLAGGED, RunTables
from nostop.app.results import LINKS
from nostop.linkage import Assembled
from nostop.model import Level
from nostop.rulebook import Rulebook
from nostop.rulebook.catalogue import Catalogue
from nostop.rulebook.plan import KEYS

_UNIT, _HOME = "benefit_unit_id", "household_id"
_WAYS = ("email", "phone", "post")
_SHIELDS = ("protected_address", "safeguarding_hold")
_SAID = ("language", "is_deceased", "opted_out", *_SHIELDS)
#: What tells of a home which one it is.
WHERE = ("uprn", "dwelling")
#: What of a table is written down, where it has it.
_PEOPLE = ("person_id", _UNIT, "role", "confidence", "awards_known")
_UNITS = (_UNIT, "children_known", "partner_known")
_AWARD = ("person_id", "scheme", "status", "amount", "per", "starts_on", "ends_on")
#: The last line of an address, as it is searched for.
_POSTCODE = r"^[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}$"


def filed(
    tables: RunTables, people: Assembled, book: Rulebook, homes: pl.DataFrame
) -> pl.DataFrame:
    """Return `household_id` and `document`, JSON as `case_file.read_case` takes it.

    Args:
        tables: of a run.
        people: as it put them together.
        book: its rules.
        homes: `household_id` of those whose files are made.
    """
    members = people.situation.people.join(homes, on=_HOME, how="semi")
    who = _named(members, tables)
    shielded = who.filter("_shielded").select(_HOME).unique()
    parts = {
        "people": who.select(_HOME, *_there(members, _PEOPLE), *_CONTACT),
        "units": _of_homes(people.situation.benefit_units, homes, (_HOME, *_UNITS)),
        "facts": _without_where(_facts(people, book.catalogue, homes), shielded),
        "conflicts": _without_where(_conflicts(people, members), shielded),
        "links": _of_members(pl.read_parquet(tables.folder / LINKS), members),
        "awards": _awards(people, members),
        "determinations": _determinations(tables, homes),
        "paths": _of_homes(tables.paths, homes, tuple(tables.paths.columns)),
    }
    known_for = people.situation.receipt_known_for
    head = _of_homes(people.situation.households, homes, (_HOME, "members_known")).with_columns(
        run_id=pl.lit(tables.snapshot),
        effective_on=pl.lit(tables.effective_on.isoformat()),
        receipt_known=pl.lit(known_for is None),
        receipt_known_for=pl.lit(sorted(known_for or ()), dtype=pl.List(pl.String)),
    )
    for name, rows in parts.items():
        head = head.join(_listed(rows, name), on=_HOME, how="left", validate="1:1")
    return head.select(_HOME, document=pl.struct(pl.all()).struct.json_encode()).sort(_HOME)


def people_filed(tables: RunTables, people: Assembled, homes: pl.DataFrame) -> pl.DataFrame:
    """Return who lives in households with a case file, as `nostop.store.access.put_people` takes
    them. Nobody who is shielded is found by where they live."""
    members = people.situation.people.join(homes, on=_HOME, how="semi")
    who = _named(members, tables)
    last = pl.col("post").str.split("\n").list.last().str.to_uppercase().str.replace_all(" ", "")
    return who.select(
        "person_id",
        _HOME,
        _UNIT,
        surname_key=pl.col("surname"),
        born_on=pl.col("born_on") if "born_on" in who.columns else pl.lit(None, pl.Date),
        postcode=pl.when(last.str.contains(_POSTCODE)).then(last),
    ).sort("person_id")


_CONTACT = ("first_name", "surname", *_WAYS, *_SAID)


def _named(members: pl.DataFrame, tables: RunTables) -> pl.DataFrame:
    """Return members with names and how to reach them; `_shielded`: nothing tells where they are.

    Who is on no list, or on one that did not arrive whole, is shielded: nobody knows.
    """
    contacts = pl.read_parquet(tables.folder / CONTACTS).select("person_id", *_CONTACT)
    flags = [pl.col(name).fill_null(value=True) for name in _SHIELDS]
    lists_are_whole = tables.contacts is not None
    shielded = pl.any_horizontal(*flags) if lists_are_whole else pl.lit(value=True)
    joined = members.join(contacts, on="person_id", how="left", validate="1:1").with_columns(
        _shielded=shielded.any().over(_HOME)
    )
    return joined.with_columns(
        pl.when(~pl.col("_shielded")).then(pl.col(name)).alias(name) for name in _WAYS
    ).sort("person_id")


def _facts(people: Assembled, catalogue: Catalogue, homes: pl.DataFrame) -> pl.DataFrame:
    """Return every fact that is known, as canonical text, with where it is from. A fact without a
    source was concluded: from who lives with whom, or from a feed that would have named it."""
    of_level = {
        Level.PERSON: people.situation.people,
        Level.BENEFIT_UNIT: people.situation.benefit_units,
        Level.HOUSEHOLD: people.situation.households,
    }
    long = pl.concat(
        _long(frame.join(homes, on=_HOME, how="semi"), level, catalogue)
        for level, frame in of_level.items()
    )
    key = ["level", "subject_id", "fact"]
    from_where = people.evidence.group_by(key).agg(
        pl.col("source").unique().sort().str.join(", "),
        pl.col("as_of").min().dt.to_string("iso"),
        pl.col("conflict").any(),
    )
    return long.join(from_where, on=key, how="left", validate="1:1").sort(key)


def _long(frame: pl.DataFrame, level: Level, catalogue: Catalogue) -> pl.DataFrame:
    key = KEYS[level]
    names = [name for name in catalogue.at(level) if name in frame.columns and name != "role"]
    ids = [_HOME] if key == _HOME else [_HOME, key]
    texts = frame.select(*ids, *(_as_text(name, frame.schema[name]) for name in names))
    found = texts.unpivot(names, index=ids, variable_name="fact", value_name="value")
    return found.drop_nulls("value").select(
        _HOME, "fact", "value", level=pl.lit(level.value), subject_id=pl.col(key)
    )


def _as_text(name: str, dtype: pl.DataType) -> pl.Expr:
    """A fact as canonical text: whole pence, ISO date, `true` or `false`, a word."""
    if dtype == pl.Date():
        return pl.col(name).dt.to_string("iso")
    return pl.col(name).cast(pl.String)


def _conflicts(people: Assembled, members: pl.DataFrame) -> pl.DataFrame:
    ids = members.select(KEYS.values())
    stated = people.conflicts.with_columns(pl.col("as_of").dt.to_string("iso"))
    return pl.concat(
        stated.filter(level=level.value).join(
            ids.select(_HOME, subject_id=pl.col(key)).unique(), on="subject_id", how="inner"
        )
        for level, key in KEYS.items()
    ).sort("level", "subject_id", "fact", "source", "record_id")


def _without_where(rows: pl.DataFrame, shielded: pl.DataFrame) -> pl.DataFrame:
    tells = rows.filter(pl.col("fact").is_in(WHERE)).join(shielded, on=_HOME, how="semi")
    return rows.join(tells, on=rows.columns, how="anti", nulls_equal=True, maintain_order="left")


def _awards(people: Assembled, members: pl.DataFrame) -> pl.DataFrame:
    stated = people.situation.awards
    if stated is None:
        return members.clear().select("person_id", _HOME)
    days = [pl.col(name).dt.to_string("iso") for name in ("starts_on", "ends_on")]
    return _of_members(stated.select(_AWARD).with_columns(days), members)


def _determinations(tables: RunTables, homes: pl.DataFrame) -> pl.DataFrame:
    """What is flagged. Everything else is worked out again for who asks (`warm`)."""
    shown = tables.determinations.filter(FLAGGED)
    return _of_homes(shown, homes, tuple(shown.columns))


def _of_members(rows: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    found = rows.join(members.select("person_id", _HOME), on="person_id", how="inner")
    return found.sort(rows.columns)


def _of_homes(rows: pl.DataFrame, homes: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    found = rows.select(_there(rows, columns)).join(homes, on=_HOME, how="semi")
    order = [name for name in (_UNIT, "person_id", "scheme") if name in found.columns]
    iso = [name for name, dtype in found.schema.items() if dtype == pl.Date()]
    texts = found.with_columns(pl.col(name).dt.to_string("iso") for name in iso)
    return texts.sort(_HOME, *order, nulls_last=True)


def _there(frame: pl.DataFrame, columns: tuple[str, ...]) -> list[str]:
    return [name for name in columns if name in frame.columns]


def _listed(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    rest = [each for each in rows.columns if each != _HOME]
    return rows.group_by(_HOME, maintain_order=True).agg(pl.struct(rest).alias(name))
