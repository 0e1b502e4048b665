"""What no other channel claims."""

from tickets.channels.base import ChannelType
from tickets.choices import ChannelKind


class Other(ChannelType):
    kind = ChannelKind.OTHER
