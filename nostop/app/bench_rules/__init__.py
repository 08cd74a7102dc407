"""What the rule layer does on this machine: against rules written by hand and other engines, as
people grow in number, as little changes, and while an author waits."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from nostop.app.bench_rules.authoring import authoring, tested
from nostop.app.bench_rules.changed import again, one_household
from nostop.app.bench_rules.engines import engines
from nostop.app.bench_rules.hostile import hostile
from nostop.app.bench_rules.peer import against_by_hand, as_records_are
from nostop.app.bench_rules.population import copies, made_up
from nostop.app.bench_rules.scale import Scale, scale
from nostop.app.figures import Figure
from nostop.app.rules import read_rules
from nostop.app.stages import Listener, stage


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many people: made up in earnest, and how many times over for each measurement."""

    base: int = 100_000
    by_hand: int = 50
    changed: int = 10
    scale: tuple[int, ...] = (1, 10, 100)
    engines: int = 1_000_000


def rules(sizes: Sizes, on: date, folder: Path, listener: Listener) -> list[Figure]:
    """Measure the rule layer. Files go into a temporary folder that is removed at the end.

    Raises:
        SettingsError: a measured command failed, two ways of working something out differ, or an
            engine to compare with is not installed.
    """
    book = read_rules(folder)
    with TemporaryDirectory(prefix="nostop-bench-") as name:
        space = Path(name)
        (space / "engines").mkdir()
        with stage("Other engines", listener):
            found = engines(space / "engines", folder, on, sizes.engines)
        with stage("Checks and cases", listener):
            found += authoring(folder, book) + tested(book)
        with stage("Hostile files", listener):
            found += hostile()
        with stage("Making people up", listener):
            base = made_up(space / "base", sizes.base, on, folder)
        # Before this process itself grows: a command's peak memory begins at that of its parent.
        growing = Scale(base, sizes.base, sizes.scale)
        found += scale(growing, space, on, folder, listener)
        with stage("One household", listener):
            found += one_household(base, book, on)
        with stage("By hand", listener):
            many = copies(base, space / "by_hand", sizes.by_hand)
            as_records_are(many)
            found += against_by_hand(many, book, on, sizes.base * sizes.by_hand)
        with stage("A few changes", listener):
            many = copies(base, space / "changed", sizes.changed)
            found += again(many, book, on, sizes.base * sizes.changed)
    return found


__all__ = ["Sizes", "rules"]
