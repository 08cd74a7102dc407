"""Rule packs: read, typed, checked, compiled, explained."""

from nostop.rulebook.book import Rulebook, Scheme, default_rules_dir
from nostop.rulebook.load import check, examine, load_rulebook, sound_rulebook

__all__ = [
    "Rulebook",
    "Scheme",
    "check",
    "default_rules_dir",
    "examine",
    "load_rulebook",
    "sound_rulebook",
]
