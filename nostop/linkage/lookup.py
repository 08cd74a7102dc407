"""One record looked up among all: who it may be, for a caseworker, at once."""

from threading import Lock

import polars as pl

from nostop.linkage.duck import kept_open, reused
from nostop.linkage.nodes import one_a_node
from nostop.linkage.pairs import allowed, features
from nostop.linkage.standing import MOST_OF_A_KEY, Asked, Standing, hashes, standing
from nostop.model import LinkageError

_KEY = ["source", "record_id"]
_FOUND = {
    "person_id": pl.String, "confidence": pl.Float64, "forbidden": pl.Boolean,
    "source": pl.String, "record_id": pl.String,
}  # fmt: skip


class Lookup:
    """All records, indexed once; each question after that compares a few of them.

    Args:
        records: `SourceRecords`, and extra columns.
        links: `Links` of them.
        stood: what stands of them, where it was kept; None: it is made, which takes a while.
    Raises:
        FrameError: a table lacks a column or repeats a key.
        LinkageError: links, records and what stands are not of one run.
    """

    def __init__(
        self, records: pl.DataFrame, links: pl.DataFrame, stood: Standing | None = None
    ) -> None:
        self._standing = standing(records, links) if stood is None else stood
        self._schema = records.schema
        person = self._standing.records.join(
            links.select(*_KEY, "person_id"), on=_KEY, how="left", validate="1:1"
        )
        if person["person_id"].null_count() or person.height != records.height:
            raise LinkageError("lookup: the index is of other records or links: make it anew")
        self._people = one_a_node(person).select("node", *_KEY, "person_id").sort("node")
        self._database = kept_open()
        self._one_at_a_time = Lock()

    def find(self, asked: dict[str, object], most: int = 10) -> pl.DataFrame:
        """Return who a record may be, the likeliest first.

        Args:
            asked: columns of `SourceRecords` and what is known of them; what is left out is
                unknown.
            most: at most so many people.
        Returns:
            person_id, confidence (0 to 1, as the model sees the pair), forbidden (a guard says
            that these two cannot be one person), source and record_id of the record of theirs that
            is most alike. Nobody is a frame without rows.
        Raises:
            LinkageError: too little is said to look anybody up by, or it fits too many.
        """
        probe = self._asked(asked)
        pairs = self._standing.sharing(probe.prepared)
        if pairs.is_empty():
            self._refuse_too_little(probe)
            return pl.DataFrame(schema=_FOUND)
        prepared = self._beside(self._standing.prepared, pairs["r"], probe.prepared)
        forms = self._beside(self._standing.forms, pairs["r"], probe.forms)
        with self._one_at_a_time, reused(self._database):
            weighed = self._standing.weighing.weighed(prepared, pairs)
            guarded = features(weighed, forms)
        people = self._standing.rows(self._people, pairs["r"])
        return (
            guarded.lazy()
            .select("confidence", "bits", forbidden=~allowed(), node="r")
            .join(people.lazy(), on="node", how="left", validate="1:1")
            .sort(["forbidden", "bits", "node"], descending=[False, True, False])
            .unique("person_id", keep="first", maintain_order=True)
            .head(most)
            .select(list(_FOUND))
            .collect()
        )

    def _asked(self, asked: dict[str, object]) -> Asked:
        unknown = sorted(set(asked) - set(self._schema))
        if unknown:
            raise LinkageError(f"lookup: no column is called {', '.join(unknown)}")
        row = {**dict.fromkeys(self._schema), **asked, "source": "?", "record_id": "?"}
        try:
            return self._standing.asked(pl.DataFrame([row], schema=self._schema))
        except (TypeError, pl.exceptions.PolarsError):
            raise LinkageError(
                f"lookup: one of {', '.join(sorted(asked))} has another type than its column"
            ) from None

    def _beside(self, frame: pl.DataFrame, nodes: pl.Series, probe: pl.DataFrame) -> pl.DataFrame:
        return pl.concat([self._standing.rows(frame, nodes), probe], how="vertical_relaxed")

    def _refuse_too_little(self, probe: Asked) -> None:
        wanted = hashes(probe.prepared)["hash"]
        if wanted.is_empty():
            raise LinkageError(
                "lookup: too little to look anybody up by; give a National Insurance number, or "
                "two of birth date, surname, first name, postcode"
            )
        if self._standing.keys["hash"].search_sorted(wanted, side="left").ne(
            self._standing.keys["hash"].search_sorted(wanted, side="right")
        ).any():  # fmt: skip
            raise LinkageError(
                f"lookup: this fits more than {MOST_OF_A_KEY:,} mentions; give one thing more, "
                "such as a birth date or a postcode"
            )
