"""Every name as a number: what it is written as, how else it is spelt, its nicknames, its plain
letters, its woman's form.

People carry numbers; texts are looked up once, when a source writes. So a million people cost
arrays, not words.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import polars as pl

from nostop.synth.chance import Floats, Ints, scattered
from nostop.synth.shapes import Shapes

#: The number of no name.
NONE = -1
_SEED_OF_ORDER = 17
_PLAIN = str.maketrans("łŁıđĐøØßȘșȚț", "lLidDoOsSsTt")
_FEMININE = (
    ("ski", "ska"), ("cki", "cka"), ("dzki", "dzka"), ("sky", "ska"),
    ("ov", "ova"), ("ev", "eva"), ("yshyn", "yshyna"),
)  # fmt: skip
#: First letters of a syllable in pinyin and in Wade-Giles, the longer first.
_WADE_GILES = (
    ("zh", "ch"), ("ch", "ch'"), ("b", "p"), ("p", "p'"), ("d", "t"), ("t", "t'"), ("g", "k"),
    ("k", "k'"), ("j", "ch"), ("q", "ch'"), ("x", "hs"), ("z", "ts"), ("c", "ts'"), ("r", "j"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pool:
    """Names to draw from: their numbers, and where each ends on the line from 0 to 1."""

    codes: Ints
    limits: Floats

    def draw(self, uniform: Floats) -> Ints:
        """Return the number of a name for each draw."""
        at = np.searchsorted(self.limits, uniform * self.limits[-1], side="right")
        drawn: Ints = self.codes[np.minimum(at, len(self.codes) - 1)]
        return drawn


@dataclass(frozen=True, slots=True)
class Others:
    """Other names for a name: `members[start[code] : start[code] + count[code]]`."""

    start: Ints
    count: Ints
    members: Ints

    def swap(self, codes: Ints, uniform: Floats) -> Ints:
        """Return for each name one of the others; the name itself where there is none."""
        known = np.maximum(codes, 0)
        count = np.where(codes == NONE, 0, self.count[known])
        place = np.minimum((uniform * count).astype(np.int64), np.maximum(count - 1, 0))
        other = self.members[np.where(count > 0, self.start[known] + place, 0)]
        return np.where(count > 0, other, codes)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All names by number, the pools they are drawn from, and what each may turn into."""

    words: pl.Series
    given: dict[str, Pool]
    surnames: dict[str, Pool]
    twins: dict[str, Ints]
    spellings: Others
    nicknames: Others
    plain: Ints
    feminine: Ints
    masculine: Ints

    def text(self, codes: Ints) -> pl.Series:
        """Return the names as written; null for `NONE`."""
        found = self.words.gather(np.maximum(codes, 0))
        missing = pl.Series(codes == NONE)
        return found.to_frame("w").select(pl.when(~missing).then("w")).to_series()

    def code(self, word: str) -> int:
        """Return the number of a name that is known."""
        return int(self.words.index_of(word) or 0)


class _Numbering:
    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def __call__(self, words: Iterable[str]) -> Ints:
        return np.asarray(
            [self.numbers.setdefault(word, len(self.numbers)) for word in words], dtype=np.int64
        )


def build_vocabulary(district: Shapes, names: Shapes, variants: Shapes) -> Vocabulary:
    """Return the vocabulary of the data files.

    Args:
        district: names.yaml of the district: British and Irish names.
        names: names.yaml beside this module.
        variants: variants.yaml beside this module.
    """
    number = _Numbering()
    number(["Singh", "Kaur"])
    given = _given_pools(district, names, number)
    surnames = _surname_pools(district, names, number)
    twins = {
        key: np.stack([number(pair) for pair in pairs])
        for key, pairs in names["twin_pairs"].items()
    }
    feminine = {word: _feminine(word) for word in number.numbers}
    number(feminine.values())
    masculine = {hers: his for his, hers in feminine.items() if his != hers}
    spelt = _spellings(names, variants, number)
    nicked = {key: list(short) for key, short in variants["nicknames"].items()}
    for short in nicked.values():
        number(short)
    folded = {word: plain_letters(word) for word in number.numbers}
    number(folded.values())
    words = list(number.numbers)
    return Vocabulary(
        pl.Series("name", words, dtype=pl.String),
        given,
        surnames,
        twins,
        _others(spelt, number),
        _others(nicked, number),
        number(folded.get(word, word) for word in words),
        number(feminine.get(word, word) for word in words),
        number(masculine.get(word, word) for word in words),
    )


def plain_letters(word: str) -> str:
    """Return a name as a typewriter without accents has it."""
    apart = unicodedata.normalize("NFKD", word.translate(_PLAIN))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def wade_giles(syllable: str) -> str:
    """Return a pinyin syllable as Wade-Giles begins it."""
    small = syllable.lower()
    for pinyin, other in _WADE_GILES:
        if small.startswith(pinyin):
            return (other + small[len(pinyin) :]).capitalize()
    return syllable


def _feminine(word: str) -> str:
    for ending, hers in _FEMININE:
        if word.endswith(ending):
            return word.removesuffix(ending) + hers
    return word


def _zipf(count: int, offset: int) -> Floats:
    return 1_000_000.0 / (np.arange(count) + offset)


def _pool(listed: Sequence[str], composed: Sequence[str], percent: int, number: _Numbering) -> Pool:
    """Join a list, the commoner first, with rarer names that take `percent` of all bearers."""
    common = _zipf(len(listed), 8)
    rare = _zipf(len(composed), 600)
    if len(composed):
        rare *= percent / (100 - percent) * common.sum() / rare.sum()
    codes = np.concatenate([number(listed), number(composed)])
    return Pool(codes, np.cumsum(np.concatenate([common, rare])))


def _composed(parts: Sequence[Sequence[str]]) -> list[str]:
    built = list(dict.fromkeys("".join(each) for each in product(*parts)))
    # An order without a pattern: else the commonest would all begin alike.
    return [built[place] for place in scattered(len(built), len(built), _SEED_OF_ORDER)]


def _given_pools(district: Shapes, names: Shapes, number: _Numbering) -> dict[str, Pool]:
    lists = {
        key: listed
        for key, listed in district["first_names"].items()
        if key.startswith(("british", "irish"))
    } | names["given"]
    new = _composed(names["composed_given"]["parts"])
    percent = names["composed_given"]["percent"]
    return {
        key: _pool(listed, new if key.endswith("_young") else [], percent, number)
        for key, listed in lists.items()
    }


def _surname_pools(district: Shapes, names: Shapes, number: _Numbering) -> dict[str, Pool]:
    listed = {"british": district["surnames"]["british"], **names["surnames"]}
    pools = {}
    for key in (*names["origins"], *(each for each in listed if each.endswith("_f"))):
        built = names["composed"].get(key, {"percent": 0, "parts": [[]]})
        rare = _composed(built["parts"]) if built["percent"] else []
        # Where families have no surname list (Somali), last names are men's given names.
        common = listed.get(key) or names["given"].get(f"{key}_m")
        pools[key] = _pool(common, rare, built["percent"], number)
    return pools


def _spellings(names: Shapes, variants: Shapes, number: _Numbering) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for group in variants["spellings"]:
        number(group)
        for word in group:
            groups.setdefault(word, []).extend(other for other in group if other != word)
    for syllable in (*names["given"]["chinese_f"], *names["given"]["chinese_m"]):
        other = wade_giles(syllable)
        if other != syllable:
            number([other])
            groups.setdefault(syllable, []).append(other)
    return groups


def _others(groups: dict[str, list[str]], number: _Numbering) -> Others:
    count = np.zeros(len(number.numbers), dtype=np.int64)
    start = np.zeros(len(number.numbers), dtype=np.int64)
    members: list[int] = []
    for word, others in groups.items():
        code = number.numbers.get(word)
        if code is None:
            continue
        start[code], count[code] = len(members), len(others)
        members.extend(number(others).tolist())
    return Others(start, count, np.asarray(members or [0], dtype=np.int64))
