"""The functions of the rule language in words, for `read_back.py`: each takes what its arguments
say."""

from collections.abc import Callable

#: What each argument says, and the option of the call ("penny up").
Phrase = Callable[[list[str], str], str]


def _rounded(said: list[str], option: str) -> str:
    unit, way = option.split()
    how = f"to the nearest {unit}" if way == "nearest" else f"{way} to the {unit}"
    return f"{said[0]}, rounded {how}"


def _moved(unit: str, way: str) -> Phrase:
    def phrase(said: list[str], _option: str) -> str:
        day, count = said
        if count == "1":
            return f"the day 1 {unit} {way} {day}"
        if count[:1].isdigit():
            number, _, name = count.partition(" ")
            return f"the day {number} {unit}s {name} {way} {day}"
        return f"the day as many {unit}s {way} {day} as {count}"

    return phrase


PHRASES: dict[str, Phrase] = {
    "at_least": lambda said, _: f"{said[0]}, but no less than {said[1]}",
    "at_most": lambda said, _: f"{said[0]}, but no more than {said[1]}",
    "steps_over": lambda said, _: (
        f"the number of times {said[2]} goes, a part counting as a whole, into the amount by which "
        f"{said[0]} is above {said[1]}"
    ),
    "age_on": lambda said, _: f"the number of full years from {said[0]} to {said[1]}",
    "recorded_or": lambda said, _: f"{said[0]} as recorded, or where no record holds it {said[1]}",
    "round_to": _rounded,
    **{
        f"{unit}s_{way}": _moved(unit, way)
        for unit in ("year", "month", "week")
        for way in ("before", "after")
    },
}
#: Those whose words stand as they are in a longer sentence; the others need brackets.
NEED_NO_BRACKETS = tuple(name for name in PHRASES if name.endswith(("_before", "_after", "_on")))
#: Those whose first argument may be a sum without brackets: a comma ends it.
LEAVE_SUMS_OPEN = ("at_least", "at_most", "round_to", "recorded_or")
