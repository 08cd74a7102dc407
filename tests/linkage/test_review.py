"""The clerks' queue: blind, in no order, the same for the same seed; and the estimate from it."""

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostop.linkage.review import BAND, SAMPLE, Review, Wanted, _allocated, _pair, _sample, review
from nostop.linkage.tally import tally, wilson
from nostop.linkage.verdicts import SIDES, no_verdicts
from nostop.model import LinkageError
from tests.linkage.people import AWAY, HOME, frame, record

RECORDS = frame(
    *[
        record(f"{source}:{n}", f"{name} Amadi", f"19{50 + n}-04-30", nino=f"QQ00000{n}A", **HOME)
        for source in ("dwp", "rti", "nhs")
        for n, name in enumerate(["Grace", "Peter", "Molly", "Arun", "Jane", "Owen"])
    ],
    record("dwp:x", "Aisha Khan", "1985-08-08", **HOME),
    record("nhs:x", "Aisha Khan", "1985-08-08", **AWAY),
)
#: One person by name and number, but for Aisha Khan: who lives at two places may be two people.
LINKS = RECORDS.select(
    "source",
    "record_id",
    person_id=pl.when(pl.col("record_id") == "x").then("source").otherwise("record_id"),
    confidence=pl.lit(0.9999),
)
ALL = Wanted(low=0.0, high=1.0, sample=10)


@pytest.fixture(scope="module")
def asked() -> Review:
    return review(RECORDS, LINKS, ALL)


def pairs_in(key: pl.DataFrame, origin: str) -> set[tuple[str, ...]]:
    return set(key.filter(pl.col("origin") == origin).select(SIDES).rows())


def test_tasks_show_both_records_and_nothing_of_how_sure_anybody_is(asked: Review) -> None:
    said = [name for name in RECORDS.columns if name not in ("source", "record_id")]
    keys = ["source", "record_id"]
    sides = [f"{side}_{name}" for name in [*keys, *said] for side in ("left", "right")]
    assert asked.tasks.columns == ["task_id", *sides, "verdict", "why"]
    assert asked.tasks["verdict"].null_count() == asked.tasks.height
    assert asked.tasks.height == asked.key.height == asked.key["task_id"].n_unique()


def test_tasks_are_the_same_for_the_same_seed_whatever_the_order_of_rows(asked: Review) -> None:
    again = review(RECORDS.reverse(), LINKS.reverse(), ALL)
    assert again.tasks.equals(asked.tasks)
    assert again.key.equals(asked.key)
    other = review(RECORDS, LINKS, Wanted(low=0.0, high=1.0, sample=10, seed=2))
    assert pairs_in(other.key, SAMPLE) != pairs_in(asked.key, SAMPLE)
    assert other.tasks["task_id"].to_list() != asked.tasks["task_id"].to_list()


def test_order_and_sides_tell_nothing_of_where_a_pair_comes_from(asked: Review) -> None:
    one = asked.key.sort("task_id")
    left = asked.tasks.join(one, on="task_id", how="left", validate="1:1")
    turned = left.filter(
        (pl.col("left_source") == pl.col("source_r"))
        & (pl.col("left_record_id") == pl.col("record_id_r"))
    ).height
    assert 0 < turned < asked.tasks.height
    assert one["task_id"].is_sorted()


def test_sampled_pairs_are_linked_and_pairs_in_doubt_are_not(asked: Review) -> None:
    person = {(s, r): p for s, r, p in LINKS.select("source", "record_id", "person_id").rows()}
    sampled, doubtful = pairs_in(asked.key, SAMPLE), pairs_in(asked.key, BAND)
    assert len(sampled) == 10
    assert all(person[(a, b)] == person[(c, d)] for a, b, c, d in sampled)
    assert all(person[(a, b)] != person[(c, d)] for a, b, c, d in doubtful)
    assert ("dwp", "x", "nhs", "x") in doubtful
    assert asked.key.filter(pl.col("origin") == SAMPLE)["population"].unique().to_list() == [18]


def test_a_pair_that_was_looked_at_is_not_asked_again(asked: Review) -> None:
    at = datetime(2026, 6, 2, tzinfo=UTC)
    row = ("nhs", "x", "dwp", "x", "cannot_tell", at, "ann.clerk", "no more to see")
    said = pl.DataFrame([row], schema=no_verdicts().schema, orient="row")
    again = review(RECORDS, LINKS, ALL, said)
    assert pairs_in(asked.key, BAND) - pairs_in(again.key, BAND) == {("dwp", "x", "nhs", "x")}
    assert pairs_in(again.key, SAMPLE) == pairs_in(asked.key, SAMPLE)


def test_a_band_may_be_sampled_and_says_how_many_there_are() -> None:
    some = review(RECORDS, LINKS, Wanted(low=0.0, high=1.0, most=1)).key
    assert some.height == 1
    whole = review(RECORDS, LINKS, Wanted(low=0.0, high=1.0)).key
    assert some["population"].to_list() == [whole.height]


def test_links_of_other_records_are_refused() -> None:
    with pytest.raises(LinkageError, match=r"name 1 records that are not .* and lack 0"):
        review(RECORDS.head(RECORDS.height - 1), LINKS, ALL)
    with pytest.raises(LinkageError, match="give two numbers from 0 to 1"):
        review(RECORDS, LINKS, Wanted(low=0.9, high=0.5))


# --- drawing -------------------------------------------------------------------------------------


def test_every_number_is_one_pair_and_every_pair_one_number() -> None:
    pairs = [_pair(number) for number in range(190)]
    assert len(set(pairs)) == 190
    assert all(0 <= first < second < 20 for first, second in pairs)


@settings(max_examples=50)
@given(
    st.dictionaries(st.text("abc", min_size=1), st.integers(1, 400), max_size=5),
    st.integers(0, 600),
)
def test_a_sample_is_shared_out_whole_and_no_stratum_gives_more_than_it_has(
    sizes: dict[str, int], wanted: int
) -> None:
    given_out = _allocated(sizes, wanted)
    assert sum(given_out.values()) == min(wanted, sum(sizes.values()))
    assert all(0 < count <= sizes[name] for name, count in given_out.items())


# --- the estimate --------------------------------------------------------------------------------


def keyed(*strata: tuple[str, int, int]) -> pl.DataFrame:
    rows = [
        (f"{name}{n}", SAMPLE, name, population, sampled)
        for name, population, sampled in strata
        for n in range(sampled)
    ]
    columns = ["task_id", "origin", "stratum", "population", "sampled"]
    return pl.DataFrame(rows, schema=columns, orient="row")


def answered(*strata: tuple[str, str]) -> pl.DataFrame:
    """Return answers: `("a", "ssd?")` is same, same, different, cannot tell for a0 to a3."""
    words = {"s": "same", "d": "different", "?": "cannot_tell"}
    rows = [(f"{name}{n}", words[c]) for name, said in strata for n, c in enumerate(said)]
    return pl.DataFrame(rows, schema=["task_id", "verdict"], orient="row")


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    # Newcombe (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_intervals_are_those_of_the_literature(
    right: int, total: int, low: float, high: float
) -> None:
    assert wilson(right, total) == pytest.approx((low, high), abs=5e-5)


def test_strata_count_by_their_size_and_not_by_how_many_were_drawn() -> None:
    found = tally(answered(("a", "ssss"), ("b", "ssdd")), keyed(("a", 900, 4), ("b", 100, 4)))
    whole = found.row(-1, named=True)
    assert whole["stratum"] == "links"
    assert whole["share"] == pytest.approx(0.95)
    assert whole["low"] < 0.95 < whole["high"]
    assert (whole["same"], whole["different"], whole["population"]) == (6, 2, 1000)


def test_no_error_seen_is_not_no_error() -> None:
    whole = tally(answered(("a", "s" * 20)), keyed(("a", 900, 20))).row(-1, named=True)
    assert whole["share"] == 1.0
    assert whole["low"] == pytest.approx(wilson(20, 20)[0])
    assert whole["high"] == 1.0


def test_who_cannot_tell_widens_both_ends() -> None:
    sure = tally(answered(("a", "ssssd")), keyed(("a", 900, 5))).row(-1, named=True)
    open_one = tally(answered(("a", "ssss?")), keyed(("a", 900, 5))).row(-1, named=True)
    assert open_one["share"] == 1.0
    assert open_one["low"] == sure["low"]
    assert open_one["high"] == 1.0 > sure["high"]


def test_a_stratum_without_answers_leaves_the_whole_open() -> None:
    whole = tally(answered(("a", "ssss")), keyed(("a", 500, 4), ("b", 500, 4))).row(-1, named=True)
    assert whole["share"] is None
    assert whole["low"] < 0.5 < whole["high"] == 1.0


def test_the_estimate_is_right_on_the_average_of_all_samples() -> None:
    """Two strata whose truth is known: the mean over many seeds is the true share."""
    links = pl.DataFrame(
        {
            "source": ["s"] * 60,
            "record_id": [f"{n:02}" for n in range(60)],
            "person_id": [f"P{n // 3:02}" for n in range(60)],
            "confidence": [0.96 if n < 15 else 0.9995 for n in range(60)],
        }
    )
    wrong = {f"{n:02}" for n in range(0, 15, 3)} | {"30"}
    pairs = [
        (f"{3 * p + a:02}", f"{3 * p + b:02}")
        for p in range(20)
        for a, b in [(0, 1), (0, 2), (1, 2)]
    ]
    truth = 1 - sum(bool({a, b} & wrong) for a, b in pairs) / len(pairs)
    shares = []
    for seed in range(150):
        key = review_sample(links, seed)
        told = key.select(
            "task_id",
            verdict=pl.when(pl.any_horizontal(pl.col("record_id_l", "record_id_r").is_in(wrong)))
            .then(pl.lit("different"))
            .otherwise(pl.lit("same")),
        )
        shares.append(tally(told, key).row(-1, named=True)["share"])
    assert sum(shares) / len(shares) == pytest.approx(truth, abs=0.02)


def review_sample(links: pl.DataFrame, seed: int) -> pl.DataFrame:
    drawn = _sample(links, Wanted(sample=16, seed=seed))
    return drawn.with_columns(task_id=pl.concat_str(SIDES, separator="|"))
