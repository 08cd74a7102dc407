"""The frozen model: complete, without personal data, and made by `train`."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from nostop.linkage import Taught, train
from nostop.linkage.comparisons import COMPARISONS
from nostop.linkage.model import MODEL_FILE, Model, read_model
from nostop.model import LinkageError
from tests.linkage.people import SCHEMA

ON = date(2026, 6, 1)


def test_every_level_of_the_frozen_model_has_its_weights() -> None:
    weights = read_model(MODEL_FILE).weights
    for comparison in COMPARISONS:
        for shares in (weights.m[comparison.name], weights.u[comparison.name]):
            assert len(shares) == len(comparison.level_names())
            assert sum(shares) == pytest.approx(1, abs=1e-4)


def test_agreement_outweighs_disagreement_in_every_field() -> None:
    weights = read_model(MODEL_FILE).weights
    for comparison in COMPARISONS:
        bits = weights.bits(comparison.name)
        assert bits[0] > 0 > bits[-1]


def test_the_frozen_model_is_calibrated_upwards() -> None:
    known = read_model(MODEL_FILE).calibration
    assert list(known.bits) == sorted(known.bits)
    assert list(known.probability) == sorted(known.probability)
    assert known.probability[-1] < 1


def test_the_frozen_model_holds_no_names_or_numbers_of_people() -> None:
    text = MODEL_FILE.read_text(encoding="utf-8")
    assert not {"smith", "qq", "john"} & set(text.lower().replace('"', " ").split())


@pytest.mark.parametrize("content", [None, "{", "{}", '{"format": "nostop linkage model 2"}'])
def test_a_model_file_that_cannot_be_used_is_refused_by_name(
    content: str | None, tmp_path: Path
) -> None:
    file = tmp_path / "model_v9.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(LinkageError, match=r"model_v9\.json.*link train"):
        read_model(file)


def population(count: int) -> Taught:
    """Two sources of invented people: a slip in every third name, a move for every fourth."""
    rows = []
    for n in range(count):
        first, surname = (
            f"{'abcdefghij'[n % 10]}an{'klmno'[n % 5]}a",
            f"{'pqrstuvw'[n % 8]}ell{chr(97 + n % 23)}",
        )
        same = {
            "nino": f"QQ{n:06}A",
            "born_on": date(1950, 1, 1) + timedelta(days=n * 37),
            "sex": "female" if n % 2 else "male",
        }
        for source in ("one", "two"):
            slip = source == "two" and n % 3 == 0
            moved = source == "two" and n % 4 == 0
            rows.append(
                {
                    **dict.fromkeys(SCHEMA),
                    **same,
                    "source": source,
                    "record_id": str(n),
                    "first_name": first[::-1] if slip else first,
                    "surname": surname,
                    "uprn": str(n + 5000 * moved + 1),
                    "postcode": f"ZZ{n % 9 + 1} {n % 7 + moved}AA",
                    "nino": None if n % 5 == 0 else same["nino"],
                }
            )
    records = pl.DataFrame(rows, schema=SCHEMA)
    truth = records.select("source", "record_id", person_id=pl.col("record_id"))
    return Taught(records, truth)


def taught(records: Taught) -> Model:
    return train([records], ON, read_model(MODEL_FILE))


def test_labels_teach_how_often_records_of_one_person_agree() -> None:
    made = taught(population(400))
    share = dict(zip(COMPARISONS[0].level_names(), made.weights.m["first"], strict=True))
    # 200 of 400 people are written in two ways; of these, 66 only moved, under the same name.
    assert share["exact"] == pytest.approx(1 / 3, abs=0.05)
    assert made.about["made_on"] == "2026-06-01"
    assert made.about["taught_by"]["set 1"]["true_pairs"] == 200
    assert made.calibration.bits


def test_training_is_the_same_in_any_order_and_survives_its_file(tmp_path: Path) -> None:
    one = population(300)
    made = taught(one)
    assert one.truth is not None
    assert taught(Taught(one.records.reverse(), one.truth.reverse())).as_json() == made.as_json()
    file = tmp_path / "model.json"
    file.write_text(made.as_json(), encoding="utf-8")
    assert read_model(file).as_json() == made.as_json()


def test_records_without_labels_teach_too_and_keep_the_calibration() -> None:
    start = read_model(MODEL_FILE)
    made = train([Taught(population(300).records)], ON, start)
    assert made.calibration == start.calibration
    assert made.weights.m["first"] != start.weights.m["first"]
