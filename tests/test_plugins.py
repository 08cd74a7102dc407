from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from nostop.model import PluginError
from nostop.plugins import CHANNELS, CONNECTORS, build, channel, connector, known, templates_beside
from nostop.ports import Message, Receipt


@dataclass(frozen=True, slots=True)
class Pigeon:
    """A channel of somebody else's."""

    loft: Path
    name: str = "Speckled Jim"
    birds: int = 1

    def send(self, messages: Iterable[Message]) -> Iterator[Receipt]:
        for message in messages:
            yield Receipt(message.message_id, "sent", None, None)


def pigeon(settings: dict[str, object]) -> object:
    return build(Pigeon, settings, what="channel 'pigeon'", method="send")


def test_our_own_plugins_are_found_by_their_entry_points():
    assert "outbox" in known(CHANNELS)
    assert {"delimited", "fixed_width", "json"} <= set(known(CONNECTORS))


def test_a_channel_is_built_from_its_settings(tmp_path: Path):
    outbox = channel("outbox", {"folder": str(tmp_path)})
    message = Message("M0123456789", "P1", "s", "en", "a@example.org", "Hello", "Dear\n")
    assert [receipt.status for receipt in outbox.send([message])] == ["sent"]


def test_templates_lie_beside_the_channel():
    assert (templates_beside("outbox") / "pension_credit.entitled.cy.md").is_file()


@pytest.mark.parametrize("build_it", [channel, connector])
def test_an_unknown_name_is_refused_with_those_that_there_are(build_it):
    with pytest.raises(PluginError, match=r"known: .*; did you mean '(outbox|delimited)'"):
        build_it({channel: "outbux", connector: "delimted"}[build_it], {})


def test_settings_are_checked_and_turned_into_their_types():
    assert pigeon({"loft": "roof", "birds": 2}) == Pigeon(Path("roof"), birds=2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lofd": "roof"}, r"no setting 'lofd', known: .*; did you mean 'loft'"),
        ({}, "loft: Field required"),
        ({"loft": "roof", "birds": "many"}, "birds: Input should be a valid integer"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, object], message: str):
    with pytest.raises(PluginError, match=message):
        pigeon(settings)


def test_a_setting_that_does_not_fit_is_not_repeated():
    with pytest.raises(PluginError) as refused:
        pigeon({"loft": "roof", "birds": "hunter2"})
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("plugin", [object(), int, str.upper])
def test_something_that_is_no_plugin_is_refused(plugin: object):
    with pytest.raises(PluginError, match="expected a dataclass with a method 'send'"):
        build(plugin, {}, what="channel 'x'", method="send")


def test_a_plugin_without_its_method_is_refused():
    with pytest.raises(PluginError, match="with a method 'read'"):
        build(Pigeon, {}, what="connector 'pigeon'", method="read")
