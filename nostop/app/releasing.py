"""Making a release: what a rules folder holds is checked, its cases are run, and then a file says
from which day it is in force, and who approved it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from nostop.app.rules import known_schemes
from nostop.determination import run_cases
from nostop.model import Problem, RuleError, SettingsError
from nostop.rulebook import Rulebook
from nostop.rulebook.history.releases import (
    Content,
    Purpose,
    Release,
    content_of,
    newest,
    parse_release,
    problems_among,
    read_releases,
    release_file,
)
from nostop.rulebook.history.versions import schemes_behind
from nostop.rulebook.plan import compile_plan
from nostop.rulebook.reading.blanks import blanks_in_cases

_HEAD = """\
# Which rules run from a day on, and who approved them. Written by `nostop rules release` and never
# changed: what changes is a new release.
"""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who approves a release, as they write it."""

    name: str
    email: str
    role: str
    approved_on: date


@dataclass(frozen=True, slots=True)
class ReleaseAsked:
    """A release as somebody asks for it.

    schemes: only these are released anew, and the others stay as the release before names them;
        None means every scheme of the folder, and nothing else.
    replace_last: the newest release of the same day and purpose is put aside.
    """

    from_: date
    purpose: Purpose
    approvers: tuple[Signature, ...]
    schemes: list[str] | None = None
    note: str | None = None
    replace_last: bool = False


@dataclass(frozen=True, slots=True)
class Released:
    """A release that was written, the one before it, and how many cases it rests on."""

    file: Path
    release: Release
    before: Release | None
    cases: int


def release(book: Rulebook, asked: ReleaseAsked) -> Released:
    """Write the file of a release. Other files are not touched.

    Raises:
        SettingsError: its day is not after that of the newest release, or that one may not be
            replaced.
        RuleError: the approvers are not two people, a case fails or a scheme has none, a rate has
            no value on the day, a scheme reads one that is not released, or releases contradict
            each other.
    """
    known_schemes(book, asked.schemes)
    kept, before = _kept(book, asked)
    file = release_file(book.path, asked.from_, asked.purpose)
    text = release_text(asked, _schemes(book, asked, before))
    made = parse_release(text, file)
    chosen = asked.schemes or sorted(book.packs)
    problems = [*blanks_in_cases(book.path), *problems_among([*kept, made], book)]
    problems += _reads_unreleased(book, chosen, made)
    if problems:
        raise RuleError(problems)
    begun = [name for name in chosen if book.schemes[name].is_in_force(asked.from_)]
    compile_plan(book, asked.from_, begun)
    cases = _pass_cases(book, chosen)
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return Released(file, made, before, cases)


def release_text(asked: ReleaseAsked, schemes: Mapping[str, Content]) -> str:
    """Return a release as the text of its file: the same for the same release."""
    lines = [f"from: {asked.from_}", f"for: {asked.purpose}"]
    if asked.note is not None:
        lines.append(f"note: {_quoted(asked.note)}")
    lines.append("approved_by:")
    for person in asked.approvers:
        lines += [f"  - name: {_quoted(person.name)}", f"    email: {_quoted(person.email)}"]
        lines += [f"    role: {_quoted(person.role)}", f"    approved_on: {person.approved_on}"]
    lines.append("schemes:")
    for name, each in sorted(schemes.items()):
        lines.append(f'  {name}: {{version: "{each.version}", content: "{each.content}"}}')
    return _HEAD + "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    if not text.isprintable():
        raise SettingsError(f"{text!r}: write it in one line, without signs that cannot be seen")
    return json.dumps(text, ensure_ascii=False)


def _kept(book: Rulebook, asked: ReleaseAsked) -> tuple[list[Release], Release | None]:
    """The releases that stay, and the newest of them for the purpose."""
    releases = read_releases(book.path)
    last = newest(releases, asked.purpose)
    if asked.replace_last:
        if last is None or last.model.from_ != asked.from_:
            found = f"the newest is {last.name}" if last else "there is none yet"
            raise SettingsError(f"--replace-last: no release is from {asked.from_}; {found}")
        if asked.purpose == "live":
            told = "is for live data and may have decided what people were told"
            raise SettingsError(f"--replace-last: {last.name} {told}: make a later release")
        releases = [each for each in releases if each is not last]
        last = newest(releases, asked.purpose)
    if last is not None and last.model.from_ >= asked.from_:
        told = f"a release must be from a later day than the newest one, {last.name}"
        hint = "; --replace-last replaces one of the same day"
        raise SettingsError(f"--from {asked.from_}: {told}{hint}")
    return releases, last


def _schemes(book: Rulebook, asked: ReleaseAsked, before: Release | None) -> dict[str, Content]:
    kept = before.model.schemes if asked.schemes and before is not None else {}
    return {**kept, **{name: content_of(book, name) for name in asked.schemes or book.packs}}


def _reads_unreleased(book: Rulebook, chosen: list[str], made: Release) -> Iterator[Problem]:
    """A released scheme rests on others: they must be released as they stand."""
    behind = schemes_behind(book)
    for name in chosen:
        for other in sorted(behind[name]):
            if made.model.schemes.get(other) != content_of(book, other):
                told = f"reads {other}, which is not released as its folder stands"
                yield book.schemes[name].problem(f"{told}: release both (--scheme {other})")


def _pass_cases(book: Rulebook, schemes: list[str]) -> int:
    """Run the cases of schemes and return how many there are.

    Raises:
        RuleError: one fails, or a scheme has none.
    """
    results = run_cases(book, schemes)
    wrong = [
        Problem(each.file, each.line, 1, f"case '{each.name}' fails: {each.message}")
        for each in results
        if not each.passed
    ]
    tested = {each.scheme for each in results}
    for name in schemes:
        if name not in tested:
            message = f"{name} has no case: nothing shows what it gives; write cases/*.yaml"
            wrong.append(book.schemes[name].problem(message))
    if wrong:
        raise RuleError(wrong)
    return len(results)
