"""The audit log: no action without an entry, and whatever is done to an entry afterwards shows."""

import json
import os
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from nostop.app.audit import Witness, checkpoint, new_key, read_checkpoints, verify_log, witness
from nostop.model import SettingsError, StoreError
from nostop.store import read_table, upgrade
from nostop.store.audit import Entry, append, entries_of, hash_of, record_read
from nostop.store.audit_verify import Broken, Verified, verify
from nostop.store.rows import table_of
from nostop.store.tables_audit import AuditEntry

AT = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
ENTRIES = 40
#: `make test` tries each attack a few times, the nightly command 60 times (INV 34).
TIMES = 60 if os.environ.get("NOSTOP_NIGHTLY") else 3


def fill(engine: Engine, number: int = ENTRIES, start: int = 0) -> None:
    for at in range(start, start + number, 8):
        entries = [
            Entry("message.claimed", f"m-{i}", {"campaign": "c1", "step": i})
            for i in range(at, min(at + 8, start + number))
        ]
        with engine.begin() as connection:
            append(connection, "nostop", entries, AT + timedelta(seconds=at))


# --- writing ------------------------------------------------------------------------------------


def test_entries_are_chained_and_read_the_same_on_both_databases(both: tuple[Engine, Engine]):
    for engine in both:
        with engine.begin() as connection:
            append(connection, "jo.smith", [Entry("campaign.approved", "c1", {"step": 1})], AT)
            append(connection, "nostop", [Entry("send.ended")], AT + timedelta(seconds=1))
    one, other = (read_table(engine, AuditEntry) for engine in both)
    assert one.equals(other)
    assert one.select("seq", "actor", "action", "subject", "detail").rows() == [
        (1, "jo.smith", "campaign.approved", "c1", '{"step":1}'),
        (2, "nostop", "send.ended", None, "{}"),
    ]
    assert one["previous"].to_list() == ["0" * 64, one["hash"][0]]
    moment = "2026-06-01 09:30:00.000000"
    fields = ("1", moment, "jo.smith", "campaign.approved", "c1", '{"step":1}', "0" * 64)
    assert one["hash"][0] == hash_of(fields)


def test_two_lists_of_fields_never_give_the_same_bytes():
    assert hash_of(("ab", "c")) != hash_of(("a", "bc"))
    assert hash_of((None, "")) != hash_of(("", None))
    assert hash_of(("-",)) != hash_of((None,))


def test_inv_35_what_cannot_be_audited_does_not_happen(store: Engine):
    stop = "INSERT INTO stop_switches VALUES ('all', 'jo', '2026-06-01 09:30:00.000000')"

    def act() -> None:
        with store.begin() as connection:
            connection.execute(text(stop))
            append(connection, "jo", [Entry("stop", "pat@example.org")], AT)

    with pytest.raises(StoreError, match="plain id"):
        act()
    with store.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM stop_switches")).scalar() == 0
    assert verify(store, []) == Verified(0, "0" * 64, 0, ())


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("PRAGMA max_page_count = 1", "full"),
        ("PRAGMA query_only = ON", "readonly"),
    ],
)
def test_inv_42_on_a_full_or_read_only_disk_nothing_is_half_done(
    fault: str, said: str, empty_sqlite: Engine
):
    upgrade(empty_sqlite)
    fill(empty_sqlite, 8)
    with empty_sqlite.connect() as connection:
        connection.exec_driver_sql(fault)
    stop = "INSERT INTO stop_switches VALUES ('all', 'jo', '2026-06-01 09:30:00.000000')"

    def act() -> None:
        with empty_sqlite.begin() as connection:
            connection.execute(text(stop))
            append(connection, "jo", [Entry("stop", f"m-{n}") for n in range(2000)], AT)

    with pytest.raises(DBAPIError, match=said):
        act()
    empty_sqlite.dispose()
    assert verify(empty_sqlite, []).entries == 8  # type: ignore[union-attr]
    with empty_sqlite.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM stop_switches")).scalar() == 0


@pytest.mark.parametrize(
    "entry",
    [
        Entry("message.sent", "Pat Example"),
        Entry("message.sent", "m-1", {"to": "pat@example.org"}),
        Entry("message.sent", "m-1", {"a name": "x"}),
        Entry("message.sent", "1 High Street\nTown"),
        Entry("Sent to Pat", "m-1"),
    ],
)
def test_nothing_that_could_be_personal_gets_in_and_no_error_repeats_it(
    entry: Entry, store: Engine
):
    with pytest.raises(StoreError) as caught, store.begin() as connection:
        append(connection, "nostop", [entry], AT)
    for value in ("Pat", "pat", "example", "High", "a name"):
        assert value not in str(caught.value)


def test_entries_need_a_zone_and_a_known_actor(store: Engine):
    with store.begin() as connection:
        with pytest.raises(StoreError, match="time zone"):
            append(connection, "nostop", [Entry("stop")], AT.replace(tzinfo=None))
        with pytest.raises(StoreError, match="actor"):
            append(connection, "jo\nsmith", [Entry("stop")], AT)


def test_an_entry_cannot_be_changed_by_accident(store: Engine):
    fill(store, 2)
    for change in ("UPDATE audit_entries SET actor = 'x'", "DELETE FROM audit_entries"):
        with pytest.raises(DBAPIError, match="stand as written"), store.begin() as connection:
            connection.execute(text(change))


def test_inv_36_reading_a_record_leaves_an_entry_for_each_person(store: Engine):
    record_read(store, "jo.smith", ["P1", "P2"], "case_work", AT)
    read = read_table(store, AuditEntry)
    assert read.select("actor", "action", "subject", "detail").rows() == [
        ("jo.smith", "person.read", "P1", '{"purpose":"case_work"}'),
        ("jo.smith", "person.read", "P2", '{"purpose":"case_work"}'),
    ]
    assert entries_of(store, "P2", most=10)["seq"].to_list() == [2]


def test_writers_at_once_never_fork_the_chain(store: Engine):
    def write(name: str) -> None:
        for number in range(15):
            with store.begin() as connection:
                append(connection, name, [Entry("stop", f"{name}-{number}")] * 2, AT)

    writers = [threading.Thread(target=write, args=(name,)) for name in ("a", "b", "c")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = verify(store, [])
    assert isinstance(found, Verified)
    assert found.entries == 90


# --- INV 34: seven attacks ----------------------------------------------------------------------


@dataclass
class Attacker:
    """Somebody who may write the whole database, head row and guards included."""

    connection: Connection
    random: random.Random

    def run(self, statement: str, **values: object) -> None:
        self.connection.execute(text(statement), values)

    def rows(self) -> list[dict[str, object]]:
        query = text("SELECT * FROM audit_entries ORDER BY seq")
        return [dict(row) for row in self.connection.execute(query).mappings()]

    def any_entry(self) -> int:
        return self.random.randrange(2, ENTRIES - 1)

    def restamp(self, start: int) -> None:
        """Give every entry from `start` on the hash that it should have, and the head too."""
        query = text("SELECT hash FROM audit_entries WHERE seq < :at ORDER BY seq DESC LIMIT 1")
        previous = self.connection.execute(query, {"at": start}).scalar() or "0" * 64
        seq = start - 1
        for row in self.rows()[start - 1 :]:
            seq = int(str(row["seq"]))
            moment = str(row["at"])
            if not isinstance(row["at"], str):
                moment = row["at"].astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
            fields = (row["actor"], row["action"], row["subject"], row["detail"])
            made = hash_of(
                (str(seq), moment, *(f if f is None else str(f) for f in fields), previous)
            )
            self.run(
                "UPDATE audit_entries SET previous = :p, hash = :h WHERE seq = :s",
                p=previous,
                h=made,
                s=seq,
            )
            previous = made
        self.run("UPDATE audit_head SET seq = :s, hash = :h", s=seq, h=previous)


def edit(by: Attacker) -> Broken:
    at = by.any_entry()
    column = by.random.choice(["actor", "action", "subject", "detail"])
    by.run(f"UPDATE audit_entries SET {column} = 'other' WHERE seq = :s", s=at)  # noqa: S608 - ours
    return Broken(at, "edited")


def delete(by: Attacker) -> Broken:
    at = by.any_entry()
    by.run("DELETE FROM audit_entries WHERE seq = :s", s=at)
    return Broken(at, "deleted", at)


def delete_and_close_the_gap(by: Attacker) -> Broken:
    at = by.any_entry()
    by.run("DELETE FROM audit_entries WHERE seq = :s", s=at)
    for seq in range(at + 1, ENTRIES + 1):
        by.run("UPDATE audit_entries SET seq = :n WHERE seq = :s", n=seq - 1, s=seq)
    by.run("UPDATE audit_head SET seq = seq - 1")
    return Broken(at, "deleted")


def insert(by: Attacker) -> Broken:
    """Push one in, with a hash that is right for its place, and number those after it anew."""
    at = by.any_entry()
    for seq in range(ENTRIES, at - 1, -1):
        by.run("UPDATE audit_entries SET seq = :n WHERE seq = :s", n=seq + 1, s=seq)
    query = text("SELECT hash FROM audit_entries WHERE seq = :s")
    previous = by.connection.execute(query, {"s": at - 1}).scalar()
    moment = "2026-06-01 09:30:00.000000"
    made = hash_of((str(at), moment, "nostop", "stop.lifted", "all", "{}", str(previous)))
    by.connection.execute(
        table_of(AuditEntry).insert(),
        {"seq": at, "at": AT, "actor": "nostop", "action": "stop.lifted", "subject": "all"}
        | {"detail": "{}", "previous": previous, "hash": made},
    )
    by.run("UPDATE audit_head SET seq = seq + 1")
    return Broken(at, "inserted")


def reorder(by: Attacker) -> Broken:
    at = by.any_entry()
    other = by.random.choice([n for n in range(2, ENTRIES) if abs(n - at) > 1])
    for seq, becomes in ((at, 9999), (other, at), (9999, other)):
        by.run("UPDATE audit_entries SET seq = :n WHERE seq = :s", n=becomes, s=seq)
    return Broken(min(at, other), "reordered")


def truncate(by: Attacker) -> Broken:
    """Cut the end off, and set the head back: the chain that is left is whole."""
    at = by.any_entry()
    by.run("DELETE FROM audit_entries WHERE seq >= :s", s=at)
    by.run(
        "UPDATE audit_head SET seq = :s, hash = (SELECT hash FROM audit_entries WHERE seq = :s)",
        s=at - 1,
    )
    return Broken(at, "truncated", ENTRIES)


def restamp_all(by: Attacker) -> Broken:
    """Change one and make every hash after it anew: the chain is whole, and lies."""
    at = by.any_entry()
    by.run("UPDATE audit_entries SET subject = 'other' WHERE seq = :s", s=at)
    by.restamp(at)
    signed = [ENTRIES // 2, ENTRIES]
    until = next(count for count in signed if count >= at)
    return Broken(1 if until == signed[0] else signed[0] + 1, "restamped", until)


def restamp_one(by: Attacker) -> Broken:
    at = by.any_entry()
    rest = by.rows()[at:]
    by.run("UPDATE audit_entries SET subject = 'other' WHERE seq = :s", s=at)
    by.restamp(at)
    for row in rest:
        by.run(
            "UPDATE audit_entries SET previous = :previous, hash = :hash WHERE seq = :seq",
            **{name: row[name] for name in ("previous", "hash", "seq")},
        )
    by.run("UPDATE audit_head SET hash = :h", h=rest[-1]["hash"])
    return Broken(at, "edited")


ATTACKS = [
    edit,
    delete,
    delete_and_close_the_gap,
    insert,
    reorder,
    truncate,
    restamp_all,
    restamp_one,
]
ONLY_THE_CHECKPOINT_TELLS = (truncate, restamp_all)
GUARDS_OFF = {
    "sqlite": ["DROP TRIGGER audit_entries_no_update", "DROP TRIGGER audit_entries_no_delete"],
    "postgresql": ["DROP TRIGGER audit_entries_stand ON audit_entries"],
}


@pytest.fixture
def kept(tmp_path: Path) -> Witness:
    key = tmp_path / "audit.key"
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return Witness(folder, key, new_key(key))


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_inv_34_every_attack_on_the_log_is_found_and_named(
    attack: Callable[[Attacker], Broken], store: Engine, kept: Witness
):
    fill(store, ENTRIES // 2)
    checkpoint(store, kept, AT)
    fill(store, ENTRIES // 2, ENTRIES // 2)
    checkpoint(store, kept, AT + timedelta(hours=1))
    assert isinstance(verify_log(store, kept), Verified)
    for seed in range(TIMES):
        with store.connect() as connection:
            # Rolled back, so that each attack meets the log as it was.
            attacked = connection.begin()
            for statement in GUARDS_OFF[store.dialect.name]:
                connection.execute(text(statement))
            expected = attack(Attacker(connection, random.Random(seed)))  # noqa: S311 - repeatable
            if attack in (insert, restamp_one) and expected.seq == ENTRIES // 2:
                # The entry that was signed: its checkpoint speaks first, and says how far back.
                expected = Broken(1, "restamped", expected.seq)
            held = _Held(store, connection)
            assert verify(held, read_checkpoints(kept)) == expected  # type: ignore[arg-type]
            alone = verify(held, [])  # type: ignore[arg-type]
            assert isinstance(alone, Verified) == (attack in ONLY_THE_CHECKPOINT_TELLS)
            attacked.rollback()


class _Held:
    """An engine whose transactions are all the one that an attack is tried in."""

    def __init__(self, engine: Engine, connection: Connection) -> None:
        self.dialect = engine.dialect
        self._connection = connection

    def begin(self) -> "_Held":
        return self

    def __enter__(self) -> Connection:
        return self._connection

    def __exit__(self, *_: object) -> None:
        pass


def test_inv_34_an_entry_dated_back_is_told(store: Engine, kept: Witness):
    fill(store, 8)
    checkpoint(store, kept, AT)
    with store.begin() as connection:
        append(connection, "nostop", [Entry("stop")], AT - timedelta(hours=1))
        append(connection, "nostop", [Entry("stop")], AT + timedelta(hours=1))
        # A few milliseconds between two machines are nothing to tell.
        append(connection, "nostop", [Entry("stop")], AT + timedelta(minutes=59, seconds=58))
    found = verify_log(store, kept)
    assert isinstance(found, Verified)
    assert (found.entries, found.clock_back, found.checkpoints) == (11, (9,), 1)


def test_batches_of_the_walk_meet(store: Engine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("nostop.store.audit_verify.BATCH", 5)
    fill(store, 10)
    found = verify(store, [])
    assert isinstance(found, Verified)
    assert found.entries == 10
    with store.begin() as connection:
        for statement in GUARDS_OFF[store.dialect.name]:
            connection.execute(text(statement))
        connection.execute(text("UPDATE audit_entries SET actor = 'x' WHERE seq = 6"))
    assert verify(store, []) == Broken(6, "edited")


# --- signed checkpoints -------------------------------------------------------------------------


def test_a_checkpoint_is_signed_once_for_what_is_new_and_never_for_a_broken_log(
    empty_sqlite: Engine, kept: Witness
):
    upgrade(empty_sqlite)
    fill(empty_sqlite, 8)
    made = checkpoint(empty_sqlite, kept, AT)
    assert checkpoint(empty_sqlite, kept, AT + timedelta(hours=1)) == made
    assert read_checkpoints(kept) == [made]
    fill(empty_sqlite, 8, 8)
    with empty_sqlite.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_entries_no_update"))
        connection.execute(text("UPDATE audit_entries SET actor = 'x' WHERE seq = 12"))
    assert checkpoint(empty_sqlite, kept, AT) == Broken(12, "edited")
    assert len(read_checkpoints(kept)) == 1


def test_a_checkpoint_that_was_touched_is_refused(store: Engine, kept: Witness):
    for start in (0, 8, 16):
        fill(store, 8, start)
        checkpoint(store, kept, AT)
    file = kept.folder / "audit-checkpoints.jsonl"
    lines = file.read_text().splitlines()
    file.write_text(lines[0].replace('"count": 8', '"count": 7') + "\n")
    with pytest.raises(StoreError, match="line 1 of"):
        read_checkpoints(kept)
    # One taken out between two others.
    file.write_text("\n".join([lines[0], lines[2]]) + "\n")
    with pytest.raises(StoreError, match="line 2 of"):
        read_checkpoints(kept)
    row = json.loads(lines[0])
    assert sorted(row) == ["at", "count", "head", "number", "signature"]


def test_a_key_is_for_its_owner_only_and_is_never_written_over(tmp_path: Path, store: Engine):
    key = tmp_path / "audit.key"
    public = new_key(key)
    assert key.stat().st_mode & 0o777 == 0o600
    assert "PRIVATE" not in public.read_text()
    with pytest.raises(SettingsError, match="there already"):
        new_key(key)
    key.chmod(0o644)
    with pytest.raises(SettingsError, match="read by others"):
        checkpoint(store, Witness(tmp_path, key, public), AT)
    public.write_text("no key")
    (tmp_path / "audit-checkpoints.jsonl").write_text("{}\n")
    with pytest.raises(SettingsError, match="no public key"):
        read_checkpoints(Witness(tmp_path, None, public))


def test_a_witness_is_whole_or_none(tmp_path: Path):
    folder, key = "NOSTOP_AUDIT_CHECKPOINTS", "NOSTOP_AUDIT_KEY_FILE"
    assert witness({}) is None
    for half in ({folder: "f"}, {key: "k"}, {"NOSTOP_AUDIT_PUBLIC_KEY_FILE": "p"}):
        with pytest.raises(SettingsError, match="NOSTOP_AUDIT_CHECKPOINTS"):
            witness(half)
    made = witness({folder: str(tmp_path), key: "k"})
    assert made == Witness(tmp_path, Path("k"), Path("k.pub"))
    read = witness({folder: str(tmp_path), "NOSTOP_AUDIT_PUBLIC_KEY_FILE": "p"})
    assert read == Witness(tmp_path, None, Path("p"))
