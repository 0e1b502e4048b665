"""The public form; its customers follow their ticket by number."""

from tickets.channels.base import ChannelType
from tickets.choices import ChannelKind


class Web(ChannelType):
    kind = ChannelKind.WEB
