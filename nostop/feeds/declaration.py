"""What a department sends, column by column: connectors/feeds/<department>_<dataset>.yaml.

    FeedDeclaration
    ├── fetch           where the file comes from
    ├── contract        what the file has to be, or the whole feed is held
    ├── columns         every column and its type: `dob: date DD/MM/YYYY`, `nino: nino or empty`
    ├── record, as_of   which columns name a row; which one dates it
    ├── changes         the feed comes as a whole file and files of changes to it
    ├── people          who is mentioned in a row; the first is the one the row is about
    ├── relations       what the people of one row are to each other
    ├── facts, awards, contacts     what the row says of them
    ├── refuse          rows that contradict themselves
    └── complete_for    what the lack of a record in this feed means

connectors/feeds/README.md explains each key to the people who write them.
"""

import re
from datetime import date
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from nostop.feeds.columns import ColumnType, parse_column_type
from nostop.model import Period


def _percent(text: object) -> Fraction:
    found = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)%", text) if isinstance(text, str) else None
    if not found or Fraction(found[1]) > 100:
        raise ValueError(f"{text!r} is no share: write a percentage such as 5%")
    return Fraction(found[1]) / 100


def _period(text: object) -> object:
    if isinstance(text, str) and text not in list(Period):
        raise ValueError(f"'{text}' is no period: write {', '.join(Period)}")
    return Period(text) if isinstance(text, str) else text


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
#: What a file is called; `*` and `?` stand for anything.
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_*?.-]+$")]
Share = Annotated[Fraction, BeforeValidator(_percent)]
PeriodWord = Annotated[Period, BeforeValidator(_period)]
#: Stands in a map of codes for a code that says nothing, such as "not known".
UNSTATED = "unstated"
Typed = Annotated[ColumnType, BeforeValidator(parse_column_type)]
#: `benefit: [SP, PC]` holds for those codes, `partner_surname: filled` where there is a value.
When = dict[str, Literal["filled", "empty"] | list[str]]


class _Part(BaseModel):
    """A part of a declaration: unknown keys are refused and nothing is converted."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True
    )


class Words(_Part):
    """A column of codes, and the word that each stands for."""

    column: str
    codes: Annotated[dict[str, str], Field(min_length=1)]


class PeriodWords(_Part):
    """A column of codes, and the period that each stands for."""

    column: str
    codes: Annotated[dict[str, PeriodWord], Field(min_length=1)]


class Flag(_Part):
    """A column of codes that say yes or no; `empty` is what an empty value says (or nothing)."""

    column: str
    codes: Annotated[dict[str, bool], Field(min_length=1)]
    empty: bool | None = None


class Reference(_Part):
    """A column that names another record of this source, after a fixed text such as `Patient/`."""

    column: str
    after: str = ""


class RowsAbout(_Part):
    """`{count: 52000, within: 20%}`: more is as suspect as less."""

    count: Annotated[int, Field(ge=1)]
    within: Share


class Contract(_Part):
    """What the file has to be. Where it is not, nothing of it is used.

    Rows are those that count: without what later changes replaced. `rows_change_at_most` holds
    them against the last file that was used, `known_records_at_least` against the records of the
    last run. `known_people_at_least` is the share of its people whom another feed of the run names
    too.
    """

    rows_at_least: Annotated[int, Field(ge=0)] | None = None
    rows_at_most: Annotated[int, Field(ge=1)] | None = None
    rows_about: RowsAbout | None = None
    rows_change_at_most: Share | None = None
    known_records_at_least: Share | None = None
    known_people_at_least: Share | None = None
    bad_rows_at_most: Share
    fresh_for_days: Annotated[int, Field(ge=1)]


class Person(_Part):
    """Somebody a row mentions: the columns that say who it is.

    They are there where one of `nino`, `first_name`, `surname`, `born_on` has a value, or where
    `when` holds. With `refers_to` the person is another record of the source, and the mention makes
    no record of its own.
    """

    when: When = {}
    refers_to: Reference | None = None
    nino: str | None = None
    first_name: str | None = None
    middle_names: str | None = None
    surname: str | None = None
    born_on: str | None = None
    sex: Words | None = None
    uprn: str | None = None
    address_line_1: str | None = None
    postcode: str | None = None
    town: str | None = None

    @property
    def naming(self) -> list[str]:
        """The columns that name the person."""
        columns = (self.nino, self.first_name, self.surname, self.born_on)
        return [column for column in columns if column is not None]


class Relation(_Part):
    """`{person: claimant, has: child, as: child}`: the claimant has the child as a child."""

    person: str
    has: str
    as_: Annotated[Literal["partner", "child", "non_dependant", "joint_liable"], Field(alias="as")]
    when: When = {}


class Fact(_Part):
    """One fact that a row states of one person, or through them of their household.

    The value is a `column` (with `codes`, the word for each code) or a `constant`. Where `when`
    holds, an empty column sets the row aside, unless `may_be_empty`. Money names its period in
    `per`; a stock has none.
    """

    fact: Name
    of: str | None = None
    column: str | None = None
    codes: dict[str, str | bool] = {}
    constant: str | bool | int | date | None = None
    per: PeriodWord | None = None
    additive: bool = False
    may_be_empty: bool = False
    when: When = {}


class Award(_Part):
    """One award or claim that a row states; `once_per` takes the first row that repeats it."""

    of: str | None = None
    scheme: str | Words
    status: str | Words
    amount: str | None = None
    per: PeriodWord | PeriodWords | None = None
    starts_on: str | None = None
    ends_on: str | None = None
    once_per: list[str] = []
    when: When = {}


class Contact(_Part):
    """How, or whether, one person may be contacted.

    With `hold_where_set_aside` the people of rows in quarantine are put on hold: what they ask
    cannot be read. A row that does not even say whose it is then holds the whole feed.
    """

    of: str | None = None
    email: str | None = None
    phone: str | None = None
    language: Words | None = None
    opted_out: Flag | None = None
    protected_address: Flag | None = None
    safeguarding_hold: Flag | None = None
    hold_where_set_aside: bool = False
    when: When = {}


class Fetch(_Part):
    """Where the file comes from: a transport and its settings. Left out, somebody puts it there.

    A setting never holds a secret: it names the environment variable that does.
    """

    by: Name
    settings: dict[str, object] = {}


class Refusal(_Part):
    """Rows that cannot be right, though each value can: they are set aside with this reason."""

    when: Annotated[When, Field(min_length=1)]
    reason: Annotated[str, Field(min_length=10)]


class Current(_Part):
    """Facts and awards come only from rows with the latest `column`, if enough have it."""

    column: str
    share_at_least: Share


class Newest(_Part):
    """Every row holds on one day, the newest in a column: a register, not a list of changes."""

    newest: str


class Changes(_Part):
    """Files of changes, read in order of their names: of the rows of one record the latest counts.

    watermark: the column that says which row is the latest: a date, with its time, or a number.
    deleted: the rows that take their record away.
    whole: files that start afresh, by their names (`council_full*.csv`) or by what their rows say.
    sequence: the column with the running number of a file or a change. None may be missing.
    """

    watermark: str
    deleted: When = {}
    whole: FileName | Annotated[When, Field(min_length=1)] | None = None
    sequence: str | None = None


#: Who belongs together, as far as one feed can tell (nostop.linkage.members):
#: children with their parents; residents with their address, and who is liable for a dwelling; who
#: past 16 counts as a child; who of those who live together are a couple.
Members = Literal[
    "children",
    "residents",
    "pupils",
    "claimed_children",
    "liable_people",
    "claiming_couples",
    "tenant_couples",
]


class Complete(_Part):
    """What the lack of a record means: there is none, for `applies_to`.

    It means so for a run on a day from `from_` to `to`, both included; each is a day, or a column
    of days, of which the one that promises least counts.
    """

    facts: list[str] = []
    awards: list[str] = []
    members: list[Members] = []
    applies_to: Literal["linked_people", "everybody"]
    from_: Annotated[str | date | None, Field(alias="from")] = None
    to: str | date | None = None


class FeedDeclaration(_Part):
    """One feed. `connector` and `settings` say how it is read, the rest what its rows mean."""

    id: Name
    title: Annotated[str, Field(min_length=3)]
    department: Annotated[str, Field(min_length=2)]
    gateway: Name
    fetch: Fetch | None = None
    connector: Name
    settings: dict[str, object] = {}
    file: FileName
    contract: Contract
    columns: Annotated[dict[str, Typed], Field(min_length=1)]
    record: Annotated[list[str], Field(min_length=1)]
    as_of: str | date | Newest
    changes: Changes | None = None
    current: Current | None = None
    people: Annotated[dict[Name, Person], Field(min_length=1)]
    relations: list[Relation] = []
    facts: list[Fact] = []
    awards: list[Award] = []
    contacts: list[Contact] = []
    refuse: list[Refusal] = []
    complete_for: list[Complete] = []

    @property
    def first_person(self) -> str:
        """The one the row is about: their record has the row's own key."""
        return next(iter(self.people))

    def person_of(self, part: Fact | Award | Contact) -> str:
        """Return whom a part speaks of; left out, or `household`, it is the first person."""
        return part.of if part.of is not None and part.of in self.people else self.first_person
