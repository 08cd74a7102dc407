"""What many tests share."""

import pytest

from nostop.rulebook import Rulebook, default_rules_dir, load_rulebook


@pytest.fixture(scope="session")
def book() -> Rulebook:
    """The rules that ship with nostop, read once."""
    return load_rulebook(default_rules_dir())
