"""Rule packs: read, typed, checked, compiled, explained.

What a rule book is and what a plan works out stand here. `reading` makes a rule book of files,
`soundness` looks at it as a whole, `history` at its versions. A plan is put over frames by `batch`
and over one household by `one`; the two must agree. `words` says rules and results to people.
"""

from nostop.rulebook.book import Rulebook, Scheme, default_rules_dir
from nostop.rulebook.reading.load import check, examine, load_rulebook, sound_rulebook

__all__ = [
    "Rulebook",
    "Scheme",
    "check",
    "default_rules_dir",
    "examine",
    "load_rulebook",
    "sound_rulebook",
]
