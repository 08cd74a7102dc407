"""The same plan on DuckDB gives the same bytes as on polars."""

import io
from typing import Any

import duckdb
import narwhals as nw
import polars as pl
import pytest

from nostop.determination.decode import decoded
from nostop.determination.determine import determine
from nostop.determination.known import known_to_all
from nostop.determination.prepare import numbered
from nostop.frames import Situation
from nostop.rulebook import Rulebook
from nostop.rulebook.batch.run import Frame, run_plan
from nostop.rulebook.plan import KEYS, compile_plan
from tests.rulebook.small import ON
from tests.rulebook.worlds import world


class InDuckDB:
    """The plan's engine: DuckDB."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def share(self, frame: Frame) -> Frame:
        return frame

    def table(self, columns: dict[str, list[int] | list[str]]) -> Frame:
        return self.put(pl.DataFrame(columns))

    def put(self, frame: pl.DataFrame) -> Frame:
        return nw.from_native(self.connection.from_arrow(frame.to_arrow()))


def determined_in_duckdb(situation: Situation, book: Rulebook) -> pl.DataFrame:
    plan = compile_plan(book, ON)
    given = numbered(situation, book, plan)
    engine = InDuckDB(duckdb.connect())
    sources = {level: engine.put(frame) for level, frame in given.frames.items()}
    known = known_to_all(plan, given.frames)
    rows = []
    for scheme, frame in zip(
        plan.schemes, run_plan(plan, sources, engine, known=known).values(), strict=True
    ):
        native: Any = frame.to_native()
        found = given.with_ids(native.pl()).sort(KEYS[scheme.scheme.pack.decides_for])
        whole = dict.fromkeys(("lo", "hi", "true_bits", "unknown_bits"), pl.Int64)
        rows.append(
            decoded(found.cast({**whole, "missing_bits": pl.Int64}), scheme, plan.effective_on)
        )
    return pl.concat(sorted(rows, key=lambda each: each["scheme"][0]))


def parquet(frame: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.write_parquet(file)
    return file.getvalue()


@pytest.mark.parametrize("seed", range(5))
def test_duckdb_gives_the_same_bytes(seed: int) -> None:
    made = world(seed, households=40)
    on_duckdb = determined_in_duckdb(made.situation, made.book)
    on_polars = determine(made.situation, made.book, ON)
    assert parquet(on_duckdb) == parquet(on_polars)
