"""What people are called: each origin's own way of sharing names in a family, sons named after
fathers, twins with names alike, names that marriage and divorce changed."""

import numpy as np
import polars as pl

from nostop.synth.chance import Bools, Chance, Floats, Ints
from nostop.synth.days import YEAR_DAYS
from nostop.synth.hard.people import ADULT_CHILD, CHILD, GRANDPARENT, HEAD, PARTNER
from nostop.synth.hard.rates import Rates
from nostop.synth.hard.vocabulary import NONE, Vocabulary
from nostop.synth.shapes import Shapes

#: What a person is called: each name of two words has `_b`, else `NONE`.
NAMES = ("given", "given_b", "middle", "middle_b", "surname", "surname_b", "former", "former_b")
_GENERATIONS = ((68, "old"), (33, "mid"), (0, "young"))
_REDRAWS = 4
_CHANGED_WITHIN_DAYS = 4 * 365
#: Too long ago for any register to show.
_LONG_AGO_DAYS = 9_000
_GROWN_DAYS = 25 * YEAR_DAYS
#: Few marry or part later in life.
_SETTLED_AGE = 68 * YEAR_DAYS

_People = dict[str, np.ndarray]


def with_names(
    people: pl.DataFrame, rates: Rates, names: Shapes, vocabulary: Vocabulary, chance: Chance
) -> pl.DataFrame:
    """Add `NAMES` (numbers of the vocabulary), changed_days (since the surname changed; -1 never),
    convention, namesake, alike."""
    family = _Family(people, names, vocabulary, chance)
    family.give_first_names(rates)
    family.give_surnames(rates)
    family.give_middle_names(rates)
    family.name_after_fathers(rates)
    return family.people()


class _Family:
    """The columns of people as arrays, while names are handed down; every step fills some."""

    def __init__(
        self, people: pl.DataFrame, names: Shapes, vocabulary: Vocabulary, chance: Chance
    ) -> None:
        self._frame = people
        self._names = names
        self._words = vocabulary
        self._chance = chance
        self._count = count = len(people)
        column = {name: people[name].to_numpy() for name in people.columns}
        self._start, self._role = column["start"], column["role"]
        self._male, self._age = column["male"], column["age_days"]
        self._origin, self._twin = column["origin"], column["twin"]
        self._married = column["married"]
        self._origins = list(names["origins"])
        conventions = [names["origins"][origin]["convention"] for origin in self._origins]
        self._convention = np.asarray(conventions)[self._origin]
        empty = np.full(count, NONE, dtype=np.int64)
        self.made: dict[str, np.ndarray] = {name: empty.copy() for name in NAMES}
        self.made["changed_days"] = empty.copy()
        self.made["namesake"] = np.zeros(count, dtype=bool)
        self.made["alike"] = np.zeros(count, dtype=bool)
        self._offspring = np.isin(self._role, (CHILD, ADULT_CHILD))
        self._second = np.minimum(self._start + 1, count - 1)
        self._paired = (self._role[self._second] == PARTNER) & (
            self._start[self._second] == self._start
        )
        # The father is the man among head and partner, or nobody we know.
        head_male = self._male[self._start]
        partner_male = self._paired & self._male[self._second]
        self._father = np.where(head_male, self._start, np.where(partner_male, self._second, NONE))

    def people(self) -> pl.DataFrame:
        """Return the frame with what was given."""
        return self._frame.with_columns(
            convention=pl.Series(self._convention, dtype=pl.String),
            **{name: pl.Series(values) for name, values in self.made.items()},
        )

    def _lists(self) -> np.ndarray:
        """Return the name of the list of given names of each person's origin, sex and age."""
        years = self._age / YEAR_DAYS
        generation = np.select([years >= age for age, _ in _GENERATIONS], range(3))
        keys = np.asarray([self._key(o, m, g) for o in self._origins for m in "fm" for g in "012"])
        lists: np.ndarray = keys[(self._origin * 2 + self._male) * 3 + generation]
        return lists

    def _key(self, origin: str, letter: str, generation: str) -> str:
        if origin == "british":
            return f"british_{letter}_{_GENERATIONS[int(generation)][1]}"
        return f"{origin}_{letter}"

    def _given(self, lists: np.ndarray, uniform: Floats) -> Ints:
        drawn = np.full(len(lists), NONE, dtype=np.int64)
        for key in np.unique(lists):
            here = np.flatnonzero(lists == key)
            drawn[here] = self._words.given[str(key)].draw(uniform[here])
        return drawn

    def _surnames(self, male: Bools, uniform: Floats) -> Ints:
        drawn = np.full(self._count, NONE, dtype=np.int64)
        for place, origin in enumerate(self._origins):
            hers = f"{origin}_f" if f"{origin}_f" in self._words.surnames else origin
            for key, of in ((origin, male), (hers, ~male)):
                here = np.flatnonzero((self._origin == place) & of)
                drawn[here] = self._words.surnames[key].draw(uniform[here])
        return drawn

    def give_first_names(self, rates: Rates) -> None:
        rng = self._chance.part("given names")
        lists = self._lists()
        given = self._given(lists, rng.random(self._count))
        for _ in range(_REDRAWS):
            again = self._repeats(given)
            given[again] = self._given(lists[again], rng.random(int(again.sum())))
        percent = np.asarray(
            [self._names["two_word_given_percent"].get(origin, 0) for origin in self._origins]
        )
        second = self._given(lists, rng.random(self._count))
        two = (rng.integers(0, 100, self._count) < percent[self._origin]) & (second != given)
        self.made["given"] = given
        self.made["given_b"] = np.where(two, second, NONE)
        self._name_twins_alike(rates, rng)

    def _repeats(self, given: Ints) -> Bools:
        keys = pl.DataFrame({"home": self._start, "given": given})
        first = keys.select(pl.struct("home", "given").is_first_distinct()).to_series()
        again: Bools = ~first.to_numpy() & self._offspring
        return again

    def _name_twins_alike(self, rates: Rates, rng: np.random.Generator) -> None:
        alike = self._twin & rates.happens("twins_alike", self._count, rng)
        second = np.flatnonzero(alike)
        second = second[self._male[second] == self._male[second - 1]]
        draws = rng.random(self._count)
        group = [self._names["twin_pairs_of"].get(origin, "other") for origin in self._origins]
        keys = np.asarray([f"{g}_{letter}" for g in group for letter in "fm"])
        listed = keys[self._origin[second] * 2 + self._male[second]]
        for key in np.unique(listed):
            here = second[listed == key]
            pairs = self._words.twins[str(key)]
            chosen = pairs[(draws[here] * len(pairs)).astype(np.int64)]
            self.made["given"][here - 1], self.made["given"][here] = chosen[:, 0], chosen[:, 1]
            self.made["given_b"][here - 1] = self.made["given_b"][here] = NONE
        self.made["alike"][second] = self.made["alike"][second - 1] = True

    def give_surnames(self, rates: Rates) -> None:
        rng = self._chance.part("surnames")
        born = self._surnames(self._male, rng.random(self._count))
        other = self._surnames(self._male, rng.random(self._count))
        draw = rng.integers(0, 100, self._count)
        self.made["surname"] = born.copy()
        self._share_in_family(born, draw)
        self._give_singh_and_kaur(draw)
        self._give_two(other)
        self._give_lineage(rng)
        self._leave_single(draw)
        self._change_names(born, other, rates, rng)
        woman = ~self._male & (self._convention == "gendered") & (draw % 10 < 8)
        for name in ("surname", "former"):
            codes = self.made[name]
            hers = self._words.feminine[np.maximum(codes, 0)]
            self.made[name] = np.where(woman & (codes != NONE), hers, codes)

    def _share_in_family(self, born: Ints, draw: Ints) -> None:
        """Children take the father's surname or, with one parent, often an absent parent's."""
        surname = self.made["surname"]
        lead = born[np.where(self._father == NONE, self._start, self._father)]
        absent = ~self._paired & (draw[self._start] < 40)
        of_child = np.where(absent, born[self._second], lead)
        grandparent = (self._role == GRANDPARENT) & self._male[self._start]
        of_child = np.where(grandparent, born[self._start], of_child)
        names_sons = self._convention == "given"
        inherits = self._offspring | grandparent
        son_by_given = names_sons & self._offspring & self._male & (draw < 50)
        by_father = np.where(
            self._father == NONE, of_child, self.made["given"][np.maximum(self._father, 0)]
        )
        takes = inherits & ~(names_sons & ~self._male)
        surname[takes] = of_child[takes]
        surname[son_by_given] = by_father[son_by_given]
        wives = self._wives(("family", "gendered", "singh_kaur"))
        surname[wives] = lead[wives]

    def _wives(self, conventions: tuple[str, ...]) -> Bools:
        """Return the married women who live with a husband whose surname they may take."""
        couple = np.isin(self._role, (HEAD, PARTNER)) & self._paired & self._married
        wives: Bools = couple & ~self._male & (self._father != NONE)
        return wives & np.isin(self._convention, conventions)

    def _give_singh_and_kaur(self, draw: Ints) -> None:
        here = self._convention == "singh_kaur"
        honour = np.where(self._male, self._words.code("Singh"), self._words.code("Kaur"))
        alone = here & (draw[self._start] < 35)
        self.made["middle"] = np.where(here & ~alone, honour, self.made["middle"])
        self.made["surname"] = np.where(alone, honour, self.made["surname"])

    def _give_two(self, other: Ints) -> None:
        here = self._convention == "two"
        mother = np.where(self._father == self._start, self._second, self._start)
        surname = self.made["surname"]
        of_parents = np.where(self._paired, surname[mother], other)
        second = np.where(self._offspring, of_parents, other)
        self.made["surname_b"] = np.where(here, second, self.made["surname_b"])

    def _give_lineage(self, rng: np.random.Generator) -> None:
        """Own name, father's, grandfather's: a child's last name is the father's middle name."""
        here = self._convention == "lineage"
        origin = np.asarray([f"{origin}_m" for origin in self._origins])[self._origin[here]]
        father, grandfather = (self._given(origin, rng.random(int(here.sum()))) for _ in range(2))
        middle, surname = self.made["middle"], self.made["surname"]
        middle[here], surname[here] = father, grandfather
        child = here & self._offspring & (self._father != NONE)
        of = self._father[child]
        middle[child] = self.made["given"][of]
        surname[child] = np.where(middle[of] == NONE, surname[of], middle[of])

    def _leave_single(self, draw: Ints) -> None:
        single = (self._convention == "single") & (draw < 45)
        self.made["surname"] = np.where(single, NONE, self.made["surname"])

    def _change_names(
        self, born: Ints, other: Ints, rates: Rates, rng: np.random.Generator
    ) -> None:
        """Wives had another name before; some couples bear both; some women went back to theirs."""
        made, count = self.made, self._count
        wives = self._wives(("family", "gendered"))
        both = (
            rates.happens("double_barrelled", count, rng)[self._start]
            & (self._convention == "family")
            & self._paired
        )
        wife_of = np.where(self._father == self._start, self._second, self._start)
        doubled = both & (wives | (self._offspring & wives[wife_of]))
        made["surname_b"] = np.where(doubled, made["surname"], made["surname_b"])
        made["surname"] = np.where(doubled, born[wife_of], made["surname"])
        lately = rates.happens("name_changed", count, rng) & (self._age < _SETTLED_AGE)
        days = rng.integers(0, _CHANGED_WITHIN_DAYS, count)
        alone = (self._role == HEAD) & ~self._male & ~self._paired & (self._age > _GROWN_DAYS)
        back = alone & (self._convention == "family") & lately
        changed = (wives & lately) | back
        made["former"] = np.where(wives, born, np.where(back, other, NONE))
        made["changed_days"] = np.where(changed, days, np.where(wives, _LONG_AGO_DAYS + days, NONE))

    def give_middle_names(self, rates: Rates) -> None:
        rng = self._chance.part("middle names")
        lists = self._lists()
        elsewhere = rates.shapes["middle_name_percent_elsewhere"]
        listed = rates.shapes["middle_name_percent"]
        percent = np.asarray([listed.get(origin, elsewhere) for origin in self._origins])
        free = ~np.isin(self._convention, ("singh_kaur", "lineage"))
        has = free & (rng.integers(0, 100, self._count) < percent[self._origin])
        first = self._given(lists, rng.random(self._count))
        second = self._given(lists, rng.random(self._count))
        has &= first != self.made["given"]
        two = has & (rng.integers(0, 100, self._count) < 10) & (second != first)
        self.made["middle"] = np.where(has, first, self.made["middle"])
        self.made["middle_b"] = np.where(two, second, NONE)

    def name_after_fathers(self, rates: Rates) -> None:
        rng = self._chance.part("namesakes")
        made, count = self.made, self._count
        sons = self._offspring & self._male & (self._father != NONE)
        first = sons & _first_in_home(self._start, sons)
        first &= made["surname"] == made["surname"][np.maximum(self._father, 0)]
        named = first & rates.happens("namesake", count, rng)
        grand = (self._role == GRANDPARENT) & self._male & self._male[self._start]
        named |= grand & rates.happens("namesake_grandfather", count, rng)
        after = np.where(grand, self._start, self._father)[named]
        middle = rates.happens("namesake_middle", count, rng)[named]
        for name in ("given", "given_b"):
            made[name][named] = made[name][after]
        for name in ("middle", "middle_b"):
            made[name][named] = np.where(middle, made[name][after], made[name][named])
        made["namesake"][np.flatnonzero(named)] = made["namesake"][after] = True


def _first_in_home(start: Ints, chosen: Bools) -> Bools:
    """Return the first of the chosen in each household."""
    first = np.zeros(len(start), dtype=bool)
    at = np.flatnonzero(chosen)
    first[at[np.unique(start[at], return_index=True)[1]]] = True
    return first
