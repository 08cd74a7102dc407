"""Which schemes a run works out: those that a release in force names as their folders hold them;
every scheme where it is asked to go without releases."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from nostop.app.gateways import is_synthetic
from nostop.app.rules import known_schemes
from nostop.app.settings import RunSettings
from nostop.model import SettingsError
from nostop.rulebook import Rulebook
from nostop.rulebook.history.releases import Purpose, in_force, load_releases

_REMEDY = "release rules with `nostop rules release`; a run tries them out with --unreleased"


@dataclass(frozen=True, slots=True)
class ChosenSchemes:
    """The schemes of a run, sorted, and for each other scheme why it is left out.

    release: the file of the release that they stand in, within the rules folder; None for a run
        that goes without.
    """

    schemes: list[str]
    left_out: Mapping[str, str]
    release: str | None


def choose_schemes(book: Rulebook, settings: RunSettings) -> ChosenSchemes:
    """Return the schemes that a run may, and should, work out.

    Raises:
        SettingsError: a scheme asked for by name is unknown or not released, or none is.
        RuleError: releases that cannot stand.
    """
    if settings.unreleased:
        return _unreleased(book, settings, known_schemes(book, settings.schemes))
    purpose: Purpose = "synthetic_data" if is_synthetic(settings.feeds) else "live"
    return released_schemes(book, purpose, settings.effective_on, settings.schemes)


def released_schemes(
    book: Rulebook, purpose: Purpose, on: date, schemes: list[str] | None
) -> ChosenSchemes:
    """Return those of some schemes (None: of all) that a release has in force on a day.

    Raises:
        SettingsError, RuleError: as `choose_schemes`.
    """
    asked = known_schemes(book, schemes)
    found = in_force(book, load_releases(book), purpose, on)
    if found.release is None:
        raise SettingsError(f"no release for {purpose} is in force on {on}: {_REMEDY}")
    refused = [name for name in asked or () if name in found.left_out]
    if refused or not found.schemes:
        shown = refused or sorted(found.left_out)
        told = "\n".join(f"  {name}: {found.left_out[name]}" for name in shown)
        raise SettingsError(f"not released for {purpose} on {on}:\n{told}\n{_REMEDY}")
    left_out = {} if asked else found.left_out
    return ChosenSchemes(sorted(asked or found.schemes), left_out, found.release.name)


def _unreleased(book: Rulebook, settings: RunSettings, asked: list[str] | None) -> ChosenSchemes:
    on = settings.effective_on
    idle = {name for name, scheme in book.schemes.items() if not scheme.is_in_force(on)}
    if asked:
        return ChosenSchemes(sorted(asked), {}, None)
    left_out = dict.fromkeys(sorted(idle), f"the scheme is not in force on {on}")
    return ChosenSchemes(sorted(book.schemes.keys() - idle), left_out, None)
