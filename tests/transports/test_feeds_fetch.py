"""`nostop feeds fetch`: from a transport into the folder that a run reads, killed at any step."""

import fcntl
import json
import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from nostop import plugins
from nostop.app import fetch_feeds
from nostop.app.fetching import FeedFetch
from nostop.cli import main
from nostop.feeds import FeedDeclaration
from nostop.feeds.declaration import Changes, Fetch
from nostop.model import SettingsError
from tests.feeds.small import declared

ROOT = Path(__file__).resolve().parents[2]
FEEDS = ROOT / "connectors" / "feeds"


class KilledError(BaseException):
    """The process ends here."""


def small(**other: object) -> FeedDeclaration:
    """Return the small declaration with other parts."""
    made = {"fetch": Fetch, "changes": Changes}
    parts = {key: made[key](**part) if key in made else part for key, part in other.items()}
    with TemporaryDirectory() as folder:
        return declared(Path(folder)).model_copy(update=parts)


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    """The department's folder."""
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


@pytest.fixture
def feeds(tmp_path: Path) -> Path:
    """The folder that a run reads."""
    folder = tmp_path / "feeds"
    folder.mkdir()
    return folder


def put(drop: Path, name: str, content: str, at: int) -> None:
    (drop / name).write_text(content)
    os.utime(drop / name, (at, at))


def awards(drop: Path, **other: object) -> FeedDeclaration:
    fetch = {
        "by": "object_store",
        "settings": {"url": drop.as_uri(), "pattern": "small_awards*.csv"},
    }
    return small(fetch=fetch, **other)


def changing(drop: Path) -> FeedDeclaration:
    return awards(drop, changes={"watermark": "as_at"})


def there(feeds: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in sorted(feeds.glob("*.csv"))}


def fetched(declaration: FeedDeclaration, feeds: Path) -> FeedFetch:
    (only,) = fetch_feeds([declaration], feeds)
    return only


def test_a_newer_file_replaces_the_older_which_is_kept_until_the_next(
    drop: Path, feeds: Path
) -> None:
    put(drop, "small_awards_1.csv", "one", at=100)
    assert fetched(awards(drop), feeds) == FeedFetch(
        "small_awards", ("small_awards_1.csv",), 3, "brought"
    )
    put(drop, "small_awards_2.csv", "two", at=200)
    put(drop, "small_awards_3.csv", "three", at=300)
    assert fetched(awards(drop), feeds).files == ("small_awards_3.csv",)
    assert there(feeds) == {"small_awards_3.csv": "three"}
    kept = feeds / ".fetch" / "small_awards" / "kept"
    assert there(kept) == {"small_awards_1.csv": "one"}
    put(drop, "small_awards_3.csv", "mended", at=400)
    fetched(awards(drop), feeds)
    assert there(feeds) == {"small_awards_3.csv": "mended"}
    assert there(kept) == {"small_awards_3.csv": "three"}


def test_nothing_new_and_the_same_again_change_nothing(drop: Path, feeds: Path) -> None:
    put(drop, "small_awards_1.csv", "one", at=100)
    fetched(awards(drop), feeds)
    before = (feeds / "small_awards_1.csv").stat()
    assert fetched(awards(drop), feeds) == FeedFetch("small_awards", (), 0, "nothing new")
    put(drop, "small_awards_2.csv", "one", at=200)
    assert fetched(awards(drop), feeds) == FeedFetch("small_awards", (), 0, "the same as before")
    assert (feeds / "small_awards_1.csv").stat() == before
    assert there(feeds) == {"small_awards_1.csv": "one"}


def test_a_file_that_somebody_took_away_is_fetched_again(drop: Path, feeds: Path) -> None:
    put(drop, "small_awards_1.csv", "one", at=100)
    fetched(awards(drop), feeds)
    (feeds / "small_awards_1.csv").unlink()
    assert fetched(awards(drop), feeds).files == ("small_awards_1.csv",)


def test_files_of_changes_add_up_in_the_order_in_which_they_came(drop: Path, feeds: Path) -> None:
    put(drop, "small_awards.csv", "whole", at=100)
    fetched(changing(drop), feeds)
    put(drop, "small_awards.csv", "change", at=200)
    fetched(changing(drop), feeds)
    # A value that was changed and changed back is a change again.
    put(drop, "small_awards.csv", "whole", at=300)
    fetched(changing(drop), feeds)
    assert there(feeds) == {
        "small_awards.000001.csv": "whole",
        "small_awards.000002.csv": "change",
        "small_awards.000003.csv": "whole",
    }


@pytest.mark.parametrize("kind", [awards, changing])
def test_a_kill_at_any_step_is_mended_by_the_next_fetch(
    kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted: dict[str, str] = {}
    for step in range(100):
        drop, feeds = tmp_path / f"drop{step}", tmp_path / f"feeds{step}"
        drop.mkdir()
        feeds.mkdir()
        put(drop, "small_awards_1.csv", "one", at=100)
        fetched(kind(drop), feeds)
        put(drop, "small_awards_2.csv", "two", at=200)
        put(drop, "small_awards_3.csv", "three", at=300)
        with monkeypatch.context() as patch:
            steps = killing(patch, step)
            with suppress(KilledError):
                fetched(kind(drop), feeds)
        assert set(there(feeds).values()) <= {"one", "two", "three"}
        fetched(kind(drop), feeds)
        wanted = wanted or there(feeds)
        assert there(feeds) == wanted, f"killed at step {step}"
        if step > steps[0]:
            break
    assert 8 < step < 99, "every step had its turn"
    assert list(wanted.values()) == (["three"] if kind is awards else ["one", "two", "three"])


def killing(patch: pytest.MonkeyPatch, step: int) -> list[int]:
    """End the process at so-many-th of the steps that change what names a file has; 0 is never."""
    count = [0]

    def dying(real):
        def act(*arguments: object, **named: object) -> object:
            count[0] += 1
            if count[0] == step:
                raise KilledError
            return real(*arguments, **named)

        return act

    patch.setattr(Path, "replace", dying(Path.replace))
    patch.setattr(Path, "unlink", dying(Path.unlink))
    patch.setattr(os, "link", dying(os.link))
    patch.setattr(os, "fsync", dying(os.fsync))
    return count


def test_one_feed_that_fails_does_not_stop_the_others(drop: Path, feeds: Path) -> None:
    put(drop, "small_awards.csv", "one", at=100)
    (feeds / "away.csv").write_text("of last week")
    sql = {"url_env": "NOWHERE_DB", "statement": "SELECT 1 AS a", "save_as": "away.csv"}
    away = small(id="away", file="away.csv", fetch={"by": "sql", "settings": sql})
    nobody = small(id="nobody", file="x.csv", fetch={"by": "sftb", "settings": {}})
    by_hand = small(id="by_hand", file="y.csv")
    failed, wrong, good = fetch_feeds([away, by_hand, nobody, awards(drop)], feeds)
    assert (failed.failed, wrong.failed, good.failed) == (True, True, False)
    assert failed.happened == "the environment variable NOWHERE_DB is not set or empty"
    assert "no transport 'sftb'" in wrong.happened
    assert there(feeds) == {"small_awards.csv": "one", "away.csv": "of last week"}


def test_a_name_that_no_run_would_find_is_refused(drop: Path, feeds: Path) -> None:
    put(drop, "small_awards_1.csv", "one", at=100)
    told = fetched(awards(drop, file="other*.csv"), feeds)
    assert told.failed
    assert "does not fit 'file: other*.csv'" in told.happened
    assert there(feeds) == {}
    assert fetched(awards(drop, file="always.csv"), feeds).files == ("always.csv",)


def test_two_fetches_of_one_feed_do_not_meet(drop: Path, feeds: Path) -> None:
    put(drop, "small_awards.csv", "one", at=100)
    own = feeds / ".fetch" / "small_awards"
    own.mkdir(parents=True)
    with (own / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another fetch of this feed is running" in fetched(awards(drop), feeds).happened
    assert not fetched(awards(drop), feeds).failed


def test_only_the_wanted_feeds_are_fetched_and_they_must_be_known(drop: Path, feeds: Path) -> None:
    put(drop, "small_awards.csv", "one", at=100)
    by_hand = small(id="by_hand", file="y.csv")
    assert len(fetch_feeds([awards(drop), by_hand], feeds, ["small_awards"])) == 1
    with pytest.raises(SettingsError, match="'small_award' is not declared; did you mean"):
        fetch_feeds([awards(drop)], feeds, ["small_award"])
    with pytest.raises(SettingsError, match="'by_hand' does not say where its file comes from"):
        fetch_feeds([by_hand], feeds, ["by_hand"])


@pytest.fixture
def pigeon_post(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else's package, installed beside ours."""
    packages = tmp_path / "packages"
    about = packages / "pigeon_post-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: pigeon-post\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[nostop.transports]\npigeon = pigeon_post:Pigeon\n")
    (packages / "pigeon_post.py").write_text(
        "from dataclasses import dataclass\n"
        "from nostop.ports import Fetched\n\n"
        "@dataclass(frozen=True)\n"
        "class Pigeon:\n"
        "    loft: str\n\n"
        "    def fetch(self, folder, bookmark):\n"
        "        flight = int(bookmark.get('flight', '0')) + 1\n"
        "        letter = folder / f'small_awards_{flight}.csv'\n"
        "        letter.write_text(f'{self.loft} {flight}')\n"
        "        return Fetched((letter,), {'flight': str(flight)})\n"
    )
    monkeypatch.syspath_prepend(packages)


@pytest.mark.usefixtures("pigeon_post")
def test_a_transport_of_somebody_elses_needs_nothing_of_ours(feeds: Path) -> None:
    assert "pigeon" in plugins.known(plugins.TRANSPORTS)
    post = small(fetch={"by": "pigeon", "settings": {"loft": "roof"}})
    fetched(post, feeds)
    fetched(post, feeds)
    assert there(feeds) == {"small_awards_2.csv": "roof 2"}


def test_our_transports_are_found_by_their_entry_points() -> None:
    ours = {"cloudevents", "http", "object_store", "sftp", "sql"}
    assert ours <= set(plugins.known(plugins.TRANSPORTS))


def test_the_command_shows_a_table_and_ends_with_1_if_one_failed(
    drop: Path, feeds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "declared"
    folder.mkdir()
    into = ("--into", str(feeds), "--declarations", str(folder))
    good = f"fetch: {{by: object_store, settings: {{url: '{drop.as_uri()}', pattern: 'council*'}}}}"
    bad = "fetch: {by: sql, settings: {url_env: X, statement: DROP TABLE a, save_as: a.csv}}"
    for name, line in (("council_tax", good), ("hmrc_child_benefit", bad)):
        text = (FEEDS / f"{name}.yaml").read_text(encoding="utf-8")
        (folder / f"{name}.yaml").write_text(f"{text}\n{line}\n", encoding="utf-8")
    (drop / "council_tax.txt").write_text("one")
    with pytest.raises(SystemExit) as ended:
        main(["feeds", "fetch", *into])
    assert ended.value.code == 1
    shown = capsys.readouterr().out
    assert "council_tax.txt" in shown
    assert "FAILED: statement: write one" in shown
    with pytest.raises(SystemExit) as ended:
        main(["feeds", "fetch", "council_tax", "--json", *into])
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out)[0]["happened"] == "nothing new"
