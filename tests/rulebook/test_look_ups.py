"""A table looked up by dict and bisection gives what reading it from the top gives."""

from fractions import Fraction
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.rulebook.one.arithmetic import ANYTHING, Range
from nostop.rulebook.one.look_ups import Key, look_up
from nostop.rulebook.rates import KeyValue, Row, TableOn

KINDS = ("band", "exact word", "exact number")


def _table(random: Random, kinds: list[str]) -> TableOn:
    """A table in the order of `rates.constants_on`: `otherwise` first, then by band."""
    rows: dict[tuple[KeyValue, ...], Fraction] = {}
    for _ in range(random.randrange(1, 30)):
        keys: list[KeyValue] = [
            random.choice(("a", "b", "c", "otherwise"))
            if kind == "exact word"
            else Fraction(random.randrange(6))
            for kind in kinds
        ]
        rows[tuple(keys)] = Fraction(random.randrange(100), random.choice((1, 3)))
    bands = [index for index, kind in enumerate(kinds) if kind == "band"]

    def fitness(row: Row) -> tuple[int, list[KeyValue]]:
        return -row[0].count("otherwise"), [row[0][index] for index in bands]

    return TableOn(
        tuple(kind.split()[0] for kind in kinds), tuple(sorted(rows.items(), key=fitness))
    )


def _read_from_the_top(table: TableOn, keys: list[Key]) -> Range:
    found = ANYTHING
    for row, value in table.rows:
        if all(map(_fits, table.kinds, keys, row)):
            found = (value, value)
    return found


def _fits(kind: str, key: Key, wanted: KeyValue) -> bool:
    if not isinstance(key, tuple):
        return key is not None and wanted in ("otherwise", key)
    if key[0] is None or key[0] != key[1] or isinstance(wanted, str):
        return False
    return key[0] >= wanted if kind == "band" else key[0] == wanted


def _key(random: Random, kind: str) -> Key:
    if kind == "exact word":
        return random.choice(("a", "b", "x", None))
    number = random.choice((random.randrange(-1, 8), Fraction(random.randrange(12), 2)))
    return random.choice(
        ((number, number), (number, number), (number, None), (0, number), ANYTHING)
    )


@settings(max_examples=200, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**9), kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
def test_a_table_is_looked_up_as_it_reads(seed: int, kinds: list[str]) -> None:
    random = Random(seed)  # noqa: S311 - the same table for the same seed is the point
    table = _table(random, kinds)
    found = look_up(table)
    for _ in range(30):
        keys = [_key(random, kind) for kind in kinds]
        assert found(keys) == _read_from_the_top(table, keys)


def test_a_whole_number_comes_out_as_one() -> None:
    table = TableOn(("exact",), (((Fraction(2),), Fraction(700)), ((Fraction(3),), Fraction(1, 2))))
    (low, _), (half, _) = look_up(table)([(2, 2)]), look_up(table)([(3, 3)])
    assert type(low) is int
    assert half == Fraction(1, 2)
