"""The formulas of a pack or library, as its file has them."""

from dataclasses import dataclass

from nostop.rulebook.book import CHANGES, CLOSES, DEADLINE, INVITE, OWN_CHANGES
from nostop.rulebook.packs import Library, Pack, Working
from nostop.rulebook.reading.checks import Keys
from nostop.rulebook.reading.syntax import names_in


@dataclass(frozen=True, slots=True)
class Formula:
    """One formula as a file has it: `keys` is where it stands."""

    text: str
    says: str
    cite: str
    keys: Keys
    working: Working | None = None

    @property
    def names(self) -> list[str]:
        """The names that it and its turning points read."""
        points = self.working.turning_points if self.working else ()
        return [*names_in(self.text), *points]


def formulas_of(model: Pack | Library) -> dict[str, Formula]:
    """Return every formula of a pack or library by its local name."""
    found = {
        name: Formula(each.formula, each.says, each.cite, ("work_out", name, "formula"), each)
        for name, each in model.work_out.items()
    }
    if not isinstance(model, Pack):
        return found
    for name, part in model.award.parts.items():
        says = part.says or name.replace("_", " ")
        keys: Keys = ("award", "parts", name, "formula")
        found[name] = Formula(part.formula, says, part.cite, keys)
    for index, each in enumerate(model.entitled_when):
        keys = ("entitled_when", index, "when")
        found[f"when.{each.id}"] = Formula(each.when, each.says, each.cite, keys)
    found |= _effects(model)
    for index, note in enumerate(model.notes):
        if note.formula is not None:
            keys = ("notes", index, "formula")
            found[f"note.{note.id}"] = Formula(note.formula, note.says, note.cite, keys)
    return found


def _effects(pack: Pack) -> dict[str, Formula]:
    """What decides whom to ask, when an award ends others or changes facts, and until when to
    claim."""
    found = {}
    if pack.invite_when is not None:
        invitation = pack.invite_when
        keys: Keys = ("invite_when", "when")
        found[INVITE] = Formula(invitation.when, invitation.says, "", keys)
    for index, closing in enumerate(pack.closes):
        if closing.when is not None:
            keys = ("closes", index, "when")
            says, cite = closing.says, closing.cite
            found[f"{CLOSES}{closing.award}"] = Formula(closing.when, says, cite, keys)
    for key, begin, changes in (
        ("changes", OWN_CHANGES, pack.changes),
        ("changes_for_others", CHANGES, pack.changes_for_others),
    ):
        for index, change in enumerate(changes):
            if change.when is not None:
                says, cite = change.says, change.cite
                keys = (key, index, "when")
                found[f"{begin}{change.fact}"] = Formula(change.when, says, cite, keys)
    if pack.claim.deadline is not None:
        last = pack.claim.deadline
        keys = ("claim", "deadline", "formula")
        found[DEADLINE] = Formula(last.formula, last.says, last.cite, keys)
    return found
