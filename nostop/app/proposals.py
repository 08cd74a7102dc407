"""Proposed versions of rules: what an author changes in a scheme's folder, checked by the same
checker as every rules folder, held against the people of the run, and handed over for a release.

What a proposal holds is untrusted: it is only ever read by the strict loader, within its limits, in
a private folder of its own that is gone afterwards. Nothing here writes into the rules folder.
"""

import difflib
import io
import json
import re
import secrets
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from nostop.app.jobs import Jobs
from nostop.app.rules import known_schemes, read_rules
from nostop.model import NotHere, SettingsError, YamlError
from nostop.rulebook import Rulebook
from nostop.rulebook.history.versions import schemes_behind
from nostop.store import proposals as store
from nostop.store.engine import reading
from nostop.store.proposals import Deed, Proposal
from nostop.strict_yaml import parse_yaml

__all__ = ["Deed", "Desk", "Proposal", "file_names", "laid_out", "readers_of"]

_SUFFIXES = (".yaml", ".yml", ".csv")
_CASES = re.compile(r"cases/[a-z][a-z0-9_]{0,60}\.yaml")
_NO_VERSION = "not known"
_STATES_TO_EDIT = ("draft",)

_READ_ME = """\
A change of rules: {title}
Scheme: {scheme}
From version {base} to version {version}
Written by {author}; approved by {approver} on {day}.

Nothing has been changed yet, and no run uses this. To bring it into force:

1. Put the files into the rules folder: git apply changes.patch (within the rules folder), or copy
   them from this archive.
2. Look at what changes, and at whom it concerns:
   nostop rules check RULES
   nostop rules diff OLD_RULES RULES --people FRAMES --on DATE
3. Release it, approved by two people:
   nostop rules release --scheme {scheme} --from DATE --for live \\
     --approved-by 'NAME <MAIL>, ROLE' --approved-by 'NAME <MAIL>, ROLE' --rules RULES
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where authors work on proposals.

    rules: the rules folder as it stands; it is read, and never written to.
    book: what it holds, where that is known already.
    """

    engine: Engine
    rules: Path
    jobs: Jobs
    book: Rulebook | None = None

    def begin(self, scheme: str, title: str, by: str, at: datetime) -> str:
        """Begin a proposal for a scheme, with its files as they stand, and return its id.

        Raises:
            SettingsError: there is no such scheme.
        """
        book = self._book()
        known_schemes(book, [scheme])
        version = book.packs[scheme].version
        made = Proposal(
            proposal_id="P" + secrets.token_hex(12),
            scheme=scheme,
            title=title,
            files={},
            base_version=version,
            version=version,
            made_by=by,
            made_at=at,
            state="draft",
        )
        store.begin(self.engine, made)
        return made.proposal_id

    def read(self, proposal_id: str) -> Proposal:
        """Return a proposal.

        Raises:
            NotHere: there is none of that id.
        """
        with reading(self.engine) as connection:
            found = store.read_proposal(connection, proposal_id)
        if found is None:
            raise NotHere("proposals: there is no such proposal")
        return found

    def last(self, scheme: str | None = None) -> list[Proposal]:
        """Return the last proposals, of one scheme or of all, the newest first."""
        with reading(self.engine) as connection:
            return store.proposals_of(connection, scheme, most=50)

    def text_of(self, proposal: Proposal, name: str) -> str:
        """Return one file of a proposal: as changed, or else as it stands in the rules folder; an
        empty text for a new one.

        Raises:
            NotHere: the file is none of the scheme's.
        """
        path = self._path(proposal, name)
        if path in proposal.files:
            return proposal.files[path]
        file = self.rules / path
        return file.read_text(encoding="utf-8") if file.is_file() else ""

    def names(self, proposal: Proposal) -> list[str]:
        """Return the names of the scheme's files, those that the proposal adds included."""
        folder = _folder(self._book(), proposal.scheme)
        there = file_names(self.rules / folder)
        added = [path.removeprefix(f"{folder}/") for path in proposal.files]
        return sorted({*there, *added}, key=lambda name: ("/" in name, name))

    def changed(self, proposal: Proposal) -> set[str]:
        """Return the names of the files that the proposal changes or adds."""
        folder = _folder(self._book(), proposal.scheme)
        return {path.removeprefix(f"{folder}/") for path in proposal.files}

    def save(self, proposal: Proposal, name: str, text: str, deed: Deed) -> None:
        """Keep another text of one file; one that is as it stands in the rules folder is no change.

        Raises:
            NotHere: the file is none of the scheme's.
            StoreError: it is no draft of theirs any more, was changed meanwhile, or is too large.
        """
        path = self._path(proposal, name)
        text = text.replace("\r\n", "\n")
        if text and not text.endswith("\n"):
            text += "\n"
        standing = self.rules / path
        as_it_stands = standing.read_text(encoding="utf-8") if standing.is_file() else ""
        files = {key: each for key, each in proposal.files.items() if key != path}
        if text != as_it_stands:
            files[path] = text
        pack = self.text_of(proposal, "pack.yaml") if name != "pack.yaml" else text
        store.save(self.engine, deed, files, _version_in(pack))

    def examine(self, proposal: Proposal, deed: Deed, *, flips: bool) -> str:
        """Ask for the check of a proposal, or for who flips under it, and return the job's id."""
        kind = "who_flips" if flips else "check_rules"
        arguments: dict[str, str | int] = {
            "proposal": proposal.proposal_id,
            "revision": proposal.revision,
        }
        job_id = self.jobs.ask(kind, arguments, deed.by)
        store.note_job(self.engine, deed, job_id, flips=flips)
        return job_id

    def found(self, proposal: Proposal, *, flips: bool) -> Mapping[str, Any] | None:
        """Return what the check, or who flips, gave for this very revision; None: not known yet."""
        job_id = proposal.flips_job if flips else proposal.check_job
        made = self.jobs.result(job_id) if job_id is not None else None
        if made is None:
            return None
        said: Mapping[str, Any] = json.loads(made.content)
        return said if said["revision"] == proposal.revision else None

    def lacking(self, proposal: Proposal) -> list[str]:
        """Return why a proposal cannot be handed in yet, in sentences; nothing where it can."""
        checked = self.found(proposal, flips=False)
        told = [] if proposal.files else ["Change a file first: the proposal changes nothing yet"]
        if proposal.version == proposal.base_version:
            told.append("Give pack.yaml a new version: it still has that of the rules in force")
        if checked is None:
            told.append("Run the check on the files as they are now")
        elif checked["problems"] or checked["failed"]:
            told.append("Mend what the check found")
        if self.found(proposal, flips=True) is None:
            told.append("Work out who flips with the files as they are now")
        return told

    def submit(self, proposal: Proposal, deed: Deed) -> None:
        """Hand a proposal in for another author's approval.

        Raises:
            SettingsError: it was not checked, or something is wrong in it.
            StoreError: it is no draft of theirs any more.
        """
        lacking = self.lacking(proposal)
        if lacking:
            raise SettingsError(f"proposals: {lacking[0]}")
        store.submit(self.engine, deed)

    def decide(self, deed: Deed, reason: str, *, approved: bool) -> None:
        """Approve or refuse what somebody else handed in.

        Raises:
            StoreError: whoever decides wrote it, or it does not wait for a decision any more.
        """
        store.decide(self.engine, deed, reason, approved=approved)

    def reopen(self, deed: Deed) -> None:
        """Make what was handed in, or refused, a draft again; only its author may."""
        store.reopen(self.engine, deed)

    def withdraw(self, deed: Deed) -> None:
        """Give a proposal up; only its author may."""
        store.withdraw(self.engine, deed)

    def patch(self, proposal: Proposal) -> str:
        """Return what a proposal changes, as a patch of the rules folder."""
        return "".join(self._patch_of(path, text) for path, text in sorted(proposal.files.items()))

    def handed_over(self, proposal: Proposal) -> bytes:
        """Return an approved proposal as an archive for whoever releases: files, patch, what to do.

        Raises:
            NotHere: nobody has approved it.
        """
        if proposal.state != "approved":
            raise NotHere("proposals: nobody has approved it")
        words = _READ_ME.format(
            title=proposal.title,
            scheme=proposal.scheme,
            base=proposal.base_version,
            version=proposal.version,
            author=proposal.made_by,
            approver=proposal.decided_by,
            day=proposal.decided_at.date() if proposal.decided_at else _NO_VERSION,
        )
        files = {**proposal.files, "changes.patch": self.patch(proposal), "READ_ME.txt": words}
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in sorted(files.items()):
                archive.writestr(zipfile.ZipInfo(name), text)
        return content.getvalue()

    def _patch_of(self, path: str, text: str) -> str:
        file = self.rules / path
        before = file.read_text(encoding="utf-8") if file.is_file() else ""
        lines = difflib.unified_diff(
            before.splitlines(keepends=True),
            text.splitlines(keepends=True),
            f"a/{path}" if before else "/dev/null",
            f"b/{path}",
        )
        return "".join(lines)

    def _book(self) -> Rulebook:
        return self.book or read_rules(self.rules)

    def _path(self, proposal: Proposal, name: str) -> str:
        folder = _folder(self._book(), proposal.scheme)
        if name not in file_names(self.rules / folder) and not _CASES.fullmatch(name):
            raise NotHere("proposals: the scheme has no such file")
        return f"{folder}/{name}"


def file_names(folder: Path) -> list[str]:
    """Return the names of a scheme's files within its folder."""
    files = (file for file in folder.rglob("*") if file.suffix in _SUFFIXES and file.is_file())
    return sorted(file.relative_to(folder).as_posix() for file in files)


@contextmanager
def laid_out(rules: Path, files: Mapping[str, str]) -> Iterator[Path]:
    """Give a private copy of a rules folder with a proposal's files put in, gone afterwards.

    Raises:
        SettingsError: a file would lie outside it.
    """
    with tempfile.TemporaryDirectory(prefix="nostop-proposal-") as place:
        folder = Path(place) / "rules"
        shutil.copytree(rules, folder, ignore=_only_rules)
        root = folder.resolve()
        for name, text in files.items():
            file = (root / name).resolve()
            if not file.is_relative_to(root) or file.suffix not in _SUFFIXES:
                raise SettingsError("proposals: a file lies outside the rules folder")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        yield root


def readers_of(book: Rulebook, scheme: str) -> list[str]:
    """Return a scheme and those whose results rest on its result."""
    behind = schemes_behind(book)
    return [scheme, *sorted(name for name, each in behind.items() if scheme in each - {name})]


def _only_rules(place: str, names: Sequence[str]) -> set[str]:
    return {
        name
        for name in names
        if not (Path(place) / name).is_dir() and Path(name).suffix not in _SUFFIXES
    }


def _folder(book: Rulebook, scheme: str) -> str:
    if scheme not in book.folders:
        raise NotHere("proposals: the rules have no such scheme any more")
    return book.folders[scheme].relative_to(book.path).as_posix()


def _version_in(pack: str) -> str:
    """Return the version that a pack's text gives itself, as far as it can be read."""
    try:
        said = parse_yaml(pack, Path("pack.yaml")).data
    except YamlError:
        return _NO_VERSION
    version = said.get("version") if isinstance(said, dict) else None
    return version if isinstance(version, str) and len(version) <= 40 else _NO_VERSION
