"""Slips, spellings and forms, case by case."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.synth.hard.rates import read_hard_names, read_variants
from nostop.synth.hard.slips import (
    misread_digits,
    misspelt,
    slipped_days,
    slipped_decades,
    swapped_days,
)
from nostop.synth.hard.vocabulary import NONE, build_vocabulary, plain_letters, wade_giles
from nostop.synth.shapes import read_names


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text("abcdemnorstüłŚ'- ", min_size=3, max_size=12), min_size=1), st.integers(0))
def test_a_slip_alters_a_text_by_little_and_leaves_the_others(texts: list[str], seed: int) -> None:
    chosen = np.arange(len(texts)) % 2 == 0
    text = pl.Series("t", texts)
    slipped = misspelt(text, chosen, np.random.default_rng(seed % 2**32))
    assert text.to_list() == texts
    assert slipped.filter(pl.Series(~chosen)).to_list() == texts[1::2]
    for old, new in zip(texts[::2], slipped.filter(pl.Series(chosen)).to_list(), strict=True):
        assert abs(len(old) - len(new)) <= 1


def test_texts_too_short_to_misspell_and_nulls_stay() -> None:
    text = pl.Series(["Jo", None, "A", ""])
    slipped = misspelt(text, np.ones(4, dtype=bool), np.random.default_rng(1))
    assert slipped.to_list() == ["Jo", None, "A", ""]


def test_day_and_month_are_exchanged_only_where_that_is_a_date() -> None:
    born = pl.Series([date(1980, 3, 4), date(1980, 3, 14), None, date(1980, 5, 6)])
    swapped = swapped_days(born, np.asarray([True, True, True, False]))
    assert swapped.to_list() == [date(1980, 4, 3), date(1980, 3, 14), None, date(1980, 5, 6)]


def test_a_decade_slips_either_way_and_leap_days_become_the_28th() -> None:
    born = pl.Series([date(1984, 2, 29)] * 40 + [None])
    slipped = slipped_decades(born, np.ones(41, dtype=bool), np.random.default_rng(2))
    assert set(slipped.drop_nulls()) == {date(1974, 2, 28), date(1994, 2, 28)}
    assert slipped[40] is None


def test_a_slipped_date_is_near_the_true_one() -> None:
    born = pl.Series([date(1990, 1, 31), date(2000, 12, 1)] * 30)
    slipped = slipped_days(born, np.ones(60, dtype=bool), np.random.default_rng(3))
    assert max((slipped - born).dt.total_days().abs()) <= 369
    assert (slipped != born).sum() > 0.7 * 60


def test_misread_numbers_keep_their_form() -> None:
    nino = pl.Series(["QQ123456C"] * 50 + [None])
    misread = misread_digits(nino, np.ones(51, dtype=bool), np.random.default_rng(4))
    assert misread.drop_nulls().str.contains(r"^QQ\d{6}C$").all()
    assert misread[50] is None


@pytest.mark.parametrize(
    ("pinyin", "other"),
    [("Zhi", "Chi"), ("Xiao", "Hsiao"), ("Qian", "Ch'ien"), ("Jia", "Chia"), ("Wei", "Wei")],
)
def test_pinyin_begins_otherwise_in_wade_giles(pinyin: str, other: str) -> None:
    # Only how a syllable begins is told: Qian is Ch'ien in full.
    assert wade_giles(pinyin)[:2] == other[:2]


@pytest.mark.parametrize(
    ("name", "plain"),
    [("Łukasz", "Lukasz"), ("Siobhán", "Siobhan"), ("Gül\u0131z", "Guliz"), ("Ștefan", "Stefan")],
)
def test_plain_letters(name: str, plain: str) -> None:
    assert plain_letters(name) == plain


def test_other_spellings_and_forms_of_a_name() -> None:
    words = build_vocabulary(read_names(), read_hard_names(), read_variants())
    draws = np.linspace(0, 0.999, 20)

    def spelt(name: str) -> set[str]:
        return set(words.text(words.spellings.swap(np.full(20, words.code(name)), draws)))

    assert {"Muhammad", "Mohamed", "Mohammad"} <= spelt("Mohammed")
    assert "Mohammed" not in spelt("Mohammed")
    assert {"Chang", "Cheung"} <= spelt("Zhang")
    assert spelt("Proud") == {"Proud"}
    kowalski = np.asarray([words.code("Kowalski"), words.code("Nowak")])
    assert words.text(words.feminine[kowalski]).to_list() == ["Kowalska", "Nowak"]
    assert words.text(words.masculine[words.feminine[kowalski]]).to_list() == ["Kowalski", "Nowak"]
    assert words.text(np.asarray([NONE, words.code("Kaur")])).to_list() == [None, "Kaur"]
