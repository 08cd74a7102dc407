"""What was asked with an idempotency key is done once, on both databases, also by two at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import Engine

from nostop.store import Act
from nostop.store.accounts import NewKey, add_key, revoke_key
from nostop.store.api_answers import ABANDONED, KEPT, Asking, Begun, begin, keep, let_go
from nostop.store.api_keys import find_key
from nostop.store.rows import read_table
from nostop.store.tables_access import ApiAnswer

NOW = datetime(2026, 6, 2, 10, 0, tzinfo=UTC)
ADMIN = Act("adam.admin", NOW)
ASKING = Asking("k1", "decision-0001", "a" * 64)


@pytest.fixture
def keyed(at_store: Engine) -> Engine:
    new = NewKey("k1", "secret", "A service", ("exports",), ("E1", "E2"), date(2026, 7, 1))
    add_key(at_store, new, ADMIN)
    return at_store


def test_of_two_at_once_one_is_told_to_do_it(keyed: Engine):
    together = Barrier(4)

    def ask(_: int) -> Begun:
        together.wait()
        return begin(keyed, ASKING, NOW).begun

    with ThreadPoolExecutor(4) as pool:
        told = sorted(pool.map(ask, range(4)))
    assert told == [Begun.AT_WORK] * 3 + [Begun.NEW]
    assert read_table(keyed, ApiAnswer).height == 1


def test_what_was_done_is_answered_again(keyed: Engine):
    begin(keyed, ASKING, NOW)
    keep(keyed, ASKING, 201, '{"a": 1}')
    again = begin(keyed, ASKING, NOW + timedelta(days=1))
    assert (again.begun, again.status, again.body) == (Begun.ANSWERED, 201, '{"a": 1}')


def test_a_key_that_was_used_for_something_else_is_told_so(keyed: Engine):
    begin(keyed, ASKING, NOW)
    other = Asking("k1", "decision-0001", "b" * 64)
    assert begin(keyed, other, NOW).begun is Begun.ANOTHER


def test_what_was_let_go_may_be_asked_again(keyed: Engine):
    begin(keyed, ASKING, NOW)
    let_go(keyed, ASKING)
    assert begin(keyed, ASKING, NOW).begun is Begun.NEW


def test_what_was_answered_is_not_let_go(keyed: Engine):
    begin(keyed, ASKING, NOW)
    keep(keyed, ASKING, 200, "{}")
    let_go(keyed, ASKING)
    assert begin(keyed, ASKING, NOW).begun is Begun.ANSWERED


def test_what_a_process_left_behind_when_it_died_is_taken_over_once(keyed: Engine):
    begin(keyed, ASKING, NOW)
    assert begin(keyed, ASKING, NOW + ABANDONED - timedelta(seconds=1)).begun is Begun.AT_WORK
    assert begin(keyed, ASKING, NOW + ABANDONED).begun is Begun.NEW
    assert begin(keyed, ASKING, NOW + ABANDONED).begun is Begun.AT_WORK


def test_answers_are_forgotten_after_a_week(keyed: Engine):
    begin(keyed, ASKING, NOW)
    keep(keyed, ASKING, 200, "{}")
    begin(keyed, Asking("k1", "decision-0002", "a" * 64), NOW + KEPT + timedelta(seconds=1))
    assert read_table(keyed, ApiAnswer)["idempotency_key"].to_list() == ["decision-0002"]


def test_a_key_is_found_with_what_it_may_and_is_good_until_it_ends(keyed: Engine):
    found = find_key(keyed, "k1")
    assert found is not None
    assert (found.scopes, found.areas) == (frozenset({"exports"}), frozenset({"E1", "E2"}))
    assert found.is_good(NOW)
    assert not found.is_good(datetime(2026, 7, 1, tzinfo=UTC))
    assert find_key(keyed, "k2") is None
    revoke_key(keyed, "k1", ADMIN)
    revoked = find_key(keyed, "k1")
    assert revoked is not None
    assert not revoked.is_good(NOW)
