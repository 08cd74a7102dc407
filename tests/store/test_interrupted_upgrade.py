"""An upgrade that is killed at any of its statements is simply done again."""

import os
import subprocess
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from nostop.store import migrations, open_store, upgrade
from tests.store.frames import run
from tests.store.test_migrate import ddl

NIGHTLY = bool(os.environ.get("NOSTOP_NIGHTLY"))
#: Imports once, then forks: each child is killed by itself just before its n-th statement.
KILLED = """
import os, signal, sys
from sqlalchemy import event
from nostop.store import open_store, upgrade

url, *numbers = sys.argv[1:]
for number in map(int, numbers):
    child = os.fork()
    if child == 0:
        engine = open_store(url)
        left = [number]

        def count(*_):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(engine, "before_cursor_execute", count)
        upgrade(engine)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(number, os.WTERMSIG(status))
"""
FEW = (1, 2, 3, 9, 17, 25, 33, 41, 49)


def back_to(engine: Engine, version: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, version)


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def kill_at(engine: Engine, numbers: tuple[int, ...]) -> list[str]:
    command = [sys.executable, "-c", KILLED, url_of(engine), *map(str, numbers)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ourselves
    return done.stdout.splitlines()


def test_inv_40_an_upgrade_killed_at_a_statement_loses_nothing_and_can_be_done_again(
    empty: Engine,
):
    upgrade(empty)
    run(empty, "run-1")
    back_to(empty, "0004")
    empty.dispose()
    numbers = tuple(range(1, 90)) if NIGHTLY else FEW
    killed = kill_at(empty, numbers)
    assert len([line for line in killed if line.endswith(" 9")]) >= min(len(numbers), 8)
    upgrade(empty)
    with empty.begin() as connection:
        assert connection.execute(text("SELECT run_id FROM runs")).scalars().all() == ["run-1"]
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    newest = sorted(file.name for file in Path(migrations.__file__).parent.glob("versions/0*.py"))
    assert version == newest[-1][:4]


def test_inv_40_what_is_made_after_a_kill_is_what_an_upgrade_makes(tmp_path: Path):
    one = open_store(f"sqlite:///{tmp_path / 'one.db'}")
    other = open_store(f"sqlite:///{tmp_path / 'other.db'}")
    kill_at(one, (5, 21, 37))
    upgrade(one)
    upgrade(other)
    assert ddl(one) == ddl(other)
    one.dispose()
    other.dispose()


def test_inv_40_an_older_version_can_still_write_beside_a_newer_one(store: Engine):
    run(store, "run-1")
    old = (
        "INSERT INTO outreach_messages (message_id, campaign, recipient_id, scheme, step, kind, "
        "language, run_id, state) VALUES ('M1', 'c', 'p', 's', 1, 'entitled', 'en', 'run-1', "
        "'planned')"
    )
    with store.begin() as connection:
        connection.execute(text(old))
