"""Which definitions of a level rest on another."""

from nostop.rulebook.tree import Definition


def resting_on(definitions: dict[str, Definition], top: str, name: str) -> frozenset[str]:
    """Return the definitions from `top` down, at its level, that read `name` directly or through
    one another."""
    level = definitions[top].level
    rests: dict[str, bool] = {name: True}

    def reads(each: str) -> bool:
        if each not in rests:
            is_here = definitions[each].level is level
            rests[each] = is_here and True in [reads(other) for other in definitions[each].reads]
        return rests[each]

    reads(top)
    return frozenset(each for each, found in rests.items() if found and each != name)
