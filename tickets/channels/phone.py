"""Calls, written down by who took them."""

from tickets.channels.base import ChannelType
from tickets.choices import ChannelKind


class Phone(ChannelType):
    kind = ChannelKind.PHONE
