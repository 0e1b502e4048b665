"""Tickets from files."""

from tickets.channels.base import ChannelType
from tickets.choices import ChannelKind


class Imported(ChannelType):
    kind = ChannelKind.IMPORT
