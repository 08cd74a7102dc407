"""A result in a few lines that a person can read and check, and the full trace behind it.

Everything shown comes from the interpreter's own values: nothing is worked out again, and no law is
paraphrased here.
"""

from collections.abc import Iterator, Mapping
from datetime import date

from nostop.model import Outcome, Period, pounds
from nostop.rulebook.dates import NEVER_NUMBER, as_date
from nostop.rulebook.one.account import Account
from nostop.rulebook.one.arithmetic import NOTHING, Number
from nostop.rulebook.one.household import Unknown
from nostop.rulebook.one.interpreter import Interpreter, Result
from nostop.rulebook.one.meanings import Value
from nostop.rulebook.schedule import receipt_fact
from nostop.rulebook.tree import Definition, DefRef, Kind, Node, outside_aggregates

MAX_LINES = 10
_MAX_CONDITIONS = 4
_MAX_NOTES = 2
#: Written out, for Python's own names follow the machine's language.
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def explain(
    interpreter: Interpreter, result: Result, sources: Mapping[Unknown, str] | None = None
) -> list[str]:
    """Return at most ten lines on one scheme's result for one subject.

    Args:
        interpreter: of a plan compiled with its notes; the result is its own.
        sources: for (subject id, fact), where it came from and from when; what is not there is left
            out.
    """
    told = _Telling(interpreter, result)
    lines = [told.headline(), *told.conditions(), *told.missing()]
    closing = [*told.stand_ins(), *told.notes()]
    closing += told.sources(sources or {})
    lines += told.award()
    room = MAX_LINES - len(lines) - len(closing)
    return [*lines, *told.workings(max(room, 0)), *closing][:MAX_LINES]


def trace(interpreter: Interpreter, result: Result) -> list[str]:
    """Return every value that a result rests on, in the order it is needed first."""
    lines = []
    account = Account(interpreter, result)
    for name, subject, value in account.values():
        definition = interpreter.formulas.definitions[name]
        text = f"{name} [{subject}] = {shown(value, definition.tree.kind)}"
        unknown = sorted(account.unknown[name, subject])
        if unknown:
            text += f" (unknown: {', '.join(f'{fact} of {whose}' for whose, fact in unknown)})"
        lines.append(f"{text}: {definition.says}{_cited(definition.cite)}")
    return lines


def shown(value: Value, kind: Kind) -> str:
    """Return a value in words: `£88.00 a week`, `between £0.00 and £5.00`, `yes`, `1 June 2026`,
    `unknown`."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    low, high = value
    per = f" a {kind.per.value}" if kind.per not in (None, Period.ONCE) else ""
    if low is None and high is None:
        return "unknown"
    if low is None or high is None:
        return (
            f"at most {_one(high, kind)}{per}"
            if low is None
            else f"at least {_one(low, kind)}{per}"
        )
    return (
        f"{_one(low, kind)}{per}"
        if low == high
        else f"between {_one(low, kind)} and {_one(high, kind)}{per}"
    )


def _one(value: Number | None, kind: Kind) -> str:
    if value is None:
        return "unknown"
    if kind.base == "date":
        return "never" if value >= NEVER_NUMBER else day(as_date(int(value)))
    if kind.base == "money":
        # A fraction of a penny is kept while it is worked with, and cut off where it is shown.
        about = "" if value.denominator == 1 else "about "
        return about + pounds(int(value))
    return str(value)


def day(when: date) -> str:
    """Return a date as people write it: 1 June 2026."""
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def _cited(cite: str) -> str:
    return f" [{cite}]" if cite else ""


class _Telling:
    """One result and the words for it."""

    def __init__(self, interpreter: Interpreter, result: Result) -> None:
        self.plan = interpreter.plan
        self.result = result
        self.scheme = result.plan.scheme
        self.definitions = interpreter.formulas.definitions
        self.account = Account(interpreter, result)
        self.award_kind = Kind("money", self.scheme.pack.award.per)

    def value(self, name: str) -> Value:
        found: Value = self.account.value(name)
        return found

    def headline(self) -> str:
        pack, result = self.scheme.pack, self.result
        amount = shown((result.low, result.high), self.award_kind)
        words = {
            Outcome.ENTITLED: f"entitled, {amount}",
            Outcome.NOT_ENTITLED: "not entitled",
            Outcome.UNKNOWN: "unknown"
            if result.high is None
            else f"unknown, {_up_to(result.high, self.award_kind)}",
        }
        claimed = {
            True: "already claimed",
            False: "not claimed",
            None: "not known whether claimed",
        }[result.claimed]
        return (
            f"{pack.title.en}: {words[result.outcome]} on {day(self.plan.effective_on)}; {claimed}."
        )

    # --- conditions -------------------------------------------------------------------------------

    def conditions(self) -> list[str]:
        """The conditions that decide: those not met, those still open, or, where all are met, all
        of them in one line."""
        outcome = self.result.outcome
        if outcome is Outcome.ENTITLED:
            named = [f"{says}{_cited(cite)}" for _, says, _, cite in self._all_conditions()]
            return [f"Met: {'; '.join(named)}."]
        wanted = False if outcome is Outcome.NOT_ENTITLED else None
        deciding = [
            each for each in self._all_conditions() if self.result.conditions[each[0]] is wanted
        ]
        lines = []
        for name, says, if_not, cite in deciding:
            word, text = ("Not met", if_not) if wanted is False else ("Open", says)
            lines.append(f"{word}: {text}{self._figures(name)}{_cited(cite)}.")
        if len(lines) > _MAX_CONDITIONS:
            more = len(lines) - _MAX_CONDITIONS + 1
            lines = [*lines[: _MAX_CONDITIONS - 1], f"And {more} more conditions {word.lower()}."]
        return lines

    def _all_conditions(self) -> Iterator[tuple[str, str, str, str]]:
        pack = self.scheme.pack
        areas = ", ".join(each.replace("_", " ").title() for each in pack.applies_in)
        if pack.local_authorities:
            areas = f"{', '.join(pack.local_authorities)} ({areas})"
        yield (
            "applies_in",
            f"Lives where the scheme applies: {areas}",
            f"Does not live in {areas}",
            "",
        )
        for each in pack.entitled_when:
            yield each.id, each.says, each.if_not, each.cite

    def _figures(self, condition: str) -> str:
        """What the workings that a condition reads came to, for the subject itself."""
        tree = self.definitions[f"{self.result.scheme}.when.{condition}"].tree
        read = [each for each in self._read_here(tree) if each.tree.kind.is_number][:3]
        found = [
            f"{_words(each.name)} {shown(self.value(each.name), each.tree.kind)}" for each in read
        ]
        return f" ({', '.join(found)})" if found else ""

    def _read_here(self, tree: Node) -> list[Definition]:
        """Definitions that a tree reads for the subject itself, in reading order."""
        names = [node.name for node in outside_aggregates(tree) if isinstance(node, DefRef)]
        return [self.definitions[name] for name in dict.fromkeys(names)]

    def missing(self) -> list[str]:
        """Which facts could still settle it, whose they are, and what they mean."""
        facts = self.plan.book.catalogue.facts
        told = []
        for name in self.result.missing:
            means = facts[name].means if name in facts else _award_means(name)
            whose = ", ".join(sorted(each for each, fact in self.result.asks if fact == name))
            told.append(f"{_words(name)} ({means}; of {whose})")
        if not told:
            return []
        more = f"; and {len(told) - 3} more" if len(told) > 3 else ""
        return [f"Missing, no record holds it: {'; '.join(told[:3])}{more}."]

    # --- the amount -------------------------------------------------------------------------------

    def award(self) -> list[str]:
        """The parts, and what they come to when rounded."""
        if self.result.outcome is Outcome.NOT_ENTITLED:
            return []
        lines = []
        in_kind = self.scheme.pack.award.in_kind
        if in_kind is not None:
            lines.append(f"Given: {in_kind.says.en}{_cited(in_kind.cite)}.")
        for name, part in self.scheme.pack.award.parts.items():
            value = self.value(f"{self.result.scheme}.{name}")
            says = part.says or _words(name).capitalize()
            lines.append(f"Part: {says}: {shown(value, self.award_kind)}{_cited(part.cite)}.")
        rounding = self.scheme.pack.award.round
        if rounding and self.result.low != self._unrounded():
            way = f"{rounding.direction} to the {rounding.to}"
            lines[-1] += f" Together rounded {way}{_cited(rounding.cite)}."
        return lines

    def _unrounded(self) -> Number:
        found = [self.value(part.name) for part in self.scheme.parts]
        return sum(each[0] or 0 for each in found if isinstance(each, tuple))

    def workings(self, room: int) -> list[str]:
        """The workings that the result rests on most directly, as many as there is room for."""
        lines: list[str] = []
        shown_already = {part.name for part in self.scheme.parts}
        for each in self._nearest_workings():
            if each.name not in shown_already and len(lines) < room:
                value = shown(self.value(each.name), each.tree.kind)
                lines.append(f"Worked out: {each.says}: {value}{_cited(each.cite)}.")
        return lines

    def _nearest_workings(self) -> list[Definition]:
        """Workings below what decides, the nearest first; without those that are a plain yes or no,
        or come to nothing."""
        if self.result.outcome is Outcome.NOT_ENTITLED:
            start = [each for each in self.scheme.conditions if self.value(each.name) is False]
        else:
            start = list(self.scheme.parts)
        found: dict[str, Definition] = {}
        layer = start
        while layer:
            below = [
                each
                for top in layer
                for each in self._read_here(top.tree)
                if each.name not in found
            ]
            found |= {each.name: each for each in below}
            layer = below
        return [
            each
            for each in found.values()
            if each.tree.kind.base != "bool" and self.value(each.name) != NOTHING
        ]

    # --- what else should be known ----------------------------------------------------------------

    def stand_ins(self) -> list[str]:
        """Facts that no record holds and that were worked out instead."""
        facts = self.plan.book.catalogue.facts
        found = []
        for (subject, name), value in sorted(self.account.stand_ins.items()):
            if value[0] is not None and value[0] == value[1]:
                kind = (
                    Kind("money", facts[name].per) if facts[name].type == "money" else Kind("int")
                )
                found.append(f"{_words(name)} of {subject}: {shown(value, kind)}")
        return [f"Not on record, so worked out from what is: {'; '.join(found)}."] if found else []

    def notes(self) -> list[str]:
        """The pack's notes that stand beside such an outcome; one that comes to nothing is not
        shown."""
        lines = []
        for note in self.scheme.pack.notes:
            if self.result.outcome not in note.beside:
                continue
            value = ""
            if note.formula is not None:
                definition = self.definitions[f"{self.result.scheme}.note.{note.id}"]
                found = self.value(definition.name)
                if found is False or found == NOTHING:
                    continue
                value = "" if found is True else f": {shown(found, definition.tree.kind)}"
            lines.append(f"Note: {note.says}{value}{_cited(note.cite)}.")
        return lines[:_MAX_NOTES]

    def sources(self, sources: Mapping[Unknown, str]) -> list[str]:
        """Where the facts behind the conditions came from, and from when."""
        names = [f"{self.result.scheme}.when.{name}" for name in self._deciding()]
        facts = self.plan.book.facts_read(names)
        here = self._subjects()
        found: dict[str, list[str]] = {}
        for (subject, fact), source in sorted(sources.items()):
            if fact in facts and subject in here:
                found.setdefault(source, []).append(_words(fact))
        told = [
            f"{', '.join(dict.fromkeys(names))} from {source}" for source, names in found.items()
        ]
        return [f"Records: {'; '.join(told)}."] if told else []

    def _deciding(self) -> list[str]:
        wanted = {Outcome.ENTITLED: True, Outcome.NOT_ENTITLED: False, Outcome.UNKNOWN: None}[
            self.result.outcome
        ]
        return [name for name, truth in self.result.conditions.items() if truth is wanted]

    def _subjects(self) -> set[str]:
        return {subject for _, subject in self.account.unknown}


def _up_to(high: Number, kind: Kind) -> str:
    return "nothing would be paid" if high == 0 else f"{shown((0, high), kind)}"


def _words(name: str) -> str:
    return name.rsplit(".", 1)[-1].replace("_", " ")


def _award_means(name: str) -> str:
    return f"whether, and how much, {_words(name.removeprefix(receipt_fact('')))} is in payment"


__all__ = ["day", "explain", "shown", "trace"]
