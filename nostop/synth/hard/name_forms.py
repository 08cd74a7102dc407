"""How a source writes a name down: former names, halves, other spellings, nicknames, initials,
fields exchanged."""

import numpy as np
import polars as pl

from nostop.synth.chance import Bools, Ints
from nostop.synth.hard import slips
from nostop.synth.hard.vocabulary import NONE
from nostop.synth.hard.writer import Writer, blanked, either, repeated

_TITLES = np.asarray((("Mrs", "Miss", "Ms"), ("Mr", "Mr", "Mr")))
#: What stands between two words instead of a space, or instead of a hyphen.
_JOINERS = {" ": ("", "-"), "-": (" ", "")}
_CHANGED_LATELY_DAYS = 4 * 366


def written_names(writer: Writer, knows: Ints) -> dict[str, pl.Series]:
    """Return first_name, middle_names, surname as the writer's source has them.

    Args:
        writer: the source at work; its records are marked with what is hard about their names.
        knows: how many days ago the source last heard of each person.
    """
    first = _titled(writer, _first_name(writer))
    names = first, _middle_names(writer), _surname(writer, knows)
    first, middle, surname = _in_fields(writer, *_merged(writer, *names))
    if writer.habit("surname_capitals"):
        surname = surname.str.to_uppercase()
    written = {"first_name": first, "middle_names": middle, "surname": surname}
    if writer.habit("all_capitals"):
        return {field: text.str.to_uppercase() for field, text in written.items()}
    return written


def _first_name(writer: Writer) -> pl.Series:
    given, second = writer.column("given"), writer.column("given_b")
    nicknames = writer.world.vocabulary.nicknames
    called = nicknames.swap(given, writer.rng.random(len(given)))
    called = np.where(writer.errs("nickname"), called, given)
    writer.mark("nickname", called != given)
    halved = writer.errs("half_name") & (second != NONE)
    second = np.where((called != given) | halved, NONE, _respelt(writer, second))
    text = _two(writer, (_respelt(writer, called), second), " ", writer.errs("joined"))
    slipped = slips.misspelt(text, writer.errs("typo_first"), writer.rng)
    writer.mark_changed("typo", slipped, text)
    initial = writer.errs("initial")
    if writer.habit("initials"):
        initial |= writer.below(writer.world.rates.shapes["initials_percent"])
    return either(initial, slipped.str.slice(0, 1), slipped)


def _middle_names(writer: Writer) -> pl.Series:
    middle, second = _respelt(writer, writer.column("middle")), writer.column("middle_b")
    text = _two(writer, (middle, second), " ", np.zeros(len(middle), dtype=bool))
    initials = text.str.replace_all(r"(\S)\S*", "${1}")
    text = either(writer.errs("middle_initial"), initials, text)
    return blanked(text, writer.errs("no_middle"))


def _surname(writer: Writer, knows: Ints) -> pl.Series:
    changed, former = writer.column("changed_days"), writer.column("former")
    earlier = (changed != NONE) & (changed < knows) & (former != NONE)
    writer.mark("name_changed", (changed != NONE) & (changed < _CHANGED_LATELY_DAYS))
    surname = np.where(earlier, former, writer.column("surname"))
    second = np.where(earlier, writer.column("former_b"), writer.column("surname_b"))
    halved = writer.errs("half_name") & (second != NONE)
    surname = np.where(halved & writer.below(35), second, surname)
    second = np.where(halved, NONE, second)
    surname = _honour_as_surname(writer, _as_men_write(writer, surname))
    words = _respelt(writer, surname), _respelt(writer, second)
    text = _two(writer, words, "-", writer.errs("joined"))
    slipped = slips.misspelt(text, writer.errs("typo_surname"), writer.rng)
    writer.mark_changed("typo", slipped, text)
    if writer.habit("ascii"):
        # Old systems keep neither apostrophe nor hyphen.
        slipped = slipped.str.replace_all("'", "").str.replace_all("-", " ")
    junior = writer.column("namesake") & (writer.column("role") != 0) & writer.errs("junior")
    return either(junior, pl.select(slipped + " Jnr").to_series(), slipped)


def _as_men_write(writer: Writer, surname: Ints) -> Ints:
    """Return the masculine form of gendered surnames, which a clerk copies from a husband."""
    masculine = writer.world.vocabulary.masculine[np.maximum(surname, 0)]
    gendered = (writer.column("convention") == "gendered") & (surname != NONE)
    changed = np.where(gendered & writer.errs("male_form"), masculine, surname)
    writer.mark("gendered_surname", changed != surname)
    return changed


def _honour_as_surname(writer: Writer, surname: Ints) -> Ints:
    """Return Singh or Kaur for the surname where a source has no field for a middle name."""
    middle = writer.column("middle")
    honour = (writer.column("convention") == "singh_kaur") & (middle != NONE)
    return np.where(honour & writer.errs("honour"), middle, surname)


def _respelt(writer: Writer, codes: Ints) -> Ints:
    """Return names respelt where the source does so, and in plain letters where it knows no
    others."""
    words = writer.world.vocabulary
    other = words.spellings.swap(codes, writer.rng.random(len(codes)))
    respelt = np.where(writer.errs("respelt"), other, codes)
    writer.mark("respelt", respelt != codes)
    if writer.habit("ascii"):
        return np.where(respelt == NONE, NONE, words.plain[np.maximum(respelt, 0)])
    return respelt


def _two(writer: Writer, codes: tuple[Ints, Ints], between: str, joined: Bools) -> pl.Series:
    """Return names of one or two words; two are joined another way where chosen."""
    words = writer.world.vocabulary
    other = np.asarray(_JOINERS[between])[writer.rng.integers(0, 2, len(joined))]
    parts = pl.DataFrame(
        {
            "one": words.text(codes[0]),
            "joiner": pl.Series(np.where(joined, other, between), dtype=pl.String),
            "two": words.text(codes[1]),
        }
    )
    both = pl.concat_str("one", "joiner", "two")
    return parts.select(pl.when(pl.col("two").is_null()).then("one").otherwise(both)).to_series()


def _titled(writer: Writer, first: pl.Series) -> pl.Series:
    at = writer.column("male").astype(np.int64), writer.rng.integers(0, 3, len(first))
    title = pl.Series(_TITLES[at], dtype=pl.String)
    return either(writer.errs("title"), pl.select(title + " " + first).to_series(), first)


def _merged(
    writer: Writer, first: pl.Series, middle: pl.Series, surname: pl.Series
) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Put all given names into the first field where the source does so."""
    merged = writer.errs("merged")
    whole = pl.select(pl.concat_str(first, middle, separator=" ", ignore_nulls=True)).to_series()
    return either(merged, whole, first), blanked(middle, merged), surname


def _in_fields(
    writer: Writer, first: pl.Series, middle: pl.Series, surname: pl.Series
) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Exchange first and last name in some records; put one name only into either field, with
    nothing, a dash or itself in the other."""
    single = surname.is_null().to_numpy()
    writer.mark("single_name", single)
    side = writer.rng.integers(0, 4, len(first))
    surname = either(single & ((side == 0) | (side == 2)), first, surname)
    surname = either(single & (side == 1), repeated("-", len(first)), surname)
    first = blanked(first, single & (side == 2))
    swap = writer.errs("swapped") | (writer.column("family_first") & writer.errs("family_swapped"))
    swap &= ~single
    writer.mark("swapped_names", swap)
    return either(swap, surname, first), middle, either(swap, first, surname)
