"""What happened to a case, as a timeline: the newest first."""

import json
from collections.abc import Iterator, Mapping

from nostop.app.casework.case_view import Both, Happened
from nostop.app.casework.fact_values import evidence_parts
from nostop.store.case_page import CaseRows

_DECIDED = {
    "confirm": "Confirmed",
    "not_entitled": "Decided: not entitled",
    "ask_evidence": "Evidence asked for",
    "phone": "Spoken to, or tried to",
    "suppress": "Not to be contacted",
    "hand_over": "Handed over",
    "reopen": "Reopened",
}
_MOVED = {
    "work.claimed": "Taken on",
    "work.assigned": "Given to somebody",
    "work.put_back": "Given back",
}
_SENT = {
    "claimed": "Message on its way",
    "sent": "Message sent",
    "failed": "Message failed",
    "unknown": "Message may have gone: somebody looks",
}


def timeline_of(
    rows: CaseRows, titles: Mapping[str, Both], means: Mapping[str, str]
) -> tuple[Happened, ...]:
    """Return everything that happened to a case, the newest first.

    Args:
        titles: of schemes. means: words of facts, by id.
    """
    teller = _Teller(rows, titles, means)
    parts = (
        teller.flagged(),
        teller.moves(),
        teller.decisions(),
        teller.corrections(),
        teller.messages(),
        teller.notes(),
        teller.documents(),
    )
    found = [each for part in parts for each in part]
    return tuple(sorted(found, key=lambda each: each.at, reverse=True))


class _Teller:
    def __init__(
        self, rows: CaseRows, titles: Mapping[str, Both], means: Mapping[str, str]
    ) -> None:
        self.rows = rows
        self.titles = titles
        self.means = means

    def name(self, account: str | None) -> str | None:
        """An official's name, or else their id: services have none."""
        return None if account is None else self.rows.names.get(account, account)

    def flagged(self) -> Iterator[Happened]:
        yield Happened(self.rows.item["flagged_at"], "Flagged")

    def moves(self) -> Iterator[Happened]:
        for row in self.rows.moves.iter_rows(named=True):
            to = json.loads(row["detail"]).get("to")
            yield Happened(
                row["at"],
                _MOVED[row["action"]],
                self.name(row["actor"]),
                text=self.name(to) if isinstance(to, str) else None,
            )

    def decisions(self) -> Iterator[Happened]:
        for row in self.rows.decisions.iter_rows(named=True):
            title = self.titles.get(row["scheme"] or "")
            text = row["reason"] or None
            if row["kind"] == "hand_over" and row["about"]:
                text = f"{self.name(row['about'])}: {row['reason']}"
            yield Happened(row["at"], _DECIDED[row["kind"]], self.name(row["by"]), title, text)
            if row["second_by"] is not None:
                word = "Second approval" if row["state"] == "approved" else "Second person refused"
                yield Happened(
                    row["second_at"], word, self.name(row["second_by"]), title, row["second_reason"]
                )

    def corrections(self) -> Iterator[Happened]:
        for row in self.rows.corrections.iter_rows(named=True):
            what = self.means.get(row["fact"], row["fact"])
            note = evidence_parts(row["evidence"])[1]
            text = f"{what}. {note}" if note else what
            yield Happened(row["at"], "Fact corrected", self.name(row["by"]), text=text)
            if row["undone_at"] is not None:
                yield Happened(
                    row["undone_at"], "Correction undone", self.name(row["undone_by"]), text=what
                )

    def messages(self) -> Iterator[Happened]:
        for row in self.rows.messages.iter_rows(named=True):
            if row["claimed_at"] is not None and row["state"] in _SENT:
                title = self.titles.get(row["scheme"])
                yield Happened(row["claimed_at"], _SENT[row["state"]], None, title)

    def notes(self) -> Iterator[Happened]:
        for row in self.rows.notes.iter_rows(named=True):
            yield Happened(row["at"], "Note", self.name(row["by"]), text=row["text"])

    def documents(self) -> Iterator[Happened]:
        for row in self.rows.documents.iter_rows(named=True):
            yield Happened(row["at"], "Document added", self.name(row["by"]), text=row["name"])
