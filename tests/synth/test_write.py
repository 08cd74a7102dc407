import hashlib
import json
from pathlib import Path

import pytest

from nostop.model import SettingsError
from nostop.synth import generate, write
from tests.synth.conftest import PEOPLE
from tests.synth.law import EFFECTIVE, determine


def bytes_of(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_write_gives_the_same_bytes_for_the_same_seed(tmp_path: Path) -> None:
    for name in ("one", "other"):
        write(generate(300, 1, determine, EFFECTIVE), tmp_path / name)
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "other")


def test_write_gives_other_bytes_for_another_seed(tmp_path: Path) -> None:
    for seed in (1, 2):
        write(generate(300, seed, determine, EFFECTIVE), tmp_path / str(seed))
    one, other = bytes_of(tmp_path / "1"), bytes_of(tmp_path / "2")
    assert one.keys() == other.keys()
    same = {name for name in one if one[name] == other[name]}
    # So few rows have no planted faults.
    assert same == {"truth/README.md", "truth/bad_rows.parquet"}


def test_write_lists_every_file_with_its_hash_in_the_manifest(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["synthetic"] is True
    assert (manifest["people"], manifest["seed"]) == (PEOPLE, 7)
    assert manifest["effective_date"] == "2026-06-01"
    written = bytes_of(folder)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in written.items()}
    del hashes["manifest.json"]
    assert manifest["files"] == hashes


def test_write_says_that_no_stage_may_read_the_truth(folder: Path) -> None:
    assert "no stage may read it" in (folder / "truth" / "README.md").read_text(encoding="utf-8")


def test_write_refuses_a_place_it_cannot_write_to(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(SettingsError, match="cannot be written"):
        write(generate(60, 1, determine, EFFECTIVE), tmp_path / "taken" / "deeper")
