"""Planning a campaign from a page: which files and runs may be chosen, what is wrong with a text
that somebody pasted, and the job that plans."""

import hashlib
import json
import os
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from nostop.app.jobs import JobFile, Task
from nostop.app.outreach.planning import plan_declared
from nostop.app.settings import MANIFEST
from nostop.model import OutreachError, SettingsError
from nostop.outreach.campaign import Campaign, parse_campaign, read_campaign
from nostop.store import Act

#: What a job's argument may be, and so the name of a file that one names.
_PLAIN = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_ENDING = ".yaml"
#: What a message of the loader begins with: the name of the text, a line and a column.
_PLACE = re.compile(r"^[^\n:]*:(\d+):(\d+): ", re.MULTILINE)
#: How a pasted text is called in messages.
PASTED = "campaign"
LONGEST_CAMPAIGN = 64 * 1024


class Places(Protocol):
    """Where a plan finds what is in no database: `nostop.app.job_kinds.Places`."""

    @property
    def rules(self) -> Path:
        """Folder of rules."""
        ...

    @property
    def run(self) -> Path | None:
        """Folder of the run that is shown."""
        ...

    @property
    def campaigns(self) -> Path | None:
        """Folder of campaign files."""
        ...


@dataclass(frozen=True, slots=True)
class CampaignFile:
    """A file of the campaigns folder: its name, and its campaign or what is wrong with it."""

    name: str
    campaign: Campaign | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run from which a campaign can be planned: its folder's name, and what its manifest says."""

    name: str
    effective_on: date
    synthetic: bool
    may_write: bool


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a pasted campaign: in which line (None: nowhere in particular), and the
    loader's own words."""

    line: int | None
    text: str


def campaign_files(folder: Path | None) -> list[CampaignFile]:
    """Return the campaign files of a folder by name; what cannot be read is told, not left out."""
    if folder is None or not folder.is_dir():
        return []
    names = sorted(file.name for file in folder.iterdir() if file.suffix == _ENDING)
    return [_file(folder / name) for name in names]


def _file(file: Path) -> CampaignFile:
    if not _PLAIN.fullmatch(file.name):
        said = "its name needs to be of letters, digits and - _ . only"
        return CampaignFile(file.name, None, said)
    try:
        return CampaignFile(file.name, read_campaign(file), None)
    except OutreachError as error:
        return CampaignFile(file.name, None, str(error).replace(str(file.parent), "").lstrip("/"))


def finished_runs(folder: Path | None) -> list[FinishedRun]:
    """Return the run of a folder, and those of the folders beside it that hold one: the latest day
    first."""
    if folder is None:
        return []
    beside = sorted(folder.parent.iterdir()) if folder.parent.is_dir() else []
    found = [_run(each) for each in (folder, *(each for each in beside if each != folder))]
    runs = [each for each in found if each is not None]
    return sorted(runs, key=lambda run: (-run.effective_on.toordinal(), run.name))


def _run(folder: Path) -> FinishedRun | None:
    if not _PLAIN.fullmatch(folder.name):
        return None
    try:
        said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return FinishedRun(
            name=folder.name,
            effective_on=date.fromisoformat(said["effective_date"]),
            synthetic=bool(said["synthetic"]),
            may_write=bool(said["may_write_to_people"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def flaws_of(text: str, folder: Path | None) -> list[Flaw]:
    """Return what is wrong with a campaign that somebody pasted; none: it can be planned.

    Settings of channels (a folder, the address of a server) are the operator's: a pasted campaign
    may use those of the files of the campaigns folder, and no others.
    """
    try:
        campaign = parse_campaign(text, PASTED)
    except OutreachError as error:
        return [_flaw(line) for line in str(error).splitlines()]
    known = {
        (use.use, json.dumps(use.settings, sort_keys=True))
        for file in campaign_files(folder)
        if file.campaign is not None
        for use in file.campaign.channels
    }
    return [
        Flaw(
            None,
            f"channels: {use.use}: its settings are in no file of the campaigns folder; leave "
            "them out, or ask an operator to put a campaign with them there",
        )
        for use in campaign.channels
        if use.settings and (use.use, json.dumps(use.settings, sort_keys=True)) not in known
    ]


def _flaw(line: str) -> Flaw:
    found = _PLACE.match(line)
    return Flaw(int(found[1]), line[found.end() :]) if found else Flaw(None, line)


def pasted_id(text: str) -> str:
    """Return the id of a pasted campaign.

    Raises:
        OutreachError: it cannot be used.
    """
    return parse_campaign(text, PASTED).id


def keep_pasted(text: str, folder: Path | None) -> str:
    """Put a pasted campaign into the campaigns folder, and return its file's name. The same text
    gives the same name; no file of another text is written over.

    Raises:
        OutreachError: it cannot be used.
        SettingsError: there is no such folder, or it cannot be written to.
    """
    campaign = parse_campaign(text, PASTED)
    if folder is None or not folder.is_dir():
        raise SettingsError(
            "this server has no campaigns folder: ask an operator to start it with one"
        )
    content = text.encode()
    sha256 = hashlib.sha256(content).hexdigest()
    name = f"{campaign.id[:60]}.pasted-{sha256[:12]}{_ENDING}"
    part = folder / f".{name}.{os.getpid()}.part"
    try:
        part.write_bytes(content)
        part.replace(folder / name)
    except OSError as error:
        raise SettingsError(
            "the campaigns folder cannot be written to: ask an operator to put the file there"
        ) from error
    return name


def plan_job(task: Task, places: Places) -> JobFile:
    """Plan a campaign of the campaigns folder (`file`) from a finished run (`run`); the file that
    it makes says what became of it.

    Raises:
        NostopError: the campaign, the run or a template cannot be used; nothing is planned.
    """
    if places.campaigns is None:
        raise SettingsError("jobs: no campaigns folder was given, so that nothing can be planned")
    file, run = task.word("file"), task.word("run")
    if file not in {each.name for each in campaign_files(places.campaigns)}:
        raise SettingsError("the campaign's file is not in the campaigns folder any more")
    if places.run is None or run not in {each.name for each in finished_runs(places.run)}:
        raise SettingsError("the run is not there any more")
    task.tell(5, "Planning: this may take a minute")
    path = places.campaigns / file
    declares = (read_campaign(path), path.read_text(encoding="utf-8-sig"))
    act = Act(task.asked_by, task.at)
    planned = plan_declared(task.engine, declares, places.run.parent / run, act, places.rules)
    said = {"campaign": planned.campaign, "plan": planned.plan_sha256, **planned.statuses}
    return JobFile(
        f"{planned.campaign}.json", "application/json", json.dumps(said, indent=1).encode()
    )
