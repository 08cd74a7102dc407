"""The channels of a campaign, built from its settings and the environment's secrets."""

from collections.abc import Mapping
from dataclasses import dataclass

from nostop import plugins
from nostop.outreach.campaign import Campaign, ChannelUse
from nostop.ports import Channel


@dataclass(frozen=True, slots=True)
class Channels:
    """The channels of a campaign by name, in its order, and what a message by each costs."""

    by_name: Mapping[str, Channel]
    pence: Mapping[str, int]

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """The name and kind of each channel, in the campaign's order."""
        return [(name, channel.kind) for name, channel in self.by_name.items()]


def kinds_of(campaign: Campaign) -> list[tuple[str, str]]:
    """Return the name and kind of each channel of a campaign, in its order: all that a plan and a
    preview ask of them. Whoever plans need not hold the secrets of whoever sends.

    Raises:
        PluginError: no such channel, or it has no setting of a name that the campaign gives.
    """
    return [(use.use, plugins.channel_kind(use.use, use.settings)) for use in campaign.channels]


def channels_of(campaign: Campaign) -> Channels:
    """Build every channel of a campaign: one that cannot be used is told before anything is sent.

    Raises:
        PluginError: no such channel, or a setting or a secret is missing or does not fit.
    """
    return Channels(
        {use.use: _built(use) for use in campaign.channels},
        {use.use: use.pence for use in campaign.channels},
    )


def _built(use: ChannelUse) -> Channel:
    return plugins.channel(use.use, use.settings)
