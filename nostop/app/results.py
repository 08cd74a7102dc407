"""What a run leaves behind: tables, a manifest that repeats byte for byte, and what it
withholds."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from nostop import takeup
from nostop.app.chosen_schemes import ChosenSchemes
from nostop.app.for_outreach import (
    addresses_of,
    awards_of,
    contacts_of,
    lists_as_of,
    recipients_of,
)
from nostop.app.gateways import is_synthetic
from nostop.app.known_on import may_write_to_people
from nostop.app.link_history import write_whole
from nostop.app.on_disk import hash_of_file
from nostop.app.sending import Sent
from nostop.app.settings import MANIFEST, RunSettings
from nostop.determination.parquet import whole_file
from nostop.feeds import FeedBatch
from nostop.linkage import Assembled
from nostop.rulebook import Rulebook

LINKS = "links.parquet"
#: The columns of a result row that files and `--json` show, in the order of the rule-language page.
RESULT_COLUMNS = (
    "benefit_unit_id",
    "person_id",
    "household_id",
    "scheme",
    "effective_date",
    "outcome",
    "amount",
    "amount_low",
    "amount_high",
    "per",
    "claimed",
    "worth_asking",
    "confidence",
    "because",
    "missing",
    "pack_version",
)
_IDS = ("person_id", "benefit_unit_id", "household_id", "role")
_AMOUNTS = ("amount", "amount_low", "amount_high")
_REASONS = ("because", "missing")
#: OWASP ASVS 1.2.10: a cell that begins with one of these is run as a formula by spreadsheet
#: programs.
_FORMULA_STARTS = r"^[=+\-@\t\x00\r]"


@dataclass(frozen=True, slots=True)
class Run:
    """Everything a run found. `determinations` are as worked out: only `withhold_claimed` of them
    may be stored or shown."""

    settings: RunSettings
    rulebook: Rulebook
    chosen: ChosenSchemes
    batch: FeedBatch
    links: pl.DataFrame
    assembled: Assembled
    determinations: pl.DataFrame
    counts: pl.DataFrame
    area_counts: pl.DataFrame
    paths: pl.DataFrame
    sent: Sent
    link_events: pl.DataFrame

    @property
    def may_write_to_people(self) -> bool:
        """Whether the lists of whom not to write to arrived whole, and nothing known is left
        out."""
        knows_all = may_write_to_people(self.settings, self.batch.status)
        return self.assembled.contacts_known and knows_all


def write_results(run: Run) -> None:
    """Write every table of a run, and its manifest last: a folder without one is of a run that did
    not end."""
    out = run.settings.out
    take_up = takeup.publish(run.counts)
    addresses = addresses_of(run.batch, run.links, run.assembled, run.settings.effective_on, out)
    tables = {
        "links": run.links,
        "people": run.assembled.situation.people.select(_IDS).sort("person_id"),
        "determinations": withhold_claimed(run.determinations),
        "claim_paths": run.paths,
        "evidence": run.assembled.evidence,
        "conflicts": run.assembled.conflicts,
        "outreach_plan": run.sent.plan,
        "recipients": recipients_of(run.assembled.situation),
        "addresses": addresses,
        "contacts": contacts_of(run.assembled, addresses),
        "awards": awards_of(run.assembled.situation),
        "take_up": take_up,
        "unclaimed": takeup.publish_unclaimed(run.counts),
        "take_up_by_area": takeup.publish_by_area(run.area_counts, run.counts),
    }
    for name, table in tables.items():
        write_whole(table, out / f"{name}.parquet")
    _write_csv(run.batch.quarantine, out / "quarantine.csv")
    _write_csv(take_up, out / "take_up.csv")
    write_json(out / MANIFEST, _manifest(run))


def _write_csv(table: pl.DataFrame, path: Path) -> None:
    with whole_file(path) as unfinished:
        formula_safe(table).write_csv(unfinished)


def _manifest(run: Run) -> dict[str, Any]:
    status = run.batch.status.with_columns(pl.col(pl.Date).dt.to_string("iso")).sort("source")
    return {
        "snapshot": snapshot_of(run.settings, run.rulebook, run.batch),
        "engine_version": version("nostop"),
        "effective_date": run.settings.effective_on.isoformat(),
        "known_on": run.settings.known_on.isoformat() if run.settings.known_on else None,
        "synthetic": is_synthetic(run.settings.feeds),
        "inputs": status.to_dicts(),
        "packs": {name: run.rulebook.schemes[name].version for name in run.chosen.schemes},
        "rules_in_force_on": run.settings.effective_on.isoformat(),
        "release": run.chosen.release,
        "unreleased": run.settings.unreleased,
        "left_out": dict(run.chosen.left_out),
        "rules_sha256": sha256_of(run.settings.rules),
        "declarations_sha256": sha256_of(run.settings.declarations),
        "campaign": run.settings.campaign,
        "min_confidence": run.settings.min_confidence,
        "may_write_to_people": run.may_write_to_people,
        "lists_as_of": as_of.isoformat() if (as_of := lists_as_of(run.batch)) else None,
        "holdout": run.settings.holdout.trial if run.settings.holdout else None,
        "counts": {
            "records": run.batch.records.height,
            "quarantined_rows": run.batch.quarantine.height,
            **dict(run.assembled.counts.iter_rows()),
            "determinations": run.determinations.height,
            "planned_messages": run.sent.plan.filter(pl.col("state") == "planned").height,
            "messages_by_state": run.sent.states,
        },
    }


def snapshot_of(settings: RunSettings, rulebook: Rulebook, batch: FeedBatch) -> str:
    """Return an id of what a run rests on: the same for the same inputs, rules, days and
    campaign."""
    parts = [
        settings.effective_on.isoformat(),
        settings.campaign,
        *(
            f"{source}={sha256 or 'none'}"
            for source, sha256 in batch.status.sort("source").select("source", "sha256").iter_rows()
        ),
        *(scheme.version for _, scheme in sorted(rulebook.schemes.items())),
        *([f"known on {settings.known_on}"] if settings.known_on else []),
    ]
    return "S" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def withhold_claimed(determinations: pl.DataFrame) -> pl.DataFrame:
    """Return the determinations as they may be stored: nothing adverse about a scheme that is, or
    may be, claimed.

    Where the scheme is claimed, outcome, amounts, reasons, missing facts and `worth_asking` are
    null. Where receipt is unknown, so is every "not entitled", and the amounts of an entitled unit:
    its award could be the higher one.
    """
    claimed = pl.col("claimed").fill_null(value=False)
    receipt_unknown = pl.col("claimed").is_null()
    withheld = claimed | (receipt_unknown & (pl.col("outcome") == "not_entitled"))
    no_amount = withheld | (receipt_unknown & (pl.col("outcome") == "entitled"))
    return determinations.with_columns(
        *(
            pl.when(~withheld.fill_null(value=False)).then(pl.col(name)).alias(name)
            for name in ("outcome", "worth_asking", *_REASONS)
        ),
        *(
            pl.when(~no_amount.fill_null(value=False)).then(pl.col(name)).alias(name)
            for name in _AMOUNTS
        ),
    )


def withhold_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return one determination as it may be shown: `withhold_claimed`, for a row."""
    claimed, outcome = row["claimed"], row["outcome"]
    withheld: tuple[str, ...] = ()
    if claimed or (claimed is None and outcome == "not_entitled"):
        withheld = ("outcome", "worth_asking", *_REASONS, *_AMOUNTS)
    elif claimed is None and outcome == "entitled":
        withheld = _AMOUNTS
    return {**row, **dict.fromkeys(withheld)}


def formula_safe(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the table with a quote before each text that a spreadsheet would run as a formula."""
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    return frame.with_columns(
        pl.when(pl.col(name).str.contains(_FORMULA_STARTS))
        .then(pl.concat_str(pl.lit("'"), name))
        .otherwise(name)
        .alias(name)
        for name in texts
    )


def sha256_of(path: Path) -> str:
    """Return the hash of a file's bytes, or of a folder's files by name."""
    if path.is_file():
        return hash_of_file(path)
    whole = hashlib.sha256()
    for file in sorted(
        file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts
    ):
        whole.update(f"{file.relative_to(path).as_posix()}\0{sha256_of(file)}\n".encode())
    return whole.hexdigest()


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON that is the same bytes for the same content."""
    with whole_file(path) as unfinished:
        unfinished.write_text(
            json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n",
            encoding="utf-8",
        )


def rows_as_json(rows: pl.DataFrame) -> str:
    """Return result rows as a JSON list; dates are ISO text."""
    shown = rows.select(RESULT_COLUMNS).with_columns(pl.col(pl.Date).dt.to_string("iso"))
    return json.dumps(shown.to_dicts(), indent=2, ensure_ascii=False)
