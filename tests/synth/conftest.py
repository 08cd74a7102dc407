from pathlib import Path

import polars as pl
import pytest

from nostop.synth import Synthetic, generate, write
from tests.synth.law import EFFECTIVE, determine

PEOPLE = 4_000


@pytest.fixture(scope="session")
def district() -> Synthetic:
    return generate(PEOPLE, 7, determine, EFFECTIVE)


@pytest.fixture(scope="session")
def people(district: Synthetic) -> pl.DataFrame:
    return district.situation.people


@pytest.fixture(scope="session")
def awards(district: Synthetic) -> pl.DataFrame:
    assert district.situation.awards is not None
    return district.situation.awards


@pytest.fixture(scope="session")
def folder(district: Synthetic, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("district")
    write(district, out)
    return out
