"""Releases: from which day which version of each scheme is in force, and which two people approved
it. One file for each in `releases/` of a rules folder, never changed once it stands.

A run takes a scheme only where its folder holds what the release in force names. Made-up people's
data and live data have releases of their own.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from nostop.model import Problem, RuleError, nearest
from nostop.rulebook.book import Rulebook
from nostop.rulebook.history.versions import schemes_behind
from nostop.rulebook.packs import Day, Name, Sentence, Strict, Version
from nostop.rulebook.reading.models import as_model, read_model
from nostop.strict_yaml import Document, parse_yaml

Purpose = Literal["synthetic_data", "live"]

FOLDER = "releases"
APPROVERS = 2


class Approver(Strict):
    """Somebody who approved a release."""

    name: Sentence
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")]
    role: Sentence
    approved_on: Day


class Content(Strict):
    """One scheme of a release: its version and its content hash."""

    version: Version
    content: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

    def __str__(self) -> str:
        return f"{self.version}+{self.content[:8]}"


class ReleaseFile(Strict):
    """One file of releases/."""

    from_: Day = Field(alias="from")
    for_: Purpose = Field(alias="for")
    note: Sentence | None = None
    approved_by: tuple[Approver, ...]
    schemes: dict[Name, Content] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Release:
    """One release, and the file it stands in."""

    model: ReleaseFile
    document: Document

    @property
    def key(self) -> tuple[Purpose, date]:
        """What tells releases apart, and sorts those for one purpose by time."""
        return self.model.for_, self.model.from_

    @property
    def name(self) -> str:
        """Its file within the rules folder: the same on every machine."""
        return f"{FOLDER}/{self.document.path.name}"


def release_file(folder: Path, from_: date, purpose: Purpose) -> Path:
    """Return the file of a release."""
    return folder / FOLDER / f"{from_}_{purpose}.yaml"


@dataclass(frozen=True, slots=True)
class InForce:
    """What a run may use on a day: the release in force (None: there is none), the schemes that
    stand as it names them, and for each other scheme why it is left out."""

    release: Release | None
    schemes: tuple[str, ...]
    left_out: Mapping[str, str]


def content_of(book: Rulebook, scheme: str) -> Content:
    """Return what the folder of a scheme holds."""
    found = book.schemes[scheme]
    return Content(version=found.pack.version, content=found.content_hash)


# --- reading --------------------------------------------------------------------------------------


def read_releases(folder: Path) -> list[Release]:
    """Return the releases of a rules folder, by purpose and day; each file as it stands by itself.

    Raises:
        RuleError: one problem for each thing wrong in a file.
    """
    found: list[Release] = []
    problems: list[Problem] = []
    for file in sorted((folder / FOLDER).glob("*.yaml")):
        model, wrong, document = read_model(file, ReleaseFile)
        problems += wrong
        if model is not None and document is not None:
            found.append(Release(model, document))
    problems += [problem for each in found for problem in _approvers(each)]
    if problems:
        raise RuleError(problems)
    return sorted(found, key=lambda each: each.key)


def parse_release(text: str, file: Path) -> Release:
    """Return the text of a release as the release that reading it from its file would give.

    Raises:
        RuleError: it cannot be one.
    """
    document = parse_yaml(text, file)
    model, problems = as_model(document, ReleaseFile)
    if model is None:
        raise RuleError(problems)
    release = Release(model, document)
    problems = list(_approvers(release))
    if problems:
        raise RuleError(problems)
    return release


def load_releases(book: Rulebook) -> list[Release]:
    """Return the releases of a rule book, found to hold together.

    Raises:
        RuleError: one problem for each root cause.
    """
    releases = read_releases(book.path)
    problems = problems_among(releases, book)
    if problems:
        raise RuleError(problems)
    return releases


def _approvers(release: Release) -> Iterator[Problem]:
    people = release.model.approved_by
    if len(people) < APPROVERS:
        told = f"needs {APPROVERS} people who approve it, found {len(people)}: add another"
        yield release.document.problem(told, "approved_by")
    for index, person in enumerate(people):
        for earlier in people[:index]:
            same = _same(person, earlier)
            if same:
                told = f"{same} approves twice: two different people must approve a release"
                yield release.document.problem(told, "approved_by", index)
                break


def _same(one: Approver, other: Approver) -> str:
    """What shows that two approvers are one person: a name or an address, whatever its case and
    spaces; an empty text where nothing does."""
    for mine, theirs in ((one.name, other.name), (one.email, other.email)):
        if _folded(mine) == _folded(theirs):
            return f"'{mine}'"
    return ""


def _folded(text: str) -> str:
    return "".join(text.split()).casefold()


# --- what only all of them show -------------------------------------------------------------------


def problems_among(releases: Iterable[Release], book: Rulebook) -> list[Problem]:
    """Return what is wrong between releases, or between the newest ones and the rule book."""
    ordered = sorted(releases, key=lambda each: each.key)
    problems = list(_two_contents(ordered))
    for earlier, later in pairwise(ordered):
        if earlier.model.for_ == later.model.for_:
            problems += _wrong_after(earlier, later)
    newest = {each.model.for_: each for each in ordered}
    for release in newest.values():
        problems += _unknown_schemes(release, book)
    return problems


def _wrong_after(earlier: Release, later: Release) -> Iterator[Problem]:
    if earlier.key == later.key:
        told = f"{earlier.name} is already from {later.model.from_} for {later.model.for_}"
        yield later.document.problem(f"{told}: keep one of them", "from")
    for name, now in later.model.schemes.items():
        before = earlier.model.schemes.get(name)
        if before is not None and _number(now.version) < _number(before.version):
            told = f"{name} goes back to version {now.version}: {earlier.name} has {before.version}"
            keys = ("schemes", name, "version")
            yield later.document.problem(f"{told}; give it a later number", *keys)


def _two_contents(releases: list[Release]) -> Iterator[Problem]:
    first: dict[tuple[str, str], tuple[Content, Release]] = {}
    for release in releases:
        for name, now in release.model.schemes.items():
            before, where = first.setdefault((name, now.version), (now, release))
            if before != now:
                told = f"{name} is {before} in {where.name} and {now} here"
                wanted = "a version has one content: give the changed pack the next version"
                yield release.document.problem(f"{told}; {wanted}", "schemes", name, "content")


def _unknown_schemes(release: Release, book: Rulebook) -> Iterator[Problem]:
    for name in release.model.schemes:
        if name not in book.schemes:
            told = f"no pack has the scheme '{name}'{nearest(name, list(book.schemes))}"
            yield release.document.problem(told, "schemes", name)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


# --- what is in force -----------------------------------------------------------------------------


def newest(releases: Iterable[Release], purpose: Purpose, on: date | None = None) -> Release | None:
    """Return the last release for a purpose, or the last that is in force on a day."""
    found = [each for each in releases if each.model.for_ == purpose]
    found = [each for each in found if on is None or each.model.from_ <= on]
    return max(found, key=lambda each: each.key, default=None)


def in_force(book: Rulebook, releases: Iterable[Release], purpose: Purpose, on: date) -> InForce:
    """Return what a run for a day may use of a rule book. What reads a scheme that is left out is
    left out with it."""
    release = newest(releases, purpose, on)
    if release is None:
        missing = f"no release for {purpose} is in force on {on}"
        return InForce(None, (), dict.fromkeys(sorted(book.schemes), missing))
    names = sorted({*book.schemes, *release.model.schemes})
    left_out = {name: why for name in names if (why := _why_not(book, release, name, on))}
    for name, others in schemes_behind(book).items():
        lacking = ", ".join(sorted(others & left_out.keys()))
        if lacking:
            left_out.setdefault(name, f"reads {lacking}, which is left out")
    return InForce(release, tuple(name for name in names if name not in left_out), left_out)


def _why_not(book: Rulebook, release: Release, name: str, on: date) -> str:
    """Why a scheme is left out by itself; an empty text where it is not."""
    if name not in book.schemes:
        return f"{release.name} names it and no pack has it"
    if not book.schemes[name].is_in_force(on):
        return f"the scheme is not in force on {on}"
    named, held = release.model.schemes.get(name), content_of(book, name)
    if named is None:
        return f"{release.name} does not name it: release it"
    if named != held:
        line, _ = release.document.place("schemes", name)
        told = f"{release.name}, line {line}, names {named} and the folder holds {held}"
        return f"{told}: release it again, or put the folder back"
    return ""
