"""The frozen model: complete, without personal data, and made by `train`."""

import json
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from nostop.linkage import train
from nostop.linkage.model import MODEL_FILE, read_model
from nostop.model import LinkageError
from tests.linkage.people import SCHEMA


def levels(model: dict[str, object]) -> list[dict[str, object]]:
    comparisons = model["comparisons"]
    assert isinstance(comparisons, list)
    return [level for each in comparisons for level in each["comparison_levels"]]


def test_every_level_of_the_frozen_model_has_its_weights() -> None:
    weighed = [level for level in levels(read_model(MODEL_FILE)) if not level.get("is_null_level")]
    assert weighed
    assert all(0 < float(str(level[f"{w}_probability"])) <= 1 for level in weighed for w in "mu")


def test_the_frozen_model_holds_no_names_or_numbers_of_people() -> None:
    text = MODEL_FILE.read_text(encoding="utf-8")
    assert not {"smith", "qq", "john"} & set(text.lower().replace('"', " ").split())


@pytest.mark.parametrize("content", [None, "{", "{}"])
def test_a_model_file_that_cannot_be_used_is_refused_by_name(
    content: str | None, tmp_path: Path
) -> None:
    file = tmp_path / "model_v9.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(LinkageError, match=r"model_v9\.json.*train"):
        read_model(file)


def population(count: int) -> pl.DataFrame:
    """Two sources of invented people: a slip in every third name, a move for every fourth."""
    rows = []
    for n in range(count):
        first, surname = (
            f"{'abcdefghij'[n % 10]}an{'klmno'[n % 5]}a",
            f"{'pqrstuvw'[n % 8]}ell{chr(97 + n % 23)}",
        )
        born_on = date(1950, 1, 1) + timedelta(days=n * 37)
        same = {"nino": f"QQ{n:06}A", "born_on": born_on, "sex": "female" if n % 2 else "male"}
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
    return pl.DataFrame(rows, schema=SCHEMA)


def test_training_learns_weights_that_can_be_frozen_and_twice_the_same() -> None:
    records = population(400)
    model = train(records)
    weights = [(level.get("m_probability"), level.get("u_probability")) for level in levels(model)]
    again = levels(train(records.reverse()))
    assert weights == [(level.get("m_probability"), level.get("u_probability")) for level in again]
    assert json.loads(json.dumps(model))["comparisons"]
