"""Writes a district to files: each department's feed, the truth beside them, and a manifest. Same
district, same bytes."""

import hashlib
import json
from pathlib import Path

import polars as pl

from nostop.model import SettingsError
from nostop.synth.synthetic import Synthetic
from nostop.synth.truth import README, truth_tables
from nostop.synth.views.council_tax import fixed_lines
from nostop.synth.views.feed import Feed

GENERATOR_VERSION = "1"
_CHUNK = 1 << 20


def write(synthetic: Synthetic, out: Path) -> None:
    """Write every feed, `truth/` and manifest.json into the folder `out`, which is made where
    there is none.

    Raises:
        SettingsError: the folder cannot be written to.
    """
    tables = {f"truth/{name}.parquet": table for name, table in truth_tables(synthetic).items()}
    try:
        (out / "truth").mkdir(parents=True, exist_ok=True)
        for feed in synthetic.feeds:
            _write_feed(feed, out / feed.file)
        for name, table in tables.items():
            table.rechunk().write_parquet(out / name, compression="zstd", statistics=False)
        (out / "truth" / "README.md").write_text(README, encoding="utf-8")
        names = [*(feed.file for feed in synthetic.feeds), *tables, "truth/README.md"]
        _write_manifest(synthetic, sorted(names), out)
    except OSError as error:
        raise SettingsError(
            f"--out {out}: cannot be written: {error.strerror}: choose another folder"
        ) from error


def _write_feed(feed: Feed, path: Path) -> None:
    if path.suffix == ".csv":
        feed.rows.write_csv(path, line_terminator="\n")
    elif path.suffix == ".txt":
        _write_lines(fixed_lines(feed.rows), path, "", "", "\n")
    else:
        head = '{"resourceType":"Bundle","type":"collection","entry":[\n'
        _write_lines(feed.rows["entry"], path, head, "]}\n", ",\n")


def _write_lines(lines: pl.Series, path: Path, head: str, foot: str, between: str) -> None:
    """Write lines in slices, so that a large file never stands whole in memory a second time."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(head)
        step = 50_000
        for start in range(0, len(lines), step):
            file.write(between.join(lines.slice(start, step).to_list()))
            file.write(between if start + step < len(lines) else "\n")
        file.write(foot)


def _write_manifest(synthetic: Synthetic, names: list[str], out: Path) -> None:
    manifest = {
        "synthetic": True,
        "people": synthetic.people,
        "seed": synthetic.seed,
        "effective_date": synthetic.effective_on.isoformat(),
        "generator_version": GENERATOR_VERSION,
        "files": {name: _sha256(out / name) for name in names},
    }
    (out / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
