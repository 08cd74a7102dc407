"""Everything around the sender breaks: INV 1 to 4, 12, 14, 35 and 42 with real processes.

`nostop bench faults` runs the same at full size.
"""

import os
from collections.abc import Iterable

import pytest

from nostop.app.bench_faults.answers import answers_lost
from nostop.app.bench_faults.arena import Arena
from nostop.app.bench_faults.deaths import database_killed
from nostop.app.bench_faults.kills import commands_killed, killed
from nostop.app.bench_faults.machines import machine_failed
from nostop.app.bench_faults.pauses import paused
from nostop.app.bench_faults.stops import capped, paced, stopped
from nostop.app.figures import Figure

#: A night has time for more.
MORE = 50 if "NOSTOP_NIGHTLY" in os.environ else 1


def held(figures: Iterable[Figure]) -> dict[str, float | None]:
    """Return the value of each figure, of which every one holds."""
    found = list(figures)
    assert [each for each in found if each.holds is False] == []
    assert any(each.holds for each in found)
    return {each.id: each.value for each in found}


def test_inv_01_and_02_killed_senders_send_nothing_twice_and_lose_nothing(place: Arena) -> None:
    values = held(killed(place, 6 * MORE))
    assert values[f"kills_duplicates_{place.kind}"] == 0
    assert values[f"kills_unaccounted_{place.kind}"] == 0


@pytest.mark.skipif("NOSTOP_NIGHTLY" not in os.environ, reason="each command takes seconds")
def test_inv_01_and_02_killed_commands_send_nothing_twice_and_lose_nothing(place: Arena) -> None:
    held(commands_killed(place, 5))


def test_inv_03_two_senders_that_sleep_send_nothing_twice(place: Arena) -> None:
    held(paused(place, 24 * MORE))


def test_inv_04_lost_answers_are_found_by_reference_or_left_for_a_person(place: Arena) -> None:
    held(answers_lost(place, 32 * MORE))


def test_inv_35_and_42_a_machine_that_fails_sends_nothing_wrong(place: Arena) -> None:
    values = held(machine_failed(place))
    assert len(values) == (6 if place.kind == "sqlite" else 5)


def test_inv_14_a_stop_is_a_stop_within_two_seconds(place: Arena) -> None:
    assert held(stopped(place, MORE))[f"stop_messages_{place.kind}"]


def test_inv_12_two_campaigns_at_once_keep_the_cap_of_each_person(place: Arena) -> None:
    # Nobody of the second thousand has had a message.
    values = held(capped(place, 100, first=1000))
    assert values[f"cap_reached_{place.kind}"] == 100


def test_inv_12_two_senders_at_once_keep_the_rate_of_their_campaign(place: Arena) -> None:
    values = held(paced(place, 20, first=1100))
    assert values[f"cap_minute_{place.kind}"] == 20


def test_a_database_that_is_killed_loses_no_record_and_its_sender_says_so(place: Arena) -> None:
    if place.server is None:
        pytest.skip("SQLite has no server")
    held(database_killed(place, place.server, min(MORE + 1, 25)))
