"""People at the counter, written down by who served them."""

from tickets.channels.base import ChannelType
from tickets.choices import ChannelKind


class Onsite(ChannelType):
    kind = ChannelKind.ONSITE
