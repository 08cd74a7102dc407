"""How many evaluations a second of one ten-condition rule: compiled, and by the engines that people
use."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from nostop.app.bench_rules import peers, ten_conditions
from nostop.app.bench_rules.timing import best
from nostop.app.figures import Figure, at_least
from nostop.determination import Determiner
from nostop.determination.engine import Work
from nostop.determination.known import known_to_all
from nostop.determination.prepare import numbered
from nostop.model import SettingsError
from nostop.rulebook import load_rulebook

_DIFFERENT_ROWS = 10_000
#: Each engine, and how many times as many evaluations there must be. A bare expression of zen has
#: no bar: nobody decides by it, and it is told so that the reader can judge.
_PEERS: dict[str, tuple[Callable[[], Callable[[peers.Facts], bool]], int | None]] = {
    "zen_engine": (peers.zen_decision, 50),
    "zen_expression": (peers.zen_expression, None),
    "rule_engine": (peers.rule_engine, 500),
    "durable_rules": (peers.durable_rules, 500),
}


def engines(folder: Path, catalogue: Path, on: date, people: int) -> list[Figure]:
    """Measure each engine on the same facts; they must agree on every row.

    Args:
        folder: an empty folder for the rule as a pack.
        people: how many at once for the compiled rule.
    Raises:
        SettingsError: an engine is not installed, or does not agree.
    """
    rows = ten_conditions.people(_DIFFERENT_ROWS)
    book = load_rulebook(ten_conditions.write_rules(folder, catalogue))
    determiner = Determiner(book, on)
    expected = determiner.determine(ten_conditions.situation(rows, 1))
    met = int((expected["outcome"] == "entitled").sum())
    times = -(-people // _DIFFERENT_ROWS)
    given = ten_conditions.situation(rows, times)
    prepared = numbered(given, book, determiner.plan)
    work = Work(determiner.plan, prepared.frames, known_to_all(determiner.plan, prepared.frames))
    count = times * _DIFFERENT_ROWS
    ours = count / best(lambda: work.run(prepared.frames, work.plan.schemes))
    whole = count / best(lambda: determiner.determine(given))
    told = f"{count:,} at once"
    return [
        _rate("compiled", f"ten conditions, compiled, {told}", ours),
        _rate("determined", "the same with ids, receipts and reasons in words", whole),
        *(figure for name in _PEERS for figure in _held_against(name, rows, met, ours)),
    ]


def _held_against(name: str, rows: list[peers.Facts], met: int, ours: float) -> Iterator[Figure]:
    make, bar = _PEERS[name]
    evaluate = make()
    agreed = peers.agreed(evaluate, rows)
    if agreed != met:
        raise SettingsError(f"bench: {name} finds {agreed} rows met, the compiled rule {met}")
    theirs, words = peers.rate(evaluate, rows), name.replace("_", " ")
    yield _rate(name, f"{words}, one at a time", theirs)
    against, what = f"against_{name}", f"compiled against {words}"
    if bar is None:
        yield Figure(against, what, round(ours / theirs, 1), "times")
    else:
        yield at_least(against, what, ours / theirs, bar, "times")


def _rate(name: str, what: str, value: float) -> Figure:
    return Figure(f"{name}_rate", what, round(value), "evaluations/s")
