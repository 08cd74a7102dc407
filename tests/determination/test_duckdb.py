"""The same plan on DuckDB gives the same bytes as on polars."""

import io
from typing import Any

import duckdb
import narwhals as nw
import polars as pl
import pytest

from nostop.determination.decode import coded, in_words
from nostop.determination.determine import Subjects, determine
from nostop.determination.known import known_to_all
from nostop.determination.prepare import numbered
from nostop.frames import Situation
from nostop.model import Level
from nostop.rulebook import Rulebook
from nostop.rulebook.batch.run import Frame, run_claims, run_plan
from nostop.rulebook.plan import KEYS, compile_plan
from tests.rulebook.small import ON
from tests.rulebook.worlds import world


class InDuckDB:
    """The plan's engine: DuckDB."""

    library = nw

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
    answers = native(run_plan(plan, sources, engine, known=known))
    claims = native(run_claims(plan, sources, engine, known=known))
    subjects = Subjects(given)
    rows = []
    for scheme in sorted(plan.schemes, key=lambda each: each.scheme.id):
        level, name = scheme.scheme.pack.decides_for, scheme.scheme.id
        together = answers[level].join(
            claims[level], on=list(dict.fromkeys((KEYS[level], "household_id")))
        )
        of_scheme = together.sort(KEYS[level]).select(
            pl.col(f"^{name}:.*$").name.replace(f"{name}:", "", literal=True)
        )
        whole = dict.fromkeys(("lo", "hi", "because_bits", "missing_bits"), pl.Int64)
        named = subjects.with_confidence(level, scheme.reads_members_of)
        found = named.hstack(of_scheme.cast(whole))
        rows.append(in_words(coded(found, scheme, plan.effective_on)))
    return pl.concat(rows)


def native(frames: dict[Level, Frame]) -> dict[Level, pl.DataFrame]:
    found: dict[Level, Any] = {level: frame.to_native() for level, frame in frames.items()}
    return {level: frame.pl() for level, frame in found.items()}


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
