"""A change of rules in words and small tables."""

from collections.abc import Iterable

import polars as pl
from rich.table import Table

from nostop.app.flips import ABSENT
from nostop.app.population_groups import PROTECTED_GROUPS
from nostop.app.rule_diff import RuleDiff
from nostop.cli.shared import out, table
from nostop.model import Outcome, pounds
from nostop.rulebook.history.changes import Change

_WORDS = {
    Outcome.ENTITLED.value: "entitled",
    Outcome.NOT_ENTITLED.value: "not entitled",
    Outcome.UNKNOWN.value: "unknown",
    ABSENT: "no such scheme",
}
_MONEY = ("More £ a year", "Less £ a year")
_MOST_FIELDS = 4
_MOST_REASONS = 3


def changed(text: list[Change], in_force: list[Change]) -> None:
    """Print what reads otherwise; changes of words only are counted."""
    console = out()
    words = [each for each in text if each.is_wording]
    console.print("What reads otherwise", style="bold")
    _print_changes(each for each in text if not each.is_wording)
    if words:
        console.print(f"  and {len(words)} changes of words or cases only (--json lists them)")
    if not text:
        console.print("  nothing")
    if in_force:
        console.print("What is in force with other values on the two days", style="bold")
        _print_changes(in_force)


def _print_changes(found: Iterable[Change]) -> None:
    console = out()
    for each in found:
        owner = "" if each.piece in ("scheme", "library") else f"{each.owner}: "
        console.print(f"  {owner}{each.piece} {each.name} {each.what}", soft_wrap=True)
        fields = [field for field in each.fields if not field.is_wording]
        for field in fields[:_MOST_FIELDS]:
            was, now = field.old or "nothing", field.new or "nothing"
            console.print(f"    {field.field}: {was} -> {now}", soft_wrap=True)
        if len(fields) > _MOST_FIELDS:
            console.print(f"    and {len(fields) - _MOST_FIELDS} more")


def flips(found: RuleDiff, groups: list[str]) -> None:
    """Print, for each scheme with a result that differs, who flips and why, the equality check, and
    the groups asked for."""
    console = out()
    schemes = found.matrix["scheme"].unique().sort().to_list()
    differ = set(found.pairs.filter("differs")["scheme"].unique())
    console.print()
    for scheme in (each for each in schemes if each in differ):
        of_it = pl.col("scheme") == scheme
        console.print(_matrix(found.matrix.filter(of_it), scheme))
        _print_reasons(found.reasons.filter(of_it))
        split = found.groups.filter(of_it)
        for name in dict.fromkeys([*PROTECTED_GROUPS, *groups]):
            title = f"{scheme} by {name.replace('_', ' ')}"
            check = " (equality check)" if name in PROTECTED_GROUPS else ""
            console.print(_groups(split.filter(pl.col("group") == name), title + check))
    if found.matrix["unsettled"].sum():
        console.print("Not settled, for facts are missing: the least due / the most due changes.")
    still = [each for each in schemes if each not in differ]
    if still:
        console.print(f"Nobody's result differs: {', '.join(still)}", soft_wrap=True)


def _matrix(rows: pl.DataFrame, scheme: str) -> Table:
    counts = ("Subjects", "Gain", "Lose", "Not settled")
    heads = (*counts, *_MONEY)
    shown = table(f"{scheme}: who flips", "Was", "Is", *heads, right=heads)
    for row in rows.to_dicts():
        shown.add_row(
            _WORDS[row["old_outcome"]],
            _WORDS[row["new_outcome"]],
            *(f"{row[name]:,}" for name in ("subjects", "gains", "loses", "unsettled")),
            *_pounds(row),
        )
    return shown


def _groups(rows: pl.DataFrame, title: str) -> Table:
    counts = ("subjects", "newly_entitled", "no_longer_entitled", "gains", "loses", "unsettled")
    heads = ("Subjects", "Newly", "No longer", "Gain", "Lose", "Not settled", *_MONEY)
    shown = table(title, "Who", *heads, right=heads)
    for row in rows.to_dicts():
        who = row["value"].replace("_", " ")
        shown.add_row(who, *(f"{row[name]:,}" for name in counts), *_pounds(row))
    return shown


def _pounds(row: dict[str, int | None]) -> tuple[str, str]:
    """What is due more, and less, a year; where amounts are not settled, of the least that is due
    and of the most."""
    least, most = (
        [_whole(row[f"{word}_{way}"]) for way in ("gained", "lost")] for word in ("least", "most")
    )
    pairs = zip(least, most, strict=True)
    more, less = (low if low == high else f"{low} / {high}" for low, high in pairs)
    return more, less


def _whole(pence: int | None) -> str:
    return "no limit known" if pence is None else pounds(pence)


def _print_reasons(rows: pl.DataFrame) -> None:
    console = out()
    for (old, new), found in rows.group_by("old_outcome", "new_outcome", maintain_order=True):
        top = found.head(_MOST_REASONS).select("condition", "subjects").iter_rows()
        why = ", ".join(f"{condition} ({subjects:,})" for condition, subjects in top)
        way = f"{_WORDS[str(old)]} -> {_WORDS[str(new)]}"
        console.print(f"{way}, because of: {why}", soft_wrap=True)
    if not rows.is_empty():
        console.print()
