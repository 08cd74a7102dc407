"""How a file arrives: nothing, a part that can be gone on from, or the whole."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.transports import _landing
from connectors.transports._landing import Part
from nostop.model import FetchError

OF = {"etag": '"one"'}
#: Writes for ever, so that it can be killed at any moment.
WRITER = """
import sys
from pathlib import Path
from connectors.transports import _landing
_landing._CHECKPOINT_BYTES = 4096
with _landing.Part(Path(sys.argv[1]), "file.csv", 10**9) as part:
    part.begin({"etag": '"one"'})
    number = 0
    while True:
        part.write(b"%08d" % number)
        number += 1
        if number == 2000:
            print("going", flush=True)
"""


def test_a_part_is_gone_on_from_and_named_when_whole(tmp_path: Path) -> None:
    with Part(tmp_path, "file.csv", 100) as part:
        part.begin(OF)
        part.write(b"half ")
    assert {file.name for file in tmp_path.iterdir()} == {"file.csv.part", "file.csv.part.json"}
    with Part(tmp_path, "file.csv", 100) as part:
        assert part.begun() == OF
        assert part.size == 5
        part.write(b"and half")
        whole = part.finish()
    assert whole.read_bytes() == b"half and half"
    assert list(tmp_path.iterdir()) == [whole]
    assert whole.stat().st_mode & 0o077 == 0, "people's data is for the account that fetched it"


def test_a_part_of_nothing_in_particular_is_not_kept(tmp_path: Path) -> None:
    with Part(tmp_path, "file.csv", 100) as part:
        part.begin()
        part.write(b"half")
    assert list(tmp_path.iterdir()) == []


def test_bytes_that_may_not_be_on_the_disk_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "file.csv.part").write_bytes(b"sure, not sure")
    (tmp_path / "file.csv.part.json").write_text(json.dumps({"of": OF, "sure": 4}))
    with Part(tmp_path, "file.csv", 100) as part:
        part.begun()
        part.write(b" enough")
        assert part.finish().read_bytes() == b"sure enough"


@pytest.mark.parametrize("note", ["", "{}", '{"of": {"etag": "x"}, "sure": 99}', "[1]"])
def test_a_note_that_does_not_fit_counts_for_nothing(note: str, tmp_path: Path) -> None:
    (tmp_path / "file.csv.part").write_bytes(b"half")
    (tmp_path / "file.csv.part.json").write_text(note)
    with Part(tmp_path, "file.csv", 100) as part:
        assert part.begun() == {}
        assert part.size == 0
        part.begin(OF)
        part.write(b"whole")
        assert part.finish().read_bytes() == b"whole"


def test_a_kill_at_any_moment_leaves_a_part_that_is_right(tmp_path: Path) -> None:
    for _ in range(3):
        writer = subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE
        )
        with writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            writer.kill()
        assert not (tmp_path / "file.csv").exists()
        with Part(tmp_path, "file.csv", 10**9) as part:
            assert part.begun() == OF
            assert part.size >= 4096
            count = part.size // 8
            found = (tmp_path / "file.csv.part").read_bytes()[: count * 8]
            assert found == b"".join(b"%08d" % number for number in range(count))


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    # The kernel's own full disk, in the place where the part would be.
    (tmp_path / "file.csv.part").symlink_to("/dev/full")
    (tmp_path / "file.csv.part.json").write_text(json.dumps({"of": OF, "sure": 0}))
    with Part(tmp_path, "file.csv", 100) as part:
        assert part.begun() == OF
        with pytest.raises(FetchError, match=r"file\.csv: the disk is full"):
            part.write(b"whole")
    assert not (tmp_path / "file.csv").exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with (
        Part(tmp_path / "not there", "file.csv", 100) as part,
        pytest.raises(FetchError, match="cannot be written"),
    ):
        part.begin(OF)


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x.part", "x.part.json", "a\nb"])
def test_a_name_that_is_no_plain_file_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="cannot be used"):
        Part(tmp_path, name, 100)


def test_checkpoints_follow_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_landing, "_CHECKPOINT_BYTES", 10)
    part = Part(tmp_path, "file.csv", 100)
    part.begin(OF)
    part.write(b"x" * 9)
    note = tmp_path / "file.csv.part.json"
    assert json.loads(note.read_text())["sure"] == 0
    part.write(b"x" * 9)
    assert json.loads(note.read_text())["sure"] == 18
    part.discard()
    assert list(tmp_path.iterdir()) == []
