"""A citizen's own extract: who looked at their record, when and why, what was done, what was sent.

In English and Welsh; nothing of anybody else. An auditor asks for it, once it is sure elsewhere who
the citizen is.
"""

import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

import polars as pl

from nostop.app.extract_words import (
    ACTIONS,
    CHANNELS,
    LANGUAGES,
    OTHER,
    PURPOSES,
    ROLES,
    SERVICE,
    TEXTS,
    Said,
)
from nostop.app.jobs import JobFile, Task
from nostop.app.results import formula_safe
from nostop.model import SettingsError
from nostop.store import audit_reading as store
from nostop.store.audit_reading import About
from nostop.store.checks import check_id

JOB = "citizen_extract"
FORMS = ("html", "csv")
#: Whether an extract says officials' names (`name`) or their roles (`role`, the default).
SHOWS = "NOSTOP_EXTRACT_SHOWS"
MOST_ENTRIES = 10_000


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that somebody did, in both languages. `why` is empty where there is no more to
    say."""

    at: datetime
    who: Said
    what: Said
    why: Said


@dataclass(frozen=True, slots=True)
class Extract:
    """Everything that an extract says. `others` counts entries that are not told; `cut` says that
    there are more than were read; `messages` are as in `About`."""

    person_id: str
    at: datetime
    lines: tuple[Line, ...]
    messages: pl.DataFrame
    others: int
    cut: bool


def extract_job(task: Task) -> JobFile:
    """Make an extract as a file.

    Raises:
        SettingsError: no such form, or `NOSTOP_EXTRACT_SHOWS` is neither role nor name.
        StoreError: the person's id is not plain.
    """
    person_id, form = check_id(task.word("person"), "person"), task.word("form")
    if form not in FORMS:
        raise SettingsError(f"extract: there are {', '.join(FORMS)}")
    shows = os.environ.get(SHOWS, "role")
    if shows not in ("role", "name"):
        raise SettingsError(f"extract: {SHOWS} is role or name")
    store.record_extract(task.engine, task.asked_by, person_id, task.at)
    task.tell(10, "Reading")
    found = store.about(task.engine, person_id, most=MOST_ENTRIES)
    extract = extract_of(found, task.at, with_names=shows == "name")
    task.tell(80, "Writing")
    if form == "csv":
        return JobFile("nostop-extract.csv", "text/csv; charset=utf-8", as_csv(extract))
    return JobFile("nostop-extract.html", "text/html; charset=utf-8", as_html(extract))


def extract_of(about: About, at: datetime, *, with_names: bool) -> Extract:
    """Return what an extract says.

    Args:
        about: of one person.
        at: now.
        with_names: officials are told by name; otherwise by what they are.
    """
    officials = {
        row["account_id"]: _official(row, with_names=with_names)
        for row in about.officials.iter_rows(named=True)
    }
    told = about.entries.filter(pl.col("action").is_in(list(ACTIONS)))
    lines = tuple(
        Line(
            at=row["at"],
            who=officials.get(row["actor"], SERVICE),
            what=ACTIONS[row["action"]],
            why=_why(row["detail"]),
        )
        for row in told.iter_rows(named=True)
    )
    return Extract(
        person_id=about.person_ids[0],
        at=at,
        lines=lines,
        messages=about.messages,
        others=about.entries.height - told.height,
        cut=about.entries.height >= MOST_ENTRIES,
    )


def as_html(extract: Extract) -> bytes:
    """Return an extract as a page that prints well: English, then Welsh. It loads nothing."""
    parts = [_section(extract, language) for language in range(len(LANGUAGES))]
    style = (
        "body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
        "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;"
        "border-bottom:1px solid #767676;padding:.4em}caption{text-align:left;font-weight:bold;"
        "font-size:1.2em;padding:.5em 0}section+section{break-before:page}"
    )
    title = " / ".join(TEXTS["title"])
    head = f"<meta charset=utf-8><title>{escape(title)}</title><style>{style}</style>"
    whole = (
        f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>'
    )
    return whole.encode()


def as_csv(extract: Extract) -> bytes:
    """Return an extract as a table with a line each, in both languages, safe in a spreadsheet."""
    rows = [
        {
            "when": f"{line.at:%Y-%m-%d %H:%M}",
            "who": line.who[0],
            "what": line.what[0],
            "why": line.why[0],
            "pwy": line.who[1],
            "beth": line.what[1],
            "pam": line.why[1],
        }
        for line in (*extract.lines, *_messages_as_lines(extract.messages))
    ]
    names = ("when", "who", "what", "why", "pwy", "beth", "pam")
    table = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String))
    content = io.BytesIO()
    formula_safe(table.sort("when", maintain_order=True)).write_csv(content)
    return content.getvalue()


def _section(extract: Extract, language: int) -> str:
    says = {name: said[language] for name, said in TEXTS.items()}
    made = says["made"].format(day=f"{extract.at:%Y-%m-%d}", person=extract.person_id)
    seen = [
        (f"{line.at:%Y-%m-%d %H:%M}", line.who[language], line.what[language], line.why[language])
        for line in extract.lines
    ]
    sent = [
        (f"{line.at:%Y-%m-%d %H:%M}", line.what[language], line.why[language])
        for line in _messages_as_lines(extract.messages)
    ]
    notes = [says["shared"], says["wrong"]]
    if extract.others:
        notes.insert(0, says["others"].format(number=extract.others))
    if extract.cut:
        notes.insert(0, says["cut"].format(number=MOST_ENTRIES))
    parts = [
        f"<h1>{escape(says['title'])}</h1>",
        _paragraph(made),
        _table(says["seen"], [says[name] for name in ("when", "who", "what", "why")], seen)
        if seen
        else f"<h2>{escape(says['seen'])}</h2>{_paragraph(says['none'])}",
        _table(says["sent"], [says[name] for name in ("when", "how", "benefit")], sent)
        if sent
        else f"<h2>{escape(says['sent'])}</h2>{_paragraph(says['none_sent'])}",
        *(_paragraph(note) for note in notes),
    ]
    return f'<section lang="{LANGUAGES[language]}">{"".join(parts)}</section>'


def _table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    top = f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
    return f"<table>{top}<tbody>{body}</tbody></table>"


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _messages_as_lines(messages: pl.DataFrame) -> list[Line]:
    """Return each message that went as a line: how it went, and of which benefit."""
    lines = []
    for row in messages.iter_rows(named=True):
        benefit = row["scheme"].replace("_", " ").capitalize()
        how = CHANNELS.get(row["channel"] or "", OTHER)
        lines.append(Line(row["claimed_at"], SERVICE, how, (benefit, benefit)))
    return lines


def _official(row: Mapping[str, str], *, with_names: bool) -> Said:
    """Return who an official is: by name, or by the first of their roles."""
    if with_names:
        return row["name"], row["name"]
    known = [ROLES[role] for role in row["roles"].split() if role in ROLES]
    return known[0] if known else ("An official", "Swyddog")


def _why(detail: str) -> Said:
    purpose = json.loads(detail).get("purpose")
    return PURPOSES.get(purpose, ("", "")) if isinstance(purpose, str) else ("", "")
